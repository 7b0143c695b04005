"""Guards POSTs of public pages against other sites, without a cookie or a token.

The algorithm of Go's `http.CrossOriginProtection` (https://pkg.go.dev/net/http), which
rests on headers that a browser sets itself and no script can forge.
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


def is_ours(request: HttpRequest) -> bool:
    """Return whether a request changes nothing, or did not come from another site's page.

    `Sec-Fetch-Site` decides where it is sent. Browsers leave it out on plain HTTP, and old
    ones always; there `Origin` decides. Without either it is no browser's cross-site form.
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


def guarded_by_origin[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Refuse a view's cross-site POSTs with a page that says what to do.

    Takes the place of the CSRF token, which would need a cookie.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_ours(request):
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
