"""The engine on a real SMTP server: everybody once, nobody twice, nobody lost."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default as policy

import pytest
from django.utils import timezone

from newsletter import clock, delivery, mail, worker
from newsletter.models import Delivery, Issue
from newsletter.transport import Fate
from subscribers.models import Subscriber
from tests.factories import make_issue, make_post, make_subscriber, make_suppression
from tests.newsletter.server import HANG_UP, ScriptedServer

pytestmark = pytest.mark.django_db

State = Delivery.State


@pytest.fixture(autouse=True)
def no_tasks(settings) -> None:
    """Tests call the engine themselves; the tasks that wake it are only noted."""
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}


def started(*addresses: str) -> Issue:
    for address in addresses:
        make_subscriber(address)
    issue = make_issue()
    delivery.start(issue)
    return issue


def states(issue: Issue) -> dict[str, int]:
    return {state: count for state, count in issue.totals().items() if count}


def due_now(issue: Issue) -> None:
    past = timezone.now() - timedelta(seconds=1)
    issue.deliveries.filter(state=State.QUEUED).update(due_at=past)
    Issue.objects.filter(pk=issue.pk).update(quiet_until=None)


# Who is mailed


def test_an_issue_goes_to_every_mailable_subscriber_once(server: ScriptedServer) -> None:
    make_subscriber("pending@example.org", state=Subscriber.State.PENDING)
    make_subscriber("gone@example.org", state=Subscriber.State.UNSUBSCRIBED)
    make_subscriber("complained@example.org")
    make_suppression("complained@example.org")
    issue = started("a@example.org", "b@example.org")
    assert issue.recipients == 2
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(server.recipients) == ["a@example.org", "b@example.org"]
    assert issue.state == Issue.State.SENT
    assert issue.sent_at is not None
    assert states(issue) == {"sent": 2}


def test_delivering_again_sends_nothing(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    worker.deliver(issue.pk)
    clock.tick(clock.Round())
    assert server.recipients == ["a@example.org"]


def test_whoever_unsubscribes_after_the_start_is_skipped(server: ScriptedServer) -> None:
    issue = started("stays@example.org", "leaves@example.org", "complains@example.org")
    Subscriber.objects.filter(address="leaves@example.org").update(state="unsubscribed")
    make_suppression("complains@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert server.recipients == ["stays@example.org"]
    assert states(issue) == {"sent": 1, "skipped": 2}
    assert issue.state == Issue.State.SENT


def test_an_erased_subscriber_is_skipped_and_the_ledger_balances(server: ScriptedServer) -> None:
    issue = started("stays@example.org", "erased@example.org")
    Subscriber.objects.get(address="erased@example.org").delete()
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert server.recipients == ["stays@example.org"]
    assert issue.state == Issue.State.SENT
    assert states(issue) == {"sent": 1, "skipped": 1}


def test_each_message_is_the_recipients_own(server: ScriptedServer) -> None:
    issue = started("a@example.org", "b@example.org")
    worker.deliver(issue.pk)
    ids = set()
    for recipient, raw in server.accepted:
        message = message_from_bytes(raw, policy=policy)
        key = Subscriber.objects.get(address=recipient).key
        assert message["To"] == recipient
        assert f"/unsubscribe/{key}/" in message["List-Unsubscribe"]
        ids.add(message["Message-ID"])
    assert len(ids) == 2


def test_what_is_sent_is_what_was_frozen(server: ScriptedServer) -> None:
    post = make_post(title="The title at the start")
    make_subscriber("a@example.org")
    issue = make_issue(posts=[post])
    delivery.start(issue)
    post.title = "A title of later"
    post.save()
    worker.deliver(issue.pk)
    [(_, raw)] = server.accepted
    text = message_from_bytes(raw, policy=policy).get_body(("plain",)).get_content()
    assert "The title at the start" in text
    assert "A title of later" not in text


def test_frozen_bytes_that_changed_are_not_sent(
    server: ScriptedServer, django_user_model, django_capture_on_commit_callbacks
) -> None:
    editor = django_user_model.objects.create_user("ed", "editor@example.org", "pw")
    make_subscriber("a@example.org")
    issue = make_issue()
    delivery.start(issue, by=editor)
    frozen = bytes(issue.content.mime)
    issue.content.mime = frozen.replace(b"Answer", b"Ignore").replace(b"week", b"weak")
    issue.content.save(update_fields=["mime"])
    with django_capture_on_commit_callbacks(execute=True):
        worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "frozen at the start has changed" in issue.state_note
    assert states(issue) == {"queued": 1}
    assert server.recipients == ["editor@example.org"]
    issue.content.mime = frozen
    issue.content.save(update_fields=["mime"])
    assert delivery.resume(issue)
    worker.deliver(issue.pk)
    assert server.recipients == ["editor@example.org", "a@example.org"]


def test_an_issue_without_subscribers_is_published_at_once(server: ScriptedServer) -> None:
    issue = started()
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert (issue.state, issue.recipients) == (Issue.State.SENT, 0)


# What the server says


def test_a_final_refusal_fails_one_delivery_only(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda to: "550 5.1.1 no such user" if to.startswith("bad") else None
    issue = started("bad@example.org", "good@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert server.recipients == ["good@example.org"]
    assert states(issue) == {"sent": 1, "failed": 1}
    failed = issue.deliveries.get(state=State.FAILED)
    assert (failed.code, failed.reply) == (550, "5.1.1 no such user")
    assert issue.state == Issue.State.SENT


def test_a_deferred_delivery_is_tried_again_later_and_not_before(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda _: "450 4.2.0 greylisted"
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    row = issue.deliveries.get()
    assert (row.state, row.tries, row.code) == (State.QUEUED, 1, 450)
    assert row.due_at > timezone.now() + timedelta(minutes=9)
    server.on.clear()
    worker.deliver(issue.pk)
    assert server.recipients == []
    due_now(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert server.recipients == ["a@example.org"]
    assert issue.state == Issue.State.SENT


def test_from_the_second_deferral_on_at_least_half_an_hour_passes(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda _: "450 later"
    issue = started("a@example.org")
    for _ in range(2):
        due_now(issue)
        worker.deliver(issue.pk)
    assert issue.deliveries.get().due_at > timezone.now() + timedelta(minutes=29)
    assert all(pause >= timedelta(minutes=30) for pause in worker.PAUSES[1:])


def test_a_delivery_deferred_for_days_fails_in_the_end(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda _: "450 later"
    issue = started("a@example.org")
    for _ in range(len(worker.PAUSES) + 1):
        due_now(issue)
        worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"failed": 1}
    assert issue.state == Issue.State.SENT
    assert sum(worker.PAUSES, timedelta()) > timedelta(days=3)


def test_a_server_that_is_away_costs_nobody_a_try(server: ScriptedServer) -> None:
    issue = started("a@example.org", "b@example.org")
    server.stop()
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    assert "away" in issue.state_note
    assert issue.quiet_until is not None
    assert set(issue.deliveries.values_list("state", "tries", "leased_until")) == {
        (State.QUEUED, 0, None)
    }
    server.start()
    worker.deliver(issue.pk)
    assert server.recipients == [], "the server is left alone until quiet_until"
    due_now(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(server.recipients) == ["a@example.org", "b@example.org"]
    assert (issue.state, issue.state_note) == (Issue.State.SENT, "")


def test_a_server_that_stays_away_is_asked_less_and_less_often(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    server.stop()
    waits = []
    for _ in range(7):
        due_now(issue)
        before = timezone.now()
        worker.deliver(issue.pk)
        issue.refresh_from_db()
        waits.append(round((issue.quiet_until - before).total_seconds() / 60))
    assert waits == [1, 2, 5, 15, 30, 30, 30]


def test_a_server_that_goes_away_in_the_middle_loses_nobody(server: ScriptedServer) -> None:
    issue = started(*(f"r{n}@example.org" for n in range(6)))
    server.on["MAIL"] = lambda _: "421 closing" if len(server.accepted) == 3 else None
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 3, "queued": 3}
    server.on.clear()
    due_now(issue)
    worker.deliver(issue.pk)
    assert sorted(server.recipients) == sorted(f"r{n}@example.org" for n in range(6))


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "END"])
def test_a_server_that_closes_the_connection_costs_one_row_a_try(
    server: ScriptedServer, verb: str
) -> None:
    server.on[verb] = lambda _: "421 4.3.2 too much at once"
    issue = started(*(f"r{n}@example.org" for n in range(5)))
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(issue.deliveries.values_list("state", "tries", "code")) == [
        (State.QUEUED, 0, None),
        (State.QUEUED, 0, None),
        (State.QUEUED, 0, None),
        (State.QUEUED, 0, None),
        (State.QUEUED, 1, 421),
    ]
    assert not issue.deliveries.exclude(leased_until=None).exists()
    assert server.connections == 1
    assert issue.state_note == "The mail server is away: 421 4.3.2 too much at once"
    assert issue.quiet_until > timezone.now()
    server.on.clear()
    due_now(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(server.recipients) == sorted(f"r{n}@example.org" for n in range(5))
    assert (issue.state, issue.state_note) == (Issue.State.SENT, "")


def test_a_server_that_puts_everybody_off_is_left_alone(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "DEFERRALS_IN_A_ROW", 3)
    server.on["RCPT"] = lambda _: "451 4.7.1 slow down"
    issue = started(*(f"r{n}@example.org" for n in range(5)))
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(issue.deliveries.values_list("tries", flat=True)) == [0, 0, 1, 1, 1]
    assert issue.state == Issue.State.SENDING
    assert "put off 3 messages in a row: 451 4.7.1 slow down" in issue.state_note
    assert issue.quiet_until > timezone.now()


def test_a_few_deferrals_among_others_stop_nobody(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "DEFERRALS_IN_A_ROW", 3)
    server.on["RCPT"] = lambda to: None if to.startswith("good") else "450 later"
    names = ["a", "b", "good1", "c", "d", "good2"]
    issue = started(*(f"{name}@example.org" for name in names))
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"sent": 2, "queued": 4}
    assert issue.quiet_until is None


def test_a_server_that_refuses_us_pauses_the_issue(server: ScriptedServer) -> None:
    server.on["MAIL"] = lambda _: "550 5.7.1 sender rejected"
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "sender rejected" in issue.state_note
    assert states(issue) == {"queued": 1}


def test_a_lost_reply_is_uncertain_and_never_sent_again_by_itself(server: ScriptedServer) -> None:
    server.on["END"] = lambda to: HANG_UP if to.startswith("doubt") else None
    issue = started("doubt@example.org", "sure@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"sent": 1, "uncertain": 1}
    assert issue.state == Issue.State.SENT
    server.on.clear()
    clock.tick(clock.Round())
    worker.deliver(issue.pk)
    assert server.recipients == ["sure@example.org"]


@pytest.mark.parametrize("reply", ["354 go", "999 what", "what"])
@pytest.mark.parametrize(
    ("verb", "state"), [("RCPT", "queued"), ("DATA", "queued"), ("END", "uncertain")]
)
def test_a_senseless_answer_is_written_down_and_stops_nobody_else(
    server: ScriptedServer, verb: str, reply: str, state: str
) -> None:
    reply = "250 ok" if (verb, reply) == ("DATA", "354 go") else reply
    server.on[verb] = lambda to: reply if to.startswith("odd") else None
    issue = started("odd@example.org", "other@example.org")
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 1, state: 1}
    row = issue.deliveries.get(state=state)
    assert row.code is None
    assert "cannot be understood" in row.reply


def test_too_many_failures_in_a_row_pause_the_issue_and_tell_the_editor(
    server: ScriptedServer, settings, django_user_model, django_capture_on_commit_callbacks
) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 3
    editor = django_user_model.objects.create_user("ed", "editor@example.org", "pw")
    server.on["END"] = lambda to: "554 looks like spam" if to.startswith("r") else None
    for number in range(5):
        make_subscriber(f"r{number}@example.org")
    issue = make_issue()
    delivery.start(issue, by=editor)
    with django_capture_on_commit_callbacks(execute=True):
        worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "3 messages in a row" in issue.state_note
    assert states(issue) == {"failed": 3, "queued": 2}
    assert server.recipients == ["editor@example.org"]
    server.on.clear()
    assert delivery.resume(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"failed": 3, "sent": 2}


def test_one_success_among_failures_keeps_the_issue_going(server: ScriptedServer, settings) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 3
    server.on["RCPT"] = lambda to: "550 no" if "bad" in to else None
    issue = started(
        "bad1@example.org",
        "bad2@example.org",
        "good1@example.org",
        "bad3@example.org",
        "bad4@example.org",
        "good2@example.org",
    )
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT
    assert states(issue) == {"sent": 2, "failed": 4}


# What an editor decides


def test_an_uncertain_delivery_is_sent_again_at_an_editors_word_with_the_same_message_id(
    server: ScriptedServer,
) -> None:
    seen = []

    def lose_the_first(to: str) -> object:
        seen.append(to)
        return HANG_UP if len(seen) == 1 else None

    server.on["END"] = lose_the_first
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    row = issue.deliveries.get()
    assert row.state == State.UNCERTAIN
    assert delivery.send_uncertain_again(issue, [row.pk]) == 1
    assert issue.state == Issue.State.SENDING
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"sent": 1}
    assert issue.state == Issue.State.SENT
    [(_, raw)] = server.accepted

    assert message_from_bytes(raw, policy=policy)["Message-ID"] == mail.message_id(
        row.pk, issue.number
    )


def test_an_uncertain_delivery_counts_as_sent_at_an_editors_word(server: ScriptedServer) -> None:
    server.on["END"] = lambda _: HANG_UP
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    assert delivery.call_uncertain_sent(issue) == 1
    assert states(issue) == {"sent": 1}


def test_a_pause_stops_at_the_next_message(server: ScriptedServer) -> None:
    issue = started(*(f"r{n}@example.org" for n in range(5)))

    def pause_after_two(_: str) -> None:
        if len(server.accepted) == 1:
            # As another process would: while this message is on its way.
            Issue.objects.filter(pk=issue.pk).update(state=Issue.State.PAUSED)

    server.on["QUIT"] = lambda _: None
    worker_mark = worker.Worker.mark

    def mark(self, row):
        pause_after_two("")
        return worker_mark(self, row)

    worker.Worker.mark = mark
    try:
        worker.deliver(issue.pk)
    finally:
        worker.Worker.mark = worker_mark
    assert len(server.accepted) == 1
    assert states(issue) == {"sent": 1, "queued": 4}
    assert not issue.deliveries.exclude(leased_until=None).exists()
    issue.refresh_from_db()
    assert delivery.resume(issue)
    worker.deliver(issue.pk)
    assert len(set(server.recipients)) == len(server.recipients) == 5


def test_a_cancelled_issue_mails_nobody_else(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    assert delivery.cancel(issue)
    worker.deliver(issue.pk)
    clock.tick(clock.Round())
    assert server.recipients == []
    assert states(issue) == {"skipped": 1}
    assert issue.state == Issue.State.CANCELLED
    assert not delivery.resume(issue)


# Starting


def test_the_second_start_is_refused_and_changes_nothing(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    with pytest.raises(delivery.AlreadyStarted):
        delivery.start(issue)
    stale = Issue.objects.get(pk=issue.pk)
    stale.state = Issue.State.DRAFT  # What a page opened before the first click believes.
    with pytest.raises(delivery.AlreadyStarted):
        delivery.start(stale)
    assert issue.deliveries.count() == 1


def test_an_issue_without_articles_is_not_sent() -> None:
    make_subscriber()
    issue = make_issue(posts=[])
    with pytest.raises(delivery.NotReady, match="no articles"):
        delivery.start(issue)
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT
    assert not Delivery.objects.exists()


def test_an_issue_with_a_draft_among_its_articles_is_not_sent() -> None:
    issue = make_issue(posts=[make_post(), make_post(title="Not yet", published_at=None)])
    with pytest.raises(delivery.NotReady, match="“Not yet” is a draft"):
        delivery.start(issue)
    assert issue.state == Issue.State.DRAFT


def test_an_issue_may_be_scheduled_after_its_articles_are_published() -> None:
    soon = timezone.now() + timedelta(hours=2)
    issue = make_issue(posts=[make_post(published_at=soon)])
    with pytest.raises(delivery.NotReady, match="only published on"):
        delivery.schedule(issue, soon - timedelta(hours=1), by=None)
    delivery.schedule(issue, soon + timedelta(hours=1), by=None)
    assert issue.state == Issue.State.SCHEDULED


def test_a_schedule_in_the_past_is_refused() -> None:
    with pytest.raises(delivery.NotReady, match="has passed"):
        delivery.schedule(make_issue(), timezone.now() - timedelta(minutes=1), by=None)


# The clock


def test_tick_starts_an_issue_at_its_moment_and_not_before(server: ScriptedServer) -> None:
    make_subscriber("a@example.org")
    issue = make_issue()
    delivery.schedule(issue, timezone.now() + timedelta(minutes=5), by=None)
    clock.tick(clock.Round())
    issue.refresh_from_db()
    assert issue.state == Issue.State.SCHEDULED
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    clock.tick(clock.Round())
    clock.tick(clock.Round())
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    worker.deliver(issue.pk)
    assert server.recipients == ["a@example.org"]


def test_a_scheduled_issue_that_is_not_ready_becomes_a_draft_that_says_why() -> None:
    post = make_post(title="Withdrawn")
    issue = make_issue(posts=[post])
    delivery.schedule(issue, timezone.now() + timedelta(minutes=5), by=None)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    post.published_at = None
    post.save()
    clock.tick(clock.Round())
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT
    assert "“Withdrawn” is a draft" in issue.state_note


def test_who_scheduled_an_issue_that_is_not_ready_is_told_so_in_true_words(
    server: ScriptedServer, django_user_model
) -> None:
    editor = django_user_model.objects.create_user("ed", "editor@example.org", "pw")
    post = make_post(title="Withdrawn")
    issue = make_issue(posts=[post])
    delivery.schedule(issue, timezone.now() + timedelta(minutes=5), by=editor)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    post.published_at = None
    post.save()
    clock.tick(clock.Round())
    [(recipient, raw)] = server.accepted
    message = message_from_bytes(raw, policy=policy)
    assert recipient == "editor@example.org"
    assert message["Subject"] == f"Not sent at its time: {issue}"
    for kind in ("plain", "html"):
        body = message.get_body((kind,)).get_content()
        assert "“Withdrawn” is a draft" in body
        assert f"/admin/newsletter/issue/{issue.pk}/change/" in body
        assert "It is a draft again" in body
        assert "paused" not in body and "queue" not in body


def test_tick_frees_what_a_dead_worker_held(server: ScriptedServer) -> None:
    issue = started("begun@example.org", "leased@example.org", "free@example.org")
    past = timezone.now() - timedelta(seconds=1)
    rows = {row.subscriber.address: row for row in issue.deliveries.select_related("subscriber")}
    Delivery.objects.filter(pk=rows["begun@example.org"].pk).update(
        state=State.SENDING, leased_by="dead", leased_until=past
    )
    Delivery.objects.filter(pk=rows["leased@example.org"].pk).update(
        leased_by="dead", leased_until=past
    )
    worker.deliver(issue.pk)
    assert server.recipients == ["free@example.org"], "a lease is respected until tick frees it"
    clock.tick(clock.Round())
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(server.recipients) == ["free@example.org", "leased@example.org"]
    assert states(issue) == {"sent": 2, "uncertain": 1}
    assert issue.state == Issue.State.SENT


def test_a_lease_that_has_not_run_out_is_left_alone() -> None:
    issue = started("a@example.org")
    issue.deliveries.update(
        state=State.SENDING, leased_by="alive", leased_until=timezone.now() + timedelta(minutes=1)
    )
    clock.tick(clock.Round())
    assert states(issue) == {"sending": 1}
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING


def test_a_slow_worker_may_still_tell_what_happened(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    ended = []

    def lease_runs_out(_: str) -> None:
        Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        ended.append(clock.free_stale_leases())

    submit = worker.SmtpTransport.submit

    def slow_submit(self, recipient, message):
        lease_runs_out("")
        return submit(self, recipient, message)

    worker.SmtpTransport.submit = slow_submit
    try:
        worker.deliver(issue.pk)
    finally:
        worker.SmtpTransport.submit = submit
    assert ended == [1]
    assert states(issue) == {"sent": 1}


def test_an_issue_is_never_called_sent_when_its_ledger_does_not_balance(
    server: ScriptedServer,
) -> None:
    issue = started("a@example.org", "b@example.org")
    issue.deliveries.first().delete()
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "does not balance" in issue.state_note
    assert issue.sent_at is None


# Tests to oneself


def test_a_test_goes_to_one_address_and_touches_no_ledger(server: ScriptedServer) -> None:
    make_subscriber("a@example.org")
    issue = make_issue(subject="A look before")
    outcome = delivery.send_test(issue, "editor@example.org")
    assert outcome.fate is Fate.ACCEPTED
    assert server.recipients == ["editor@example.org"]
    assert not Delivery.objects.exists()
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT


@pytest.mark.parametrize("spelling", ["editor@example.org", "Editor@Example.ORG"])
def test_a_suppressed_address_gets_no_test(server: ScriptedServer, spelling: str) -> None:
    make_suppression("editor@example.org")
    with pytest.raises(delivery.NotReady, match="is suppressed, and no mail goes there"):
        delivery.send_test(make_issue(), spelling)
    assert server.recipients == []


def test_a_suppressed_domain_is_known_in_both_spellings(server: ScriptedServer) -> None:
    make_suppression("editor@xn--bcher-kva.example.org")
    with pytest.raises(delivery.NotReady, match="is suppressed"):
        delivery.send_test(make_issue(), "editor@bücher.example.org")


def test_a_suppressed_editor_is_not_written_to(
    server: ScriptedServer, django_user_model, django_capture_on_commit_callbacks
) -> None:
    editor = django_user_model.objects.create_user("ed", "Editor@example.org", "pw")
    make_suppression("editor@example.org")
    issue = make_issue()
    delivery.start(issue, by=editor)
    with django_capture_on_commit_callbacks(execute=True):
        assert delivery.pause(issue, "Something is wrong.", tell=True)
    assert server.recipients == []
    assert issue.state == Issue.State.PAUSED
