"""The figures of an issue that is being sent, without counting a million rows at each look.

A small ledger is counted when somebody looks. A large one is counted by the workers that send it,
seldom enough to cost a twentieth of the time at most, and the page says when that was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from newsletter.models import Delivery, Issue

State = Delivery.State

# A ledger of so many rows is counted at each look: that takes some ten milliseconds.
SMALL = 20_000
# How long a count of a large one is used at least, and how many times as long as it took to count.
SECONDS, SHARE = 10, 20


@dataclass(frozen=True)
class Figures:
    """How many deliveries of an issue are in which state."""

    totals: dict[str, int]
    """Every state by its value."""
    deferred: int
    """Of those that are queued, how many a mail server has put off."""
    counted_at: datetime | None
    """When they were counted; None for now."""


def figures(issue: Issue) -> Figures:
    """Return the figures of an issue: now for a small ledger, the last count for a large one."""
    if issue.recipients <= SMALL:
        return count(issue)
    stored = Issue.objects.values_list("counted", "counted_at").get(pk=issue.pk)
    return _read(stored) or store(issue)


def count(issue: Issue) -> Figures:
    """Count all rows of an issue now. One query."""
    rows = issue.deliveries.order_by().values_list("state")
    deferred = Count("pk", filter=Q(state=State.QUEUED, tries__gt=0))
    totals, put_off = dict.fromkeys(State.values, 0), 0
    for state, number, later in rows.annotate(number=Count("pk"), later=deferred):
        totals[state] = number
        put_off += later
    return Figures(totals, put_off, None)


def store(issue: Issue) -> Figures:
    """Count all rows of an issue, and keep the result for whoever looks."""
    began, now = time.monotonic(), timezone.now()
    found = count(issue)
    took = time.monotonic() - began
    kept = {"totals": found.totals, "deferred": found.deferred, "took": took}
    Issue.objects.filter(pk=issue.pk).exclude(counted_at__gt=now).update(
        counted=kept, counted_at=now
    )
    return Figures(found.totals, found.deferred, now)


def store_if_old(issue: Issue) -> None:
    """Count a large ledger anew if its last count is old enough. For workers and the tick."""
    row = Issue.objects.values_list("recipients", "counted", "counted_at").get(pk=issue.pk)
    recipients, kept, at = row
    if recipients <= SMALL:
        return
    used = timedelta(seconds=max(SECONDS, SHARE * (kept or {}).get("took", 0)))
    if at is None or timezone.now() - at > used:
        store(issue)


def forget(issue: Issue) -> None:
    """Let the next look count anew: an editor has decided about some rows."""
    Issue.objects.filter(pk=issue.pk).update(counted_at=None)


def _read(stored: tuple[dict[str, object] | None, datetime | None]) -> Figures | None:
    kept, at = stored
    totals, deferred = (kept or {}).get("totals"), (kept or {}).get("deferred")
    if at is None or not isinstance(totals, dict) or not isinstance(deferred, int):
        return None
    return Figures({state: int(totals.get(state, 0)) for state in State.values}, deferred, at)
