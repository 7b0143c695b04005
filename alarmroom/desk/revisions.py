"""Recording revisions, and what the newest content of an object is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from alarmroom.desk import log
from alarmroom.desk.content import Content, content_of, digest, state_of, without_state
from alarmroom.desk.models import Act, Revision

EVERY_ONE_FOR = dt.timedelta(days=7)
ONE_A_DAY_FOR = dt.timedelta(days=90)
AT_ONCE = 500  # More are left to the next save.
# What readers see of a save, and so the log has.
LOGGED = {
    Revision.Kind.PUBLISHED: Act.Kind.PUBLISHED,
    Revision.Kind.UPDATED: Act.Kind.UPDATED,
    Revision.Kind.SCHEDULED: Act.Kind.SCHEDULED,
    Revision.Kind.WITHDRAWN: Act.Kind.WITHDRAWN,
}


@dataclass(frozen=True)
class Head:
    """The newest content of an object, which its form shows and the next save is compared with.

    `waiting` is the revision whose changes readers do not see yet; without one, the content is
    what the object's own row has.
    """

    content: Content
    waiting: Revision | None

    @property
    def version(self) -> str:
        return digest(self.content)


def head_of(thing: models.Model) -> Head:
    """Return the newest content of an object. A query; if none waits, those of content_of() too."""
    waiting = Revision.objects.of(thing).filter(waits=True).first()
    if waiting is None:
        return Head(content_of(thing), None)
    # Whether readers see it was decided on the object, not on the text that waits.
    return Head({**waiting.content, "state": state_of(thing)}, waiting)


def record(
    thing: models.Model,
    content: Content,
    kind: Revision.Kind,
    *,
    by: Any = None,
    note: str = "",
    waits: bool = False,
    form_key: str = "",
    at: dt.datetime | None = None,
) -> Revision:
    """Record a revision. A plain save without a change and without a note is the newest one.

    A revision that does not wait ends the waiting of another: readers see the whole now. What
    they see then is written into the log, too.
    """
    others = Revision.objects.of(thing)
    newest = others.newest_first().first()
    if (
        newest
        and kind == Revision.Kind.SAVED
        and not note
        and newest.waits == waits
        and newest.content == content
    ):
        return newest
    others.filter(waits=True).update(waits=False)
    if kind in LOGGED and not waits:
        log.record(LOGGED[kind], by=by, about=thing)
    thin(thing, timezone.now())
    return Revision.objects.create(
        content_type=ContentType.objects.get_for_model(thing),
        object_id=thing.pk,
        at=at or timezone.now(),
        by=by,
        kind=kind,
        note=note,
        content=content,
        waits=waits,
        form_key=form_key,
    )


def record_found(thing: models.Model, found: Content) -> None:
    """Record how an object was found, where that is in none of its revisions yet.

    So it is at its first save on the desk, and after a change by something else.
    """
    newest = Revision.objects.of(thing).newest_first().first()
    # A field that is younger than the revision says nothing about a change.
    known = {**found, **newest.content} if newest else {}
    if newest:
        known["fields"] = {**found["fields"], **newest.content["fields"]}
    if newest is None or without_state(known) != without_state(found):
        at = getattr(thing, "updated_at", None) or timezone.now()
        record(thing, found, Revision.Kind.FOUND, at=min(at, timezone.now()))


def thin(thing: models.Model, now: dt.datetime) -> int:
    """Delete revisions of an object that are too many by their age; return how many.

    All of a week stay; then the last of each day, and after 90 days the last of each week. What
    was published, and what waits, stays for ever.
    """
    old = (
        Revision.objects.of(thing)
        .filter(
            at__lt=now - EVERY_ONE_FOR,
            kind__in=[Revision.Kind.SAVED, Revision.Kind.RESTORED],
            waits=False,
        )
        .newest_first()
    )
    seen: set[object] = set()
    too_many = []
    for pk, at in old.values_list("pk", "at"):
        day = timezone.localtime(at).date()
        span = day.isocalendar()[:2] if at < now - ONE_A_DAY_FOR else day
        if span in seen:
            too_many.append(pk)
        seen.add(span)
    Revision.objects.filter(pk__in=too_many[:AT_ONCE]).delete()
    return len(too_many[:AT_ONCE])
