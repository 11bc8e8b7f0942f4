"""A GeoReport v2 client that knows the specification and nothing of this server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from django.test import Client

CONTENT_TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
BASE = "/open311/v2/"
FORM = "application/x-www-form-urlencoded"
LISTS = {
    "services", "service_requests", "service_request_updates", "errors", "attributes", "values",
    "endpoints", "formats", "notes",
}  # fmt: skip
NUMBERS = {
    *("lat", "long", "p10_hours", "p50_hours", "p90_hours"),
    *("closed_within_24h", "closed_within_72h", "closed_within_168h"),
}
WHOLE_NUMBERS = {"order", "code", "count"}
BOOLEANS = {"metadata", "variable", "required"}


def plain(element: ElementTree.Element) -> Any:
    """What the JSON form says, read from the XML form by the rules of the specification."""
    if element.tag in LISTS and not (len(element) and element[0].tag == "count"):
        return [plain(child) for child in element]
    if len(element):
        return {child.tag: plain(child) for child in element}
    text = element.text
    if text is None:
        return None
    if element.tag in NUMBERS:
        return float(text)
    if element.tag in WHOLE_NUMBERS and text.isdigit():
        return int(text)
    return text == "true" if element.tag in BOOLEANS else text


class Answered:
    """A status and a body, in one form for both formats; the content type is as it has to be."""

    def __init__(self, response: Any, suffix: str) -> None:
        self.status: int = response.status_code
        self.headers = response.headers
        assert response["Content-Type"] == CONTENT_TYPES[suffix], response.content
        self.text: str = response.content.decode()
        if suffix == "json":
            self.body = json.loads(self.text)
        else:
            assert self.text.startswith('<?xml version="1.0" encoding="utf-8"?>')
            root = ElementTree.fromstring(self.text)  # noqa: S314  (our own server's)
            self.root = root.tag
            self.body = plain(root)

    @property
    def errors(self) -> str:
        """The descriptions; each error has its code."""
        assert {each["code"] for each in self.body} == {self.status}, self.text
        return "; ".join(each["description"] for each in self.body)


class GeoReport:
    """The endpoint, asked in one format."""

    def __init__(self, suffix: str = "json", key: str = "") -> None:
        self.suffix, self.key = suffix, key
        self.http = Client(raise_request_exception=False)

    def get(self, path: str, **parameters: Any) -> Answered:
        query = urlencode(parameters)
        address = f"{BASE}{path}.{self.suffix}" + (f"?{query}" if query else "")
        return Answered(self.http.get(address), self.suffix)

    def post(
        self, path: str, form: Mapping[str, Any], headers: dict[str, str] | None = None
    ) -> Answered:
        given = {"api_key": self.key, **form} if self.key else form
        body = urlencode(given, doseq=True)
        address = f"{BASE}{path}.{self.suffix}"
        response = self.http.post(address, body, content_type=FORM, headers=headers)
        return Answered(response, self.suffix)
