"""Working copies on the desk: kept while somebody types, offered again, and who else is there."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from alarmroom.desk import content, copies, dates, revisions
from alarmroom.desk.bin_admin import message_button
from alarmroom.desk.form_contents import BASE, COPY, TAB, FormContentsMixin, is_key
from alarmroom.desk.models import Revision, WorkingCopy
from alarmroom.desk.models.working_copy import NEW
from alarmroom.desk.newer import panel


class TypedTextsMixin(FormContentsMixin):
    """The addresses to which a form is sent while somebody types."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"

        def both(what: str, view: Any) -> list[URLPattern]:
            wrapped = self.admin_site.admin_view(never_cache(view))
            ending = what.replace("_", "-")
            return [
                path(f"add/{ending}/", wrapped, name=f"{name}_new_{what}"),
                path(f"<path:object_id>/{ending}/", wrapped, name=f"{name}_{what}"),
            ]

        return [
            *both("working_copy", self.working_copy_view),
            *both("presence", self.presence_view),
            *both("newer", self.newer_view),
            *both("set_aside", self.set_aside_view),
            *both("take_up", self.take_up_view),
            *super().get_urls(),
        ]

    def working_copy_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Store the form as it stands in a tab. It changes nothing else."""
        if request.method != "POST":
            return JsonResponse({"state": "refused"}, status=HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            thing = self.editable(request, object_id)
        except PermissionDenied:
            return refused("You may not change this any more.")
        except Http404:
            return refused("This was deleted meanwhile.", state="gone", status=HTTPStatus.GONE)
        if request.POST.get("_account", str(request.user.pk)) != str(request.user.pk):
            # Somebody else has signed in in this browser; the text is not theirs.
            return JsonResponse({"state": "signed-out"}, status=HTTPStatus.UNAUTHORIZED)
        tab, number = request.POST.get(TAB, ""), request.POST.get("_number", "")
        if not is_key(tab) or not (number.isascii() and number.isdecimal() and len(number) < 18):
            return refused("What was sent names no tab.", status=HTTPStatus.BAD_REQUEST)
        pk = thing.pk if thing else NEW
        base = request.POST.get(BASE, "")
        kept = copies.keep(
            self.model,
            pk,
            request.user,
            tab,
            number=int(number),
            data=copies.typed(request.POST),
            base=base,
        )
        self.replaced(request, thing, tab)
        if kept.settled_at:
            where = kept.saved_as or (thing.pk if thing else None)
            return JsonResponse({"state": "settled", "change": self.address_of("change", where)})
        return JsonResponse(
            {
                "state": "kept",
                "number": kept.number,
                "at": dates.clock(kept.changed_at),
                **self.presence(request, thing, tab, base),
            }
        )

    def replaced(self, request: HttpRequest, thing: models.Model | None, tab: str) -> None:
        """Offer no more the copy that this tab has brought back, and goes on with.

        It is kept for 30 days, as one that was set aside; the next key in its own tab, if that
        is open after all, makes it an open one again.
        """
        if found := self.own_copy(request, thing, request.POST.get(COPY, "")):
            rows = WorkingCopy.objects.filter(pk=found.pk, set_aside_at=None).exclude(tab=tab)
            rows.update(set_aside_at=timezone.now())

    def presence_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        try:
            thing = self.editable(request, object_id)
        except Http404:
            return refused("This was deleted meanwhile.", state="gone", status=HTTPStatus.GONE)
        tab = request.GET.get("tab", "")
        pk = thing.pk if thing else NEW
        own = WorkingCopy.objects.of(self.model, pk).filter(by=request.user.pk, tab=tab)
        base = own.values_list("base", flat=True).first() or ""
        version = request.GET.get("version", "")
        return JsonResponse(self.presence(request, thing, tab, base, version))

    def presence(
        self,
        request: HttpRequest,
        thing: models.Model | None,
        tab: str,
        base: str,
        version: str = "",
    ) -> dict[str, Any]:
        """Return who else has the form open, and whether the object has changed since `base`."""
        if thing is None:
            return {"others": [], "changed": False}
        found = copies.others(self.model, thing.pk, request.user, tab)
        if based_on := content.unsign(base, self.model, thing.pk):
            version = content.digest(based_on)
        changed = bool(version) and revisions.head_of(thing).version != version
        answer = {"others": [other.as_json() for other in found], "changed": changed}
        last = Revision.objects.of(thing).newest_first().select_related("by").first()
        if changed and last and last.by:
            answer["saved"] = {
                "name": copies.name_of(last.by),
                "self": last.by == request.user,
                "at": dates.clock(last.at),
            }
        return answer

    def set_aside_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Put a working copy of one's own aside; it is kept 30 days."""
        return require_POST(self._set_aside)(request, object_id, timezone.now())

    def take_up_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Offer a working copy again that was put aside."""
        return require_POST(self._set_aside)(request, object_id, None)

    def _set_aside(
        self, request: HttpRequest, object_id: str | None, when: dt.datetime | None
    ) -> HttpResponse:
        thing = self.editable(request, object_id)
        found = self.own_copy(request, thing, request.POST.get("copy", ""))
        if found:
            WorkingCopy.objects.filter(pk=found.pk).update(set_aside_at=when)
        if found and when:
            self.message_user(
                request,
                format_html(
                    "The text is set aside. It stays in the history for 30 days. {}",
                    message_button(
                        "Undo",
                        self.address_of("take_up", thing.pk if thing else None),
                        "copy",
                        str(found.pk),
                    ),
                ),
                messages.SUCCESS,
            )
        return redirect(self.address_of("change", thing.pk if thing else None))

    def newer_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Return the panel about texts of one's own that were never saved; 204 if none is."""
        return require_GET(self._newer)(request, object_id)

    def _newer(self, request: HttpRequest, object_id: str | None) -> HttpResponse:
        return panel(self, request, self.editable(request, object_id))


def refused(
    sentence: str, *, state: str = "refused", status: HTTPStatus = HTTPStatus.FORBIDDEN
) -> JsonResponse:
    return JsonResponse({"state": state, "error": sentence}, status=status)
