"""Whole addresses of the site's pages and files: for sitemaps and linked data."""

import re
from urllib.parse import quote, urljoin

from django.conf import settings

# What may stand in an address (RFC 3986 2.2, 2.3), and the sign of an encoded character.
_ALLOWED = ":/?#[]@!$&'()*+,;=%~"
# Nearly every path is one of these, and needs nothing but the site in front of it.
_PLAIN_PATH = re.compile(r"/(?!/)[a-zA-Z0-9_/?#=&%-]*")


def absolute_url(path: str) -> str:
    """Return a path as an absolute URL in ASCII (RFC 3986). An absolute URL stays one."""
    if _PLAIN_PATH.fullmatch(path):
        return f"{settings.SITE_URL}{path}"
    return quote(urljoin(f"{settings.SITE_URL}/", path), safe=_ALLOWED)
