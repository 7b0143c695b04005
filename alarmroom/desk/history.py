"""The history of an object on the desk: its revisions, two of them compared, one brought back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from alarmroom.desk import content, copies, dates, revisions
from alarmroom.desk.content import Content, as_json
from alarmroom.desk.differences import Difference, SeenBy, differences, in_a_line, is_younger
from alarmroom.desk.models import Revision, WorkingCopy

PER_PAGE = 30
NOW = "now"  # The newest content, with changes that wait.
READERS = "readers"  # What readers see: what the object's own row has.


@dataclass(frozen=True)
class Source:
    """One of the two contents that a comparison shows."""

    key: str
    title: str
    content: Content
    revision: Revision | None = None


@dataclass(frozen=True)
class Line:
    """A revision in the list."""

    revision: Revision
    who: str
    initials: str
    what: str
    for_readers: bool

    @property
    def day(self) -> dt.date:
        return timezone.localtime(self.revision.at).date()


def by_schedule(revision: Revision) -> str:
    """Return who published it, if that was nobody: at the very moment that was set for it."""
    moment = revision.content.get("state", {}).get("published_at")
    is_moment = revision.kind == Revision.Kind.PUBLISHED and moment == as_json(revision.at)
    return "the schedule" if is_moment else ""


class HistoryPagesMixin(admin.ModelAdmin):
    """The pages about the revisions of an object; the base of FormContentsMixin.

    The four methods that raise NotImplementedError are made there.
    """

    def address_of(self, what: str, object_id: Any = None) -> str:
        raise NotImplementedError

    def own_copy(
        self, request: HttpRequest, thing: models.Model | None, pk: str
    ) -> WorkingCopy | None:
        raise NotImplementedError

    def copy_as_content(
        self, request: HttpRequest, thing: models.Model | None, found: WorkingCopy
    ) -> Content:
        raise NotImplementedError

    def as_form_data(
        self, request: HttpRequest, thing: models.Model | None, wanted: Content
    ) -> QueryDict:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        views: list[tuple[str, Any]] = [
            ("compare", self.compare_view),
            ("restore", self.restore_view),
            ("drop", self.drop_view),
        ]
        return [
            *(
                path(
                    f"<path:object_id>/{what}/",
                    self.admin_site.admin_view(never_cache(view)),
                    name=f"{name}_{what}",
                )
                for what, view in views
            ),
            *super().get_urls(),
        ]

    def readable(self, request: HttpRequest, object_id: str) -> models.Model:
        """Return an object that this person may see. Raises PermissionDenied and Http404."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        thing: models.Model | None = self.get_object(request, unquote(object_id))
        if thing is None:
            raise Http404
        if not self.has_view_or_change_permission(request, thing):
            raise PermissionDenied
        return thing

    def context(self, request: HttpRequest, thing: models.Model, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "original": thing,
            "change_address": self.address_of("change", thing.pk),
            "may_change": self.has_change_permission(request, thing),
            "media": self.media,
        }

    # The list

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """List the revisions, and what this person has typed and not saved, or set aside."""
        try:
            thing = self.readable(request, object_id)
        except Http404:
            # It may be in the bin, which the redirect says.
            response: HttpResponse = self._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]  # Django's
                request, self.opts, object_id
            )
            return response
        found = Revision.objects.of(thing).newest_first().select_related("by")
        everything = "all" in request.GET
        count = found.count()
        rows = list(found if everything else found[: PER_PAGE + 1])
        lines = self.lines(request, thing, rows)[: None if everything else PER_PAGE]
        days = [(day, list(of_day)) for day, of_day in groupby(lines, key=lambda each: each.day)]
        aside = WorkingCopy.objects.of(self.model, thing.pk).filter(
            by=request.user.pk, settled_at=None
        )
        context = {
            **self.context(request, thing, "History"),
            "days": days,
            "about": self.history_about,
            "count": count,
            "shows_all": everything or count <= PER_PAGE,
            "from": rows[1].pk if len(rows) > 1 else None,
            "to": rows[0].pk if rows else None,
            "copies": list(aside.defer("data", "base").order_by("-changed_at")[:20]),
            "today": timezone.localdate(),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/desk/history.html", context)

    history_about = "One line for each time that somebody saved or restored it, with all of it."

    def seen_by_readers(self, thing: models.Model) -> bool:
        """Whether readers see this object now."""
        return False

    def lines(self, request: HttpRequest, thing: models.Model, rows: list[Revision]) -> list[Line]:
        """Return what each revision changed of the one before it."""
        found = []
        seen = SeenBy(self, request)
        live = None
        if self.seen_by_readers(thing):
            live = content.without_state(content.content_of(thing))
        for at, revision in enumerate(rows):
            earlier = rows[at + 1] if at + 1 < len(rows) else None
            what = ""
            if earlier:
                what = in_a_line(differences(seen, earlier.content, revision.content))
            who = copies.name_of(revision.by) if revision.by else by_schedule(revision)
            initials = "".join(word[0] for word in who.split()[:2]).upper()
            for_readers = content.without_state(revision.content) == live
            live = None if for_readers else live
            found.append(Line(revision, who, initials, what, for_readers))
        return found

    # Two of them

    def source(self, request: HttpRequest, thing: models.Model, key: str) -> Source:
        """Return a content to compare. Raises Http404 for what this person may not see."""
        if key == NOW:
            return Source(key, "now", revisions.head_of(thing).content)
        if key == READERS:
            return Source(key, "what readers see", content.content_of(thing))
        kind, _, number = key.rpartition("-")
        if number.isascii() and number.isdecimal() and len(number) < 18:
            if kind == "copy" and self.has_change_permission(request, thing):
                copy = self.own_copy(request, thing, number)
                if copy:
                    return Source(
                        key,
                        f"{dates.moment(copy.changed_at)}, typed and not saved",
                        self.copy_as_content(request, thing, copy),
                    )
            revision = Revision.objects.of(thing).filter(pk=number).select_related("by").first()
            if not kind and revision:
                title = f"{dates.moment(revision.at)}, {revision.get_kind_display().lower()}"
                if revision.by:
                    title += f" by {copies.name_of(revision.by)}"
                return Source(key, title, revision.content, revision)
        raise Http404

    def compare_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what differs between two contents, in words, pictures and topics."""
        thing = self.readable(request, object_id)
        before = self.source(request, thing, request.GET.get("from", READERS))
        after = self.source(request, thing, request.GET.get("to", NOW))
        found = differences(SeenBy(self, request), before.content, after.content)
        context = {
            **self.context(request, thing, "What changed"),
            "before": before,
            "after": after,
            "differences": found,
            "count": sum(len(each.places) or 1 for each in found),
            "back": self.going_back(request, thing, before) if before.revision else None,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/desk/compare.html", context)

    def going_back(
        self, request: HttpRequest, thing: models.Model, before: Source
    ) -> list[Difference]:
        """Return what bringing back a revision would change of the newest content."""
        head = revisions.head_of(thing).content
        return differences(SeenBy(self, request), head, before.content, state=False)

    def shown_choice(self, name: str, thing: models.Model) -> Any:
        """Return how a comparison shows what a field picks."""
        return str(thing)

    # Going back

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Bring back a revision by the form's own way: it is checked, merged and recorded.

        Readers see nothing of it until it is published, or until "Update article".
        """
        return require_POST(self._restore)(request, object_id)

    def _restore(self, request: HttpRequest, object_id: str) -> HttpResponse:
        thing = self.readable(request, object_id)
        if not self.has_change_permission(request, thing):
            raise PermissionDenied
        key = request.POST.get("revision", "")
        source = self.source(request, thing, key)
        if source.revision is None:
            raise Http404
        head = revisions.head_of(thing)
        now, fields = head.content["fields"], dict(source.content["fields"])
        for name in now:
            if is_younger(self.model, name, now, fields):
                fields[name] = now[name]
        wanted = {**source.content, "fields": fields, "state": head.content["state"]}
        data = self.as_form_data(request, thing, wanted).copy()
        data["_continue"] = ""
        data["_base"] = content.sign(head.content, self.model, thing.pk)
        data["_note"] = (
            request.POST.get("note", "") or f"Brought back {dates.moment(source.revision.at)}."
        )
        request.POST = data  # type: ignore[assignment]  # a QueryDict, as before
        request.desk_kind = Revision.Kind.RESTORED  # type: ignore[attr-defined]  # for save_related()
        change = self.address_of("change", thing.pk)
        response = self.changeform_view(request, object_id, change)
        return redirect(change) if isinstance(response, HttpResponseRedirect) else response

    def drop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Drop the changes that wait; they stay in the history."""
        return require_POST(self._drop)(request, object_id)

    def _drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        thing = self.readable(request, object_id)
        if not self.has_change_permission(request, thing):
            raise PermissionDenied
        if Revision.objects.of(thing).filter(waits=True).update(waits=False):
            self.message_user(
                request,
                "The changes are dropped: the form shows what readers see. They stay in the "
                "history, from where they can be brought back.",
                messages.SUCCESS,
            )
        return redirect(self.address_of("change", thing.pk))
