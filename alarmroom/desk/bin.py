"""The bin: an object that is deleted on the desk moves there, and comes back in one click.

Moving takes the object's rows out of their tables, with everything that Django would delete with
it, and keeps them as JSON (alarmroom/desk/models/binned.py). Restoring stores them again under
the same primary keys, by the models' own `save()`: so texts are cleaned by the allowlist of that
day, and the receivers of signals see a deletion and a creation like any other.

Objects may come back in any order. A row that connects two of them waits in the bin for the
second one. Primary keys come from the database's own sequence, which has moved on since, so a
restored row never gets in the way of a new one.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models, transaction

from alarmroom.desk import log
from alarmroom.desk.bin_plan import plan
from alarmroom.desk.binnable import Binnable, CannotReturn, GoesAlong, Said
from alarmroom.desk.models import Act, Binned, Revision, WorkingCopy
from alarmroom.desk.models.binned import KEPT
from alarmroom.desk.rows import Record, build, label_of, model_of, record_of, store

logger = logging.getLogger(__name__)

DAYS = KEPT.days
# What one tick deletes for ever, so that it is not long in the way of others.
AT_ONCE = 50


class Gone(Exception):
    """Somebody else was faster: the object is in the bin already, or is not in it any more."""


class Refused(Exception):
    """The object cannot be moved to the bin; `why` says what to do, a sentence each."""

    def __init__(self, why: list[Said]) -> None:
        super().__init__(" ".join(said.named for said in why))
        self.why = why


class Restored(NamedTuple):
    """An object that is back, and what is different from before, in sentences."""

    thing: Any
    notes: list[Said]


def take_turn() -> None:
    """Wait for whoever moves, restores or deletes something at this moment.

    Of two that connect the same objects, each would wait for a row of the other. Call it first
    in the transaction.
    """
    kind = ContentType.objects.get_for_model(Binned)
    list(ContentType.objects.select_for_update(no_key=True).filter(pk=kind.pk).values_list("pk"))


def move_to_bin(thing: models.Model, by: Any, act: uuid.UUID | None = None) -> Binned:
    """Move an object to the bin with what belongs to it; all of it happens, or nothing.

    `act` is the same for all that one click moves. Raises Refused, and Gone if the object is
    not there any more.
    """
    with transaction.atomic():
        take_turn()
        # Before the object itself, as a form locks an issue first and then writes its articles.
        before = plan(thing)
        owners = [row.owner() for row in before.protecting if isinstance(row, GoesAlong)]
        _lock([*owners, *(other for other, _ in before.referrers)])
        rows: Any = type(thing)._base_manager
        locked = rows.select_for_update(of=("self",)).filter(pk=thing.pk).first()
        if locked is None:
            raise Gone
        found = plan(locked)
        if found.why_not:
            raise Refused(found.why_not)
        binned = Binned(
            content_type=ContentType.objects.get_for_model(locked),
            object_id=locked.pk,
            title=str(locked)[:200],
            by=by,
            owner_id=getattr(locked, "owner_id", None),
            act=act or uuid.uuid4(),
            rows=[record_of(row) for row in (locked, *found.rows)],
            referrers=[
                {"model": label_of(other), "pk": other.pk, "field": name}
                for other, name in found.referrers
            ],
            along=[
                {"named": said.named, "plain": said.plain, "about": _label(said)}
                for said in found.along()
            ],
        )
        for other, name in found.referrers:
            setattr(other, name, None)
            other.save(update_fields=[name])
        for row in found.protecting:
            row.delete()
        locked.delete()
        binned.save()
        log.record(Act.Kind.BINNED, by=by, about=thing, label=binned.title)
    return binned


def _label(said: Said) -> str:
    return label_of(said.about) if said.about else ""


def _lock(things: Iterable[models.Model | None]) -> None:
    """Lock the rows of objects, always in the same order."""
    pks: dict[type[models.Model], set[Any]] = {}
    for thing in things:
        if thing is not None:
            pks.setdefault(type(thing), set()).add(thing.pk)
    for model in sorted(pks, key=lambda model: model._meta.label):
        rows = model._base_manager.filter(pk__in=pks[model]).order_by("pk")
        list(rows.select_for_update(of=("self",)).values_list("pk"))


# Restoring


def restore(binned: Binned, by: Any) -> Restored:
    """Store an object again, with what went with it; all of it happens, or nothing.

    Raises Gone if it is not in the bin any more, and CannotReturn with a sentence that says
    what to do.
    """
    with transaction.atomic():
        take_turn()
        row = Binned.objects.select_for_update(of=("self",)).filter(pk=binned.pk).first()
        if row is None:
            raise Gone
        first, *others = [Record(**record) for record in row.rows]
        thing, many = build(first)
        notes = [*_complete(thing, first)]
        if isinstance(thing, Binnable):
            notes += [Said(sentence) for sentence in thing.come_back(row.at)]
        try:
            thing.validate_unique()
            thing.validate_constraints()
        except ValidationError as error:
            raise CannotReturn(" ".join(error.messages)) from error
        store(thing, first)
        for name, pks in many.items():
            notes += _connect(thing, name, pks, first)
        for record in others:
            notes += _restore_row(record)
        for referrer in row.referrers:
            notes += _refer_again(thing, **referrer)
        row.delete()
    return Restored(thing, notes)


def _complete(thing: Any, record: Record) -> Iterator[Said]:
    """Replace references to what is not there any more; yield what is different."""
    for column in thing._meta.concrete_fields:
        pk = getattr(thing, column.attname)
        if not column.related_model or pk is None or _there(column.related_model, pk):
            continue
        name, other = record.names.get(column.name, ""), column.related_model
        if column.null:
            setattr(thing, column.attname, None)
            in_bin = _binned(other, pk)
            if in_bin:
                # It is put in its place again when that is restored.
                referrer = {"model": record.model, "pk": thing.pk, "field": column.name}
                in_bin.referrers.append(referrer)
                in_bin.save(update_fields=["referrers"])
            if column.editable:
                where = "in the bin; restore it to have it here again" if in_bin else "deleted"
                yield Said(
                    f"Its {column.verbose_name}, “{name}”, is {where}.",
                    f"Its {column.verbose_name} is {where}.",
                    other,
                )
            continue
        stands_in = thing.stand_in(column.name, name) if isinstance(thing, Binnable) else None
        if stands_in is None:
            raise CannotReturn(f"Its {column.verbose_name} was deleted, and it needs one.")
        setattr(thing, column.name, stands_in)
        yield Said(
            f"Its {column.verbose_name} was deleted. It has “{stands_in}” now: look whether that "
            "is right.",
        )


def _there(model: type[models.Model], pk: Any) -> bool:
    """Return whether an object exists, and keep it from being deleted in this transaction."""
    rows = model._base_manager.select_for_update(of=("self",), no_key=True).filter(pk=pk)
    return bool(list(rows.values_list("pk")))


def _binned(model: type[models.Model], pk: Any) -> Binned | None:
    return Binned.objects.of(model, pk).select_for_update(of=("self",)).first()


def _connect(thing: Any, name: str, pks: list[Any], record: Record) -> list[Said]:
    """Connect an object with those of a many-to-many field that are still there."""
    model = thing._meta.get_field(name).related_model
    there = set(model._base_manager.filter(pk__in=pks).values_list("pk", flat=True))
    getattr(thing, name).set(there)
    kind = model._meta.verbose_name
    names = record.names.get(name, {})
    return [
        Said(
            f"The {kind} “{names.get(str(pk), '')}” was deleted, so it has it no more.",
            f"One {kind} was deleted, so it has it no more.",
            model,
        )
        for pk in pks
        if pk not in there
    ]


def _restore_row(record: Record) -> list[Said]:
    """Store a row again that went with an object; return why not, if something prevents it."""
    model = model_of(record.model)
    if model is None:
        return []
    row, many = build(record)
    kind = str(model._meta.verbose_name)
    for column in model._meta.concrete_fields:
        other, pk = column.related_model, getattr(row, column.attname)
        if not other or pk is None or _there(other, pk):
            continue
        name = record.names.get(column.name, "")
        in_bin = _binned(other, pk)
        if in_bin is None and column.null:
            # Who wrote a comment, or a correction: the words stay when the account goes.
            setattr(row, column.attname, None)
            continue
        if in_bin:
            in_bin.rows.append(record._asdict())
            in_bin.save(update_fields=["rows"])
            return [
                Said(
                    f"“{name}” is in the bin; restore it, and the two are connected again.",
                    f"One {other._meta.verbose_name} of it is in the bin; restore it, and the two "
                    "are connected again.",
                    other,
                )
            ]
        return [
            Said(
                f"“{name}” was deleted, so it was left out.",
                f"One {other._meta.verbose_name} was deleted, so it was left out.",
                other,
            )
        ]
    if isinstance(row, GoesAlong) and (why := row.why_not_back()):
        return [why]
    if model._base_manager.filter(pk=row.pk).exists():
        row.pk = None
    try:
        row.validate_unique()
        row.validate_constraints()
    except ValidationError:
        return [
            Said(
                f"The {kind} “{row}” was left out: something else has its place now.",
                f"One {kind} was left out: something else has its place now.",
                model,
            )
        ]
    store(row, record)
    for name, pks in many.items():
        # Whom a comment names: an account that is gone is named no more, and nobody misses it.
        _connect(row, name, pks, record)
    return []


def _refer_again(thing: models.Model, model: str, pk: Any, field: str) -> list[Said]:
    """Let an object refer to this one again, if it refers to nothing else by now."""
    found = model_of(model)
    if found is None:
        return []
    column: Any = found._meta.get_field(field)
    other = found._base_manager.select_for_update(of=("self",)).filter(pk=pk).first()
    if other is None:
        if in_bin := _binned(found, pk):
            in_bin.rows[0]["fields"][field] = thing.pk
            in_bin.save(update_fields=["rows"])
        return []
    if getattr(other, column.attname) is None:
        setattr(other, field, thing)
        try:
            other.validate_constraints()
        except ValidationError:
            pass
        else:
            other.save(update_fields=[field])
            return []
    return [
        Said(
            f"It is not the {column.verbose_name} of “{other}” again: that was changed meanwhile.",
            f"It is not the {column.verbose_name} of one {found._meta.verbose_name} again: that "
            "was changed meanwhile.",
            other,
        )
    ]


# Deleting for ever


def empty(entries: Iterable[Binned], by: Any = None) -> list[Binned]:
    """Delete for ever what these hold, each in a transaction of its own; return what was there.

    What somebody restores at the same time is left alone.
    """
    return [entry for entry in entries if _delete(entry, by)]


def _delete(entry: Binned, by: Any) -> bool:
    with transaction.atomic():
        take_turn()
        row = Binned.objects.select_for_update(of=("self",)).filter(pk=entry.pk).first()
        if row is None:
            return False
        for model in (Revision, WorkingCopy):
            model._default_manager.filter(
                content_type=row.content_type_id, object_id=row.object_id
            ).delete()
        thing = build(Record(**row.rows[0]))[0] if row.content_type.model_class() else None
        row.delete()
        kind = str(row.content_type)
        log.record(Act.Kind.DELETED, by=by, label=row.title, detail=f"From the bin: {kind}")
        if isinstance(thing, Binnable):
            transaction.on_commit(partial(_remove_files, thing), robust=True)
    return True


def _remove_files(thing: Binnable) -> None:
    thing.remove_files()


def mentions(text: str) -> bool:
    """Return whether anything in the bin contains a text, such as the name of a file."""
    as_text = models.functions.Cast("rows", models.TextField())
    return Binned.objects.annotate(as_text=as_text).filter(as_text__contains=text).exists()


def delete_outdated(now: datetime | None = None) -> int:
    """Delete for ever what has been in the bin for 30 days; return how many. For the tick."""
    gone = empty(Binned.objects.outdated(now)[:AT_ONCE])
    for entry in gone:
        logger.info("%s was in the bin for 30 days and is deleted for ever", entry.content_type)
    return len(gone)
