"""Links as they leave in mails and feeds: whole, in the characters of RFC 3986, and safe.

A browser accepts a space or a letter beyond ASCII in an address of a page. Mail programs and
feed readers may end the address there.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import idna

from posts.text.links import URL_SCHEMES, safe_url

# What each part may contain besides letters, digits and "-._~" (RFC 3986 3.2 to 3.5).
_USER = "!$&'()*+,;=:%"
_PATH = "!$&'()*+,;=:@/%"
_QUERY = f"{_PATH}?"
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PICTURES = frozenset({"http", "https"})


def whole_url(url: str, base: str) -> str | None:
    """Return an address (not escaped) in full and percent-encoded, or None if it leads nowhere.

    A relative one is resolved against `base`. Its scheme is checked on what is returned. Calling
    this twice changes nothing.
    """
    safe = safe_url(url)
    if safe is None:
        return None
    try:
        joined = urljoin(base, _as_browsers_read(safe))
        encoded = _encoded(urlsplit(joined))
    except ValueError:  # Such as http://[, or a port or a host that is not valid.
        return None
    return encoded if _is_whole(encoded) else None


def whole_picture_url(url: str, base: str) -> str | None:
    """Return the address of a picture as whole_url() does, or None if it is not HTTP."""
    whole = whole_url(url, base)
    return whole if whole and urlsplit(whole).scheme in _PICTURES else None


def _as_browsers_read(url: str) -> str:
    """Return an address with slashes where browsers take a backslash for one."""
    if urlsplit(url).scheme not in {"", "http", "https"}:
        return url
    path, *rest = re.split("([?#])", url, maxsplit=1)
    return path.replace("\\", "/") + "".join(rest)


def _encoded(parts: SplitResult) -> str:
    """Return the address with each part percent-encoded by its own rules. Raises ValueError."""
    if parts.scheme == "tel":
        # People write spaces in phone numbers; RFC 3966 3 allows none.
        return f"tel:{_quote(''.join(parts.path.split()), _PATH)}"
    return urlunsplit(
        (
            parts.scheme,
            _authority(parts),
            _quote(parts.path, _PATH),
            _quote(parts.query, _QUERY),
            _quote(parts.fragment, _QUERY),
        )
    )


def _authority(parts: SplitResult) -> str:
    """Return user, host and port; a host beyond ASCII as Punycode (RFC 5891)."""
    if not parts.netloc:
        return ""
    user, at, _ = parts.netloc.rpartition("@")
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        # What browsers do before they look a host up (UTS 46); IDNAError is a ValueError.
        host = idna.encode(host, uts46=True, std3_rules=False).decode()
    if not _HOST.fullmatch(host):
        raise ValueError("This cannot be a host.")
    port = "" if parts.port is None else f":{parts.port}"
    return f"{_quote(user, _USER)}{at}{host}{port}"


def _quote(text: str, allowed: str) -> str:
    return _LONE_PERCENT.sub("%25", quote(text, safe=allowed))


def _is_whole(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme not in URL_SCHEMES:
        return False
    return bool(parts.hostname if parts.scheme in _PICTURES else parts.path or parts.query)
