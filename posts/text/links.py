"""Which addresses a link or a picture may lead to."""

from __future__ import annotations

import re
import unicodedata

from alarmroom.characters import CONTROLS, SURROGATES

URL_SCHEMES = frozenset({"http", "https", "mailto", "tel"})

# A browser removes some of these characters from an address before it reads the scheme
# (https://url.spec.whatwg.org/#concept-basic-url-parser), and other programs remove the others.
# So none may stay: "java\nscript:" must not become a scheme later.
_NOT_IN_AN_ADDRESS = re.compile(f"[{CONTROLS}{SURROGATES}]")
# Unicode's categories of white space and of invisible characters.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cf", "Cc"})
_PATH = re.compile("[/?#\\\\]")


def safe_url(url: str) -> str | None:
    """Return an address (not escaped) as it may be followed, or None if it may not be.

    What a browser ignores is removed first, so the scheme that is checked is the scheme that is
    followed. An address without a scheme is relative, and stays so. A colon before the
    first slash always ends a scheme (RFC 3986 4.2), whatever stands before it. Calling this
    twice changes nothing. Time grows with the length alone.
    """
    url = _NOT_IN_AN_ADDRESS.sub("", url)
    start, end = 0, len(url)
    while start < end and unicodedata.category(url[start]) in _INVISIBLE:
        start += 1
    while end > start and unicodedata.category(url[end - 1]) in _INVISIBLE:
        end -= 1
    url = url[start:end]
    scheme, colon, _ = _PATH.split(url, maxsplit=1)[0].partition(":")
    if not url or (colon and scheme.lower() not in URL_SCHEMES):
        return None
    return url
