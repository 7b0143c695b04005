"""Limits of editors hold for all workers; who must wait is queued for a turn, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from newsletter.delivery import buckets, gates, rules, worker
from newsletter.models import Delivery, Gate, MailDomain, SendingLimit, WarmUp
from tests.helpers import at_once
from tests.newsletter.delivery.ledger import due_now, started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks"),
]


def limit(scope: str, name: str, messages: int, per: str = "hour") -> SendingLimit:
    made = SendingLimit(scope=scope, name=name, messages=messages, per=per)
    made.full_clean()
    made.save()
    return made


def many(domain: str, count: int) -> list[str]:
    return [f"r{number:03}@{domain}" for number in range(count)]


def test_a_domain_waits_for_its_turns_and_nobody_else_does(server: ScriptedServer) -> None:
    limit("domain", "Agency.Example.", 60)
    issue = started(*many("agency.example", 20), *many("other.example", 5))
    before = timezone.now()
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 7, "queued": 18}
    assert sum(to.endswith("agency.example") for to in server.recipients) == 2
    rows = issue.deliveries.filter(state="queued").order_by("due_at")
    assert set(rows.values_list("tries", "leased_by", "leased_until")) == {(0, "", None)}
    times = list(rows.values_list("due_at", flat=True))
    assert times[0] > before
    assert timedelta(minutes=17) < times[-1] - times[0] < timedelta(minutes=19)
    changed = set(rows.values_list("changed_at", flat=True))
    worker.deliver(issue.pk)
    assert set(rows.values_list("changed_at", flat=True)) == changed, "nobody leases them again"


def test_workers_in_many_processes_send_exactly_what_is_allowed(server: ScriptedServer) -> None:
    limit("domain", "agency.example", 180)
    issue = started(*many("agency.example", 40))

    def work() -> None:
        try:
            worker.deliver(issue.pk)
        finally:
            connection.close()

    at_once(*[work] * (8 if connection.vendor == "postgresql" else 4))
    assert len(server.recipients) == buckets.Pace("", 180, 3600).kept == 6
    assert states(issue) == {"sent": 6, "queued": 34}
    due = Delivery.objects.filter(state="queued").values_list("due_at", flat=True)
    assert len(set(due)) == 34, "each has a time of its own"


@pytest.mark.parametrize("odd", ["a@AGENCY.example", "a@bücher.example", "a@agency.example."])
def test_a_domain_is_limited_however_an_address_writes_it(odd: str) -> None:
    limit("domain", "agency.example", 60)
    limit("domain", "BÜCHER.example", 60)
    row = worker.LeasedRow(1, odd, "k", 0)
    asked = gates.Gates(started("a@example.org"))
    asked.refresh(timezone.now())
    assert asked.keys(row)[0] in asked.rules.single


def test_a_mail_service_is_limited_for_all_of_its_domains(server: ScriptedServer) -> None:
    limit("gateway", "pphosted.com", 60)
    for name in ("one.example", "two.example"):
        MailDomain.objects.create(name=name, gateway="pphosted.com", looked_up_at=timezone.now())
    issue = started(*many("one.example", 4), *many("two.example", 4), *many("three.example", 4))
    worker.deliver(issue.pk)
    assert len(server.recipients) == 2 + 4
    assert states(issue) == {"sent": 6, "queued": 6}


def test_a_domain_and_its_service_both_have_their_limits(server: ScriptedServer) -> None:
    limit("domain", "one.example", 30)  # 1 at once
    limit("gateway", "pphosted.com", 90)  # 3 at once
    for name in ("one.example", "two.example"):
        MailDomain.objects.create(name=name, gateway="pphosted.com", looked_up_at=timezone.now())
    issue = started(*many("one.example", 4), *many("two.example", 4))
    worker.deliver(issue.pk)
    assert sum(to.endswith("one.example") for to in server.recipients) == 1
    assert sum(to.endswith("two.example") for to in server.recipients) == 2


def test_a_limit_of_all_mail_leaves_the_rows_as_they_are(server: ScriptedServer) -> None:
    limit("all", "", 120)
    issue = started(*many("example.org", 20))
    due = set(issue.deliveries.values_list("due_at", flat=True))
    report = worker.deliver(issue.pk)
    assert len(server.recipients) == 4
    assert not report.more, "the tick wakes a worker for the next turn"
    assert set(issue.deliveries.values_list("due_at", flat=True)) == due
    assert not issue.deliveries.exclude(leased_until=None).exists()
    server.accepted.clear()
    worker.deliver(issue.pk)
    assert server.recipients == []


def test_a_turn_that_comes_soon_is_waited_for(server: ScriptedServer) -> None:
    limit("all", "", 600, "minute")  # 30 at once, and one each tenth of a second
    issue = started(*many("example.org", 33))
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 33}


def test_turns_of_rows_that_were_not_begun_come_back(
    server: ScriptedServer, one_connection: None
) -> None:
    limit("all", "", 600)
    limit("domain", "example.org", 600)
    issue = started(*many("example.org", 20))
    server.on["MAIL"] = lambda _: "421 not now" if len(server.accepted) == 3 else None
    worker.deliver(issue.pk)
    assert len(server.recipients) == 3
    server.on.clear()
    server.accepted.clear()
    due_now(issue)
    worker.deliver(issue.pk)
    assert len(server.recipients) == 17


def test_a_warm_up_plan_allows_more_on_each_day_of_sending(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "WARM_UP_HOURS", 0.01)
    plan = WarmUp(steps="3, 5")
    plan.full_clean()
    plan.save()
    issue = started(*many("example.org", 20))
    worker.deliver(issue.pk)
    assert len(server.recipients) == 3
    worker.deliver(issue.pk)
    assert len(server.recipients) == 3, "one day, one step"

    def next_day() -> None:
        plan.refresh_from_db()
        assert plan.day == timezone.localdate()
        plan.day -= timedelta(days=3)
        plan.save()
        for row in Gate.objects.filter(key__startswith="warm-up"):
            row.next_at -= 3 * buckets.DAY
            row.save()

    next_day()
    worker.deliver(issue.pk)
    assert len(server.recipients) == 8
    next_day()
    worker.deliver(issue.pk)
    assert len(server.recipients) == 20, "after the last day nothing is limited"
    plan.refresh_from_db()
    assert rules.allowed(plan, timezone.localdate()) == 0


@pytest.mark.parametrize("steps", ["", "a", "0", "-5", "5, 5.5", "1" * 12, "1, " * 90])
def test_a_plan_that_is_none_is_refused(steps: str) -> None:
    with pytest.raises(ValidationError):
        WarmUp(steps=steps).full_clean()


@pytest.mark.parametrize(
    ("scope", "name", "messages"),
    [
        ("domain", "", 5),
        ("domain", "no domain", 5),
        ("all", "example.org", 5),
        ("gateway", "x", 5),
        ("domain", "example.org", 0),
    ],
)
def test_a_limit_that_is_none_is_refused(scope: str, name: str, messages: int) -> None:
    with pytest.raises(ValidationError):
        limit(scope, name, messages)


def test_nothing_limited_costs_no_query_for_a_row(
    server: ScriptedServer, django_assert_num_queries
) -> None:
    issue = started("a@example.org")
    asked = gates.Gates(issue)
    rows = [worker.LeasedRow(n, f"r{n}@{n}.example", "k", 0) for n in range(200)]
    now = timezone.now()
    asked.admit(rows, now)
    done = worker.Outcome(worker.Fate.ACCEPTED, 250, "ok")
    with django_assert_num_queries(0):
        assert asked.admit(rows, now).go == rows
        assert asked.closed(now) is None
        for row in rows:
            assert not asked.stops(row)
            asked.answered(row, done)
        asked.unused(rows)
        gates.put_off({}, "w")


def test_a_limit_costs_the_same_for_one_row_and_for_many(
    django_assert_max_num_queries,
) -> None:
    limit("domain", "agency.example", 60)
    issue = started("a@example.org")
    asked = gates.Gates(issue)
    rows = [worker.LeasedRow(n, f"r{n}@agency.example", "k", 0) for n in range(200)]
    now = timezone.now()
    asked.admit(rows[:1], now)
    with django_assert_max_num_queries(6):
        answer = asked.admit(rows, now)
    assert len(answer.go) + len(answer.wait) == 200
