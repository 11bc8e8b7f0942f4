"""Names and details in the schema that matter where clients are generated from it."""

from __future__ import annotations

import re
from typing import Any

_ACTION = re.compile(r"/(bulk|\{\w+\}/[a-z-]+)/$")
_VERB = re.compile(r"_(create|retrieve)$")
TAGS = {
    "/api/v1/complaints": "complaints",
    "/api/": None,
    "/open311/": None,
    "/predict": "forecasts",
    "/complaints/time/": "forecasts",
    "/complaints/all/": "forecasts",
    "/complaints/noise/": "forecasts",
    "/": "classic",
}
"""Groups of operations by the beginning of their path, the first that fits; None: as it is."""


def name_operations(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """A hook of drf-spectacular: `complaints_close`, where it says `complaints_close_create`."""
    for path, operations in result["paths"].items():
        tag = next(tag for prefix, tag in TAGS.items() if path.startswith(prefix))
        for operation in operations.values():
            if tag:
                operation["tags"] = [tag]
            if _ACTION.search(path) or not path.startswith("/api/"):
                operation["operationId"] = _VERB.sub("", operation["operationId"])
    return result


def require_alternatives(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """A hook of drf-spectacular, to which a body of one of several shapes is optional."""
    shapes = result["components"]["schemas"]
    for operations in result["paths"].values():
        for operation in operations.values():
            body = operation.get("requestBody", {})
            for media in body.get("content", {}).values():
                if "oneOf" in shapes.get(media["schema"].get("$ref", "").rpartition("/")[2], {}):
                    body["required"] = True
    return result
