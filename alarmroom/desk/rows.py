"""Rows as JSON, for the bin: how one is written down, built again and stored.

Not by Django's serializer: that cuts a moment off at milliseconds, and knows no names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models

LONGEST_NAME = 200  # characters


class Record(NamedTuple):
    """A row as JSON. `names` says how what it refers to was called, by field."""

    model: str
    pk: Any
    fields: dict[str, Any]
    names: dict[str, Any]


class Relation(NamedTuple):
    """How rows of another model refer to an object."""

    model: type[models.Model]
    field: Any
    cascades: bool


def label_of(thing: models.Model | type[models.Model]) -> str:
    return thing._meta.label_lower


def model_of(label: str) -> type[models.Model] | None:
    """Return a model by its label; None if the site has it no more."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None


def relations(model: type[models.Model]) -> Iterator[Relation]:
    """Yield how other rows refer to objects of a model.

    Left out are rows of the object's own many-to-many fields, which are written down with it, and
    rows that are made again from others (`made_again`).
    """
    own = {field.remote_field.through for field in model._meta.local_many_to_many}
    for found in model._meta.get_fields(include_hidden=True):
        if not (
            found.auto_created and not found.concrete and (found.one_to_one or found.one_to_many)
        ):
            continue
        other: Any = found.related_model
        if (other in own and other._meta.auto_created) or getattr(other, "made_again", False):
            continue
        field: Any = found.field  # type: ignore[union-attr]  # of a foreign key
        on_delete = field.remote_field.on_delete
        if on_delete is not models.DO_NOTHING:
            yield Relation(other, field, on_delete is models.CASCADE)


def record_of(row: models.Model) -> dict[str, Any]:
    """Write a row down, with the names of what it refers to."""
    fields: dict[str, Any] = {}
    names: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.primary_key:
            continue
        value = field.value_from_object(row)
        is_plain = value is None or isinstance(value, (str, int, float, dict, list))
        fields[field.name] = value if is_plain else field.value_to_string(row)
        if field.related_model and value is not None:
            names[field.name] = str(getattr(row, field.name))[:LONGEST_NAME]
    for many in row._meta.local_many_to_many:
        through: Any = many.remote_field.through
        if through._meta.auto_created:
            others = list(getattr(row, many.name).all())
            fields[many.name] = [other.pk for other in others]
            names[many.name] = {str(other.pk): str(other)[:LONGEST_NAME] for other in others}
    return Record(label_of(row), row.pk, fields, names)._asdict()


def build(record: Record) -> tuple[Any, dict[str, list[Any]]]:
    """Return the object of a record, which is not stored, and the keys of its many-to-many fields.

    Fields that the model has no more are left out; new ones get their default.
    """
    model = apps.get_model(record.model)
    fields: list[Any] = [*model._meta.concrete_fields, *model._meta.local_many_to_many]
    known = {field.name: field for field in fields}
    values: dict[str, Any] = {model._meta.pk.attname: record.pk}
    many: dict[str, list[Any]] = {}
    for name, value in record.fields.items():
        field: Any = known.get(name)
        if field is None:
            continue
        if field.many_to_many:
            many[name] = value
        elif field.related_model:
            values[field.attname] = field.target_field.to_python(value)
        else:
            values[field.attname] = field.to_python(value)
    return model(**values), many


def store(row: models.Model, record: Record) -> None:
    """Insert a row by its own save(), with the moments of its record that Django would set."""
    row.save(force_insert=True)
    kept = {
        field.attname: field.to_python(record.fields[field.name])
        for field in row._meta.concrete_fields
        if (getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))
        and field.name in record.fields
    }
    if kept:
        type(row)._base_manager.filter(pk=row.pk).update(**kept)
        for name, value in kept.items():
            setattr(row, name, value)
