"""Which addresses a link or a picture may lead to."""

from __future__ import annotations

import re
import unicodedata

URL_SCHEMES = frozenset({"http", "https", "mailto", "tel"})

# Controls, line separators and lone surrogates. A browser removes some of them from an address
# before it reads the scheme (https://url.spec.whatwg.org/#concept-basic-url-parser), and other
# programs remove the rest, so none may stay: "java\nscript:" must not become a scheme later.
_NEVER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Every kind of white space, and characters that are not seen (Unicode's categories).
_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cf", "Cc"})
_PATH = re.compile("[/?#\\\\]")


def safe_url(url: str) -> str | None:
    """Return an address (not escaped) as it may be followed, or None if it may not be.

    What no browser would see is taken away first, so the scheme that is checked is the scheme
    that is followed. An address without a scheme is relative, and stays so. A colon before the
    first slash always ends a scheme (RFC 3986 4.2), whatever stands before it. Calling this
    twice changes nothing. Time grows with the length alone.
    """
    url = _NEVER.sub("", url)
    start, end = 0, len(url)
    while start < end and unicodedata.category(url[start]) in _UNSEEN:
        start += 1
    while end > start and unicodedata.category(url[end - 1]) in _UNSEEN:
        end -= 1
    url = url[start:end]
    scheme, colon, _ = _PATH.split(url, maxsplit=1)[0].partition(":")
    if not url or (colon and scheme.lower() not in URL_SCHEMES):
        return None
    return url
