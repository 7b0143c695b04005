"""What differs between two contents of an object, in an editor's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from alarmroom.desk import dates
from alarmroom.desk.comparing import compare, words
from alarmroom.desk.content import Content, Row, shape_of

LONGEST_QUOTE = 40  # characters
UNSEEN = "one that you may not see"


@dataclass(frozen=True)
class Passage:
    """A part of a body: "same" for `count` blocks that are equal, or a change of one."""

    kind: str
    marked: SafeString
    count: int
    heading: str

    @property
    def what(self) -> str:
        """Return where a change is, for a list of them."""
        words_ = {"added": "a paragraph added", "removed": "a paragraph taken out"}
        return words_.get(self.kind) or (f"“{self.heading}”" if self.heading else "the beginning")


@dataclass(frozen=True)
class Difference:
    """One field, or one kind of rows, in which two contents differ.

    A text has `marked`, a body `changes`, a choice `before` and `after`, topics and rows `items`.
    """

    name: str
    label: str
    summary: str
    marked: SafeString | str = ""
    changes: list[Passage] = field(default_factory=list)
    before: SafeString | str = ""
    after: SafeString | str = ""
    items: list[tuple[str, SafeString | str]] = field(default_factory=list)
    """("added" | "removed" | "changed" | "same", what)"""

    @property
    def kind(self) -> str:
        if self.changes:
            return "body"
        if self.items:
            return "items"
        return "text" if self.marked else "choice"

    @property
    def places(self) -> list[tuple[int, Passage]]:
        """The changes of a body that are to be listed, each with its number."""
        return [(at, each) for at, each in enumerate(self.changes) if each.kind != "same"]


def label_of(model: type[models.Model], name: str) -> str:
    shape = shape_of(model)
    if row := shape.rows.get(name):
        return row.label
    model_field: Any = model._meta.get_field(name)
    return shape.labels.get(name) or str(capfirst(model_field.verbose_name))


def clean_body(model_field: Any, value: Any) -> str:
    """Return a body as it may be shown; what was stored may be older than the allowlist."""
    return str(model_field.clean_value(value or ""))


def is_body(model_field: Any) -> bool:
    return hasattr(model_field, "clean_value")


class SeenBy:
    """A model admin as one person sees it: without the names of objects that they may not see."""

    def __init__(self, model_admin: Any, request: HttpRequest) -> None:
        self.model_admin, self.request = model_admin, request
        self.model: type[models.Model] = model_admin.model

    def shown_choice(self, name: str, thing: models.Model) -> SafeString | str:
        known = self.model_admin.admin_site._registry.get(type(thing))
        if known and not known.may_name(self.request, thing):
            return UNSEEN
        shown: SafeString | str = self.model_admin.shown_choice(name, thing)
        return shown


class Names:
    """The names of the objects that contents link to, read once for each model."""

    def __init__(self, model_admin: Any) -> None:
        self.model_admin = model_admin
        self.known: dict[type[models.Model], dict[Any, models.Model]] = {}

    def load(self, model: type[models.Model], keys: set[Any]) -> None:
        known = self.known.setdefault(model, {})
        missing = {int(key) for key in keys if str(key).isdecimal()} - known.keys()
        if missing:
            texts = [f.name for f in model._meta.concrete_fields if is_body(f)]
            texts += [f.name for f in model._meta.concrete_fields if f.name == "body_served"]
            known.update(model._base_manager.defer(*texts).in_bulk(missing))

    def show(self, name: str, model: type[models.Model], key: Any) -> SafeString | str:
        if key in (None, ""):
            return "–"
        self.load(model, {key})
        thing = self.known[model].get(int(key)) if str(key).isdecimal() else None
        if thing is None:
            return "one that is gone"
        shown: SafeString | str = self.model_admin.shown_choice(name, thing)
        return shown


def differences(
    model_admin: Any, before: Content, after: Content, *, state: bool = True
) -> list[Difference]:
    """Return what differs, in the order of the content's shape; what is equal is left out."""
    model = model_admin.model
    shape, names = shape_of(model), Names(model_admin)
    found = []
    parts = [("fields", name) for name in shape.fields]
    parts += [("state", name) for name in shape.state if state]
    for part, name in parts:
        old, new = before[part].get(name), after[part].get(name)
        if old != new and not is_younger(model, name, before[part], after[part]):
            each = _difference(model, names, name, old, new)
            found += [each] if each else []
    for name, row in shape.rows.items():
        old, new = before["rows"].get(name, []), after["rows"].get(name, [])
        if old != new:
            found.append(_of_rows(model, names, name, row, old, new))
    return found


def is_younger(
    model: type[models.Model], name: str, one: Mapping[str, Any], other: Mapping[str, Any]
) -> bool:
    """Whether a field is younger than a revision, and so was not changed since.

    One that may be empty was empty then; of one that may not, the revision says nothing.
    """
    if name in one and name in other:
        return False
    model_field: Any = model._meta.get_field(name)
    return not model_field.blank or not (one.get(name) or other.get(name))


def _difference(
    model: type[models.Model], names: Names, name: str, old: Any, new: Any
) -> Difference | None:
    model_field: Any = model._meta.get_field(name)
    label = label_of(model, name)
    if is_body(model_field):
        changes = [
            # Both sides are clean, and marking adds nothing but <ins> and <del>.
            Passage(each.kind, mark_safe(each.marked), each.count, each.heading)  # noqa: S308 (see above)
            for each in compare.bodies(clean_body(model_field, old), clean_body(model_field, new))
        ]
        count = sum(each.kind != "same" for each in changes)
        if not count:
            return None
        return Difference(name, label, f"{count} place{pluralize(count)}", changes=changes)
    if isinstance(model_field, models.ManyToManyField):
        old, new = old or [], new or []
        names.load(model_field.related_model, {*old, *new})
        items = [
            (
                "same" if key in old and key in new else "added" if key in new else "removed",
                names.show(name, model_field.related_model, key),
            )
            for key in [*old, *(key for key in new if key not in old)]
        ]
        return Difference(name, label, _counted(items), items=items)
    if isinstance(model_field, models.ForeignKey):
        shown = [names.show(name, model_field.related_model, key) for key in (old, new)]
        summary = "another one" if old and new else "one chosen" if new else "taken out"
        return Difference(name, label, summary, before=shown[0], after=shown[1])
    if isinstance(model_field, models.CharField | models.TextField):
        marked = mark_safe(words.marked_text(str(old or ""), str(new or "")))  # noqa: S308 (it escapes)
        return Difference(name, label, _of_text(old, new), marked=marked)
    shown_ = [shown_value(model_field, each) for each in (old, new)]
    return Difference(name, label, "changed", before=shown_[0], after=shown_[1])


def _of_text(old: Any, new: Any) -> str:
    if not old:
        return "written"
    return "changed" if new else "taken out"


def shown_value(model_field: Any, value: Any) -> str:
    """Return a value of a content as a form shows it: a choice by its words, a time as 09:00."""
    if isinstance(model_field, models.TimeField) and isinstance(value, str):
        return value[:5]
    if model_field.choices:
        return str(dict(model_field.flatchoices).get(value, plain(value)))
    return plain(value)


def plain(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value in (None, "", []):
        return "–"
    moment = parse_datetime(value) if isinstance(value, str) else None
    if moment and timezone.is_aware(moment):
        return dates.moment(moment)
    return str(value)


def _counted(items: list[tuple[str, Any]]) -> str:
    words_ = {"added": "added", "removed": "taken out", "changed": "changed", "moved": "moved"}
    counts = {kind: sum(each == kind for each, _ in items) for kind in words_}
    return ", ".join(f"{count} {words_[kind]}" for kind, count in counts.items() if count) or (
        "another order"
    )


def _of_rows(
    model: type[models.Model],
    names: Names,
    name: str,
    row: Row,
    old: list[dict[str, Any]],
    new: list[dict[str, Any]],
) -> Difference:
    relation: Any = model._meta.get_field(name)
    target = relation.related_model._meta.get_field(row.key).related_model
    before = {each[row.key]: each for each in old}
    after = {each[row.key]: each for each in new}
    names.load(target, {*before, *after})
    items: list[tuple[str, SafeString | str]] = []
    for key in [*after, *(key for key in before if key not in after)]:
        shown = names.show(row.key, target, key)
        if key not in before:
            items.append(("added", shown))
        elif key not in after:
            items.append(("removed", shown))
        elif before[key] != after[key]:
            marked = [
                words.marked_text(str(before[key].get(each) or ""), str(after[key].get(each) or ""))
                for each in row.fields
            ]
            text = mark_safe(f"{escape(shown)}: {'; '.join(marked)}")  # noqa: S308 (all escaped)
            items.append(("changed", text))
        else:
            items.append(("same", shown))
    return Difference(name, label_of(model, name), _counted(items), items=items)


def in_a_line(found: list[Difference]) -> str:
    """Return the differences in one line, such as "Text in 2 places, cover, topics"."""
    if not found:
        return "Nothing changed"
    parts = [
        f"{each.label} in {each.summary}" if each.kind == "body" else each.label for each in found
    ]
    return capfirst(", ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])]))
