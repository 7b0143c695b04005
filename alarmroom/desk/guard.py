"""Limits what an admin page shows, whatever its query string asks for.

A list that can be filtered by any field reveals that field, character by character, to users who
may only view the list: `?confirm_key__startswith=a`. So a list accepts only the lookups of its own
filters, and a model names the fields that no admin page may use at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.checks import ModelAdminChecks
from django.contrib.admin.filters import SimpleListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.utils import (
    NestedObjects,
    flatten,
    flatten_fieldsets,
    get_fields_from_path,
)
from django.contrib.auth import get_permission_codename
from django.core import checks
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models, router
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from alarmroom.desk import menu

# Of models that are not ours; ours have an attribute `secret_fields`.
SECRET_FIELDS = {"auth.user": ("password",), "sessions.session": ("session_key", "session_data")}
# Apps whose rows are secrets of accounts; alarmroom/desk/signing_in/ has the pages.
NOT_ON_THE_DESK = ("otp_totp", "otp_static", "django_otp_webauthn")
# The lookups that the filter of a field uses in a query string, and those of a date besides.
FILTER_SUFFIXES = ("", "__exact", "__isnull", "__isempty")
DATE_SUFFIXES = ("__gte", "__lt")
HIERARCHY_SUFFIXES = (*DATE_SUFFIXES, "__year", "__month", "__day")


def secret_fields(model: type[models.Model]) -> tuple[str, ...]:
    """Return the fields that let their reader act as somebody else: keys of links, passwords."""
    named: tuple[str, ...] = getattr(model, "secret_fields", ())
    return named + SECRET_FIELDS.get(model._meta.label_lower, ())


def names_a_secret(model: type[models.Model], path: str) -> bool:
    """Return whether a lookup such as `delivery__subscriber__key__startswith` asks for a secret."""
    for part in path.removeprefix("-").split(LOOKUP_SEP):
        if part in secret_fields(model):
            return True
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist:
            return False
        if not field.related_model:
            return False
        model = field.related_model
    return False


class GuardedChecks(ModelAdminChecks):
    """A system check that refuses an admin class with a secret field in any option."""

    def check(self, admin_obj: Any, **kwargs: Any) -> list[checks.CheckMessage]:
        found = list(super().check(admin_obj, **kwargs))
        for option, path in named_fields(admin_obj):
            # Django's own page of an account shows the beginning of the password's hash only.
            masked = option == "fields" and admin_obj.model._meta.label_lower in SECRET_FIELDS
            if names_a_secret(admin_obj.model, path) and not masked:
                found.append(
                    checks.Error(
                        f"{option} names {path}, which is a secret.",
                        hint="No admin page shows, searches, sorts or filters by a secret.",
                        obj=admin_obj.__class__,
                        id="alarmroom.E004",
                    )
                )
        return found


def named_fields(admin_obj: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of each option of a model admin with each field that it names."""
    for option in (
        "list_display",
        "list_filter",
        "search_fields",
        "ordering",
        "list_editable",
        "sortable_by",
        "readonly_fields",
        "autocomplete_fields",
        "raw_id_fields",
    ):
        for entry in getattr(admin_obj, option) or ():
            first = entry[0] if isinstance(entry, (list, tuple)) else entry
            if isinstance(first, str):
                yield option, first.lstrip("^=@")
    for name in (*flatten(admin_obj.fields or ()), *flatten_fieldsets(admin_obj.fieldsets or ())):
        yield "fields", name
    if admin_obj.date_hierarchy:
        yield "date_hierarchy", admin_obj.date_hierarchy


class GuardedAdmin(admin.ModelAdmin):
    """The base of every model admin; alarmroom/desk/site.py adds it to each that is registered."""

    checks_class = GuardedChecks

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Name the list in an editor's words, where Django says "Select post to change"."""
        picks = any(name in request.GET for name in (IS_POPUP_VAR, TO_FIELD_VAR))
        named = menu.words_for_list(self)
        words = {
            "title": f"Choose {menu.an(menu.noun(self))}" if picks else named,
            "words_for_new": menu.words_for_new(self),
        }
        found: HttpResponse = super().changelist_view(request, {**words, **(extra_context or {})})
        return found

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Name the form likewise: "New topic", "Topic"."""
        title = capfirst(menu.noun(self)) if object_id else menu.words_for_new(self)
        return super().changeform_view(
            request, object_id, form_url, {"title": title, **(extra_context or {})}
        )

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().history_view(
            request, object_id, {"title": "History", **(extra_context or {})}
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in self.allowed_lookups(request)

    def allowed_lookups(self, request: HttpRequest) -> set[str]:
        """Return the names that the list's own filters have in its query string."""
        allowed = set()
        for entry in self.get_list_filter(request):
            if isinstance(entry, type) and issubclass(entry, SimpleListFilter):
                allowed.add(entry.parameter_name)
                continue
            path = str(entry[0] if isinstance(entry, (list, tuple)) else entry)
            field: Any = get_fields_from_path(self.model, path)[-1]
            paths = [path]
            if field.is_relation:
                paths += [f"{path}__{field.target_field.name}", f"{path}__pk"]
            suffixes: tuple[str, ...] = FILTER_SUFFIXES
            if isinstance(field, models.DateField):
                suffixes += DATE_SUFFIXES
            allowed |= {path + suffix for path in paths for suffix in suffixes}
        if self.date_hierarchy:
            allowed |= {self.date_hierarchy + suffix for suffix in HIERARCHY_SUFFIXES}
        return {lookup for lookup in allowed if lookup and not names_a_secret(self.model, lookup)}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out secret fields for users who may only view; GuardedChecks covers the others."""
        fieldsets = super().get_fieldsets(request, obj)
        secrets = secret_fields(self.model)
        if not secrets or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (name, {**options, "fields": [f for f in options["fields"] if f not in secrets]})
            for name, options in fieldsets
        ]

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        # A popup hands this field's value to the page that opened it.
        return not names_a_secret(self.model, to_field) and super().to_field_allowed(
            request, to_field
        )

    def may_name(self, request: HttpRequest, thing: Any) -> bool:
        """Whether a comparison may tell this person what an object is called."""
        return True

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        # An empty `_to_field` means that there is none.
        return super().get_object(request, object_id, from_field or None)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        try:
            return super().get_view_on_site_url(obj)
        except NoReverseMatch:
            return None  # A form that is shown again because its slug is empty.

    def response_action(
        self, request: HttpRequest, queryset: models.QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Remove values that cannot be primary keys from the selection, where they cause errors."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        usable = [key for key in chosen if self.can_be_key(key)]
        if usable != chosen:
            form = request.POST.copy()
            form.setlist(ACTION_CHECKBOX_NAME, usable)
            request.POST = form  # type: ignore[assignment]  # a QueryDict, as before
        return super().response_action(request, queryset, *args, **kwargs)

    def can_be_key(self, value: str) -> bool:
        try:
            self.opts.pk.to_python(value)
        except (ValidationError, ValueError):
            return False
        return True


def linked_by(rows: dict[Any, set[Any]]) -> dict[models.Model, models.Model]:
    """Return, of each row of a table that only links, the object that has the link.

    One query for each such table, without long texts: Django would say "Post_tags object (22)".
    """
    found: dict[models.Model, models.Model] = {}
    for model, links in rows.items():
        source: Any = model._meta.auto_created
        if not source:
            continue
        name = next(each.name for each in model._meta.fields if each.related_model is source)
        long = [each.name for each in source._meta.fields if isinstance(each, models.TextField)]
        keys = {getattr(link, f"{name}_id") for link in links}
        owners = source._base_manager.defer(*long).in_bulk(keys)
        found |= {link: owners[getattr(link, f"{name}_id")] for link in links}
    return found


class DeletionAdmin(admin.ModelAdmin):
    """Limits what a deletion page lists. It is the last base, so that an admin may add to it."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what Django does, without naming objects that the user may not view.

        What is deleted with a row, or protects it, may be of another model.
        """
        collector = NestedObjects(using=router.db_for_write(self.model), origin=objs)
        collector.collect(objs)
        missing = set()
        links = linked_by(collector.model_objs)

        def line(thing: Any) -> str:
            # A link of two objects has no name of its own: the one that has it does.
            is_link, thing = thing in links, links.get(thing, thing)
            opts = thing._meta
            kind = str(capfirst(opts.verbose_name))
            known = self.admin_site._registry.get(thing.__class__)
            if known and not is_link and not known.has_delete_permission(request, thing):
                missing.add(opts.verbose_name)
            if thing.__class__ is not self.model and not self.may_see(request, thing, known):
                return kind
            if not known:
                return f"{kind}: {thing}"
            url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[thing.pk])
            return format_html('{}: <a href="{}">{}</a>', kind, url, thing)

        rows: dict[Any, set[Any]] = collector.model_objs
        counts = {
            (model._meta.auto_created or model)._meta.verbose_name_plural: len(found)
            for model, found in rows.items()
        }
        protected = [line(thing) for thing in collector.protected]
        return collector.nested(line), counts, missing, protected

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        # This module is imported before the models of other apps are.
        from alarmroom.desk import log
        from alarmroom.desk.models import Act

        for thing in queryset:
            log.record(Act.Kind.DELETED, by=request.user, label=self.logged_as(thing))
        return super().log_deletions(request, queryset)

    def logged_as(self, thing: Any) -> str:
        """Return what the log calls an object: of a subscriber no more than a number."""
        kind = str(capfirst(self.opts.verbose_name))
        if getattr(self, "is_personal", False):
            return f"{kind} {thing.pk}"
        return f"{kind} “{thing}”"

    def may_see(self, request: HttpRequest, thing: models.Model, known: Any = None) -> bool:
        """Return whether the user may view an object, by the permission that its admin asks for.

        An object without an admin, such as a link, is shown by the names of what it links: so each
        of these must be visible.
        """
        if known:
            return bool(known.has_view_permission(request, thing))
        opts = thing._meta
        if opts.app_label in NOT_ON_THE_DESK:
            return False
        connected = [
            self.admin_site._registry.get(field.related_model)
            for field in opts.concrete_fields
            if field.related_model
        ]
        return any(
            request.user.has_perm(f"{opts.app_label}.{get_permission_codename(action, opts)}")
            for action in ("view", "change")
        ) and all(other.has_view_permission(request) for other in connected if other)
