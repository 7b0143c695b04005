"""Who sent a request: the address of the client, as far as it can be trusted.

Anybody can send an X-Forwarded-For header. Each proxy of ours adds the address that it was
asked from at the right end, so only as many entries from the right are believed as there are
proxies of ours (TRUSTED_PROXIES).
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

# What one customer of an internet provider usually has: an office's IPv4 addresses lie in a /24
# at most, and a single line gets at least a whole /64 of IPv6.
IPV4_PREFIX = 24
IPV6_PREFIX = 64


def client_address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Return the address that a request came from, or None where it is not known.

    It is unknown behind a Unix socket, and where a proxy names no address. A request without
    the header came past our proxies, so its own peer is asked.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if not settings.TRUSTED_PROXIES or not forwarded.strip():
        return parsed(peer)
    hops = forwarded.rsplit(",", settings.TRUSTED_PROXIES)
    # With as many commas as proxies, the first part is what the client wrote itself.
    claimed = hops[1:] if len(hops) > settings.TRUSTED_PROXIES else hops
    return parsed(claimed[0])


def client_network(request: HttpRequest) -> str:
    """Return the network of the client, such as 203.0.113.0/24; "" where it is not known.

    An IPv4 address that is written as an IPv6 one (::ffff:203.0.113.9) counts as IPv4.
    """
    address = client_address(request)
    if address is None:
        return ""
    prefix = IPV4_PREFIX if address.version == 4 else IPV6_PREFIX
    return str(ip_network(f"{address}/{prefix}", strict=False))


def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in one entry; some proxies add a port, and some quote it."""
    text = text.strip().strip('"')
    if len(text) > 80:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # A zone (fe80::1%eth0) is only the name of an interface.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
