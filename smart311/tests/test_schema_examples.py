"""Every operation is documented whole: words, examples that fit, and its errors."""

from copy import deepcopy
from typing import Any

import jsonschema
import pytest
from django.test import Client

from smart311.schema_examples import VALUES, example_of

Operation = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def schema() -> Any:
    return Client().get("/openapi.json").json()


@pytest.fixture(scope="module")
def operations(schema: Any) -> list[Operation]:
    return [
        (f"{method} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def bodies(operation: dict[str, Any]) -> list[tuple[str, Any]]:
    """Each body of a request or an answer, with what it belongs to."""
    parts = {"request": operation.get("requestBody", {}), **operation["responses"]}
    return [
        (f"{part} {media_type}", media)
        for part, body in parts.items()
        for media_type, media in body.get("content", {}).items()
    ]


def strict(part: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: nullable spelled out, and no property that is not named."""
    if isinstance(part, list):
        return [strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {name: strict(inner) for name, inner in part.items() if name != "nullable"}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return {"anyOf": [found, {"type": "null"}]} if part.get("nullable") is True else found


def validator(schema: Any, part: Any) -> jsonschema.Draft202012Validator:
    whole = {**strict(part), "components": strict(deepcopy(schema["components"]))}
    return jsonschema.Draft202012Validator(
        whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_each_operation_has_a_summary_and_a_description(operations: list[Operation]) -> None:
    assert len(operations) > 30
    for name, operation in operations:
        assert operation.get("summary"), name
        assert len(operation.get("description", "")) >= 10, name
        for parameter in operation.get("parameters", ()):
            is_told = parameter.get("description") or parameter["in"] == "path"
            assert is_told, (name, parameter["name"])


def test_each_operation_has_names_of_its_own(operations: list[Operation]) -> None:
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)


def test_each_body_has_an_example_that_fits_its_schema(
    schema: Any, operations: list[Operation]
) -> None:
    wrong = [
        (name, part, error.json_path, error.message)
        for name, operation in operations
        for part, media in bodies(operation)
        for error in validator(schema, media["schema"]).iter_errors(media["example"])
    ]
    assert not wrong


def test_an_example_that_does_not_fit_is_found(schema: Any) -> None:
    complaint = {"$ref": "#/components/schemas/Complaint"}
    good = example_of(complaint, schema["components"]["schemas"])
    check = validator(schema, complaint)
    assert check.is_valid(good)
    for wrong in ({"latitude": "40"}, {"status": "lost"}, {"surprise": 1}, {"id": None}):
        assert not check.is_valid({**good, **wrong})


def test_each_error_has_an_example_of_its_own_status(operations: list[Operation]) -> None:
    for name, operation in operations:
        failures = {code for code in operation["responses"] if code >= "4"}
        assert {"400", "503"} <= failures, name
        for code in failures:
            media = operation["responses"][code]["content"]
            if "/open311/" in name:
                assert media["application/json"]["example"][0]["code"] == int(code), (name, code)
                assert f"<code>{code}</code>" in media["text/xml"]["example"]
                continue
            (problem,) = media.values()
            assert problem["example"]["status"] == int(code), (name, code)


def test_a_body_may_be_of_the_wrong_type_and_an_object_missing(
    operations: list[Operation],
) -> None:
    for name, operation in operations:
        if "requestBody" in operation:
            assert "415" in operation["responses"], name
        if "{" in name:
            assert "404" in operation["responses"], name


def test_no_value_is_kept_for_what_no_longer_exists(schema: Any) -> None:
    shapes = schema["components"]["schemas"]
    fields = {
        name
        for shape, described in shapes.items()
        for field in described.get("properties", ())
        for name in (field, f"{shape}.{field}")
    }
    assert set(VALUES) <= fields
