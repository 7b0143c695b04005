"""The clock starts scheduled issues and releases the leases of killed workers."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default as policy

import pytest
from django.utils import timezone

from alarmroom.desk import letters
from newsletter.delivery import clock, starting, worker
from newsletter.models import Delivery, Issue
from posts.models import Post
from tests.factories import make_issue, make_post, make_subscriber
from tests.newsletter.delivery.ledger import State, started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


def test_tick_starts_an_issue_at_its_moment_and_not_before(server: ScriptedServer) -> None:
    make_subscriber("a@example.org")
    issue = make_issue()
    starting.schedule(issue, timezone.now() + timedelta(minutes=5), by=None)
    clock.tick(clock.Steps())
    issue.refresh_from_db()
    assert issue.state == Issue.State.SCHEDULED
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    clock.tick(clock.Steps())
    clock.tick(clock.Steps())
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    worker.deliver(issue.pk)
    assert server.recipients == ["a@example.org"]


def test_a_scheduled_issue_that_is_not_ready_becomes_a_draft_with_a_note() -> None:
    post = make_post(title="Withdrawn")
    issue = make_issue(posts=[post])
    starting.schedule(issue, timezone.now() + timedelta(minutes=5), by=None)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    Post.objects.filter(pk=post.pk).update(published_at=None)
    clock.tick(clock.Steps())
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT
    assert "“Withdrawn” is a draft" in issue.state_note


def test_the_editor_of_a_scheduled_issue_that_is_not_ready_gets_a_mail(
    server: ScriptedServer, django_user_model
) -> None:
    editor = django_user_model.objects.create_user("ed", "editor@example.org", "pw", is_staff=True)
    post = make_post(title="Withdrawn")
    issue = make_issue(posts=[post])
    starting.schedule(issue, timezone.now() + timedelta(minutes=5), by=editor)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    Post.objects.filter(pk=post.pk).update(published_at=None)
    clock.tick(clock.Steps())
    assert server.connections == 0, "the tick waits for no mail server"
    assert not letters.send_due()
    [(recipient, raw)] = server.accepted
    message = message_from_bytes(raw, policy=policy)
    assert recipient == "editor@example.org"
    assert message["Subject"] == f"Not sent: {issue}"
    for kind in ("plain", "html"):
        body = message.get_body((kind,)).get_content()
        assert "“Withdrawn” is a draft" in body
        assert f"/admin/newsletter/issue/{issue.pk}/change/" in body
        assert "It is a draft again" in body
        assert "paused" not in body and "queue" not in body


def test_the_tick_releases_expired_leases(server: ScriptedServer) -> None:
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
    assert server.recipients == ["free@example.org"], "a lease holds until tick releases it"
    clock.tick(clock.Steps())
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(server.recipients) == ["free@example.org", "leased@example.org"]
    assert states(issue) == {"sent": 2, "uncertain": 1}
    assert issue.state == Issue.State.SENT


def test_the_tick_keeps_valid_leases() -> None:
    issue = started("a@example.org")
    issue.deliveries.update(
        state=State.SENDING, leased_by="alive", leased_until=timezone.now() + timedelta(minutes=1)
    )
    clock.tick(clock.Steps())
    assert states(issue) == {"sending": 1}
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING


def test_a_worker_whose_lease_expired_still_records_the_outcome(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = started("a@example.org")
    released = []
    take = worker.Worker.take

    def take_and_expire(self, turn):
        take(self, turn)
        if turn.ready:
            Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
            released.append(clock.free_stale_leases())

    monkeypatch.setattr(worker.Worker, "take", take_and_expire)
    worker.deliver(issue.pk)
    assert released == [1]
    assert states(issue) == {"sent": 1}
