"""Nothing is lost: what a model admin needs for working copies, revisions and merged saves.

A form carries the content on which it is based (`_base`). A save compares three contents: that
one, what the form sends, and what the object has by now (the head). Where only one side changed
something, its change is taken; where both changed the same, alarmroom/desk/collision.py asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.admin.utils import unquote
from django.db import IntegrityError, models
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import collision, content, copies, dates, revisions
from alarmroom.desk.content import Content
from alarmroom.desk.copies import NOTE
from alarmroom.desk.form_contents import (
    BASE,
    COPY,
    FORM_KEY,
    LONGEST_KEY,
    TAB,
    is_key,
    key_or_nothing,
)
from alarmroom.desk.models import Revision, WorkingCopy
from alarmroom.desk.models.working_copy import NEW
from alarmroom.desk.revisions import Head
from alarmroom.desk.typed import TypedTextsMixin


class VersionedAdminMixin(TypedTextsMixin):
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

    # The form

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
                "note": copies.typed_note(found) if found else sent.get(NOTE, ""),
                "longest_note": Revision._meta.get_field("note").max_length,
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
