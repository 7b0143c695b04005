"""The limits that hold at this moment: those that editors have set, and the warm-up plan."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import F, Q
from django.utils import timezone

from newsletter.delivery.buckets import Day, Limit, Pace
from newsletter.models import SendingLimit, WarmUp
from newsletter.models.limits import BULK

# On a day of a warm-up plan, mail leaves over at least so many hours.
WARM_UP_HOURS = 4


@dataclass
class Rules:
    """What is limited for the mail of one transport."""

    all: list[Limit] = field(default_factory=list)
    """Each message needs a turn of each of these."""
    single: dict[str, Pace] = field(default_factory=dict)
    """By "domain:example.org" or "gateway:outlook.com"."""
    warm_up: int = 0
    """How many messages the warm-up plan allows on this day; 0 where there is none."""

    @property
    def ask_gateways(self) -> bool:
        return any(key.startswith("gateway:") for key in self.single)


def read(now: datetime, transport: str = BULK) -> Rules:
    """Return the limits of this moment. Two queries."""
    found = Rules()
    for limit in SendingLimit.objects.all():
        pace = Pace(limit.key, limit.messages, limit.seconds)
        if limit.scope != SendingLimit.Scope.ALL:
            found.single[limit.key] = pace
        elif transport == BULK:
            found.all.append(pace)
    plan = WarmUp.objects.first() if transport == BULK else None
    if plan is not None:
        found.warm_up = allowed(plan, timezone.localdate(now))
    if found.warm_up:
        hourly = math.ceil(found.warm_up / WARM_UP_HOURS)
        found.all += [Day("warm-up:day", found.warm_up), Pace("warm-up:hour", hourly, 3_600)]
    return found


def allowed(plan: WarmUp, day: date) -> int:
    """Return how many messages a warm-up plan allows on a day on which mail is sent; 0 for any."""
    steps = plan.plan()
    number = plan.day_number + (plan.day is None or plan.day < day)
    return steps[number - 1] if 0 < number <= len(steps) else 0


def sent_on(day: date) -> None:
    """Count a day of the warm-up plan, once, because mail is sent on it."""
    earlier = Q(day=None) | Q(day__lt=day)
    WarmUp.objects.filter(earlier).update(day=day, day_number=F("day_number") + 1)
