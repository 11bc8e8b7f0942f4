"""How problem documents appear in the schema."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from smart311.problems import CONTENT_TYPE

_MEANINGS = {
    400: "The request is malformed; each error points at its field",
    401: "The API key is not valid, or there is none where one is needed",
    403: "Whoever asks may not do this",
    404: "There is no such thing",
    408: "The body stopped coming",
    409: "The state of things does not allow it, or not yet (then with Retry-After)",
    413: "The body is too large",
    415: "The body is not JSON, or compressed",
    422: "The key came before, with another payload",
    429: "The limit of this minute is used up; the next begins after Retry-After seconds",
    503: "The service cannot answer now; send it again after Retry-After seconds, with the same "
    "Idempotency-Key if it had one",
}


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    pointer = serializers.CharField(help_text="JSON pointer (RFC 6901) of the field, may be empty")
    code = serializers.CharField(help_text="What kind of error, for programs")
    detail = serializers.CharField(help_text="What was got and what was expected")


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField(help_text="The phrase of the status")
    status = serializers.IntegerField()
    detail = serializers.CharField()
    # The stubs know the `errors` of serializers; these are the document's.
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField(help_text="Finds the request in our log")


def problems(*codes: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Error answers of an operation, for `extend_schema(responses={…, **problems(400, 404)})`."""
    return {
        (code, CONTENT_TYPE): OpenApiResponse(
            ProblemSerializer, _MEANINGS.get(code, HTTPStatus(code).phrase)
        )
        for code in codes
    }


_METHODS = ("get", "post", "patch", "put", "delete")


def order_methods(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """A hook of drf-spectacular: the methods of a path in one order; DRF gives them as a set."""
    for path, operations in result["paths"].items():
        result["paths"][path] = {
            method: operations[method] for method in sorted(operations, key=_METHODS.index)
        }
    return result


def document_problems(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """A hook of drf-spectacular: operations that name no error answer get those that all share."""
    for path, operations in result["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            if any(code.startswith("4") for code in responses):
                continue
            for code in (400, 404, 503) if "{" in path else (400, 503):
                responses[str(code)] = problem_response(code)
    return result


def problem_response(code: int, headers: dict[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    """The response object of a problem document; `headers` are schemas by name."""
    found: dict[str, Any] = {
        "description": _MEANINGS[code],
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if headers:
        found["headers"] = {name: {"schema": schema} for name, schema in headers.items()}
    return found
