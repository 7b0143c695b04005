"""Recovery codes, shown until their owner says that they are kept: then the site forgets them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

# In the session: the codes, and where their owner goes afterwards.
CODES = "recovery_codes"


def show(request: HttpRequest, codes: list[str], next_page: str = "") -> None:
    """Let the page of the recovery codes show these."""
    request.session[CODES] = {"codes": codes, "next": next_page or reverse("admin:signing_in")}


def recovery_codes(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """GET shows the codes; POST says that they are kept."""
    shown: dict[str, Any] | None = request.session.get(CODES)
    if shown is None:
        return redirect("admin:signing_in")
    if request.method == "POST":
        del request.session[CODES]
        messages.success(request, "Your second factor is ready.")
        next_page = shown["next"]
        ours = url_has_allowed_host_and_scheme(next_page, allowed_hosts={request.get_host()})
        return HttpResponseRedirect(next_page if ours else reverse("admin:index"))
    return TemplateResponse(
        request,
        "admin/signing_in/recovery_codes.html",
        {**site.each_context(request), "title": "Recovery codes", "codes": shown["codes"]},
    )


def download(request: HttpRequest) -> HttpResponse:
    """The codes as a file."""
    shown: dict[str, Any] | None = request.session.get(CODES)
    if shown is None:
        raise Http404
    name = request.user.get_username()
    text = "\n".join(
        [
            f"Recovery codes of {name} for the desk of The Alarm Room.",
            "Each works once, in place of app or passkey. Keep them where only you find them.",
            "",
            *shown["codes"],
            "",
        ]
    )
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="alarm-room-recovery-codes.txt"'
    return response
