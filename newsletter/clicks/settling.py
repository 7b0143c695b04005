"""Decides what the requests for links were, and deletes them. For the tick."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from newsletter.clicks.judging import Hit, judge
from newsletter.clicks.targets import COUNTED_FOR
from newsletter.models import Click, ClickHit, IssueLink

# The requests of a mail are decided when the last is so old; processes store them some seconds
# after they came. Or when the first is so old: whoever goes on asking is decided in between.
QUIET, AT_THE_LATEST = timedelta(seconds=30), timedelta(minutes=10)
BATCH = 2_000  # rows of one transaction
STEP_SECONDS = 10  # No further batch begins after so long; the next tick goes on.

_COLUMNS = {
    Click.Verdict.PERSON: "people",
    Click.Verdict.UNCERTAIN: "uncertain",
    Click.Verdict.MACHINE: "machines",
}


def settle(seconds: float = STEP_SECONDS) -> int:
    """Count the requests that can be decided by now; return how many. Two may run at once."""
    until, now = time.monotonic() + seconds, timezone.now()
    done, after = 0, None
    while time.monotonic() < until:
        with transaction.atomic():
            count, after = _settle_after(after, now)
        done += count
        if after is None:
            break
    return done


def _settle_after(after: int | None, now: datetime) -> tuple[int, int | None]:
    """Decide about the mails that follow this one; return how many requests, and the last mail."""
    ripe = now - QUIET
    rows = ClickHit.objects.filter(at__lt=ripe).order_by("who", "pk")
    if after is not None:
        rows = rows.filter(who__gt=after)
    # Whoever settles these at the same time waits here, and finds them gone.
    found = list(rows.select_for_update().values_list("pk", "who", "at", "link", "sort")[:BATCH])
    if not found:
        return 0, None
    if len(found) == BATCH and found[0][1] != found[-1][1]:
        # The last mail may have more requests than are here.
        found = [row for row in found if row[1] != found[-1][1]]
    mails = {who: list(hits) for who, hits in groupby(found, key=lambda row: row[1])}
    going_on = set(
        ClickHit.objects.filter(who__in=mails, at__gte=ripe).values_list("who", flat=True)
    )
    done: list[int] = []
    verdicts: dict[tuple[int, int], int] = {}
    for who, hits in mails.items():
        if who in going_on and min(row[2] for row in hits) > now - AT_THE_LATEST:
            continue
        done += [row[0] for row in hits]
        judged = judge([Hit(at.timestamp(), link, sort) for _, _, at, link, sort in hits])
        verdicts |= {(link, who): verdict for link, verdict in judged.items()}
    _count(verdicts)
    for first in range(0, len(done), 500):
        ClickHit.objects.filter(pk__in=done[first : first + 500]).delete()
    return len(done), found[-1][1]


def _count(verdicts: dict[tuple[int, int], int]) -> None:
    """Store what followed the links of mails, and change the figures of the links with it.

    What was stored as a machine's click may turn out to be followed by a person, too; not back.
    """
    links = sorted({link for link, _ in verdicts})
    # One at a time may count for a link, in one order everywhere.
    locked = IssueLink.objects.select_for_update().filter(pk__in=links).order_by("pk")
    kept = set(locked.values_list("pk", flat=True))
    known: dict[tuple[int, int], tuple[int, int]] = {}
    whos = sorted({who for _, who in verdicts})
    for first in range(0, len(whos), 500):
        stored = Click.objects.filter(who__in=whos[first : first + 500], link__in=links)
        for pk, link, who, verdict in stored.values_list("pk", "link", "who", "verdict"):
            known[link, who] = (pk, verdict)
    changes: dict[int, Counter[str]] = defaultdict(Counter)
    new: list[Click] = []
    better: dict[int, list[int]] = defaultdict(list)
    for (link, who), verdict in verdicts.items():
        if link not in kept:
            continue
        pk, before = known.get((link, who), (0, 0))
        if verdict <= before:
            continue
        if pk:
            changes[link][_COLUMNS[Click.Verdict(before)]] -= 1
            better[verdict].append(pk)
        else:
            new.append(Click(link_id=link, who=who, verdict=verdict))
        changes[link][_COLUMNS[Click.Verdict(verdict)]] += 1
    Click.objects.bulk_create(new, batch_size=500)
    for verdict, pks in better.items():
        for first in range(0, len(pks), 500):
            Click.objects.filter(pk__in=pks[first : first + 500]).update(verdict=verdict)
    for link in sorted(changes):
        IssueLink.objects.filter(pk=link).update(
            **{column: F(column) + change for column, change in changes[link].items() if change}
        )


def forget_old(seconds: float = STEP_SECONDS) -> int:
    """Delete which mails' links were followed, where they count no more; their numbers stay.

    Returns how many rows.
    """
    until, done = time.monotonic() + seconds, 0
    # A day later than the last click counts, so that none is counted after its row went.
    before = timezone.now() - COUNTED_FOR - timedelta(days=1)
    while time.monotonic() < until:
        old = Click.objects.filter(link__issue__started_at__lt=before)
        pks = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not pks:
            break
        for first in range(0, len(pks), 500):
            done += Click.objects.filter(pk__in=pks[first : first + 500]).delete()[0]
    return done
