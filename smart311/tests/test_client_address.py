"""Where a request comes from, as far as it can be believed."""

from typing import Any

import pytest
from django.test import RequestFactory

from smart311.client_address import client_address, client_network, login_address


def request(address: str, forwarded: str | None = None) -> Any:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=address, headers=headers)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, None, "10.0.0.9"),
        (0, "198.51.100.1", "10.0.0.9"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (1, None, "10.0.0.9"),
        (2, "198.51.100.1", "10.0.0.9"),
        (1, "", "10.0.0.9"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(
    settings: Any, proxies: int, forwarded: str | None, found: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert client_address(request("10.0.0.9", forwarded)) == found


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::1", "::"),
        ("", "unknown"),
        ("x" * 1000, "unknown"),
    ],
)
def test_limits_count_an_ipv6_network_as_one(address: str, network: str) -> None:
    assert client_network(request(address)) == network


def test_a_login_over_a_unix_socket_has_no_address() -> None:
    assert login_address(request("")) is None
    assert login_address(request("203.0.113.7")) == "203.0.113.7"
