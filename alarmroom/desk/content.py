"""The content of an object of the desk: all that an editor writes into its form, as JSON.

{"fields": {name: value}, "state": {name: value}, "rows": {name of the relation: [{name: value}]}}

A text is a string, a link to another object its primary key, a set of links (topics) a sorted list
of keys, a moment an ISO 8601 string in UTC. The rows stand in their order. `state` is what decides
whether readers see the object: it is compared when two people save, and never restored.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core import signing
from django.db import models
from django.http import QueryDict

Content = dict[str, Any]

_SALT = "alarmroom.desk.content"


@dataclass(frozen=True)
class Row:
    """The rows of an inline: what one picks, and what else is written in it."""

    key: str  # The field that tells one row from another, such as the article that it picks.
    fields: tuple[str, ...] = ()
    order: str = "position"  # The field by which the rows are ordered.
    label: str = "Rows"  # What an editor calls them.


@dataclass(frozen=True)
class Shape:
    """What the content of a model is. A model names its own in `content_shape`."""

    fields: tuple[str, ...]
    state: tuple[str, ...] = ()
    rows: Mapping[str, Row] = field(default_factory=dict)
    # Fields that are one thing, its lead first: a picture, and what it shows.
    groups: tuple[tuple[str, ...], ...] = ()
    # What an editor calls a field, unless it is the name that the model gives it.
    labels: Mapping[str, str] = field(default_factory=dict)


def shape_of(model: type[models.Model]) -> Shape:
    shape: Shape = model.content_shape  # type: ignore[attr-defined]  # of a versioned model
    return shape


def as_json(value: Any) -> Any:
    """Return the value of a field as it stands in a content."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, models.QuerySet | list | tuple | set):
        return sorted(as_json(each) for each in value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def as_python(model: type[models.Model], name: str, value: Any) -> Any:
    """Return a value of a content as a form field takes it as its initial value."""
    if isinstance(value, str) and isinstance(model._meta.get_field(name), models.DateTimeField):
        return dt.datetime.fromisoformat(value)
    return value


def content_of(thing: models.Model) -> Content:
    """Return the content of an object as the database has it. One query for each relation."""
    shape = shape_of(type(thing))
    return {
        "fields": {name: _value(thing, name) for name in shape.fields},
        "state": state_of(thing),
        "rows": {name: _rows(thing, name, row) for name, row in shape.rows.items()},
    }


def state_of(thing: models.Model) -> dict[str, Any]:
    """Return what decides whether readers see an object."""
    return {name: _value(thing, name) for name in shape_of(type(thing)).state}


def _value(thing: models.Model, name: str) -> Any:
    opts_field = thing._meta.get_field(name)
    if isinstance(opts_field, models.ManyToManyField):
        many: Any = getattr(thing, name)
        if name in getattr(thing, "_prefetched_objects_cache", {}):
            return sorted(each.pk for each in many.all())
        return sorted(many.order_by().values_list("pk", flat=True))
    if isinstance(opts_field, models.ForeignKey):
        return getattr(thing, opts_field.attname)
    return as_json(getattr(thing, name))


def _rows(thing: models.Model, name: str, row: Row) -> list[dict[str, Any]]:
    related: Any = getattr(thing, name)
    names = (row.key, *row.fields)
    return list(related.order_by(row.order, "pk").values(*names))


def digest(content: Content) -> str:
    """Return a short hash that two contents share exactly if they are equal."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def without_state(content: Content) -> Content:
    return {**content, "state": {}}


# A form carries the content on which it is based, so that a save knows what its sender changed.


def sign(content: Content, model: type[models.Model], object_id: int | None) -> str:
    return signing.dumps([model._meta.label_lower, object_id, content], salt=_SALT, compress=True)


def unsign(text: str, model: type[models.Model], object_id: int | None) -> Content | None:
    """Return the content that was signed for this object; None for anything else."""
    try:
        label, pk, content = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if [label, pk] != [model._meta.label_lower, object_id] or not isinstance(content, dict):
        return None
    return content


# Between a content and a form


def content_of_form(
    form: forms.BaseModelForm, formsets: Iterable[forms.BaseFormSet[Any]], before: Content
) -> Content:
    """Return the content that a bound form would save.

    A value that is not valid stays as it was typed. What the form has no field for, because its
    user may not change it, stays as it is in `before`.
    """
    shape = shape_of(form._meta.model)
    by_prefix = {formset.prefix: formset for formset in formsets}

    def part(names: Iterable[str], old: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: _of_field(form, name) if name in form.fields else old.get(name) for name in names
        }

    return {
        "fields": part(shape.fields, before["fields"]),
        "state": part(shape.state, before["state"]),
        "rows": {
            name: _of_formset(by_prefix[name], row)
            if name in by_prefix
            else before["rows"].get(name, [])
            for name, row in shape.rows.items()
        },
    }


def _of_field(form: forms.BaseForm, name: str) -> Any:
    if name in form.cleaned_data:
        return as_json(form.cleaned_data[name])
    value = form[name].data
    return value if value is None or isinstance(value, str | int | list) else str(value)


def _of_formset(formset: forms.BaseFormSet[Any], row: Row) -> list[dict[str, Any]]:
    found = []
    for number, form in enumerate(formset.forms):
        form.is_valid()
        if not form.has_changed() and not form.instance.pk:
            continue
        if form.cleaned_data.get("DELETE"):
            continue
        values = {
            name: _of_field(form, name)
            if name in form.fields
            else as_json(getattr(form.instance, name))
            for name in (row.key, *row.fields)
        }
        place = _of_field(form, row.order) if row.order in form.fields else number
        found.append((_place(place), number, values))
    return [values for *_, values in sorted(found, key=lambda each: each[:2])]


def _place(value: Any) -> int:
    """Return where a row stands by its number; one without a number comes last."""
    try:
        return int(value) or 10**9
    except (TypeError, ValueError):
        return 10**9


def form_data(
    content: Content,
    form: forms.BaseModelForm,
    formsets: Iterable[forms.BaseModelFormSet[Any, Any]],
) -> QueryDict:
    """Return a content as a browser would send it from this form.

    Of the rows, those that are in the database already are named by their id; those that are
    there and not in the content are marked for deletion.
    """
    model = form._meta.model
    data = QueryDict(mutable=True)
    for name, value in {**content["fields"], **content["state"]}.items():
        if name in form.fields:
            bound = form.fields[name]
            value = bound.prepare_value(as_python(model, name, value))
            put(data, bound.widget, form.add_prefix(name), value)
    for formset in formsets:
        if formset.prefix in content["rows"]:
            _put_rows(data, formset, content["rows"][formset.prefix])
    data._mutable = False
    return data


def put(data: QueryDict, of: Any, name: str, value: Any) -> None:
    """Add to a form's data what a browser sends of a widget that shows this value."""
    widget: Any = getattr(of, "widget", of)  # Within the admin's wrapper.
    if isinstance(widget, forms.MultiWidget):
        values = value if isinstance(value, list) else widget.decompress(value) or ()
        names: list[str] = widget.widgets_names  # type: ignore[attr-defined]  # set by Django, and not in its types
        for suffix, part, each in zip(names, widget.widgets, values, strict=False):
            put(data, part, name + suffix, each)
    elif isinstance(widget, forms.CheckboxInput):
        if value:
            data[name] = "on"
    elif getattr(widget, "allow_multiple_selected", False):
        data.setlist(name, [str(each) for each in value or []])
    elif not isinstance(widget, forms.FileInput):
        one_of_many = (forms.Select, forms.RadioSelect)
        shown = str(value) if isinstance(widget, one_of_many) else widget.format_value(value)
        data[name] = "" if value is None or shown is None else str(shown)


def _put_rows(data: QueryDict, formset: Any, rows: list[dict[str, Any]]) -> None:
    shape = shape_of(type(formset.instance)).rows[formset.prefix]
    stored = {
        getattr(thing, thing._meta.get_field(shape.key).attname): thing
        for thing in formset.get_queryset()
    }
    # A row in which nothing is picked yet has no key; it is one of its own.
    wanted = {_key(row[shape.key]) or (at,): row for at, row in enumerate(rows)}
    place = {key: at for at, key in enumerate(wanted, start=1)}
    ids = formset.model._meta.pk.name
    # Those that are stored come first, as Django expects it.
    keys = [*stored, *(key for key in wanted if key not in stored)]
    for number, key in enumerate(keys):
        prefix = f"{formset.prefix}-{number}"
        thing = stored.get(key)
        row = wanted.get(key)
        data[f"{prefix}-{ids}"] = str(thing.pk) if thing else ""
        data[f"{prefix}-{formset.fk.name}"] = str(formset.instance.pk or "")
        if row is None:
            data[f"{prefix}-DELETE"] = "on"
            row = {name: getattr(thing, name) for name in shape.fields}
        for name in shape.fields:
            data[f"{prefix}-{name}"] = "" if row.get(name) is None else str(row[name])
        data[f"{prefix}-{shape.key}"] = "" if isinstance(key, tuple) else str(key)
        data[f"{prefix}-{shape.order}"] = str(place.get(key, len(keys)))
    data[f"{formset.prefix}-TOTAL_FORMS"] = str(len(keys))
    data[f"{formset.prefix}-INITIAL_FORMS"] = str(len(stored))
    data[f"{formset.prefix}-MIN_NUM_FORMS"] = "0"
    data[f"{formset.prefix}-MAX_NUM_FORMS"] = "1000"


def _key(value: Any) -> Any:
    """Return a primary key as the database has it, where a form sent it as text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def rows_as_sent(data: QueryDict, prefix: str, row: Row) -> list[dict[str, Any]]:
    """Return the rows of an inline as a form sent them, in their order, whether valid or not."""
    try:
        total = min(int(data.get(f"{prefix}-TOTAL_FORMS", "0")), 1000)
    except ValueError:
        return []
    found = []
    for number in range(total):
        sent = {name: data.get(f"{prefix}-{number}-{name}") for name in (row.key, *row.fields)}
        if f"{prefix}-{number}-DELETE" in data or not any(sent.values()):
            continue
        found.append((_place(data.get(f"{prefix}-{number}-{row.order}")), number, sent))
    return [sent for *_, sent in sorted(found, key=lambda each: each[:2])]


def fitted(data: QueryDict, formsets: Iterable[Any], model: type[models.Model]) -> QueryDict:
    """Return what a form sent, with its rows fitted to those that the database has by now."""
    fit = data.copy()
    for formset in formsets:
        if row := shape_of(model).rows.get(formset.prefix):
            rows = rows_as_sent(data, formset.prefix, row)
            for name in [name for name in fit if name.startswith(f"{formset.prefix}-")]:
                del fit[name]
            _put_rows(fit, formset, rows)
    return fit
