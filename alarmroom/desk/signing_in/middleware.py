"""Who is signed in, for every address of the site: in one place.

A session that lacks the second factor which its account needs is nobody's. So pages lead to the
sign-in, JSON addresses answer as to a stranger, and previews show nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware as DjangosMiddleware
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from alarmroom.desk.signing_in import factors, sessions


class AuthenticationMiddleware(DjangosMiddleware):
    """Django's middleware, with the second factor."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(partial(user_of, request))  # type: ignore[assignment]  # lazy, as Django’s own


def user_of(request: HttpRequest) -> Any:
    user = get_user(request)
    if user.is_authenticated and factors.MARK not in request.session and factors.is_required(user):
        return AnonymousUser()
    return user


class KeepSessionsMiddleware:
    """Lets a session that is used go on; only on addresses that asked for it anyway.

    What an open tab asks by itself is no use: an editor who went home is idle.
    """

    BY_ITSELF = ("_presence", "_newer")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        name = (match.url_name if match else "") or ""
        if (
            request.session.accessed
            and not request.session.is_empty()
            and not name.endswith(self.BY_ITSELF)
            and response.status_code < 500
            and request.user.is_authenticated
        ):
            sessions.keep_alive(request)
        return response
