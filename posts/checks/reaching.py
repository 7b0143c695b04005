"""Tries whether an address of another site answers, without ever asking an inner network.

Whoever writes an article chooses the address, so nothing about it is trusted: the name is resolved
first, every address that it has must be public, and the connection is made to that address and no
other. Each redirect is a new address, and checked again. Nothing of the answer but its status and
its Location is read, and neither is ever shown.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.client import HTTPException, parse_headers
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urljoin, urlsplit

from posts.checks.targets import own_host
from posts.text.outgoing_links import whole_url

SECONDS = 10
LONGEST_HEAD = 64_000  # bytes
MOST_REDIRECTS = 5
USER_AGENT = "Mozilla/5.0 (compatible; link check of an editor's desk)"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The site answers, but not to programs: nothing is known of the page.
SHY = frozenset({401, 402, 403, 405, 406, 418, 429, 451, 999})
# Addresses that stand for IPv4 addresses, which might be inner ones.
_EMBEDDING = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))

Address = IPv4Address | IPv6Address


class Unreachable(Exception):
    """It could not be reached; the text is a sentence for editors."""


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _EMBEDDING):
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True)
class Limits:
    """What may be asked. Tests alone give other ones, to reach a server of their own."""

    ports: frozenset[int] = frozenset({80, 443})
    seconds: float = SECONDS
    may_connect: Callable[[Address], bool] = is_public
    resolve: Callable[[str, int], Iterable[str]] = resolved
    may_be_this_machine: bool = False


@dataclass(frozen=True)
class Outcome:
    """The last status, and in a sentence why it could not be reached; empty if it could."""

    status: int | None
    error: str


def reach(
    url: str, *, before: Callable[[str], None] = lambda host: None, limits: Limits | None = None
) -> Outcome:
    """Try an address: HEAD, and GET if that is refused, through at most five redirects.

    `before` is called with the host before each request, and may raise.
    """
    limits = limits or Limits()
    until = time.monotonic() + limits.seconds
    status = None
    try:
        for _ in range(MOST_REDIRECTS + 1):
            status, location = _ask("HEAD", url, until, before, limits)
            if status >= 400:
                status, location = _ask("GET", url, until, before, limits)
            if status not in REDIRECTS or not location:
                return Outcome(status, _said_of(status))
            url = urljoin(url, location)
        return Outcome(status, "It sends from one address to the next without end.")
    except Unreachable as error:
        return Outcome(status, str(error))


def _said_of(status: int) -> str:
    if status < 400 or status in SHY:
        return ""
    if status in (404, 410):
        return f"The site says that there is no such page ({status})."
    return f"The site answers with an error ({status})."


def _ask(
    method: str, url: str, until: float, before: Callable[[str], None], limits: Limits
) -> tuple[int, str]:
    """Make one request; return its status and its Location."""
    whole = whole_url(url, "")
    parts = urlsplit(whole or "")
    host = (parts.hostname or "").rstrip(".").lower()
    if not whole or parts.scheme not in ("http", "https") or not host:
        raise Unreachable("The address is not one of the web.")
    if "@" in parts.netloc:
        raise Unreachable("The address has a name or password in it.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port not in limits.ports:
        raise Unreachable(f"The address has an unusual port ({port}).")
    if host == own_host() and not limits.may_be_this_machine:
        raise Unreachable("The address is one of this site.")
    before(host)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: {USER_AGENT}\r\n"
        "Accept: text/html,*/*;q=0.8\r\nAccept-Language: en\r\nConnection: close\r\n\r\n"
    )
    try:
        with _connected(host, port, parts.scheme == "https", until, limits) as connection:
            _wait(connection, until)
            connection.sendall(head.encode("ascii"))
            return _head_of(connection, until)
    except TimeoutError:
        raise Unreachable("The site did not answer in time.") from None
    except ssl.SSLCertVerificationError:
        raise Unreachable("The site’s certificate is not valid.") from None
    except (OSError, HTTPException, ValueError):
        # UnicodeError is a ValueError: a host that cannot be one.
        raise Unreachable("The site could not be reached.") from None


def _connected(
    host: str, port: int, is_secure: bool, until: float, limits: Limits
) -> socket.socket:
    """Return a connection to a public address of the host, which is resolved once."""
    try:
        found = [ip_address(each.partition("%")[0]) for each in limits.resolve(host, port)]
    except socket.gaierror:
        raise Unreachable("There is no such site.") from None
    if not found:
        raise Unreachable("There is no such site.")
    if not all(map(limits.may_connect, found)):
        raise Unreachable("The address leads into a closed network.")
    # The first two: a name may have hundreds.
    for number, address in enumerate(found[:2], start=1):
        try:
            connection = socket.create_connection((str(address), port), timeout=_left(until))
            break
        except OSError:
            if number == min(2, len(found)):
                raise
    try:
        is_own = connection.getsockname()[0] == connection.getpeername()[0]
        if is_own and not limits.may_be_this_machine:
            raise Unreachable("The address is one of this site.")
        if is_secure:
            connection.settimeout(_left(until))
            context = ssl.create_default_context()
            return context.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise
    return connection


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _wait(connection: socket.socket, until: float) -> None:
    connection.settimeout(_left(until))


def _head_of(connection: socket.socket, until: float) -> tuple[int, str]:
    """Read the head of an answer and no more of it."""
    read = b""
    while True:
        end = read.find(b"\r\n\r\n")
        if end < 0:
            if len(read) > LONGEST_HEAD:
                raise Unreachable("The site’s answer could not be read.")
            _wait(connection, until)
            piece = connection.recv(8_192)
            if not piece:
                raise Unreachable("The site’s answer could not be read.")
            read += piece
            continue
        line, _, fields = read[: end + 4].partition(b"\r\n")
        words = line.split()
        if len(words) < 2 or not line.startswith(b"HTTP/") or not words[1].isdigit():
            raise Unreachable("The site’s answer could not be read.")
        status = int(words[1][:4])
        if 100 <= status < 200:
            # A hint, which an answer follows.
            read = read[end + 4 :]
            continue
        return status, parse_headers(BytesIO(fields)).get("Location", "")
