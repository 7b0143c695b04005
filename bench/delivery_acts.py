"""What the processes of the delivery benchmark do (bench/forking.py): fill, send, look."""

from __future__ import annotations

import email
import email.policy
import time
from itertools import batched
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench import delivery_wire as wire
from newsletter.delivery import queueing, starting, worker
from newsletter.mail import rendering as mail
from newsletter.models import Content, Delivery, Issue, IssuePost
from posts.models import Author, Post
from subscribers.models import Subscriber

PARAGRAPH = "The caller hears one voice, and the crew hears the same one. " * 6
# So many articles make a mail of about 40 kB, as long as an issue is.
ARTICLES = 8


def fill(count: int) -> int:
    """Add subscribers and an issue whose delivery is started; return the bytes of a mail."""
    now = timezone.now()
    for numbers in batched(range(count), 5_000):
        Subscriber.objects.bulk_create(
            Subscriber(address=f"reader{n}@example.org", state="confirmed", confirmed_at=now)
            for n in numbers
        )
    issue = draft()
    starting.start(issue)
    queueing.fill(issue.pk, 3600)
    return len(message())


def draft() -> Issue:
    """Make an issue of a real one's length."""
    author = Author.objects.create(name="Bench Author")
    issue = Issue.objects.create(subject="A full issue", intro=f"<p>{PARAGRAPH}</p>")
    for position in range(ARTICLES):
        post = Post.objects.create(
            title=f"Article {position}",
            summary=PARAGRAPH[:300],
            body=f"<p>{PARAGRAPH}</p>",
            author=author,
            published_at=timezone.now(),
        )
        IssuePost.objects.create(issue=issue, post=post, position=position)
    return issue


def message() -> bytes:
    """Return a finished mail of the issue."""
    subscriber = Subscriber.objects.order_by("pk").first()
    assert subscriber is not None and subscriber.address and subscriber.key
    return mail.MessageTemplate(bytes(Content.objects.get().mime)).for_recipient(
        address=subscriber.address,
        message_id=mail.message_id(subscriber.pk, 1),
        key=subscriber.key,
        date=timezone.now(),
    )


def as_text() -> str:
    return message().decode()


def refill(least: int) -> None:
    """Write the ledger anew if fewer rows than these are left to be sent."""
    issue = Issue.objects.get()
    queued = Delivery.objects.filter(issue=issue, state=Delivery.State.QUEUED)
    now = timezone.now()
    if issue.state == Issue.State.SENDING and queued.count() >= least:
        # A server that was away for a moment at the end of the last run does not count.
        queued.filter(due_at__gt=now).update(due_at=now)
        return
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Delivery._meta.db_table}")
    Issue.objects.filter(pk=issue.pk).update(
        state=Issue.State.SENDING, queued_to=0, recipients=0, quiet_until=None
    )
    queueing.fill(issue.pk, 3600)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {Delivery._meta.db_table}")


def sent() -> tuple[int, float]:
    """Return how many messages were accepted, and the moment when they were counted."""
    rows = Delivery.objects.filter(issue=Issue.objects.only("pk").get(), state=Delivery.State.SENT)
    return rows.count(), time.monotonic()


def check() -> None:
    """Every message that was begun must have been accepted."""
    states = Issue.objects.get().totals()
    for state in ("sending", "failed", "skipped", "uncertain"):
        if states[state]:
            raise RuntimeError(f"smtp-sink takes everything, and yet: {states}")


def use(port: int, connections: int) -> None:
    """Send to the mail server on this port, over so many connections."""
    for mailer in settings.MAILERS.values():
        mailer["OPTIONS"]["port"] = port
    settings.DELIVERY_CONNECTIONS = connections


def deliver(port: int, connections: int, seconds: float) -> None:
    """Send the issue for so many seconds, as a worker does."""
    use(port, connections)
    issue = Issue.objects.only("pk").get()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0.05:
        worker.deliver(issue.pk, left)


# Beside it, without a ledger


def pipelined(port: int, connections: int, seconds: float) -> dict[str, float]:
    return wire.pipelined(port, connections, seconds, message())


def lock_step(port: int, connections: int, seconds: float) -> dict[str, float]:
    return wire.lock_step(port, seconds, message())


def with_commits(port: int, connections: int, seconds: float) -> dict[str, float]:
    return wire.with_commits(port, seconds, message())


def with_smtplib(port: int, connections: int, seconds: float) -> dict[str, float]:
    return wire.with_smtplib(port, seconds, message())


def with_django(port: int, connections: int, seconds: float) -> dict[str, float]:
    found = email.message_from_bytes(message(), policy=email.policy.default)
    parts: dict[str, Any] = {
        "subject": str(found["Subject"]),
        "sender": str(found["From"]),
        "headers": {
            name: str(found[name])
            for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id")
            if found[name]
        },
    }
    for kind in ("plain", "html"):
        body = found.get_body((kind,))
        assert body is not None
        parts["text" if kind == "plain" else kind] = body.get_content()
    return wire.with_django(port, seconds, parts)


def knows_connections() -> bool:
    """Return whether workers can be told how many connections to use."""
    return hasattr(settings, "DELIVERY_CONNECTIONS")
