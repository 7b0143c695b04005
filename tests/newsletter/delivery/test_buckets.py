"""Turns under a limit: exactly as many as it allows, whoever takes them and whatever clocks do."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from newsletter.delivery.buckets import Day, Limit, Pace, give_back, line_up, opens_at, take
from tests.helpers import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NOON = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)


def second(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


@pytest.mark.parametrize(
    ("messages", "seconds"), [(1, 3600), (7, 60), (60, 60), (1000, 3600), (100_000, 3600)]
)
def test_no_period_sees_more_than_the_limit_and_nearly_all_of_it_is_used(
    messages: int, seconds: int
) -> None:
    """Many ask often, after a long rest: the worst moment for a limit."""
    pace = Pace("x", messages, seconds)
    now, end = 10**15, 10**15 + 3 * seconds * 10**6
    next_at, left = 0, []
    while now < end:
        if count := min(pace.free(next_at, now), 200):
            next_at = pace.after(next_at, count, now)
            left += [now] * count
        else:
            now = max(now + 1, min(pace.opens(next_at, now), now + seconds * 100_000))
    period = seconds * 10**6
    most = max(bisect_left(left, at + period) - place for place, at in enumerate(left))
    assert 0.9 * messages <= most <= messages


@pytest.mark.parametrize("limit", [Pace("hour", 3_000, 3_600), Day("day", 500)])
def test_eight_workers_take_exactly_what_is_allowed(limit: Limit) -> None:
    allowed = limit.kept if isinstance(limit, Pace) else 500

    def work() -> int:
        try:
            return sum(take(limit, 7, NOON).turns for _ in range(20))
        finally:
            connection.close()

    shares = at_once(*[work] * 8)
    assert sum(shares) == allowed
    assert take(limit, 1, NOON).turns == 0


def test_turns_come_back_in_time_and_unused_ones_at_once() -> None:
    pace = Pace("hour", 60, 3_600)
    assert pace.kept == 2
    assert take(pace, 10, NOON).turns == 2
    nothing = take(pace, 10, NOON)
    assert nothing.turns == 0
    assert nothing.opens_at == opens_at(pace, NOON) == NOON + timedelta(microseconds=pace.step)
    give_back(pace, 1)
    assert opens_at(pace, NOON) is None
    assert take(pace, 10, NOON).turns == 1
    assert take(pace, 10, second(2 * 62)).turns == 2


def test_a_day_begins_at_midnight_of_the_publication(settings) -> None:
    day = Day("day", 3)
    evening = datetime(2026, 11, 28, 4, 59, tzinfo=UTC)  # 23:59 in New York.
    settings.TIME_ZONE = "America/New_York"
    first = take(day, 5, evening)
    assert first.turns == 3
    assert first.opens_at == datetime(2026, 11, 28, 5, 0, tzinfo=UTC)
    give_back(day, 1)
    assert take(day, 5, evening).turns == 1
    assert take(day, 5, evening + timedelta(minutes=1)).turns == 3


def test_a_clock_that_jumps_allows_no_second_helping_for_long() -> None:
    pace = Pace("hour", 3_600, 3_600)
    kept = pace.kept
    assert take(pace, 999, NOON).turns == kept
    tomorrow = NOON + timedelta(days=1)
    assert take(pace, 999, tomorrow).turns == kept, "what was kept, not what a day would allow"
    back = take(pace, 999, second(10))
    assert back.turns == 0
    assert back.opens_at <= second(12), "it does not wait until tomorrow"
    # Two hosts, one of them ten seconds ahead, share one limit.
    turns = 0
    for number in range(600):
        turns += take(pace, 999, second(100 + number)).turns
        turns += take(pace, 999, second(110 + number)).turns
    assert turns <= 600 + 10 + kept
    day = Day("day", 5)
    assert take(day, 9, tomorrow).turns == 5
    assert take(day, 9, NOON).turns == 5, "today's were not used"


def test_a_line_is_as_long_as_those_in_it_need_and_the_next_ones_stand_behind() -> None:
    pace = Pace("hour", 1_000, 3_600)
    first, second_ = line_up(pace, 200, NOON), line_up(pace, 100, NOON)
    line = [*first, *second_]
    assert line[0] > NOON
    steps = {later - earlier for earlier, later in pairwise(line)}
    assert steps == {timedelta(microseconds=pace.step)}
    # Who comes at the given time finds a turn.
    assert take(pace, 999, NOON).turns == pace.kept
    assert all(take(pace, 1, at).turns == 1 for at in line)


def test_eight_workers_give_nobody_the_same_place_in_line() -> None:
    pace = Pace("hour", 1_000, 3_600)

    def work() -> list[datetime]:
        try:
            return [at for _ in range(5) for at in line_up(pace, 4, NOON)]
        finally:
            connection.close()

    places = [at for share in at_once(*[work] * 8) for at in share]
    assert len(set(places)) == len(places) == 160
