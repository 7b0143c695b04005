"""What stands in the form of an object, as content and as a browser sends it; its own texts."""

from __future__ import annotations

import copy
from typing import Any

from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse

from alarmroom.desk import content, copies, revisions
from alarmroom.desk.content import Content
from alarmroom.desk.filling import filled
from alarmroom.desk.history import HistoryPagesMixin
from alarmroom.desk.models import WorkingCopy
from alarmroom.desk.models.working_copy import NEW

# The hidden fields of a form.
BASE = "_base"
TAB = "_tab"
COPY = "_copy"
FORM_KEY = "_form_key"
LONGEST_KEY = 40


class FormContentsMixin(HistoryPagesMixin):
    """Reads and fills the form of a model that has a `content_shape`."""

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

    def own_copy(
        self, request: HttpRequest, thing: models.Model | None, pk: str
    ) -> WorkingCopy | None:
        """Return a working copy of this person and object by its id."""
        if not (pk.isascii() and pk.isdecimal() and len(pk) < 18):
            return None
        rows = WorkingCopy.objects.of(self.model, thing.pk if thing else NEW)
        return rows.filter(by=request.user.pk, settled_at=None, pk=int(pk)).first()

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


def is_key(text: str) -> bool:
    """Whether a text can be the name of a tab or of a form."""
    return 8 <= len(text) <= LONGEST_KEY and text.isascii() and text.replace("-", "").isalnum()


def key_or_nothing(text: str) -> str:
    return text if is_key(text) else ""
