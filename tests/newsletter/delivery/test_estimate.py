"""How long an issue takes, said before and while it is sent; and limits that change meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from newsletter.delivery import anew, estimate, gates, gateway_tasks, holds, readers, rules, worker
from newsletter.models import Gate, Issue, MailDomain, Mark, SendingLimit, WarmUp
from tests.factories import make_editor, make_issue, make_subscriber
from tests.newsletter.delivery.ledger import started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "less than a minute"),
        (61, "about 1 minute"),
        (600, "about 10 minutes"),
        (3_600 * 2.9, "about 3 hours"),
        (3_600 * 30, "about 30 hours"),
        (86_400 * 3, "about 3 days"),
    ],
)
def test_a_length_of_time_is_said_in_words(seconds: float, words: str) -> None:
    assert estimate.in_words(seconds) == words


def test_nobody_knows_how_long_the_first_issue_takes() -> None:
    assert estimate.before(1_000) is None


def test_the_speed_of_workers_is_remembered() -> None:
    estimate.note_speed(1_000, 10)
    found = estimate.before(36_000)
    assert found is not None
    assert found.words == "It takes about 6 minutes."
    estimate.note_speed(10, 100)  # Too few to say anything.
    assert estimate.before(36_000).seconds == found.seconds


def test_the_slowest_limit_decides() -> None:
    estimate.note_speed(1_000, 1)
    SendingLimit.objects.create(scope="domain", name="agency.example", messages=1_000)
    SendingLimit.objects.create(scope="gateway", name="pphosted.com", messages=100_000)
    MailDomain.objects.create(name="agency.example", gateway="pphosted.com")
    for number in range(20):
        make_subscriber(f"r{number}@agency.example")
    make_subscriber("other@example.org")
    assert readers.are_due()
    readers.count()
    assert not readers.are_due()
    assert set(Gate.objects.values_list("key", "readers")) == {
        ("domain:agency.example", 20),
        ("gateway:pphosted.com", 20),
    }
    Gate.objects.filter(key="domain:agency.example").update(readers=3_000)
    found = estimate.before(10_000)
    assert found.words == "It takes about 3 hours. agency.example gets its mail under a limit."


def test_a_limit_of_all_mail_decides() -> None:
    SendingLimit.objects.create(scope="all", messages=10_000, per="day")
    found = estimate.before(30_000)
    day = f"{found.ends_at.astimezone(ZoneInfo('America/New_York')):%B}"
    assert found.words.startswith("It takes about 3 days, until about ")
    assert day in found.words
    assert found.words.endswith("All mail has a limit.")


def test_a_warm_up_plan_is_gone_through_day_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    morning = datetime(2026, 11, 27, 9, 0, tzinfo=ZoneInfo("America/New_York"))
    monkeypatch.setattr(timezone, "now", lambda: morning)
    WarmUp.objects.create(steps="500, 1000, 2000")
    assert estimate.before(250).seconds == rules.WARM_UP_HOURS * 3_600 / 2
    three_days = estimate.before(3_000)
    assert three_days.ends_at == morning.replace(day=29, hour=rules.WARM_UP_HOURS)
    assert "until about November 29. The warm-up plan allows more each day." in three_days.words
    assert estimate.before(50_000).ends_at == morning.replace(day=30, hour=0), "no limit then"


def test_the_pages_say_how_long_it_takes_and_who_waits(
    client: Client, server: ScriptedServer
) -> None:
    estimate.note_speed(1_000, 1_000)
    client.force_login(make_editor("newsletter.view_issue", "newsletter.send_issue"))
    for number in range(180):
        make_subscriber(f"r{number}@example.org")
    draft = make_issue()
    page = client.get(f"/admin/newsletter/issue/{draft.pk}/send/").content.decode()
    assert "It takes about 3 minutes." in page
    issue = started()
    holds.hold("gateway:pphosted.com", "451 4.7.0 <r1@example.org> later", timezone.now())
    Issue.objects.filter(pk=issue.pk).update(
        paused_at=timezone.now(), paused_why="25 messages in a row: a@example.org"
    )
    SendingLimit.objects.create(scope="all", messages=1)
    gates.buckets.take(gates.buckets.Pace("all:bulk", 1, 3_600), 1, timezone.now())
    page = client.get(f"/admin/newsletter/issue/{issue.pk}/progress/").content.decode()
    assert "It takes about 8 days, until about" in page
    assert "Mail to pphosted.com waits until" in page
    assert "It was paused on" in page
    assert "The limits let the next message leave on" in page
    assert "@example.org" not in page, "who may not see readers sees no address"


def test_a_limit_that_is_taken_away_lets_those_in_line_go(server: ScriptedServer) -> None:
    limit = SendingLimit.objects.create(scope="domain", name="agency.example", messages=60)
    issue = started(*(f"r{number}@agency.example" for number in range(10)))
    tried = issue.deliveries.order_by("pk")[9]
    issue.deliveries.filter(pk=tried.pk).update(tries=1, due_at=timezone.now() + timedelta(hours=3))
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 2, "queued": 8}
    call_command("tick")
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 2, "queued": 8}, "nothing has changed"
    limit.delete()
    call_command("tick")
    assert Mark.objects.get(name=anew.CHANGED).value == 0
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 9, "queued": 1}, "a server's own 'later' stays"


def test_a_limit_that_is_changed_makes_a_new_line(server: ScriptedServer) -> None:
    limit = SendingLimit.objects.create(scope="domain", name="agency.example", messages=60)
    issue = started(*(f"r{number}@agency.example" for number in range(12)))
    worker.deliver(issue.pk)
    limit.messages = 3_600
    limit.save()
    call_command("tick")
    worker.deliver(issue.pk)
    last = issue.deliveries.order_by("-due_at").first()
    assert last.due_at < timezone.now() + timedelta(seconds=30)


def test_readers_are_counted_by_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    SendingLimit.objects.create(scope="domain", name="agency.example", messages=60)
    make_subscriber("a@agency.example")
    gateway_tasks.look_up_gateways.call()
    assert Gate.objects.get().readers == 1


# Limits on the desk


def test_an_editor_sets_a_limit_in_any_writing(client: Client) -> None:
    rights = ("view", "add", "change", "delete")
    client.force_login(make_editor(*(f"newsletter.{right}_sendinglimit" for right in rights)))
    add = "/admin/newsletter/sendinglimit/add/"
    said = {"scope": "domain", "name": " @BÜCHER.Example. ", "messages": "1000", "per": "hour"}
    assert client.post(add, said).status_code == 302
    assert SendingLimit.objects.get().name == "xn--bcher-kva.example"
    again = client.post(add, said).content.decode()
    assert "There is a limit for this already" in again
    wrong = client.post(add, {**said, "name": "<script>"}).content.decode()
    assert "Write the domain alone" in wrong and "<script>@" not in wrong
    page = client.get("/admin/newsletter/sendinglimit/").content.decode()
    assert "1,000 messages an hour" in page


def test_there_is_one_warm_up_plan(client: Client) -> None:
    client.force_login(make_editor(*(f"newsletter.{right}_warmup" for right in ("view", "add"))))
    add = "/admin/newsletter/warmup/add/"
    assert "first day on which an issue is sent" in client.get(add).content.decode()
    assert client.post(add, {"steps": "500,1000"}).status_code == 302
    plan = WarmUp.objects.get()
    assert plan.plan() == [500, 1000]
    assert client.get(add).status_code == 403
    page = client.get("/admin/newsletter/warmup/", follow=True).content.decode()
    assert "The next day of sending is day 1: up to 500 messages." in page
