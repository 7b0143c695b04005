"""Adding a passkey and removing it, and what browsers ask before a passkey answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_otp_webauthn.models import WebAuthnCredential

from alarmroom.desk.signing_in import confirming, factors, guesses, passkeys, steps
from alarmroom.desk.signing_in.account import answer, made, page, removal
from alarmroom.desk.signing_in.confirming import ConfirmingForm

NOT_HERE = "Passkeys work at {} only. Open the desk there, or use a code."


# One's own account


def add(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """Add a passkey. It asks for what is there now, first; only then the browser makes one."""
    if not passkeys.are_possible():
        raise Http404
    user = request.user
    form = ConfirmingForm(request.POST or None, request=request)
    error = ""
    if request.method == "POST" and form.is_valid():
        if not request.POST.get("new_passkey"):
            return redirect("admin:passkey_add")
        name = steps.passkey_name(request)
        passkey = passkeys.made(request, user, request.POST["new_passkey"])
        key = request.session.session_key
        codes = factors.add_passkey(user, passkey, name, session_key=key) if passkey else None
        if codes is not None:
            return made(request, codes, f"The passkey “{name}” is added.")
        error = guesses.PASSKEY_NOT_MADE
    return answer(
        form,
        page(
            site,
            request,
            "add_passkey",
            title="Add a passkey",
            form=form,
            error=error,
            is_confirmed=confirming.is_fresh(request),
            is_full=len(passkeys.passkeys_of(user)) >= passkeys.MOST,
            passkey_name=steps.passkey_name(request),
            elsewhere=passkeys.elsewhere(request),
        ),
    )


def remove(site: admin.AdminSite, request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks; POST removes a passkey of one's own account."""
    found = WebAuthnCredential.objects.filter(user=request.user.pk, pk=pk).first()
    key = request.session.session_key
    return removal(
        site,
        request,
        what=f"the passkey “{found.name}”" if found else "",
        do=lambda: factors.remove_passkey(request.user, pk, session_key=key),
    )


# What a passkey is asked, as JSON


def challenge(request: HttpRequest) -> JsonResponse:
    """Ask a passkey of who is signed in, or for a new one (`new`), once that was confirmed."""
    if "new" in request.POST:
        if not confirming.is_fresh(request, reverse("admin:passkey_add")):
            return refusal("That took longer than five minutes. Reload this page.")
        return new_question(request, request.user)
    return question(request, request.user)


def challenge_at_sign_in(request: HttpRequest) -> JsonResponse:
    """Ask a passkey of whose password was right a moment ago, or for the first one (`new`)."""
    user = steps.pending_user(request)
    if user is None:
        return refusal("That took longer than ten minutes. Sign in anew.")
    if "new" in request.POST:
        if factors.has_one(user):
            return refusal("This account has a second factor already. Sign in anew.")
        return new_question(request, user)
    return question(request, user)


def question(request: HttpRequest, user: Any) -> JsonResponse:
    if not passkeys.work_here(request):
        return refusal(NOT_HERE.format(passkeys.origin()))
    if not passkeys.has_one(user):
        return refusal("This account has no passkey any more. Use a code.")
    return JsonResponse({"state": "ask", "options": passkeys.ask(request, user)})


def new_question(request: HttpRequest, user: Any) -> JsonResponse:
    if not passkeys.work_here(request):
        return refusal(NOT_HERE.format(passkeys.origin()))
    return JsonResponse({"state": "ask", "options": passkeys.ask_new(request, user)})


def refusal(error: str) -> JsonResponse:
    return JsonResponse({"state": "refused", "error": error}, status=HTTPStatus.CONFLICT)
