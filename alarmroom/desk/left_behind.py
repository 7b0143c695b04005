"""Texts that an account typed and never saved before it was deleted or deactivated.

Nobody else sees a working copy while its account is in use. When it no longer is, an administrator
finds the words here, and can take them over: they are then as if typed by him or her.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import strip_tags
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from alarmroom.desk.copies import name_of
from alarmroom.desk.menu import Entry
from alarmroom.desk.models import WorkingCopy
from alarmroom.desk.models.working_copy import NEW, WorkingCopyQuerySet
from alarmroom.methods import require_safe

ADMINISTERS = "auth.change_user"
PER_PAGE = 20
SHOWN = 20_000  # characters of a text on this page; whoever takes it over gets all of it
LONGEST_STRIPPED = 500_000
TITLES = ("title", "subject", "name")


class Line(NamedTuple):
    copy: WorkingCopy
    title: str
    kind: str
    who: str
    texts: list[tuple[str, str]]
    may_take: bool


def urls(site: admin.AdminSite) -> list[URLPattern]:
    view = site.admin_view
    return [
        path(
            "left-behind/",
            view(require_safe(never_cache(partial(listing, site)))),
            name="left_behind",
        ),
        path("left-behind/take/", view(require_POST(partial(take, site))), name="left_behind_take"),
    ]


def entry(request: HttpRequest) -> Entry | None:
    if not request.user.has_perm(ADMINISTERS):
        return None
    return Entry("Texts left behind", reverse("admin:left_behind"))


def left() -> WorkingCopyQuerySet:
    """The unsaved texts whose account is gone or may not sign in."""
    gone = models.Q(by=None) | models.Q(by__is_active=False)
    return WorkingCopy.objects.filter(gone, settled_at=None).exclude(data=[])


def listing(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(ADMINISTERS):
        raise PermissionDenied
    page = request.GET.get("page", "")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 5 else 0
    rows = left().select_related("by", "content_type").order_by("-changed_at", "-pk")
    found = list(rows[number * PER_PAGE : (number + 1) * PER_PAGE + 1])
    context = {
        **site.each_context(request),
        "title": "Texts left behind",
        "lines": lines(site, request, found[:PER_PAGE]),
        "later": number - 1 if number else None,
        "earlier": number + 1 if len(found) > PER_PAGE else None,
    }
    return TemplateResponse(request, "admin/desk/left_behind.html", context)


def lines(site: admin.AdminSite, request: HttpRequest, found: list[WorkingCopy]) -> list[Line]:
    """Return what this account may see of these. One query for each kind of object."""
    keys: dict[Any, set[int]] = {}
    for copy in found:
        keys.setdefault(copy.content_type, set()).add(copy.object_id)
    things: dict[tuple[int, int], Any] = {}
    for content_type, pks in keys.items():
        model = content_type.model_class()
        if model is not None:
            for pk, thing in model._base_manager.in_bulk(pks - {NEW}).items():
                things[content_type.pk, pk] = thing
    made = []
    for copy in found:
        thing = things.get((copy.content_type_id, copy.object_id))
        desk = desk_of(site, copy)
        if desk is None or not may_read(desk, request, thing):
            continue
        made.append(
            Line(
                copy,
                str(thing) if thing else typed_title(copy) or "Without a title",
                str(desk.opts.verbose_name),
                name_of(copy.by) if copy.by else "a deleted account",
                list(texts_of(copy)),
                may_take(desk, request, thing),
            )
        )
    return made


def desk_of(site: admin.AdminSite, copy: WorkingCopy) -> Any:
    model = copy.content_type.model_class()
    return site._registry.get(model) if model else None


def may_read(desk: Any, request: HttpRequest, thing: models.Model | None) -> bool:
    return bool(
        desk.has_view_or_change_permission(request, thing)
        if thing
        else desk.has_add_permission(request)
    )


def may_take(desk: Any, request: HttpRequest, thing: models.Model | None) -> bool:
    return bool(
        desk.has_change_permission(request, thing) if thing else desk.has_add_permission(request)
    )


def typed_title(copy: WorkingCopy) -> str:
    typed = {name: str(value) for name, value in pairs(copy)}
    return next((typed[name][:200] for name in TITLES if typed.get(name, "").strip()), "")


def pairs(copy: WorkingCopy) -> list[tuple[str, Any]]:
    """Return names and values; what is stored is anything that somebody sent."""
    return [(str(one[0]), one[1]) for one in copy.data if isinstance(one, list) and len(one) == 2]


def texts_of(copy: WorkingCopy) -> list[tuple[str, str]]:
    """Return the fields that hold words, with these as plain text."""
    model = copy.content_type.model_class()
    fields = {field.name: field for field in model._meta.get_fields()} if model else {}
    found = []
    for name, value in pairs(copy):
        field = fields.get(name)
        if not isinstance(field, models.CharField | models.TextField) or not str(value).strip():
            continue
        text = str(value)
        if "<" in text and len(text) <= LONGEST_STRIPPED:
            text = strip_tags(text.replace("</p>", "</p>\n"))
        label = str(field.verbose_name)
        found.append((label, text if len(text) <= SHOWN else f"{text[:SHOWN]}…"))
    return found


def take(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """Make a text this account's own, and show it in its form. Nothing of the object changes."""
    if not request.user.has_perm(ADMINISTERS):
        raise PermissionDenied
    key = request.POST.get("copy", "")
    known = key.isascii() and key.isdecimal() and len(key) < 18
    copy = left().filter(pk=int(key)).select_related("content_type").first() if known else None
    desk = desk_of(site, copy) if copy else None
    if copy is None or desk is None:
        messages.info(request, "This text is no longer here: somebody has taken it over.")
        return redirect("admin:left_behind")
    thing = desk.model._base_manager.filter(pk=copy.object_id).first()
    if not may_take(desk, request, thing):
        raise PermissionDenied
    changes: dict[str, Any] = {"by": request.user, "set_aside_at": None}
    if thing is None:
        # What it was typed for is gone, so it becomes a new one.
        changes |= {"object_id": NEW, "base": ""}
    try:
        with transaction.atomic():
            # One statement decides between two who take it at once.
            taken = left().filter(pk=copy.pk).update(**changes)
    except IntegrityError:
        taken = 0
    if not taken:
        messages.info(request, "This text is no longer here: somebody has taken it over.")
        return redirect("admin:left_behind")
    name = f"admin:{desk.opts.app_label}_{desk.opts.model_name}"
    form = reverse(f"{name}_change", args=[thing.pk]) if thing else reverse(f"{name}_add")
    return redirect(f"{form}?copy={copy.pk}")
