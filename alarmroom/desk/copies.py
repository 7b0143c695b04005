"""Working copies: storing what a form sends while somebody types, and who else has it open."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.http import QueryDict
from django.utils import timezone

from alarmroom.desk.menu import initials_of
from alarmroom.desk.models.working_copy import NEW, WorkingCopy

# Somebody who has changed nothing for so long is no longer said to be editing.
PRESENT = dt.timedelta(minutes=10)
# How long a copy is kept after it was saved, or set aside.
KEPT_AFTER = dt.timedelta(days=30)
# What a form sends besides its fields: the token, and names of our own.
NOT_TYPED = ("csrfmiddlewaretoken",)
# Of the names that begin with an underscore, the one that somebody types.
NOTE = "_note"


def typed(data: QueryDict) -> list[list[str]]:
    """Return the fields of a form as they were sent, without tokens, buttons and our own."""
    return [
        [name, value]
        for name, values in data.lists()
        if (name == NOTE or not name.startswith("_")) and name not in NOT_TYPED
        for value in values
    ]


def as_data(copy: WorkingCopy) -> QueryDict:
    """Return the fields of a copy as a form would have sent them."""
    data = QueryDict(mutable=True)
    for name, value in copy.data:
        data.appendlist(name, value)
    return data


def typed_note(copy: WorkingCopy) -> str:
    """Return the note for the history that was typed with a copy."""
    return next((str(value) for name, value in copy.data if name == NOTE), "")


def keep(
    model: type[models.Model],
    object_id: int,
    by: Any,
    tab: str,
    *,
    number: int,
    data: list[list[str]],
    base: str,
) -> WorkingCopy:
    """Store the form of a tab, unless a later change of it is stored, or it was saved already.

    Returns the copy as the database has it then; its `settled_at` says whether it was saved.
    """
    now = timezone.now()
    same = {
        "content_type": ContentType.objects.get_for_model(model),
        "object_id": object_id,
        "by": by,
        "tab": tab,
    }
    fresh = {"number": number, "data": data, "base": base, "changed_at": now}
    rows = WorkingCopy.objects.filter(**same)
    # One statement decides, so that two requests of a tab cannot store the older text last.
    older = rows.filter(number__lt=number, settled_at=None)
    if not older.update(**fresh, set_aside_at=None):
        if not rows.exists():
            try:
                with transaction.atomic():
                    return WorkingCopy.objects.create(**same, **fresh, made_at=now)
            except IntegrityError:
                pass
        # Another request of the same tab may have made it since the first statement.
        older.update(**fresh, set_aside_at=None)
    return rows.get()


def settle(
    model: type[models.Model], object_id: int, by: Any, tabs: list[str], saved_as: int
) -> None:
    """Mark the copies of these tabs as saved; a request of theirs that is late stores nothing.

    What was typed for a new object belongs to the object that was made of it.
    """
    now = timezone.now()
    content_type = ContentType.objects.get_for_model(model)
    for tab in tabs:
        WorkingCopy.objects.update_or_create(
            content_type=content_type,
            object_id=object_id,
            by=by,
            tab=tab,
            defaults={"settled_at": now, "data": [], "base": ""},
            create_defaults={"settled_at": now, "made_at": now, "changed_at": now},
        )
    if saved_as != object_id:
        WorkingCopy.objects.filter(
            content_type=content_type, object_id=object_id, by=by, tab__in=tabs
        ).update(saved_as=saved_as)


@dataclass(frozen=True)
class Other:
    """Somebody else with the same form open, or the same person in another tab."""

    name: str
    seconds: int  # Since the last change.
    is_self: bool
    tabs: list[str] = field(default_factory=list)  # Of the same person.

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "initials": initials_of(self.name),
            "seconds": self.seconds,
            "self": self.is_self,
            "tabs": self.tabs,
        }


def others(model: type[models.Model], object_id: int, by: Any, tab: str) -> list[Other]:
    """Return who else has changed this object's form lately, the latest first. One query."""
    if object_id == NEW:
        return []  # What two people write anew are two objects.
    now = timezone.now()
    rows = (
        WorkingCopy.objects.of(model, object_id)
        .open()
        .filter(changed_at__gt=now - PRESENT)
        .exclude(by=by, tab=tab)
        .select_related("by")
        .defer("data", "base")
        .order_by("-changed_at")
    )
    found: dict[Any, Other] = {}
    for copy in rows[:20]:
        if copy.by and copy.by_id not in found:
            seconds = max(0, int((now - copy.changed_at).total_seconds()))
            found[copy.by_id] = Other(name_of(copy.by), seconds, copy.by_id == by.pk)
        if copy.by_id == by.pk:
            found[copy.by_id].tabs.append(copy.tab)
    return list(found.values())


def name_of(account: Any) -> str:
    return account.get_full_name() or account.get_username()


def delete_outdated(now: dt.datetime) -> None:
    """Delete the copies that were saved, or set aside, long ago."""
    before = now - KEPT_AFTER
    WorkingCopy.objects.filter(settled_at__lt=before).delete()
    WorkingCopy.objects.filter(set_aside_at__lt=before).delete()
