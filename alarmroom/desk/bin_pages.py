"""The pages of the bin: what is in it, restoring, deleting for ever.

Everybody sees and restores what the model's own permissions allow. Deleting for ever needs
`desk.empty_bin` besides.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from alarmroom.desk import bin, log, revisions
from alarmroom.desk.bin_admin import BinAdminMixin, seer
from alarmroom.desk.binnable import CannotReturn, Said
from alarmroom.desk.content import content_of
from alarmroom.desk.menu import Entry
from alarmroom.desk.models import Act, Binned, Revision
from alarmroom.desk.models.binned import BinnedQuerySet

EMPTY = "desk.empty_bin"
PER_PAGE = 50
LONGEST_SEARCH = 200  # characters
# One press of a button deletes no more: each takes a transaction of its own.
AT_ONCE = 200

View = Callable[[admin.AdminSite, HttpRequest], HttpResponse]


class Shown(NamedTuple):
    """A line of the bin."""

    binned: Binned
    kind: str
    along: list[str]
    may_restore: bool


def urls(site: admin.AdminSite) -> list[URLPattern]:
    pages: dict[str, tuple[str, Any]] = {
        "bin": ("bin/", listing),
        "bin_empty": ("bin/empty/", empty),
        "bin_restore": ("bin/restore/", restore),
        "bin_delete": ("bin/<int:pk>/delete/", delete),
    }
    return [
        path(route, site.admin_view(partial(view, site)), name=name)
        for name, (route, view) in pages.items()
    ]


def entry(site: admin.AdminSite, request: HttpRequest) -> Entry | None:
    """Return the bin's line in the desk's menu, for users who may see something in it."""
    if not any(desk.has_view_permission(request) for desk in desks(site).values()):
        return None
    return Entry("Bin", reverse("admin:bin"))


def desks(site: admin.AdminSite) -> dict[int, BinAdminMixin]:
    """Return the model admins whose objects go to the bin, by the key of their content type."""
    return {
        ContentType.objects.get_for_model(model).pk: desk
        for model, desk in site._registry.items()
        if isinstance(desk, BinAdminMixin)
    }


def allowed_desks(site: admin.AdminSite, request: HttpRequest) -> dict[int, BinAdminMixin]:
    """Return those whose objects the user may see. Raises PermissionDenied if there are none."""
    found = {key: desk for key, desk in desks(site).items() if desk.has_view_permission(request)}
    if not found:
        raise PermissionDenied
    return found


def find(site: admin.AdminSite, request: HttpRequest, pk: int) -> tuple[Binned, BinAdminMixin]:
    """Return what is in the bin, and its model admin. Raises Http404 for what may not be seen."""
    allowed = allowed_desks(site, request)
    binned = Binned.objects.filter(pk=pk, content_type__in=allowed).select_related("by").first()
    if binned is None or not allowed[binned.content_type_id].may_see_binned(request, binned):
        raise Http404
    return binned, allowed[binned.content_type_id]


def visible(request: HttpRequest, allowed: dict[int, BinAdminMixin]) -> Q:
    """Return which entries the user may see, for one query over all models."""
    found = Q(pk__in=())
    for key, desk in allowed.items():
        found |= Q(content_type=key) & desk.binned_for(request)
    return found


def page(
    site: admin.AdminSite, request: HttpRequest, name: str, **context: Any
) -> TemplateResponse:
    return TemplateResponse(
        request, f"admin/bin/{name}.html", {**site.each_context(request), **context}
    )


def listing(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """What is in the bin, newest first, and by a part of its title."""
    allowed = allowed_desks(site, request)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    entries = Binned.objects.filter(visible(request, allowed)).for_listing()
    if query:
        entries = entries.filter(title__icontains=query)
    found = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    may_see = seer(site, request)
    lines = []
    for binned in found:
        desk = allowed[binned.content_type_id]
        if desk.may_see_binned(request, binned):
            kind = str(desk.opts.verbose_name)
            along = list(dict.fromkeys(words_of(binned, may_see)))
            lines.append(Shown(binned, kind, along, desk.may_restore_binned(request, binned)))
    return page(
        site,
        request,
        "list",
        title="Bin",
        lines=lines,
        found=found,
        query=query,
        may_empty=request.user.has_perm(EMPTY),
        days=bin.DAYS,
    )


def words_of(binned: Binned, may_see: Callable[[Any], bool]) -> list[str]:
    """Return what went with an object, without the names that the user may not see."""
    words = []
    for each in binned.along:
        seen = not each["about"] or may_see(bin.model_of(each["about"]))
        words.append(each["named"] if seen else each["plain"])
    return words


# Restoring


def restore(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """Restore one entry (`entry`), or everything that one click moved to the bin (`act`).

    What the user may not see, and what is not there, get the same answer. So a second click is
    told that it was the second, and nobody learns what is in the bin.
    """
    able = {
        key: desk
        for key, desk in allowed_desks(site, request).items()
        if desk.has_change_permission(request) or desk.has_add_permission(request)
    }
    if not able:
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    entries = [
        binned
        for binned in chosen(request).filter(content_type__in=able).order_by("pk")
        if able[binned.content_type_id].may_restore_binned(request, binned)
    ]
    if not entries:
        messages.info(request, "It is not in the bin any more. It was restored, or deleted.")
        return redirect("admin:bin")
    things = restore_all(site, request, entries)
    opts = able[entries[0].content_type_id].opts
    name = f"admin:{opts.app_label}_{opts.model_name}"
    if not things:
        return redirect("admin:bin")
    if len(entries) > 1:
        return redirect(f"{name}_changelist")
    return redirect(f"{name}_change", things[0].pk)


def chosen(request: HttpRequest) -> BinnedQuerySet:
    """Return the entries that a form names, by their own number or by the click's."""
    act, entry = request.POST.get("act", "")[:40], request.POST.get("entry", "")[:18]
    if entry.isascii() and entry.isdecimal():
        return Binned.objects.filter(pk=int(entry))
    try:
        return Binned.objects.filter(act=uuid.UUID(act))
    except ValueError:
        raise Http404 from None


def restore_all(site: admin.AdminSite, request: HttpRequest, entries: list[Binned]) -> list[Any]:
    """Restore objects, each in a transaction of its own; say what happened, and return them."""
    things = []
    may_see = seer(site, request)
    # The last one that was moved comes back first: it lacked what had left before it.
    for binned in reversed(entries):
        desk: Any = desks(site)[binned.content_type_id]
        try:
            with transaction.atomic():
                thing, notes = bin.restore(binned, request.user)
                user: Any = request.user
                log.record(Act.Kind.RESTORED, by=user, about=thing)
                LogEntry.objects.log_actions(user.pk, [thing], CHANGE, "Restored from the bin.")
                if hasattr(thing, "content_shape"):
                    revisions.record(
                        thing,
                        content_of(thing),
                        Revision.Kind.RESTORED,
                        by=user,
                        note="Restored from the bin.",
                    )
        except bin.Gone:
            messages.info(request, f"“{binned.title}” was restored already.")
            continue
        except CannotReturn as error:
            messages.error(request, f"“{binned.title}” was not restored. {error}")
            continue
        words = " ".join(dict.fromkeys(words_in(notes, may_see)))
        after = desk.after_restore(request, thing)
        text = format_html("“{}” is back. {} {}", str(thing), words, after)
        messages.success(request, text)
        things.append(thing)
    return things


def words_in(notes: list[Said], may_see: Callable[[Any], bool]) -> list[str]:
    return [note.named if may_see(note.about) else note.plain for note in notes]


# Deleting for ever


def delete(site: admin.AdminSite, request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks; POST deletes one object for ever."""
    if not request.user.has_perm(EMPTY):
        raise PermissionDenied
    binned, desk = find(site, request, pk)
    if request.method == "POST":
        if delete_all(request, [binned]):
            messages.success(request, f"“{binned.title}” is deleted for ever.")
        else:
            messages.info(request, f"“{binned.title}” was restored or deleted already.")
        return redirect("admin:bin")
    kind = str(desk.opts.verbose_name)
    title = f"Delete “{binned.title}” for ever"
    return page(site, request, "delete", title=title, binned=binned, kind=kind)


def empty(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """GET asks; POST deletes for ever what was in the bin when the page was made."""
    if not request.user.has_perm(EMPTY):
        raise PermissionDenied
    allowed = allowed_desks(site, request)
    entries = [
        binned
        for binned in Binned.objects.filter(visible(request, allowed)).for_listing()
        if allowed[binned.content_type_id].may_see_binned(request, binned)
    ]
    newest = max((binned.pk for binned in entries), default=0)
    if request.method == "POST":
        shown = request.POST.get("newest", "")[:18]
        last = int(shown) if shown.isascii() and shown.isdecimal() else 0
        due = [binned for binned in entries if binned.pk <= last]
        gone = delete_all(request, due[:AT_ONCE])
        text = f"{len(gone)} object{pluralize(len(gone))} deleted for ever."
        if left := len(due) - len(gone):
            text += f" {left} more wait: empty the bin once more."
        messages.success(request, text)
        return redirect("admin:bin")
    return page(
        site,
        request,
        "empty",
        title="Empty the bin",
        count=len(entries),
        newest=newest,
        lines=entries[:10],
    )


def delete_all(request: HttpRequest, entries: list[Binned]) -> list[Binned]:
    gone = bin.empty(entries, request.user)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=request.user.pk,  # type: ignore[misc]  # somebody who is signed in
            content_type_id=binned.content_type_id,
            object_id=str(binned.object_id),
            object_repr=binned.title,
            action_flag=DELETION,
            change_message="Deleted for ever from the bin.",
        )
        for binned in gone
    )
    return gone
