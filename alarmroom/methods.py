"""Which methods a view allows; others get 405 with a correct `Allow` (RFC 9110 15.5.6)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

SAFE_METHODS = ("GET", "HEAD")
# No view of the site allows any other method, not even OPTIONS.
KNOWN_METHODS = (*SAFE_METHODS, "POST")


def allow[View: Callable[..., HttpResponseBase]](*methods: str) -> Callable[[View], View]:
    """Let a view answer these methods only; others get 405."""

    def decorate(view: View) -> View:
        limited: Any = require_http_methods(methods)(view)
        limited.methods = methods
        return limited

    return decorate


def require_safe[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """Allow only GET and HEAD, as Django's own decorator of this name does; others get 405.

    A POST without a CSRF token gets 405 too. Without `csrf_exempt`, the CSRF check comes first
    and answers 403. The exemption is safe, because no POST reaches the view.
    """
    return csrf_exempt(allow(*SAFE_METHODS)(view))


class MethodsMiddleware:
    """Refuses methods that no view allows, before the CSRF check and before APPEND_SLASH."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in KNOWN_METHODS:
            return self.get_response(request)
        try:
            view = resolve(request.path_info).func
        except Resolver404:
            return HttpResponseNotAllowed(SAFE_METHODS)  # A static file, or nothing.
        return HttpResponseNotAllowed(getattr(view, "methods", KNOWN_METHODS))
