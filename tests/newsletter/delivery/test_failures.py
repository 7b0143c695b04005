"""An issue pauses by itself when too many messages fail, and keeps the reason."""

from __future__ import annotations

import pytest

from newsletter.delivery import pausing, starting, throttle, worker
from newsletter.delivery.throttle import Throttle
from newsletter.delivery.transport import Fate, Outcome
from newsletter.models import Issue
from tests.newsletter.delivery.ledger import started, state_of
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]

TAKEN, REFUSED = Outcome(Fate.ACCEPTED, 250, "ok"), Outcome(Fate.REJECTED, 550, "5.1.1 no")


def count(issue: Issue, workers: int, pattern: str) -> int:
    """Count outcomes (+ and -) in turn by several workers; return how many until it paused."""
    throttles = [Throttle(issue) for _ in range(workers)]
    for number, sign in enumerate(pattern, start=1):
        if not throttles[number % workers].count(TAKEN if sign == "+" else REFUSED):
            return number
    for each in throttles:
        each.close()
    return 0


@pytest.mark.parametrize("workers", [1, 4])
def test_a_share_of_failures_pauses_though_none_follow_each_other(workers: int) -> None:
    issue = started("a@example.org")
    stopped = count(issue, workers, "++-" * 300)
    issue.refresh_from_db()
    assert 100 <= stopped <= 160
    assert issue.state == Issue.State.PAUSED
    assert "percent of the last" in issue.state_note
    assert "5.1.1 no" in issue.state_note


def test_a_share_below_the_setting_pauses_nothing() -> None:
    issue = started("a@example.org")
    assert count(issue, 3, "+++++++++-" * 100) == 0
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    assert 0.05 < issue.lately_failed / (issue.lately_taken + issue.lately_failed) < 0.15


def test_only_the_last_messages_count() -> None:
    issue = started("a@example.org")
    assert count(issue, 1, "+" * 20_000 + "+++-" * 60 + "+" * 5_000 + "+-" * 60) == 0
    assert count(issue, 1, "+-" * 300) > 0


def test_failures_in_a_row_are_in_a_row_across_workers(settings) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 6
    issue = started("a@example.org")
    assert count(issue, 2, "-----+-----+-----") == 0
    issue.refresh_from_db()
    assert issue.failures_in_a_row == 5
    assert count(issue, 3, "-") == 1


def test_what_was_taken_costs_no_query_for_each(django_assert_max_num_queries) -> None:
    issue = started("a@example.org")
    counting = Throttle(issue)
    with django_assert_max_num_queries(3):
        for _ in range(2_000):
            counting.count(TAKEN)
        counting.close()
    issue.refresh_from_db()
    assert issue.lately_taken == pytest.approx(throttle.WINDOW, abs=20)


def test_a_pause_keeps_its_reason(server: ScriptedServer) -> None:
    server.on["MAIL"] = lambda _: "550 5.7.515 not authenticated"
    issue = started("a@example.org", "b@example.org")
    running = Throttle(issue)
    running.counters_used = True
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    reason = issue.state_note
    assert "Microsoft wants SPF, DKIM and DMARC" in reason
    running.count(TAKEN)  # Another worker's message was under way.
    running.close()
    assert not pausing.pause(issue, "Paused by ed.")
    issue.refresh_from_db()
    assert issue.state_note == reason
    server.on.clear()
    assert starting.resume(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert state_of(issue) == Issue.State.SENT
    assert (issue.state_note, issue.paused_why) == ("", reason)
    assert issue.paused_at is not None
