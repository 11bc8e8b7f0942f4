"""One malformed request and its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

API = "/api/v1/complaints/"
INPUT = "/input/"
BULK = "/api/v1/complaints/bulk/"
GOOD = {"complaint_type": "noise-residential", "latitude": 40.75, "longitude": -73.85}
CLASSIC = {"complaint_type": "noise-residential", "lat": 40.75, "lon": -73.85}


@dataclass(frozen=True)
class Row:
    """A request and what is expected: the status and, in order, each error's pointer and code."""

    name: str
    status: int
    errors: tuple[tuple[str, str], ...] = ()
    method: str = "POST"
    path: str = API
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    is_staff: bool = False

    def __str__(self) -> str:
        return self.name


def raw(name: str, body: bytes | str, *errors: tuple[str, str], **more: Any) -> Row:
    """A body as it stands; 400 unless said otherwise."""
    content = body.encode() if isinstance(body, str) else body
    return Row(name, more.pop("status", 400), errors, body=content, **more)


def change(name: str, values: dict[str, Any], pointer: str, code: str = "invalid") -> Row:
    """A good complaint but for some values."""
    return raw(name, json.dumps({**GOOD, **values}), (pointer, code))


def classic(name: str, values: dict[str, Any], pointer: str, code: str = "invalid") -> Row:
    """A good complaint of the classic door but for some values."""
    return raw(name, json.dumps({**CLASSIC, **values}), (pointer, code), path=INPUT)


def bulk(name: str, body: Any, *errors: tuple[str, str]) -> Row:
    """A list of complaints."""
    return raw(name, json.dumps(body), *errors, path=BULK)


def header(name: str, status: int, *errors: tuple[str, str], **more: Any) -> Row:
    """A good complaint with odd headers."""
    body = json.dumps(GOOD).encode()
    return Row(f"header: {name}", status, errors, body=body, **more)


def read(name: str, path: str, *errors: tuple[str, str], status: int = 400) -> Row:
    """A GET."""
    return Row(name, status, errors, "GET", path, content_type="")


def act(name: str, step: str, body: Any, *errors: tuple[str, str], **more: Any) -> Row:
    """A step of staff with the complaint `{id}`; an empty step corrects it."""
    path = f"{API}{{id}}/{step}/" if step else f"{API}{{id}}/"
    method = "POST" if step else "PATCH"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Row(name, more.pop("status", 400), errors, method, path, content, is_staff=True, **more)
