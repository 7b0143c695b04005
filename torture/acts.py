"""What the forked processes of the torture do (bench/forking.py): fill, send, tick, click, look."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from itertools import batched
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.delivery import cancelling, clock, queueing, starting, worker
from newsletter.mail import rendering as mail
from newsletter.models import Delivery, Issue, IssuePost
from posts.models import Author, Post
from subscribers.models import Subscriber, Suppression

State = Delivery.State
# An editor's click is tried on an issue in these states only; every other one answers, too.
OPEN = (Issue.State.SENDING, Issue.State.PAUSED)


def fill(recipients: int, scheduled: bool = False) -> int:
    """Start an issue for so many subscribers, after all others are removed. Return its key."""
    for left in (Delivery, Issue, Subscriber, Suppression):
        # Their rows go with nothing else: events of deliveries, posts of issues.
        left._base_manager.all().delete()
    now = timezone.now()
    for numbers in batched(range(recipients), 5_000):
        Subscriber.objects.bulk_create(
            Subscriber(address=f"reader{n}@example.org", state="confirmed", confirmed_at=now)
            for n in numbers
        )
    author, _ = Author.objects.get_or_create(name="Torture Author")
    post = Post.objects.filter(author=author).first() or Post.objects.create(
        title="Every call", summary="Every call counts.", body="<p>Every call counts.</p>",
        author=author, published_at=now,
    )  # fmt: skip
    issue = Issue.objects.create(subject="The week on the floor", intro="<p>Every call.</p>")
    IssuePost.objects.create(issue=issue, post=post, position=1)
    if scheduled:
        Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SCHEDULED, scheduled_for=now)
        return issue.pk
    starting.start(issue)
    queueing.fill(issue.pk, 3600)
    return issue.pk


def state(issue: int) -> str:
    return str(Issue.objects.values_list("state", flat=True).get(pk=issue))


def use(port: int, connections_each: int) -> None:
    """Send to the mail server on this port, over so many connections."""
    for mailer in settings.MAILERS.values():
        mailer["OPTIONS"]["port"] = port
    settings.DELIVERY_CONNECTIONS = connections_each


def shift_clock(seconds: float, jump_each: float = 0) -> None:
    """Let this process have another time; with `jump_each`, in turn behind and ahead."""
    right = timezone.now
    began = time.monotonic()

    def now() -> Any:
        turn = int((time.monotonic() - began) / jump_each) % 2 if jump_each else 0
        return right() + timedelta(seconds=-seconds if turn else seconds)

    timezone.now = now


def full_disk(pages: int) -> None:
    """Let SQLite add so many pages at most, in this process."""
    with connection.cursor() as cursor:
        [there] = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {there + pages}")


def send(
    issue: int,
    port: int,
    connections_each: int,
    seconds: float = 600,
    clock_off: float = 0,
    jump_each: float = 0,
    pages: int | None = None,
) -> list[str]:
    """Send an issue as a worker does, again and again; return what was raised.

    It ends when the issue is over, or after so many seconds. The database may be away meanwhile.
    """
    use(port, connections_each)
    if clock_off:
        shift_clock(clock_off, jump_each)
    raised = set()
    end = time.monotonic() + seconds
    limited = pages is None
    while time.monotonic() < end:
        try:
            if not limited:
                full_disk(pages or 0)
                limited = True
            state = Issue.objects.values_list("state", flat=True).get(pk=issue)
            if state not in OPEN:
                break
            if state == Issue.State.SENDING:
                worker.deliver(issue, min(20, end - time.monotonic()))
        except (DatabaseError, InterfaceError, connection.Database.Error) as error:
            said = f"{type(error).__name__}: {str(error).strip()[:120]}"
            if said not in raised:
                print(said, file=sys.stderr)
            raised.add(said)
            connections.close_all()
        except ObjectDoesNotExist:
            break
        time.sleep(0.02)
    return sorted(raised)


def tick(seconds: float = 0, clock_off: float = 0) -> list[str]:
    """Tick for so many seconds, as often as possible; return what failed."""
    if clock_off:
        shift_clock(clock_off)
    end, failed = time.monotonic() + seconds, set()
    while True:
        steps = clock.Steps()
        clock.tick(steps)
        failed.update(steps.failed)
        if time.monotonic() >= end:
            return sorted(failed)
        time.sleep(0.05)


def free(pids: list[int] | None) -> None:
    """Let the leases of these dead workers run out; of all, for None."""
    leased = Delivery.objects.exclude(leased_until=None)
    past = timezone.now() - timedelta(seconds=1)
    if pids is None:
        leased.update(leased_until=past)
    for pid in pids or ():
        leased.filter(leased_by__contains=f"-{pid}-").update(leased_until=past)
    clock.free_stale_leases()
    # The task of a dead worker asks for no other one.
    Issue.objects.update(woken_at=None)


def nudge(issue: int) -> str:
    """Do what time and a patient editor do: what waits is due, what paused goes on."""
    found = Issue.objects.get(pk=issue)
    if found.state == Issue.State.PAUSED:
        starting.resume(found)
    Issue.objects.filter(pk=issue).update(quiet_until=None, away_in_a_row=0)
    now = timezone.now()
    Delivery.objects.filter(issue=issue, state=State.QUEUED, due_at__gt=now).update(due_at=now)
    if found.state == Issue.State.CANCELLED:
        cancelling.skip(issue, 60)
    clock.tick(clock.Steps())
    return state(issue)


def editor() -> str:
    """Return the session of somebody who may send."""
    user, _ = get_user_model().objects.get_or_create(
        username="torturer", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def click(issue: int, session: str, what: str) -> tuple[int, float]:
    """Let an editor ask for a page or press a button; return the status and the seconds it took."""
    client = Client(raise_request_exception=False, headers={"host": settings.ALLOWED_HOSTS[0]})
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    url = reverse(f"admin:newsletter_issue_{what}", args=[issue])
    began = time.monotonic()
    answer = client.get(url) if what == "progress" else client.post(url)
    return answer.status_code, time.monotonic() - began


def rows(issue: int) -> list[list[str]]:
    """Return address, state, reply and Message-ID of each delivery."""
    number = Issue.objects.values_list("number", flat=True).get(pk=issue)
    found = Delivery.objects.filter(issue=issue).order_by("pk")
    columns = found.values_list("pk", "subscriber__address", "state", "reply")
    return [
        [address or "", state, reply, mail.message_id(pk, number)]
        for pk, address, state, reply in columns.iterator(5_000)
    ]


def recipients(issue: int) -> int:
    return Issue.objects.values_list("recipients", flat=True).get(pk=issue)


def vendor() -> str:
    return connection.vendor
