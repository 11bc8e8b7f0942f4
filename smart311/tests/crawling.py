"""Visiting every route that the public can reach, as the resolver and the schema name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from django.http import HttpResponseBase
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils.regex_helper import normalize

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Route:
    """A route as Django writes it, and an address with a gap for each of its parameters."""

    name: str
    template: str
    parameters: tuple[str, ...]

    @property
    def gapped(self) -> str:
        """The address as the schema writes it, without slashes at the ends."""
        return re.sub(r"%\((\w+)\)s", r"{\1}", self.template).strip("/")

    def addresses(self, values: Values) -> Iterator[str]:
        """The address with every combination of values; KeyError names a parameter without."""
        choices = [values[parameter] for parameter in self.parameters]
        for chosen in product(*choices):
            yield "/" + self.template % dict(zip(self.parameters, chosen, strict=True))


def all_routes(left_out: Iterable[str]) -> list[Route]:
    """Every route but those that begin with something `left_out`."""
    return [
        route
        for route in _routes(get_resolver().url_patterns)
        if not route.name.startswith(tuple(left_out))
    ]


def _routes(patterns: Sequence[Any], name: str = "", regex: str = "") -> Iterator[Route]:
    for pattern in patterns:
        # As Django's own `route` of a match has it.
        longer_name = name + str(pattern.pattern).removeprefix("^" if name else "")
        longer_regex = regex + pattern.pattern.regex.pattern.lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, longer_name, longer_regex)
        elif isinstance(pattern, URLPattern):
            template, parameters = normalize(longer_regex)[0]
            yield Route(longer_name, template, tuple(parameters))


@dataclass
class Crawl:
    """What was visited: the routes with the statuses they answered, and what each answer said."""

    client: Client
    path_values: Values
    query_values: Values
    statuses: dict[str, set[int]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def run(self, routes: Iterable[Route]) -> None:
        """Visit every route with every value, and every query parameter of the schema."""
        queries = self._queries()
        for route in routes:
            self.statuses.setdefault(route.name, set())
            for address in route.addresses(self.path_values):
                self._visit_all(address, queries.get(route.gapped, ({}, {})))
        self._visit_errors()

    def leaks(self, markers: Iterable[str]) -> list[tuple[str, str]]:
        """Addresses whose answer has a marker in it, with the marker."""
        return [
            (address, marker)
            for marker in markers
            for address, text in self.texts.items()
            if marker.lower() in text.lower()
        ]

    def _queries(self) -> dict[str, tuple[dict[str, str], dict[str, Sequence[str]]]]:
        """By gapped address the parameters that are needed and those that may be given."""
        schema = self.client.get("/openapi.json").json()
        found = {}
        for path, operations in schema["paths"].items():
            given = [
                each
                for each in operations.get("get", {}).get("parameters", ())
                if each["in"] == "query"
            ]
            needed = {
                each["name"]: self.query_values[each["name"]][0]
                for each in given
                if each.get("required")
            }
            optional = {each["name"]: self.query_values[each["name"]] for each in given}
            found[path.strip("/")] = (needed, optional)
        return found

    def _visit_all(
        self, address: str, query: tuple[dict[str, str], dict[str, Sequence[str]]]
    ) -> None:
        needed, optional = query
        self.visit(address, needed)
        self.visit(address, needed, "OPTIONS")
        for name, values in optional.items():
            for value in values:
                self.visit(address, {**needed, name: value})

    def visit(self, address: str, query: Mapping[str, str] = {}, method: str = "GET") -> None:
        """Ask once; then follow the links of a page and the next page of a list."""
        whole = f"{address}?{urlencode(query)}" if query else address
        key = whole if method == "GET" else f"{method} {whole}"
        if key in self.texts:
            return
        response = self.client.generic(method, whole)
        self.texts[key] = _text(response)
        self.lines.append(f'"{method} {whole} HTTP/1.1" {response.status_code}')
        if method == "GET":
            with suppress(Resolver404):
                route = resolve(unquote(urlsplit(whole).path)).route
                self.statuses.setdefault(route, set()).add(response.status_code)
        for link in _links(self.texts[key]):
            self.visit(link)

    def _visit_errors(self) -> None:
        for address in ("/nowhere", "/api/v1/nowhere", "/api/v1/complaints/%00", "/dashboard/x"):
            self.visit(address)
            self.visit(address, method="DELETE")


def _text(response: HttpResponseBase) -> str:
    body = getattr(response, "streaming_content", None)
    content: bytes = getattr(response, "content", b"") if body is None else b"".join(body)
    return f"{response.headers}\n{content.decode('utf-8', 'replace')}"


def _links(text: str) -> list[str]:
    """Addresses on this server that an answer names, but for files."""
    named = re.findall(r'"next":\s?"([^"]+)"', text)
    named += re.findall(r'(?:href|action)="(/[^"#]*)"', text)
    parts = [urlsplit(link.replace("&amp;", "&")) for link in named]
    return [
        f"{part.path}?{part.query}" if part.query else part.path
        for part in parts
        if not part.path.startswith(("/static/", "/admin/"))
    ]
