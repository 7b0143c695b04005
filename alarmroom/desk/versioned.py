"""Nothing is lost: what a model admin needs for working copies, revisions and merged saves.

A form carries the content on which it is based (`_base`). A save compares three contents: that
one, what the form sends, and what the object has by now (the head). Where only one side changed
something, its change is taken; where both changed the same, alarmroom/desk/collision.py asks.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from alarmroom.desk import collision, content, copies, dates, revisions
from alarmroom.desk.bin_admin import message_button
from alarmroom.desk.content import Content
from alarmroom.desk.filling import filled
from alarmroom.desk.history import HistoryPagesMixin
from alarmroom.desk.models import Revision, WorkingCopy
from alarmroom.desk.models.working_copy import NEW
from alarmroom.desk.newer import panel
from alarmroom.desk.revisions import Head

# The hidden fields of a form.
BASE = "_base"
TAB = "_tab"
COPY = "_copy"
FORM_KEY = "_form_key"
NOTE = "_note"
LONGEST_KEY = 40


class VersionedAdminMixin(HistoryPagesMixin):
    """For the admin of a model that has a `content_shape`."""

    def keeps_back(self, request: HttpRequest, obj: models.Model) -> bool:
        """Whether this save of what readers see waits for a later one."""
        return False

    def revision_kind(self, request: HttpRequest, obj: models.Model, change: bool) -> Revision.Kind:
        """Return what a save that is not kept back was."""
        return Revision.Kind.SAVED

    def revision_note(self, request: HttpRequest) -> str:
        """Return what is noted with the revision of a save."""
        return request.POST.get(NOTE, "").strip()

    # Addresses

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

    def address_of(self, what: str, object_id: Any = None) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if what == "change" and object_id is None:
            return reverse(f"{name}_add")
        if object_id is None:
            return reverse(f"{name}_new_{what}")
        return reverse(f"{name}_{what}", args=[object_id])

    def editable(self, request: HttpRequest, object_id: str | None) -> models.Model | None:
        """Return the object whose form this person may send; None for a new one.

        Raises PermissionDenied, and Http404 for one that does not exist.
        """
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            return None
        thing: models.Model | None = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, thing):
            raise PermissionDenied
        if thing is None:
            raise Http404
        return thing

    # Working copies

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

    def own_copy(
        self, request: HttpRequest, thing: models.Model | None, pk: str
    ) -> WorkingCopy | None:
        """Return a working copy of this person and object by its id."""
        if not (pk.isascii() and pk.isdecimal() and len(pk) < 18):
            return None
        rows = WorkingCopy.objects.of(self.model, thing.pk if thing else NEW)
        return rows.filter(by=request.user.pk, settled_at=None, pk=int(pk)).first()

    # The form

    def bound(
        self,
        request: HttpRequest,
        thing: models.Model | None,
        data: QueryDict | None,
        files: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Return the form of an object and its formsets, bound to data or not.

        They work on a copy of the object, so that nothing of what is checked is saved with it.
        """
        fields = flatten_fieldsets(self.get_fieldsets(request, thing))
        form_class = self.get_form(request, thing, change=thing is not None, fields=fields)
        form = form_class(data, files, instance=copy.copy(thing) if thing else None)
        formsets = []
        for formset_class, inline in self.get_formsets_with_inlines(request, thing):
            formsets.append(
                formset_class(
                    data,
                    instance=form.instance,
                    prefix=formset_class.get_default_prefix(),
                    queryset=inline.get_queryset(request),
                )
            )
        return form, formsets

    def as_form_data(
        self, request: HttpRequest, thing: models.Model | None, wanted: Content
    ) -> QueryDict:
        """Return a content as a browser would send it from the object's form."""
        return content.form_data(wanted, *self.bound(request, thing, None))

    def copy_as_data(
        self, request: HttpRequest, thing: models.Model | None, found: WorkingCopy
    ) -> QueryDict:
        """Return a working copy as a browser would send it now."""
        _, formsets = self.bound(request, thing, None)
        return content.fitted(copies.as_data(found), formsets, self.model)

    def copy_as_content(
        self, request: HttpRequest, thing: models.Model | None, found: WorkingCopy
    ) -> Content:
        """Return what a working copy would save; what is not valid, as it was typed."""
        return self.data_as_content(request, thing, copies.as_data(found))

    def typed_content(self, request: HttpRequest, thing: models.Model | None) -> Content:
        """Return what the form in a request would save; what is not valid, as it was typed."""
        return self.data_as_content(request, thing, request.POST)

    def data_as_content(
        self, request: HttpRequest, thing: models.Model | None, data: QueryDict
    ) -> Content:
        _, formsets = self.bound(request, thing, None)
        fit = content.fitted(data, formsets, self.model)
        form, formsets = self.bound(request, thing, fit)
        form.full_clean()
        return content.content_of_form(form, formsets, self.empty_or_own(thing))

    def empty_or_own(self, thing: models.Model | None) -> Content:
        """Return the content of an object; of a new one, that which an empty form has."""
        if thing:
            return revisions.head_of(thing).content
        shape = content.shape_of(self.model)
        return {
            "fields": dict.fromkeys(shape.fields),
            "state": dict.fromkeys(shape.state),
            "rows": {name: [] for name in shape.rows},
        }

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        filling: QueryDict | None = getattr(request, "desk_filling", None)
        return filled(form, filling) if filling is not None else form

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        filling: QueryDict | None = getattr(request, "desk_filling", None)
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            yield (filled(formset, filling) if filling is not None else formset), inline

    def fill(self, request: HttpRequest, thing: models.Model | None, head: Head | None) -> str:
        """Choose what the form shows when it is opened; return the base to go with it."""
        base = head.content if head else None
        signed = content.sign(base, self.model, thing.pk) if base and thing else ""
        if found := self.own_copy(request, thing, request.GET.get("copy", "")):
            data = self.copy_as_data(request, thing, found)
            request.desk_copy = found  # type: ignore[attr-defined]  # for render_change_form()
            signed = found.base or signed
        elif head and head.waiting:
            data = self.as_form_data(request, thing, head.content)
        else:
            return signed
        request.desk_filling = data  # type: ignore[attr-defined]  # for get_form()
        return signed

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            if request.method != "POST":
                raise
            # Somebody took the same address after it was checked and before it was saved, or the
            # same add form was sent twice at once. The second try finds what was saved first.
            response = super().changeform_view(request, *args, **kwargs)
        return response

    def _changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None,
        form_url: str,
        extra_context: dict[str, Any] | None,
    ) -> HttpResponse:
        # In the transaction that saves.
        if request.method == "POST" and object_id is None:
            made = self.made_by(request.POST.get(FORM_KEY, ""))
            if made and self.has_change_permission(request, made[0]):
                return self.save_again(request, made, form_url, extra_context)
        thing = self.locked(request, object_id)
        may_change = thing is not None and self.has_change_permission(request, thing)
        head = revisions.head_of(thing) if thing is not None and may_change else None
        request.desk_head = head  # type: ignore[attr-defined]  # for save_related() and the page
        if request.method != "POST":
            if may_change or (object_id is None and self.has_add_permission(request)):
                request.desk_base = self.fill(request, thing, head)  # type: ignore[attr-defined]  # for render_change_form()
            return self.show_or_save(request, object_id, form_url, extra_context)
        request.desk_base = request.POST.get(BASE, "")  # type: ignore[attr-defined]  # for render_change_form()
        if thing is not None and head is not None:
            request.desk_keeps_back = self.keeps_back(request, thing)  # type: ignore[attr-defined]  # for save_model()
            answer = self.merge(request, thing, head)
            if answer is not None:
                return answer
        return self.show_or_save(request, object_id, form_url, extra_context)

    def show_or_save(
        self,
        request: HttpRequest,
        object_id: str | None,
        form_url: str,
        extra_context: dict[str, Any] | None,
    ) -> HttpResponse:
        response: HttpResponse = super()._changeform_view(  # type: ignore[misc]  # Django's own
            request, object_id, form_url, extra_context
        )
        return response

    def locked(self, request: HttpRequest, object_id: str | None) -> models.Model | None:
        """Return the object; at a save, nobody else can save it until this one has ended."""
        if object_id is None:
            return None
        thing: models.Model | None = self.get_object(request, unquote(object_id))
        if thing is not None and request.method == "POST":
            rows = self.model._base_manager.select_for_update(of=("self",))
            rows.filter(pk=thing.pk).values_list("pk").first()
            thing = self.get_object(request, unquote(object_id))
        # Django's view asks for it once more.
        request.desk_thing = (object_id, thing)  # type: ignore[attr-defined]  # for get_object()
        return thing

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        known = getattr(request, "desk_thing", None)
        if known and known[0] is not None and unquote(known[0]) == object_id and not from_field:
            return known[1]
        return super().get_object(request, object_id, from_field)

    # Saving

    def merge(self, request: HttpRequest, thing: models.Model, head: Head) -> HttpResponse | None:
        """Put together what this form and others changed; a response if somebody must choose."""
        base = content.unsign(request.POST.get(BASE, ""), self.model, thing.pk)
        if base is None or content.digest(base) == head.version:
            return None
        return collision.answer(self, request, thing, base, head)

    def made_by(self, key: str) -> tuple[models.Model, Content] | None:
        """Return the object that this add form has made already, and with which content."""
        if not is_key(key):
            return None
        found = Revision.objects.filter(
            form_key=key, content_type__model=self.opts.model_name
        ).first()
        if found:
            thing = self.model._base_manager.filter(pk=found.object_id).first()
            return (thing, found.content) if thing else None
        return None

    def save_again(
        self,
        request: HttpRequest,
        made: tuple[models.Model, Content],
        form_url: str,
        extra_context: dict[str, Any] | None,
    ) -> HttpResponse:
        """Save an add form that was sent before, as a change of the object that it made."""
        thing, as_made = made
        _, formsets = self.bound(request, thing, None)
        data = content.fitted(request.POST, formsets, self.model)
        data[BASE] = content.sign(as_made, self.model, thing.pk)
        request.POST = data  # type: ignore[assignment]  # a QueryDict, as before
        return self._changeform_view(request, str(thing.pk), form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not getattr(request, "desk_keeps_back", False):
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        thing = form.instance
        head: Head | None = getattr(request, "desk_head", None)
        keeps_back = getattr(request, "desk_keeps_back", False)
        note = self.revision_note(request)[: Revision._meta.get_field("note").max_length]
        kind: Revision.Kind | None = getattr(request, "desk_kind", None)
        if head:
            revisions.record_found(thing, head.content)
        if keeps_back and head:
            wanted = content.content_of_form(form, formsets, head.content)
            wanted["state"] = head.content["state"]
            revisions.record(
                thing, wanted, kind or Revision.Kind.SAVED, by=request.user, note=note, waits=True
            )
        else:
            super().save_related(request, form, formsets, change)
            revisions.record(
                thing,
                content.content_of(self.model._base_manager.get(pk=thing.pk)),
                kind or self.revision_kind(request, thing, change),
                by=request.user,
                note=note,
                form_key="" if change else key_or_nothing(request.POST.get(FORM_KEY, "")),
            )
        tabs = [tab for tab in (request.POST.get(TAB, ""),) if is_key(tab)]
        copy_id = request.POST.get(COPY, "")
        restored = self.own_copy(request, thing if change else None, copy_id)
        if restored:
            tabs.append(restored.tab)
        copies.settle(self.model, thing.pk if change else NEW, request.user, tabs, thing.pk)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        # Of a save that is kept back, no formset was saved.
        saved = [] if getattr(request, "desk_keeps_back", False) else formsets
        return super().construct_change_message(request, form, saved, add)

    def record_each(
        self,
        request: HttpRequest,
        things: Iterable[models.Model],
        kind: Revision.Kind,
        notes: Mapping[Any, str] | None = None,
    ) -> None:
        """Record a revision of each object that an action has just changed; notes by its key."""
        for thing in things:
            note = (notes or {}).get(thing.pk, "")[: Revision._meta.get_field("note").max_length]
            revisions.record(thing, content.content_of(thing), kind, by=request.user, note=note)

    # What the template of the form shows

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        thing = context.get("original")
        base = getattr(request, "desk_base", None)
        if base is not None:
            pk = thing.pk if thing else None
            found: WorkingCopy | None = getattr(request, "desk_copy", None)
            sent = request.POST
            context["form_state"] = {
                "base": base,
                "copy": found.pk if found else sent.get(COPY, ""),
                "copy_at": found.changed_at if found else None,
                "form_key": "" if thing else sent.get(FORM_KEY) or get_random_string(LONGEST_KEY),
                "waiting": head.waiting if (head := getattr(request, "desk_head", None)) else None,
            }
            version = content.unsign(base, self.model, pk) if pk else None
            query = f"?version={content.digest(version)}" if version else ""
            context["desk_form_attributes"] = format_html(
                ' data-working-copy="{}" data-presence="{}" data-newer="{}" data-account="{}"'
                ' data-object="{}"{}',
                self.address_of("working_copy", pk),
                self.address_of("presence", pk) + query,
                self.address_of("newer", pk) + (f"?copy={found.pk}" if found else ""),
                request.user.pk,
                f"{self.model._meta.label_lower}:{pk or 'new'}",
                self.brought_back(pk, found) if found else "",
            )
        return super().render_change_form(request, context, *args, **kwargs)

    def brought_back(self, pk: Any, found: WorkingCopy) -> SafeString:
        """Return what the page needs to say which text it shows, and to go back."""
        return format_html(
            ' data-brought-back="{}" data-instead="{}"',
            dates.moment(found.changed_at),
            self.address_of("change", pk),
        )


def refused(
    sentence: str, *, state: str = "refused", status: HTTPStatus = HTTPStatus.FORBIDDEN
) -> JsonResponse:
    return JsonResponse({"state": state, "error": sentence}, status=status)


def is_key(text: str) -> bool:
    """Whether a text can be the name of a tab or of a form."""
    return 8 <= len(text) <= LONGEST_KEY and text.isascii() and text.replace("-", "").isalnum()


def key_or_nothing(text: str) -> str:
    return text if is_key(text) else ""
