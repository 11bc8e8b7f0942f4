"""Fetching from hosts on the list of the settings, and from nowhere else."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from complaints.opendata.portals import PortalError, check_host

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 60.0
"""A portal may think so long before the next byte."""
MOST_SECONDS = 300.0
MOST_BYTES = 512 * 1024 * 1024
ATTEMPTS = 8
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 120.0
TRY_AGAIN = frozenset({202, 408, 425, 429, 500, 502, 503, 504})
"""202: Socrata is preparing the answer."""


class TryAgain(Exception):
    """It may work later; `after_seconds` is what the portal asks for."""

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


@dataclass(frozen=True)
class Address:
    """Where a host is reached: the address is looked up once, so that it cannot change between."""

    host: str
    port: int | None
    address: str
    scheme: str

    @property
    def base(self) -> str:
        """The address as a URL."""
        literal = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{literal}" + (f":{self.port}" if self.port else "")


def locate(host: str) -> Address:
    """The address of a host that imports may ask. Raises PortalError.

    `settings.IMPORT_HOSTS` lists them. Addresses that are not public are refused, and plain HTTP is
    not spoken, except with hosts in `settings.IMPORT_PRIVATE_HOSTS`.
    """
    check_host(host)
    is_private = host in settings.IMPORT_PRIVATE_HOSTS
    name, _, port = host.partition(":")
    try:
        found = socket.getaddrinfo(name, port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PortalError(f"the host {name!r} is not found: {error}") from error
    addresses = [str(one[4][0]) for one in found]
    if not is_private and (odd := [one for one in addresses if not _is_public(one)]):
        raise PortalError(f"the host {name!r} has the address {odd[0]}, which is not public")
    return Address(
        name, int(port) if port else None, addresses[0], "http" if is_private else "https"
    )


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_global and not parsed.is_multicast


class Fetcher:
    """Bodies of GET requests to one host; tries again where that may help."""

    def __init__(self, host: str, headers: Mapping[str, str]) -> None:
        self._address = locate(host)
        # No redirects, and no proxy from the environment: neither is on the list.
        self._client = httpx.Client(
            base_url=self._address.base,
            headers={**headers, "Host": host},
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS),
        )

    def get(self, path: str, parameters: Mapping[str, str]) -> bytes:
        """The body. Raises PortalError once trying again has not helped."""
        retrying = Retrying(
            retry=retry_if_exception_type((TryAgain, httpx.TransportError)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            reraise=True,
        )
        try:
            body: bytes = retrying(self._once, path, parameters)
        except TryAgain as error:
            raise PortalError(f"{self._address.host}: {error}, {ATTEMPTS} times") from error
        except httpx.TransportError as error:
            raise PortalError(f"{self._address.host}: {error or type(error).__name__}") from error
        return body

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _once(self, path: str, parameters: Mapping[str, str]) -> bytes:
        deadline = time.monotonic() + MOST_SECONDS
        extensions: dict[str, Any] = {"sni_hostname": self._address.host}
        with self._client.stream(
            "GET", path, params=dict(parameters), extensions=extensions
        ) as response:
            if response.status_code in TRY_AGAIN:
                raise TryAgain(f"it answers {response.status_code}", _retry_after(response))
            if response.status_code != httpx.codes.OK:
                raise PortalError(
                    f"{self._address.host} answers {response.status_code}: {_beginning(response)}"
                )
            return _limited(response, deadline)


def _limited(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise PortalError(f"a page is longer than {MOST_BYTES:,} bytes; ask for fewer rows")
        if time.monotonic() > deadline:
            raise TryAgain(f"a page takes longer than {MOST_SECONDS:.0f} s")
    return bytes(body)


def _beginning(response: httpx.Response) -> str:
    if "location" in response.headers:
        return f"a redirect to {response.headers['location'][:200]!r}, which is not followed"
    text = next(response.iter_bytes(), b"")[:200]
    return text.decode("utf-8", "replace")


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds; the other form, a date, is not what portals write."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


_backoff = wait_exponential_jitter(initial=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after_seconds if isinstance(error, TryAgain) else None
    return min(asked, LONGEST_WAIT_SECONDS) if asked is not None else _backoff(state)
