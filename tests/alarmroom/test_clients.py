"""The client's address: X-Forwarded-For is trusted from our own proxies only."""

import pytest
from django.test import RequestFactory

from alarmroom.clients import client_network


def network(settings, proxies: int, peer: str | None, forwarded: str | None = None) -> str:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/")
    request.META.pop("REMOTE_ADDR")
    if peer is not None:
        request.META["REMOTE_ADDR"] = peer
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return client_network(request)


@pytest.mark.parametrize(
    ("peer", "found"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.250", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("fe80::2%" + "x" * 60, "fe80::/64"),
        # Unknown: a Unix socket, or an invalid address.
        (None, ""),
        ("", ""),
        ("unix:", ""),
        ("203.0.113", ""),
        ("9" * 1_000_000, ""),
    ],
)
def test_an_address_is_reduced_to_its_network(settings, peer: str | None, found: str) -> None:
    assert network(settings, 0, peer) == found


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        # Without a proxy of ours, the client itself has sent the header, so it is ignored.
        (0, "198.51.100.7", "203.0.113.0/24"),
        (1, "198.51.100.7", "198.51.100.0/24"),
        # The client has sent the first entries itself.
        (1, "192.0.2.1, 192.0.2.2,198.51.100.7", "198.51.100.0/24"),
        (2, "192.0.2.1, 198.51.100.7, 10.0.0.1", "198.51.100.0/24"),
        # The request did not go through the outer proxy.
        (2, "198.51.100.7", "198.51.100.0/24"),
        # The request did not go through any proxy.
        (1, None, "203.0.113.0/24"),
        (1, " ", "203.0.113.0/24"),
        # Formats of some proxies.
        (1, "198.51.100.7:51234", "198.51.100.0/24"),
        (1, '"[2001:db8::7]:51234"', "2001:db8::/64"),
        (1, "::ffff:198.51.100.7", "198.51.100.0/24"),
        # The proxy does not give an address.
        (1, "unknown", ""),
        (1, "198.51.100.7, ", ""),
        (1, "_hidden", ""),
        (1, "," * 100_000, ""),
    ],
)
def test_only_entries_of_our_own_proxies_are_trusted(
    settings, proxies: int, forwarded: str | None, found: str
) -> None:
    assert network(settings, proxies, "203.0.113.9", forwarded) == found
