"""The page "Signing in": the second factor, the recovery codes, the sessions of one's account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse

from alarmroom.desk import log
from alarmroom.desk.models import Act
from alarmroom.desk.signing_in import (
    confirming,
    factors,
    guesses,
    passkeys,
    recovery,
    sessions,
    steps,
)
from alarmroom.desk.signing_in.confirming import ConfirmingForm


def page(site: admin.AdminSite, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request, f"admin/signing_in/{name}.html", {**site.each_context(request), **context}
    )


def signing_in(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """What an account signs in with, and where it is signed in."""
    user = request.user
    app, keys = factors.app_of(user), passkeys.passkeys_of(user)
    return page(
        site,
        request,
        "account",
        title="Signing in",
        app=app,
        passkeys=keys,
        has_one=bool(app or keys),
        codes_left=factors.codes_left(user),
        may_remove=factors.may_remove_one(user),
        are_possible=passkeys.are_possible(),
        sessions=sessions.sessions_of(user, request.session.session_key),
    )


# The second factor


def set_up(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """Set up an app, or another one in its place. It asks for what is there now, first."""
    form = ConfirmingForm(request.POST or None, request=request)
    error = ""
    if request.method == "POST" and form.is_valid() and (key := request.session.get(steps.NEW_KEY)):
        codes = factors.set_up(
            request.user,
            key,
            request.POST.get("new_code", ""),
            session_key=request.session.session_key,
        )
        if codes is not None:
            del request.session[steps.NEW_KEY]
            confirming.use_up(request)
            return made(request, codes, "Your app is set up.")
        error = guesses.WRONG_CODE
        form = ConfirmingForm(None, request=request)
    return answer(
        form,
        page(
            site,
            request,
            "set_up_app",
            title="Set up an app",
            form=form,
            error=error,
            has_app=factors.app_of(request.user) is not None,
            **steps.new_app(request, request.user),
        ),
    )


def made(request: HttpRequest, codes: list[str], said: str) -> HttpResponse:
    """Go on after a second factor was added: to its recovery codes, if there are new ones."""
    confirming.use_up(request)
    factors.mark(request)
    if codes:
        recovery.show(request, codes)
        return redirect("admin:recovery_codes")
    messages.success(request, f"{said} Every other session of yours has ended.")
    return redirect("admin:signing_in")


def remove(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """GET asks; POST removes the app of one's own account."""
    key = request.session.session_key
    return removal(
        site,
        request,
        what="your app" if factors.app_of(request.user) else "",
        do=lambda: factors.remove_app(request.user, session_key=key),
    )


def removal(
    site: admin.AdminSite, request: HttpRequest, *, what: str, do: Callable[[], bool]
) -> HttpResponse:
    """GET asks; POST removes one second factor of one's own account."""
    user = request.user
    if not what or not factors.may_remove_one(user):
        return redirect("admin:signing_in")
    form = ConfirmingForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        confirming.use_up(request)
        if do():
            messages.success(request, f"Removed {what}. Every other session of yours has ended.")
        if not factors.has_one(user):
            request.session.pop(factors.MARK, None)
        return redirect("admin:signing_in")
    is_last = factors.count_of(user) == 1
    context = {"title": f"Remove {what}", "form": form, "is_last": is_last}
    return answer(form, page(site, request, "confirm_remove", **context))


def renew_codes(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """GET asks; POST makes new recovery codes in place of the old ones."""
    if not factors.has_one(request.user):
        return redirect("admin:signing_in")
    form = ConfirmingForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        confirming.use_up(request)
        recovery.show(request, factors.renew_recovery_codes(request.user))
        return redirect("admin:recovery_codes")
    title = "Make new recovery codes"
    return answer(form, page(site, request, "confirm_codes", title=title, form=form))


def answer(form: ConfirmingForm, response: HttpResponse) -> HttpResponse:
    if form.was_locked:
        response.status_code = 429
    return response


# Sessions


def end(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """End one session (`session`), or all but this one (`others`)."""
    this = request.session.session_key
    token = request.POST.get("session", "")[:40]
    with transaction.atomic():
        if "others" in request.POST:
            count = sessions.end_sessions(request.user, but=this)
        else:
            count = int(sessions.end_session(request.user, token, this))
        if count:
            log.record(
                Act.Kind.SESSIONS, by=request.user, detail=f"{count} session{pluralize(count)}"
            )
    if count:
        messages.success(request, f"{count} session{pluralize(count)} ended.")
    else:
        messages.info(request, "Nothing was ended: it has ended already.")
    return redirect("admin:signing_in")
