"""Turns under a limit, counted for all workers of all hosts by one row of the database.

A worker takes as many turns as it has messages in one conditional UPDATE: it changes the row only
if nobody else has changed it since it was read. So eight workers take exactly what the limit
allows, and sending costs no query per message.

`Pace` hands out turns in equal steps, so that never more than the limit leave in any hour (or
minute, or day), whenever that hour begins. A few turns that were not used are kept for later. `Day`
allows a number on each calendar day.

Workers count by their own clocks. One that is a little wrong only shifts turns; after a jump of
more than SKEW, the row is taken for what it can be at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from newsletter.models import Gate

SECOND = 1_000_000
DAY = 86_400 * SECOND
SKEW = 300 * SECOND
# Each try that fails is one that another worker won.
TRIES = 100
# Kept for later: what accrues in two minutes, for the tick wakes workers once a minute. Of a limit
# per minute, what accrues in three seconds.
KEPT_OF = {60: 20, 3_600: 30, 86_400: 720}


def micro(moment: datetime) -> int:
    """Return a moment in whole microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


@dataclass(frozen=True)
class Pace:
    """At most so many messages in so many seconds, in equal steps."""

    key: str
    messages: int
    seconds: int

    @property
    def kept(self) -> int:
        """How many turns that were not used are kept for later, and may be taken at once."""
        return max(1, self.messages // KEPT_OF.get(self.seconds, 30))

    @property
    def step(self) -> int:
        """The time between two turns: with those that were kept, no period sees too many."""
        return math.ceil(self.seconds * SECOND / (self.messages - self.kept + 1))

    def first(self, next_at: int, now: int) -> int:
        """Return the moment of the first turn that is free, in the past if some were kept."""
        if next_at > now + self.step + SKEW:
            next_at = now + self.step  # A clock was put back, or the limit was a slower one.
        return max(next_at, now - (self.kept - 1) * self.step)

    def free(self, next_at: int, now: int) -> int:
        first = self.first(next_at, now)
        return 0 if first > now else (now - first) // self.step + 1

    def after(self, next_at: int, taken: int, now: int) -> int:
        return self.first(next_at, now) + taken * self.step

    def opens(self, next_at: int, now: int) -> int:
        """Return the moment at which the next turn is free."""
        return self.first(next_at, now)

    def back(self, unused: int) -> int:
        return unused * self.step


@dataclass(frozen=True)
class Day:
    """At most so many messages on each calendar day. The row holds midnight, plus the count."""

    key: str
    messages: int

    @staticmethod
    def midnight(now: int, days: int = 0) -> int:
        day = timezone.localtime(moment(now)).date() + timedelta(days=days)
        return micro(datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone()))

    def used(self, next_at: int, now: int) -> int:
        today = self.midnight(now)
        # Of another day: nothing was used today. Of one to come, a clock was put back.
        return next_at - today if today <= next_at < self.midnight(now, days=1) else 0

    def free(self, next_at: int, now: int) -> int:
        return max(0, self.messages - self.used(next_at, now))

    def after(self, next_at: int, taken: int, now: int) -> int:
        return self.midnight(now) + self.used(next_at, now) + taken

    def opens(self, next_at: int, now: int) -> int:
        return now if self.free(next_at, now) else self.midnight(now, days=1)

    def back(self, unused: int) -> int:
        return unused


type Limit = Pace | Day


@dataclass(frozen=True)
class Taken:
    turns: int
    opens_at: datetime
    """When the next turn is free, for whoever got fewer than wanted."""


def take(limit: Limit, wanted: int, now: datetime) -> Taken:
    """Take at most so many turns that are free now. Call it outside of a transaction."""
    at = micro(now)
    for _ in range(TRIES):
        next_at = _read(limit.key)[0]
        turns = min(wanted, limit.free(next_at, at))
        if turns <= 0:
            return Taken(0, moment(max(limit.opens(next_at, at), at)))
        then = limit.after(next_at, turns, at)
        if Gate.objects.filter(key=limit.key, next_at=next_at).update(next_at=then):
            return Taken(turns, moment(max(limit.opens(then, at), at)))
    return Taken(0, now + timedelta(seconds=1))


def give_back(limit: Limit, turns: int) -> None:
    """Return turns that were taken and not used."""
    for _ in range(TRIES if turns > 0 else 0):
        next_at = _read(limit.key)[0]
        then = next_at - limit.back(turns)
        if Gate.objects.filter(key=limit.key, next_at=next_at).update(next_at=then):
            return


def line_up(limit: Pace, count: int, now: datetime) -> list[datetime]:
    """Return a time for each of so many messages that must wait, at the end of the line.

    They are no turns yet: who comes at its time takes one. But as many are free by then, so a
    message waits in line once, whether the line takes a minute or a week.
    """
    at = micro(now)
    for _ in range(TRIES):
        next_at, line_to = _read(limit.key)
        first = max(line_to, limit.first(next_at, at), at + limit.step)
        end = first + count * limit.step
        if Gate.objects.filter(key=limit.key, line_to=line_to).update(line_to=end):
            return [moment(first + number * limit.step) for number in range(count)]
    return [now + timedelta(seconds=60)] * count


def waiting(limit: Pace, now: datetime) -> int:
    """Return how many messages are in line, about."""
    return max(0, _read(limit.key)[1] - micro(now)) // limit.step


def opens_at(limit: Limit, now: datetime) -> datetime | None:
    """Return when the limit has a turn again; None when it has one now. Takes none."""
    next_at, at = _read(limit.key)[0], micro(now)
    return None if limit.free(next_at, at) else moment(limit.opens(next_at, at))


def _read(key: str) -> tuple[int, int]:
    row = Gate.objects.filter(key=key).values_list("next_at", "line_to").first()
    if row is None:
        Gate.objects.bulk_create([Gate(key=key)], ignore_conflicts=True)
        return 0, 0
    return row
