"""Who may ask the addresses of the text editor, and what the others are told, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from posts.models import Page, Post


def may_write(request: HttpRequest) -> bool:
    """Whether this account writes texts of any kind on the desk."""
    if not admin.site.has_permission(request):
        return False
    models = (Post, Page)
    rights = [
        f"posts.{right}_{model._meta.model_name}" for model in models for right in ("add", "change")
    ]
    rights += ["newsletter.add_issue", "newsletter.change_issue"]
    return any(map(request.user.has_perm, rights))


def for_editors(
    view: Callable[[HttpRequest], JsonResponse],
) -> Callable[[HttpRequest], JsonResponse]:
    """Let a view answer only those who write texts; others get a 403 and a sentence."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest) -> JsonResponse:
        if not request.user.is_authenticated:
            return _refused("You are signed out. Sign in again.", HTTPStatus.FORBIDDEN)
        if not may_write(request):
            return _refused("Your account may not write texts.", HTTPStatus.FORBIDDEN)
        return view(request)

    return guarded


def _refused(message: str, status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"error": message}, status=status)
