"""The page of the log, for administrators: newest first, by person and by act."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from alarmroom.desk import dates
from alarmroom.desk.menu import Entry
from alarmroom.desk.models import Act
from alarmroom.methods import require_safe

READ = "desk.read_log"
PER_PAGE = 50
MOST_PEOPLE = 500


class Line(NamedTuple):
    act: Act
    moment: str
    url: str  # Where the object is on the desk; "" for users who may not see it.


def urls(site: admin.AdminSite) -> list[URLPattern]:
    return [
        path("log/", site.admin_view(require_safe(never_cache(partial(listing, site)))), name="log")
    ]


def entry(request: HttpRequest) -> Entry | None:
    """Return the log's line in the desk's menu, for users who may read it."""
    if not request.user.has_perm(READ):
        return None
    return Entry("Log", reverse("admin:log"))


def listing(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """A page of the log; `before` is the key of the line after which it begins."""
    if not request.user.has_perm(READ):
        raise PermissionDenied
    who, kind = number_in(request, "who"), request.GET.get("act", "")
    acts = Act.objects.newest_first()
    if who:
        acts = acts.filter(account=who)
    if kind in Act.Kind.values:
        acts = acts.filter(kind=kind)
    if before := number_in(request, "before"):
        acts = acts.filter(pk__lt=before)
    found = list(acts[: PER_PAGE + 1])
    people = get_user_model()._default_manager.order_by("username")
    return TemplateResponse(
        request,
        "admin/desk/log.html",
        {
            **site.each_context(request),
            "title": "Log",
            "lines": [
                Line(act, dates.moment(act.at), url_of(site, request, act))
                for act in found[:PER_PAGE]
            ],
            "more": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
            "is_first": not before,
            "people": people.filter(is_staff=True)[:MOST_PEOPLE],
            "kinds": Act.Kind.choices,
            "who": who,
            "kind": kind,
        },
    )


def number_in(request: HttpRequest, name: str) -> int:
    """Return a positive number of the query; 0 for everything else."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


def url_of(site: admin.AdminSite, request: HttpRequest, act: Act) -> str:
    if not act.object_id or act.kind in (Act.Kind.BINNED, Act.Kind.DELETED):
        return ""
    try:
        model = apps.get_model(act.model)
    except (LookupError, ValueError):
        return ""
    desk = site._registry.get(model)
    if desk is None or not desk.has_view_permission(request):
        return ""
    opts = model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[act.object_id])
