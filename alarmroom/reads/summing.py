"""Makes numbers of the days that are over, and destroys what they were made of. For the tick."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from alarmroom.reads.models import ReadCount, Salt, Visit
from alarmroom.reads.sources import OTHER

BATCH = 2_000  # rows of one transaction
STEP_SECONDS = 10  # No further batch begins after so long; the next tick goes on.
# A process may store what it noted before midnight a little later, or once the database is back.
LATE = dt.timedelta(minutes=10)
MOST_SITES = 20  # named of one thing and day; visitors of further ones are from "other sites"


def forget_salts() -> None:
    """Destroy the keys of days that are over."""
    Salt.objects.filter(day__lt=timezone.localdate()).delete()


def sum_up(seconds: float = STEP_SECONDS) -> int:
    """Sum and delete the visits of days that are over; return how many visits.

    Two may run at once: whoever locks rows first counts and deletes them.
    """
    until = time.monotonic() + seconds
    before = timezone.localdate(timezone.now() - LATE)
    done = 0
    while time.monotonic() < until:
        found = Visit.objects.filter(day__lt=before).order_by("pk")
        first = found.values_list("thing", "day").first()
        if first is None:
            break
        done += _sum(*first)
    return done


def _sum(thing: str, day: dt.date) -> int:
    with transaction.atomic():
        rows = list(
            Visit.objects.select_for_update()
            .filter(thing=thing, day=day)
            .order_by("pk")
            .values_list("pk", "source")[:BATCH]
        )
        counts = Counter(source for _, source in rows)
        known = set(ReadCount.objects.filter(thing=thing, day=day).values_list("source", flat=True))
        sites = {source for source in known if "." in source}
        for source, count in counts.most_common():
            if "." in source and source not in sites:
                if len(sites) >= MOST_SITES:
                    source = OTHER
                else:
                    sites.add(source)
            where = {"thing": thing, "day": day, "source": source}
            ReadCount.objects.bulk_create([ReadCount(**where)], ignore_conflicts=True)
            ReadCount.objects.filter(**where).update(count=F("count") + count)
        Visit.objects.filter(pk__in=[pk for pk, _ in rows]).delete()
    return len(rows)
