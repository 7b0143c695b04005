"""Who may ask the addresses of the text editor, and what the others are told, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

type View = Callable[[HttpRequest], JsonResponse]

# Whoever writes texts of any kind. An issue is of a room above this one, so it is only named.
WRITERS = tuple(
    f"{app}.{right}_{model}"
    for app, model in (("posts", "post"), ("posts", "page"), ("newsletter", "issue"))
    for right in ("add", "change")
)


def for_those_with(*rights: str) -> Callable[[View], View]:
    """Let a view answer who has one of these permissions; others get a 403 and a sentence."""

    def decorated(view: View) -> View:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest) -> JsonResponse:
            if not request.user.is_authenticated:
                return _refused("You are signed out. Sign in again, then try once more.")
            if not admin.site.has_permission(request) or not any(
                map(request.user.has_perm, rights)
            ):
                return _refused("Your account may not do this. Ask an administrator.")
            return view(request)

        return guarded

    return decorated


def _refused(message: str) -> JsonResponse:
    return JsonResponse({"error": message}, status=HTTPStatus.FORBIDDEN)
