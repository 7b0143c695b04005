"""Protects POSTs of public pages against cross-site requests, without a cookie or a token.

It is the algorithm of Go's `http.CrossOriginProtection` (https://pkg.go.dev/net/http). It relies
on headers that browsers set and scripts cannot change.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

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


def require_same_origin[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Refuse a view's cross-site POSTs with a page that says what to do.

    It replaces the CSRF token, which would need a cookie.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if origin_allowed(request):
            return view(request, *args, **kwargs)
        return render(
            request,
            "subscribers/message.html",
            {
                "title": "This form was sent from another site",
                "text": "Nothing was changed. To protect your address we only take the form "
                "from our own pages: open the sign-up page here and try again.",
                "offer_form": True,
            },
            status=403,
        )

    return csrf_exempt(guarded)
