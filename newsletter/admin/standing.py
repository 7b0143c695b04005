"""What the page of a delivery says of limits, pauses, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from newsletter.delivery import estimate, holds, rules
from newsletter.delivery.buckets import opens_at
from newsletter.models import Issue

MOST_SHOWN = 10


def standing(issue: Issue, waiting: int, readable: Callable[[str], str]) -> dict[str, Any]:
    """Return what the page shows. `readable` takes addresses out of texts for who may see none."""
    shown: dict[str, Any] = {}
    if issue.paused_why and issue.state != Issue.State.PAUSED:
        shown["paused_before"] = readable(issue.paused_why)
    if issue.state != Issue.State.SENDING:
        return shown
    now = timezone.now()
    shown["estimate"] = estimate.rest(issue, waiting)
    shown["left_alone"] = [
        {"name": key.partition(":")[2], "until": hold.until, "why": readable(hold.why)}
        for key, hold in sorted(holds.read().items())
        if hold.is_on(now)
    ][:MOST_SHOWN]
    shown["opens_at"] = next_turn(now) if waiting else None
    return shown


def next_turn(now: datetime) -> datetime | None:
    """Return when mail may leave again where limits let none leave for a while."""
    moments = [at for limit in rules.read(now).all if (at := opens_at(limit, now))]
    latest = max(moments, default=None)
    return latest if latest and (latest - now).total_seconds() > 60 else None
