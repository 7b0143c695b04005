"""How long an issue takes: by what the workers managed lately, the limits, and a warm-up plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from alarmroom.desk import dates
from newsletter.delivery import buckets, rules
from newsletter.models import Gate, Issue, Mark, WarmUp

# What one worker process manages, in thousandths of a message a second.
SPEED = "messages a second"
# A slice of fewer messages says nothing of speed, and each new one counts for so much.
WORTH_MEASURING, WEIGHT = 50, 0.2


@dataclass(frozen=True)
class Estimate:
    """When the last message of an issue leaves, about."""

    ends_at: datetime
    seconds: float
    why: str = ""
    """What it waits for, where a limit decides."""

    @property
    def words(self) -> str:
        """Say it in a sentence or two: "It takes about 3 hours."."""
        if self.seconds < 86_400:
            said = f"It takes {in_words(self.seconds)}."
        else:
            said = f"It takes {in_words(self.seconds)}, until about {dates.day(self.ends_at)}."
        return f"{said} {self.why}".strip()


def in_words(seconds: float) -> str:
    """Return a length of time as one says it: "about 3 hours"."""
    if seconds < 60:
        return "less than a minute"
    for name, each, most in (("minute", 60, 90), ("hour", 3_600, 36), ("day", 86_400, math.inf)):
        number = math.ceil(seconds / each - 0.25)
        if number <= most:
            return f"about {number:,} {name}{'' if number == 1 else 's'}"
    raise AssertionError


def note_speed(messages: int, seconds: float) -> None:
    """Remember how fast a worker was that had nothing to wait for."""
    if messages < WORTH_MEASURING or seconds <= 0:
        return
    now = round(1_000 * messages / seconds)
    mark, new = Mark.objects.get_or_create(name=SPEED, defaults={"value": now})
    if not new:
        value = round((1 - WEIGHT) * mark.value + WEIGHT * now)
        Mark.objects.filter(pk=mark.pk).update(value=value, at=timezone.now())


def before(count: int) -> Estimate | None:
    """Return how long an issue to so many readers would take; None where nobody can know."""
    return _estimate(count, count)


def rest(issue: Issue, waiting: int) -> Estimate | None:
    """Return how long the rest of an issue takes, of which so many messages wait."""
    return _estimate(waiting, issue.recipients, under_way=True) if waiting else None


def _estimate(waiting: int, of: int, *, under_way: bool = False) -> Estimate | None:
    now = timezone.now()
    limits = rules.read(now)
    found = []
    speed = Mark.objects.filter(name=SPEED).values_list("value", flat=True).first()
    if speed:
        found.append(Estimate(now, waiting * 1_000 / speed))
    for limit in limits.all:
        if isinstance(limit, buckets.Pace) and not limit.key.startswith("warm-up"):
            found.append(
                Estimate(now, waiting * limit.step / buckets.SECOND, "All mail has a limit.")
            )
    found += _of_single(limits, waiting, of, now, under_way=under_way)
    plan = WarmUp.objects.first() if limits.warm_up else None
    if plan is not None and rules.allowed(plan, timezone.localdate(now)):
        found.append(_of_warm_up(plan, waiting, now))
    if not found or not waiting:
        return None
    longest = max(found, key=lambda each: each.seconds)
    ends_at = now + timedelta(seconds=min(longest.seconds, 3e8))
    return Estimate(ends_at, longest.seconds, longest.why)


def _of_single(
    limits: rules.Rules, waiting: int, of: int, now: datetime, *, under_way: bool
) -> list[Estimate]:
    rows = Gate.objects.filter(key__in=limits.single).values_list("key", "readers", "line_to")
    found = []
    for key, readers, line_to in rows:
        pace = limits.single[key]
        share = waiting / of if of else 1
        seconds = min(readers or 0, waiting) * share * pace.step / buckets.SECOND
        if under_way:
            seconds = max(seconds, (line_to - buckets.micro(now)) / buckets.SECOND)
        name = key.partition(":")[2]
        found.append(Estimate(now, seconds, f"{name} gets its mail under a limit."))
    return found


def _of_warm_up(plan: WarmUp, waiting: int, now: datetime) -> Estimate:
    """Go through the days of the plan until everybody is mailed."""
    steps = plan.plan()
    today = timezone.localdate(now)
    number = plan.day_number + (plan.day is None or plan.day < today)
    used = Gate.objects.filter(key="warm-up:day").values_list("next_at", flat=True).first() or 0
    day = buckets.Day("warm-up:day", steps[number - 1])
    left = waiting - day.free(used, buckets.micro(now))
    at, days = now, 0
    while left > 0 and number < len(steps):
        left -= steps[number]
        number, days = number + 1, days + 1
    if left > 0:
        days += 1  # After the last day there is no limit.
    why = "The warm-up plan allows more each day."
    if not days:
        share = waiting / max(1, steps[number - 1])
        return Estimate(at, min(1.0, share) * rules.WARM_UP_HOURS * 3_600, why)
    midnight = buckets.moment(buckets.Day.midnight(buckets.micro(now), days=days))
    last = timedelta(hours=rules.WARM_UP_HOURS if left <= 0 else 0)
    return Estimate(at, (midnight + last - now).total_seconds(), why)
