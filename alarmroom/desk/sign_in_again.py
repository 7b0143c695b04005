"""Signing in from a form that is open: the text in it stays where it is.

The browser opens a window over the form when the desk answers that the session is gone
(static/js/desk/sign-in-again.js). Signing in makes a new CSRF token, and the cookie that holds it
cannot be read by scripts; so the answer carries it. The old token is gone by then, so the origin
of the request is checked instead.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from alarmroom.desk.sign_in import SignInForm
from alarmroom.desk.signing_in import factors, guesses, passkeys
from alarmroom.methods import allow
from alarmroom.origin import origin_allowed


@never_cache
@csrf_exempt
@sensitive_post_parameters("password", "code", "passkey")
@allow("POST")
def sign_in_again(request: HttpRequest) -> JsonResponse:
    """Sign in the account of an open form (`_account`) and answer with a new CSRF token.

    Without a password it answers 401, or the token if that account is signed in: in another tab,
    for example, where the token of this one became worthless. An account with a second factor gets
    401 and the state "code" for its password alone, with what a passkey is asked; then it sends the
    password and one of both.
    """
    if not origin_allowed(request):
        return refusal(HTTPStatus.FORBIDDEN, "This came from another site. Nothing was done.")
    account = request.POST.get("_account", "")
    if "password" not in request.POST:
        user: Any = request.user
        if user.is_active and user.is_staff and str(user.pk) == account:
            return JsonResponse({"state": "signed-in", "token": get_token(request)})
        return JsonResponse({"state": "signed-out"}, status=HTTPStatus.UNAUTHORIZED)
    form = SignInForm(request, data=request.POST)
    if not form.is_valid():
        if getattr(request, "axes_locked_out", False):
            sentence = str(form.get_invalid_login_error().message)
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, sentence)
        return refusal(
            HTTPStatus.BAD_REQUEST,
            "The password is wrong, or this account may not use the desk any more. Try again.",
        )
    # Only whoever knows a password learns that it is of another account.
    if str(form.get_user().pk) != account:
        return refusal(
            HTTPStatus.CONFLICT,
            "This text belongs to another account. Sign in as the one that is named above.",
        )
    user = form.get_user()
    if not factors.has_one(user):
        if factors.is_required(user):
            return refusal(
                HTTPStatus.FORBIDDEN,
                "Your role needs a second factor now. Sign in in another tab, where you set it up; "
                "your text stays here meanwhile.",
            )
        login(request, user)
    elif not (request.POST.get("code") or request.POST.get("passkey")):
        return second_step(request, user)
    else:
        outcome, sentence = guesses.try_factor(
            request,
            user,
            code=request.POST.get("code", ""),
            passkey=request.POST.get("passkey", ""),
        )
        if outcome is guesses.Outcome.LOCKED:
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, sentence)
        if outcome is guesses.Outcome.WRONG:
            return refusal(HTTPStatus.BAD_REQUEST, sentence)
        login(request, user)
        factors.mark(request)
    return JsonResponse({"state": "signed-in", "token": get_token(request)})


def second_step(request: HttpRequest, user: Any) -> JsonResponse:
    """Say that the second factor is missing; an account with a passkey gets a question for it."""
    can_ask = passkeys.work_here(request) and passkeys.has_one(user)
    answer = {
        "state": "code",
        "app": factors.app_of(user) is not None,
        "passkey": passkeys.ask(request, user) if can_ask else None,
    }
    return JsonResponse(answer, status=HTTPStatus.UNAUTHORIZED)


def refusal(status: HTTPStatus, error: str) -> JsonResponse:
    return JsonResponse({"state": "refused", "error": error}, status=status)
