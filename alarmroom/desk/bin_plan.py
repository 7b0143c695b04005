"""What goes with an object when it moves to the bin, what changes, and what keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import models

from alarmroom.desk.binnable import Binnable, GoesAlong, Said
from alarmroom.desk.rows import relations

# Rows that only a fault can make this many: a page names no more of them.
MOST_NAMED = 100


@dataclass
class Plan:
    """What moving an object to the bin would do. Nothing is changed by making one."""

    thing: models.Model
    why_not: list[Said] = field(default_factory=list)
    # What is deleted with the object. Rows of a model stand after those that they refer to.
    rows: list[models.Model] = field(default_factory=list)
    # Those of the rows that are protected, and are deleted before the object.
    protecting: list[models.Model] = field(default_factory=list)
    # What refers to the object and stays, with the name of the field that is emptied.
    referrers: list[tuple[models.Model, str]] = field(default_factory=list)

    def along(self) -> list[Said]:
        """Return what goes along, or changes, in sentences."""
        said = [row.said_in_bin(self.thing) for row in self.rows if isinstance(row, GoesAlong)]
        for other, name in self.referrers:
            called = other._meta.get_field(name).verbose_name  # type: ignore[union-attr]  # a column, no reverse relation
            kind = other._meta.verbose_name
            said.append(
                Said(
                    f"It is the {called} of “{other}”, which then has none.",
                    f"It is the {called} of one {kind}, which then has none.",
                    other,
                )
            )
        return [each for each in said if each]

    def changed(self) -> list[tuple[models.Model, Said]]:
        """Return the other objects that change, each with a sentence that says so."""
        found = []
        for row in self.protecting:
            owner = row.owner() if isinstance(row, GoesAlong) else None
            said = row.said_in_bin(self.thing) if isinstance(row, GoesAlong) else None
            if owner and said and owner != self.thing:
                found.append((owner, said))
        by_referrer = [said for said in self.along() if said.about in dict(self.referrers)]
        return found + [(said.about, said) for said in by_referrer]  # type: ignore[misc]  # filtered: each has one


def plan(thing: models.Model) -> Plan:
    """Return what moving an object to the bin would do now."""
    made = Plan(thing)
    if isinstance(thing, Binnable):
        made.why_not += thing.why_not_binned()
    if made.why_not:
        return made  # What keeps it may be many rows, such as an issue's deliveries.
    waiting = [thing]
    seen = {(type(thing), thing.pk)}
    while waiting:
        parent = waiting.pop(0)
        for relation in relations(type(parent)):
            for row in _referring(relation, parent):
                if (type(row), row.pk) in seen:
                    continue
                if relation.cascades or isinstance(row, GoesAlong):
                    why = row.why_kept(thing) if isinstance(row, GoesAlong) else None
                    if why:
                        made.why_not.append(why)
                        continue
                    seen.add((type(row), row.pk))
                    made.rows.append(row)
                    waiting.append(row)
                    if not relation.cascades:
                        made.protecting.append(row)
                elif relation.field.null:
                    made.referrers.append((row, relation.field.name))
                else:
                    kind = row._meta.verbose_name
                    made.why_not.append(Said(f"“{row}” needs it.", f"One {kind} needs it.", row))
    return made


def _referring(relation: Any, parent: models.Model) -> list[models.Model]:
    """Return the rows of a relation that refer to an object, with what else they refer to."""
    model = relation.model
    found = model._base_manager.filter(**{relation.field.name: parent.pk}).order_by("pk")
    if not relation.cascades and not relation.field.null and not issubclass(model, GoesAlong):
        found = found[:MOST_NAMED]
    rows: list[models.Model] = list(found)
    if issubclass(model, GoesAlong):
        others = [f.name for f in model._meta.concrete_fields if f.related_model]
        models.prefetch_related_objects(rows, *others)
    return rows
