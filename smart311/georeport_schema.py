"""How GeoReport v2 appears in the schema: its form of errors, and XML beside JSON."""

from __future__ import annotations

from typing import Any

from smart311.georeport import CONTENT_TYPES, JSON, PREFIX, XML, xml

MEANINGS = {
    400: "The request is wrong; each description names what",
    403: "The key is missing, not valid, or may not",
    404: "There is no such request, service or jurisdiction",
    429: "The limit of this minute is used up; the next begins after Retry-After seconds",
    415: "The body is no form",
    503: "The service cannot answer now; send it again after Retry-After seconds",
}
MEDIA_TYPES = {suffix: name.partition(";")[0] for suffix, name in CONTENT_TYPES.items()}
ERROR = {
    "type": "object",
    "description": "One thing that is wrong.",
    "properties": {
        "code": {"type": "integer", "description": "The status"},
        "description": {"type": "string", "description": "What was got and what was expected"},
    },
    "required": ["code", "description"],
}
_ERRORS = {"type": "array", "items": {"$ref": "#/components/schemas/GeoReportError"}}


def document_georeport(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """A hook of drf-spectacular: the errors of each operation below `/open311/`."""
    result["components"]["schemas"]["GeoReportError"] = ERROR
    for path, operations in result["paths"].items():
        if not path.startswith(PREFIX):
            continue
        for method, operation in operations.items():
            answers = operation["responses"]
            for code in MEANINGS:
                if code != 415 or method == "post":
                    answers[str(code)] = _errors(code)
            answers["429"]["headers"] = {
                "Retry-After": {"schema": {"type": "integer", "minimum": 1, "maximum": 60}}
            }
            operation["responses"] = dict(sorted(answers.items()))
            is_open: list[Any] = [{}] if method == "get" else []
            operation["security"] = [{"geoReportKey": []}, {"apiKey": []}, *is_open]
    return result


def _errors(code: int) -> dict[str, Any]:
    example = [{"code": code, "description": MEANINGS[code]}]
    return {
        "description": MEANINGS[code],
        "content": {
            MEDIA_TYPES[JSON]: {"schema": _ERRORS, "example": example},
            MEDIA_TYPES[XML]: {"schema": {"type": "string"}, "example": xml("errors", example)},
        },
    }
