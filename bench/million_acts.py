"""What the processes of the benchmark with 1,000,000 readers do (bench/forking.py)."""

from __future__ import annotations

import re
import statistics
import time
from html import unescape
from itertools import count

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.delivery_acts import draft, use
from bench.delivery_run import PrivateMemory
from newsletter.delivery import cancelling, queueing, starting, worker
from newsletter.mail import rendering as mail
from newsletter.models import Content, Delivery, Issue
from subscribers import door, wording
from subscribers.models import SignUpCount, Subscriber

LOOKS = 9


def readers(number: int) -> None:
    """Add so many readers, copied from one by the database itself."""
    pattern = Subscriber.objects.create(
        address="reader0@example.org", state="confirmed", confirmed_at=timezone.now()
    )
    padded = "lpad(n::text, 21, '0')" if connection.vendor == "postgresql" else "printf('%021d', n)"
    own = {
        "address": "'reader' || n || '@example.org'",
        "key": f"'key' || {padded}",
        "confirm_key": f"'yes' || {padded}",
    }
    fields = [field.column for field in Subscriber._meta.concrete_fields if not field.primary_key]
    chosen = ", ".join(own.get(column, column) for column in fields)
    table = Subscriber._meta.db_table
    if connection.vendor == "postgresql":
        numbers = f"generate_series(1, {number - 1}) AS numbers(n)"
    else:
        numbers = (
            "(WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
            f"WHERE n < {number - 1}) SELECT n FROM numbers)"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(fields)}) "
            f"SELECT {chosen} FROM {table}, {numbers} WHERE id = {pattern.pk}"
        )
        cursor.execute("ANALYZE")


def issue() -> int:
    """Make a draft of a real issue's length; return its key."""
    return draft().pk


def start(pk: int) -> tuple[float, float]:
    """Start the issue as an editor and a worker do; return when it answered, and all was ready."""
    began = time.monotonic()
    starting.start(Issue.objects.get(pk=pk))
    answered = time.monotonic()
    while not queueing.fill(pk, 20):
        pass
    return answered - began, time.monotonic() - began


def database_bytes() -> int:
    """Return how large the database is."""
    asked = "SELECT pg_database_size(current_database())"
    if connection.vendor == "sqlite":
        asked = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    with connection.cursor() as cursor:
        cursor.execute(asked)
        [size] = cursor.fetchone()
    return int(size)


def write_on(seconds: float) -> tuple[float, float]:
    """Write a row every 20 ms, as a sign-up does; return the median and the longest wait."""
    waits = []
    now, end = timezone.now(), time.monotonic() + seconds
    for number in count():
        began = time.monotonic()
        if began > end:
            break
        SignUpCount.objects.create(subject=f"{began}-{number}", hour=now)
        waits.append(time.monotonic() - began)
        if SignUpCount.objects.filter(subject="stop").exists():
            break
        time.sleep(0.02)
    return statistics.median(waits), max(waits)


def stop_writing() -> None:
    """Let write_on() return."""
    SignUpCount.objects.create(subject="stop", hour=timezone.now())


def begin_writing() -> None:
    SignUpCount.objects.all().delete()


def send(pk: int, port: int, connections: int, seconds: float) -> float:
    """Send as a worker does; return the peak of its private memory in MiB."""
    use(port, connections)
    memory = PrivateMemory()
    memory.start()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if worker.deliver(pk, left).more is False and not is_sending(pk):
            break
        time.sleep(0.02)
    return memory.stop() / 1024


def is_sending(pk: int) -> bool:
    return Issue.objects.filter(pk=pk, state=Issue.State.SENDING).exists()


def session() -> str:
    """Return the session of somebody who may send."""
    from django.contrib.auth import get_user_model

    user, _ = get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _client(key: str) -> Client:
    client = Client(headers={"host": "localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


def progress(pk: int, key: str) -> float:
    """Return the milliseconds of the progress page, the median of some looks."""
    client, url = _client(key), reverse("admin:newsletter_issue_progress", args=[pk])
    took = []
    for number in range(LOOKS + 2):
        began = time.monotonic()
        answer = client.get(url)
        if answer.status_code != 200:
            raise RuntimeError(f"The progress page answers {answer.status_code}.")
        if number > 1:  # The first ones load templates.
            took.append(1000 * (time.monotonic() - began))
    return statistics.median(took)


def press(pk: int, key: str, button: str) -> tuple[float, float, str]:
    """Press a button; return when it was answered, when sending had stopped, and the state."""
    client = _client(key)
    client.get(reverse("admin:newsletter_issue_progress", args=[pk]))
    began = time.monotonic()
    client.post(reverse(f"admin:newsletter_issue_{button}", args=[pk]))
    answered = time.monotonic()
    under_way = Delivery.objects.filter(issue=pk, state=Delivery.State.SENDING)
    while under_way.exists() and time.monotonic() - began < 60:
        time.sleep(0.005)
    stopped = time.monotonic()
    return (
        answered - began,
        stopped - began,
        str(Issue.objects.values_list("state", flat=True).get(pk=pk)),
    )


def skip_rest(pk: int) -> float:
    """Skip what is left of a cancelled issue, as a worker does; return the seconds."""
    began = time.monotonic()
    while cancelling.skip(pk, 20):
        pass
    return time.monotonic() - began


def sign_up(address: str) -> None:
    """Ask for a confirmation as the form does."""
    door.request_sign_up(address, where="/", network=address, words=wording.current()[0])


def links(mails: int) -> list[str]:
    """Return the links of the newest issue's mails to so many readers, mail after mail."""
    content = Content.objects.order_by("-pk").first()
    assert content is not None
    template = mail.MessageTemplate(bytes(content.mime))
    found: list[str] = []
    for reader in Subscriber.objects.confirmed().order_by("pk")[:mails]:
        assert reader.address and reader.key
        message = template.for_recipient(
            address=reader.address, message_id="<a@b>", key=reader.key, date=timezone.now()
        )
        from email import message_from_bytes, policy

        body = message_from_bytes(message, policy=policy.default).get_body(("html",))
        assert body is not None
        for url in re.findall(r'href="([^"]+)"', body.get_content()):
            url = unescape(url).partition("#")[0]
            if url.startswith(settings.SITE_URL):
                found.append(url.removeprefix(settings.SITE_URL) or "/")
    return found


def unsubscribe_prefix() -> str:
    return reverse("subscribers:unsubscribe", args=["x"]).removesuffix("x/")


def publish() -> None:
    """Start an issue, so that its web edition is there."""
    pk = issue()
    starting.start(Issue.objects.get(pk=pk))
    queueing.fill(pk, 600)
