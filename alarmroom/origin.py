"""Tells a POST that comes from another site, without a cookie or a token.

It is the algorithm of Go's `http.CrossOriginProtection` (https://pkg.go.dev/net/http). It relies
on headers that browsers set and scripts cannot change.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def origin_allowed(request: HttpRequest) -> bool:
    """Return whether a request has a safe method or does not come from another site's page.

    `Sec-Fetch-Site` decides if it is present. Browsers do not send it over plain HTTP, and old
    browsers never do; then `Origin` decides. Browsers send `Origin` with every cross-site POST,
    so a request with neither header is allowed.
    """
    if request.method in SAFE_METHODS:
        return True
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if not origin:
        return True
    if origin.lower() == settings.SITE_URL.lower():
        return True
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return host.lower() == request.get_host().lower()
