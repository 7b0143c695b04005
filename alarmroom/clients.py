"""The address of the client that sent a request, as far as it can be trusted.

Anybody can send an X-Forwarded-For header. Each of our proxies appends the address of its client
at the right end. So only the last TRUSTED_PROXIES entries are trusted.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

# The usual network of one customer of an internet provider: at most a /24 of IPv4 for an office,
# and at least a /64 of IPv6 for a single line.
IPV4_PREFIX = 24
IPV6_PREFIX = 64


def client_address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Return the address that a request came from, or None if it is not known.

    It is unknown behind a Unix socket, or if a proxy gives no address. A request without the
    header did not come through our proxies, so the address of its connection is used.
    """
    get = request.META.get
    return address_in(get("REMOTE_ADDR", ""), get("HTTP_X_FORWARDED_FOR", ""))


def address_in(peer: str, forwarded: str) -> IPv4Address | IPv6Address | None:
    """Return the same from the address of a connection and the header X-Forwarded-For."""
    if not settings.TRUSTED_PROXIES or not forwarded.strip():
        return parse_address(peer)
    hops = forwarded.rsplit(",", settings.TRUSTED_PROXIES)
    # If there are more parts than proxies, the first part was sent by the client itself.
    added_by_proxies = hops[1:] if len(hops) > settings.TRUSTED_PROXIES else hops
    return parse_address(added_by_proxies[0])


def client_network(request: HttpRequest) -> str:
    """Return the network of the client, such as 203.0.113.0/24; "" if it is not known.

    An IPv4-mapped IPv6 address (::ffff:203.0.113.9) counts as IPv4.
    """
    return network_of(client_address(request))


def network_of(address: IPv4Address | IPv6Address | None) -> str:
    """Return the network that an address is in."""
    if address is None:
        return ""
    prefix = IPV4_PREFIX if address.version == 4 else IPV6_PREFIX
    return str(ip_network(f"{address}/{prefix}", strict=False))


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in one entry, or None. Some proxies add a port or quotes."""
    text = text.strip().strip('"')
    if len(text) > 80:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # The zone (as in fe80::1%eth0) is only the name of a network interface.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
