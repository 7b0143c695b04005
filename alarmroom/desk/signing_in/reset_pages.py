"""The pages of a forgotten password: asking for a link, and choosing a new password by it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from alarmroom.desk.models.password_reset import LONGEST_NAME
from alarmroom.desk.signing_in import reset, tasks


def forgotten(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST says the same for every name."""
    is_sent = request.method == "POST"
    if is_sent:
        with transaction.atomic():
            if reset.ask(request, request.POST.get("name", "")):
                tasks.wake()
    return TemplateResponse(
        request,
        "admin/signing_in/forgotten.html",
        {"is_sent": is_sent, "longest": LONGEST_NAME},
    )


def choose(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """GET shows the form of a link that works; POST sets the new password."""
    user = reset.owner_of(uid, token)
    form = SetPasswordForm(user, request.POST or None) if user else None
    if request.method == "POST" and form and form.is_valid():
        if reset.change_password(uid, token, form.cleaned_data["new_password1"]):
            messages.success(request, "Your password is changed. Sign in with the new one.")
            return redirect("admin:login")
        form = None
    response = TemplateResponse(
        request, "admin/signing_in/choose.html", {"form": form, "person": user}
    )
    if form is None:
        response.status_code = 410
    # The address is the key.
    response["Referrer-Policy"] = "no-referrer"
    return response
