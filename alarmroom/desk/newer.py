"""The panel over a form that offers texts which were typed and never saved."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarmroom.desk.content import Content
from alarmroom.desk.differences import Difference, SeenBy, differences
from alarmroom.desk.models import WorkingCopy
from alarmroom.desk.models.working_copy import NEW

SHOWN_AT_ONCE = 3
LOOKED_AT = 20


@dataclass(frozen=True)
class Newer:
    """A text that was never saved, and how it differs from what the form shows."""

    copy: WorkingCopy
    title: str
    differences: list[Difference]


def panel(model_admin: Any, request: HttpRequest, thing: models.Model | None) -> HttpResponse:
    """Return the panel, or 204 where nothing newer was found.

    The copy that the form shows already, and the one of its own tab, are left out.
    """
    rows = (
        WorkingCopy.objects.of(model_admin.model, thing.pk if thing else NEW)
        .open()
        .filter(by=request.user.pk)
        .exclude(tab=request.GET.get("tab", ""))
        .order_by("-changed_at")
    )
    shown = request.GET.get("copy", "")
    head: Content = model_admin.empty_or_own(thing)
    found = []
    for copy in rows[:LOOKED_AT]:
        if str(copy.pk) == shown:
            continue
        typed = model_admin.copy_as_content(request, thing, copy)
        if thing and typed == head:
            continue
        found.append(
            Newer(copy, title_of(typed), differences(SeenBy(model_admin, request), head, typed))
        )
        if len(found) == SHOWN_AT_ONCE:
            break
    # What belongs to an object that exists stands in its history.
    aside = [] if thing else set_aside(model_admin, request)
    if not found and not aside:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {
        "found": found,
        "aside": aside,
        "thing": thing,
        "change_address": model_admin.address_of("change", thing.pk if thing else None),
        "set_aside_address": model_admin.address_of("set_aside", thing.pk if thing else None),
        "compare_address": model_admin.address_of("compare", thing.pk) if thing else "",
    }
    return render(request, "admin/desk/newer.html", context)


def set_aside(model_admin: Any, request: HttpRequest) -> list[Newer]:
    """Return the texts for something new that this person has set aside, the latest first."""
    rows = (
        WorkingCopy.objects.of(model_admin.model, NEW)
        .filter(by=request.user.pk, settled_at=None, set_aside_at__isnull=False)
        .exclude(tab=request.GET.get("tab", ""))
        .order_by("-changed_at")
    )
    shown = request.GET.get("copy", "")
    return [
        Newer(copy, title_of(model_admin.copy_as_content(request, None, copy)), [])
        for copy in rows[:LOOKED_AT]
        if str(copy.pk) != shown
    ]


def title_of(typed: Content) -> str:
    """Return what a text is called: its first field that is a title."""
    for name in ("title", "subject", "name"):
        if typed["fields"].get(name):
            return str(typed["fields"][name])
    return "Untitled"
