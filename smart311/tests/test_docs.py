"""The schema and its pages."""

import re
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from smart311.tests.routes import all_routes

PAGES = ["/docs", "/docs/", "/redoc", "/redoc/"]


def test_the_schema_is_valid_and_without_warnings() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_the_committed_schema_is_current() -> None:
    out = StringIO()
    call_command("spectacular", stdout=out)
    committed = (settings.BASE_DIR / "docs" / "openapi.yaml").read_text()
    assert committed == out.getvalue(), "run `make schema` and look at the difference"


@pytest.mark.parametrize("path", ["/openapi.json", "/openapi.json/"])
def test_the_schema_names_each_door(client: Client, path: str) -> None:
    paths = set(client.get(path).json()["paths"])
    assert {
        "/predict/{complaint_type}/",
        "/predict_async/{complaint_type}/",
        "/complaints/time/{complaint_type}/",
        "/complaints/all/{complaint_type}/time/",
        "/complaints/noise/{kind}/time/",
        "/complaints/{complaint_type}/",
        "/input/",
        "/api/v1/complaints/",
        "/api/v1/models/",
    } <= paths


def test_each_operation_says_what_it_does_and_how_it_fails(client: Client) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            failures = {
                code: answer for code, answer in operation["responses"].items() if code >= "4"
            }
            assert operation.get("summary"), (method, path)
            assert {"400", "503"} <= set(failures), (method, path)
            for answer in failures.values():
                if path.startswith("/open311/"):
                    described = answer["content"]["application/json"]["schema"]
                    assert described["items"] == {"$ref": "#/components/schemas/GeoReportError"}
                    assert "text/xml" in answer["content"]
                    continue
                schema = answer["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}


def test_each_limited_operation_documents_its_limit_and_no_other_does(client: Client) -> None:
    described = {
        re.sub(r"\{\w+\}", "*", path).rstrip("/"): operations
        for path, operations in client.get("/openapi.json").json()["paths"].items()
    }
    compared = 0
    for method, path, view in all_routes():
        operation = described.get(re.sub(r"<\w+>", "*", path), {}).get(method.lower())
        if operation is None:
            continue
        limits = getattr(view, "initkwargs", {}).get("throttle_classes", view.cls.throttle_classes)
        answers = operation["responses"]
        # Open311 calls all trouble with keys 403.
        refused = "403" if path.startswith("/open311/") else "401"
        assert ("429" in answers) == (refused in answers) == bool(limits), (method, path)
        if limits:
            assert answers["429"]["headers"]["Retry-After"]["schema"]["minimum"] == 1
            assert {"apiKey": []} in operation["security"]
        compared += 1
    assert compared > 30


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    page = client.get(path).content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    assert not [address for address in loaded if address.startswith(("http", "//"))]


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_run_no_inline_script(client: Client, path: str) -> None:
    response = client.get(path)
    assert "script-src" not in response["Content-Security-Policy"]
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert not re.findall(r"<script>|<script (?![^>]*src=)", response.content.decode())
