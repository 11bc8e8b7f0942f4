"""Where a request comes from."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

IPV6_PREFIX = 64
"""What one subscriber gets: were addresses counted, each of its 2⁶⁴ would have its own limit."""


def client_address(request: HttpRequest | Request) -> str:
    """The address of the client, as the outermost trusted proxy saw it.

    `TRUSTED_PROXIES` proxies are believed, none by default: each appends the address it got the
    request from to `X-Forwarded-For`, and what stands before was written by the client.
    """
    direct: str = request.META.get("REMOTE_ADDR", "")
    count: int = settings.TRUSTED_PROXIES
    if not count:
        return direct
    seen = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",")]
    told = seen[-count] if len(seen) >= count else ""
    return told or direct


def login_address(request: HttpRequest) -> str | None:
    """The address that failed logins are remembered by."""
    try:
        return str(ip_address(client_address(request)))
    except ValueError:
        return None


def client_network(request: HttpRequest | Request) -> str:
    """What limits count by: an IPv4 address, or the /64 network of an IPv6 address."""
    text = client_address(request)
    if "." in text and ":" not in text:
        return text[:64]
    try:
        address = ip_address(text)
    except ValueError:
        # A server on a Unix socket knows no address.
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address), IPV6_PREFIX), strict=False).network_address)
    return text
