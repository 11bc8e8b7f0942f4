"""How keys and limits appear in the schema."""

from __future__ import annotations

from typing import Any

from smart311.problem_schema import problem_response

LIMITED = ("/api/v1/", "/input/")
"""Paths that take keys and have limits; a test compares them with the views."""
FILING = ("/api/v1/complaints/", "/api/v1/complaints/bulk/", "/input/")
"""Paths where anybody may file."""


def document_access(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """A hook of drf-spectacular: what each limited operation answers to a bad key or too much.

    Neither reading nor filing needs an account, which the permission classes do not tell.
    """
    for path, operations in result["paths"].items():
        if not path.startswith(LIMITED):
            continue
        for method, operation in operations.items():
            is_open = method == "get" or path in FILING
            if is_open and {} not in operation["security"]:
                operation["security"].append({})
            answers = operation["responses"]
            answers["401"] = problem_response(401, {"WWW-Authenticate": {"type": "string"}})
            answers["429"] = problem_response(
                429, {"Retry-After": {"type": "integer", "minimum": 1, "maximum": 60}}
            )
            operation["responses"] = dict(sorted(answers.items()))
    return result
