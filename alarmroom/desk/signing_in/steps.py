"""Signing in: the password, and then a code or a passkey, of who has a second factor or needs one.

Between the steps nobody is signed in. The session only remembers whose password was right, for
ten minutes.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from alarmroom.desk.sign_in import SignInForm
from alarmroom.desk.signing_in import factors, guesses, passkeys, recovery
from alarmroom.desk.signing_in.guesses import Outcome
from alarmroom.desk.signing_in.sessions import browser_of

# In the session: whose password was right, and the secret of an app that is being set up.
PENDING, NEW_KEY = "signing_in", "second_factor_key"
PENDING_LASTS = 10 * 60  # seconds


def sign_in(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """The first step: user name and password."""
    next_page = safe_next(request)
    if request.method != "POST":
        if site.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        return page(request, "password", form=SignInForm(request), next=next_page)
    form = SignInForm(request, data=request.POST)
    if form.is_valid():
        return after_password(request, form.get_user(), next_page)
    response = page(request, "password", form=form, next=next_page)
    if getattr(request, "axes_locked_out", False):
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    return response


def after_password(request: HttpRequest, user: Any, next_page: str) -> HttpResponse:
    """Sign in an account whose password was right, or lead it to its second step."""
    has_one = factors.has_one(user)
    if not has_one and not factors.is_required(user):
        # What somebody else began in this browser is not gone on with.
        for name in (PENDING, NEW_KEY):
            request.session.pop(name, None)
        login(request, user)
        return HttpResponseRedirect(next_page)
    # Whoever was signed in in this browser is not any more.
    request.session.flush()
    request.session[PENDING] = {
        "account": user.pk,
        "backend": user.backend,
        "hash": user.get_session_auth_hash(),
        "at": int(time.time()),
        "next": next_page,
    }
    return redirect("admin:second_factor" if has_one else "admin:second_factor_needed")


def pending_user(request: HttpRequest) -> Any:
    """Return the account whose password was right a moment ago in this browser, or None."""
    found = request.session.get(PENDING)
    if not found or not 0 <= time.time() - found["at"] < PENDING_LASTS:
        return None
    accounts = get_user_model()._default_manager.filter(is_active=True, is_staff=True)
    user: Any = accounts.filter(pk=found["account"]).first()
    # Not after the password was changed meanwhile.
    if user and constant_time_compare(user.get_session_auth_hash(), found["hash"]):
        user.backend = found["backend"]
        return user
    return None


def finish(request: HttpRequest, user: Any) -> str:
    """Sign in an account that took the second step; return where it wanted to go."""
    next_page: str = request.session.pop(PENDING)["next"]
    request.session.pop(NEW_KEY, None)
    login(request, user)
    factors.mark(request)
    return next_page


def second_factor(request: HttpRequest) -> HttpResponse:
    """The second step: six digits of the app, a passkey, or a recovery code."""
    user = pending_user(request)
    if user is None:
        return redirect("admin:login")
    sentence, status = "", HTTPStatus.OK
    if request.method == "POST":
        outcome, sentence = guesses.try_factor(
            request,
            user,
            code=request.POST.get("code", ""),
            passkey=request.POST.get("passkey", ""),
        )
        if outcome is Outcome.RIGHT:
            return HttpResponseRedirect(finish(request, user))
        if outcome is Outcome.LOCKED:
            status = HTTPStatus.TOO_MANY_REQUESTS
    has_app, has_passkey = factors.app_of(user) is not None, passkeys.has_one(user)
    response = page(
        request,
        "code",
        person=user,
        error=sentence,
        way=way_of(request, has_app=has_app, has_passkey=has_passkey),
        has_app=has_app,
        has_passkey=has_passkey,
        has_codes=factors.codes_left(user) > 0,
        elsewhere=passkeys.elsewhere(request),
    )
    response.status_code = status
    return response


def way_of(request: HttpRequest, *, has_app: bool, has_passkey: bool) -> str:
    """Return which second factor the page asks for: "app", "passkey" or "recovery"."""
    wanted = request.GET.get("with")
    if wanted == "recovery" or not (has_app or has_passkey):
        return "recovery"
    if wanted == "passkey" and has_passkey:
        return "passkey"
    return "app" if has_app else "passkey"


def second_factor_needed(request: HttpRequest) -> HttpResponse:
    """Set up a second factor, before anything else, where the account needs one and has none."""
    user = pending_user(request)
    if user is None or factors.has_one(user):
        return redirect("admin:login")
    sentence, codes = "", None
    if request.method == "POST" and (answer := request.POST.get("passkey", "")):
        if passkey := passkeys.made(request, user, answer):
            name = passkey_name(request)
            codes = factors.add_passkey(user, passkey, name, session_key=None, is_first=True)
        sentence = guesses.PASSKEY_NOT_MADE
    elif request.method == "POST" and (key := request.session.get(NEW_KEY)):
        code = request.POST.get("code", "")
        codes = factors.set_up(user, key, code, session_key=None, is_first=True)
        sentence = guesses.WRONG_CODE
    if codes is not None:
        next_page = finish(request, user)
        recovery.show(request, codes, next_page)
        return redirect("admin:recovery_codes")
    context = {"person": user, "error": sentence, "may_have_passkey": passkeys.are_possible()}
    if request.GET.get("with") == "passkey" and passkeys.are_possible():
        context |= {"passkey_name": passkey_name(request), "elsewhere": passkeys.elsewhere(request)}
        return page(request, "set_up_passkey", **context)
    return page(request, "set_up", **context, **new_app(request, user))


def passkey_name(request: HttpRequest) -> str:
    """Return the name that was typed for a new passkey, or else the browser that makes it."""
    otherwise = browser_of(request.headers.get("User-Agent", ""))
    return passkeys.name_of(request.POST.get("name", ""), otherwise)


def new_app(request: HttpRequest, user: Any) -> dict[str, Any]:
    """Return what a page shows of the secret of a new app, which the session keeps."""
    key = request.session.get(NEW_KEY)
    if not key:
        key = request.session[NEW_KEY] = factors.new_key()
    return {"picture": factors.picture_of(key, user), "key": factors.key_for_typing(key)}


def safe_next(request: HttpRequest) -> str:
    """Return the page that is wanted after signing in: one of ours, or else Home."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    is_safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe else reverse("admin:index")


def page(request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
    return TemplateResponse(
        request,
        f"admin/signing_in/{name}.html",
        {"two_steps": settings.SECOND_FACTOR_REQUIRED, **context},
    )
