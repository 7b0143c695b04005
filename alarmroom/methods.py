"""Which methods a view answers; the others get 405 and a true `Allow` (RFC 9110 15.5.6)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

READING = ("GET", "HEAD")
# No page of ours knows another, not even OPTIONS.
KNOWN = (*READING, "POST")


def allow[View: Callable[..., HttpResponseBase]](*methods: str) -> Callable[[View], View]:
    """Let a view answer these methods, and 405 the others."""

    def decorate(view: View) -> View:
        limited: Any = require_http_methods(methods)(view)
        limited.methods = methods
        return limited

    return decorate


def require_safe[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """Answer 405 to whoever does more than read, as Django's own decorator of this name does.

    Also to a POST without a token: it would be sent away as a forgery (403) before anybody
    looked at its method. Nothing is opened by that, for no POST reaches the view.
    """
    return csrf_exempt(allow(*READING)(view))


class MethodsMiddleware:
    """Refuses what no page of ours knows, before anybody asks for a token or adds a slash."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in KNOWN:
            return self.get_response(request)
        try:
            view = resolve(request.path_info).func
        except Resolver404:
            return HttpResponseNotAllowed(READING)  # A file, or nothing.
        return HttpResponseNotAllowed(getattr(view, "methods", KNOWN))
