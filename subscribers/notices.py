"""Sends the notices (transactional mails): at least once, with retries while a server is down."""

import logging
import math
import smtplib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from alarmroom import mail
from alarmroom.mail_text import one_line
from subscribers import tokens
from subscribers.models import Notice, Resource, Subscriber, Suppression

logger = logging.getLogger(__name__)

# A lease is longer than a mail server may take over one message: it is waited for up to 16 times
# (two addresses of its host, its greeting, EHLO, STARTTLS, EHLO, three for the login, MAIL, RCPT,
# DATA, the message, its answer, QUIT), each time up to SMTP_TIMEOUT.
WAITS = 16
LEASE_AT_LEAST = timedelta(minutes=10)
# The pause after the first try, after the second and so on, about three days in all. After a
# second deferral a host gets at least half an hour (RFC 5321 4.5.4.1).
PAUSES = [
    timedelta(minutes=minutes) for minutes in (1, 30, 60, 120, 240, 480, 720, 720, 720, 720, 720)
]
# A server that could not be reached may be back soon, so the second pause is shorter.
AWAY_PAUSES = [PAUSES[0], timedelta(minutes=5), *PAUSES[1:]]


class ServerAway(Exception):
    """The mail server cannot be used at all now, so there is no use in trying the next mail."""


class TryLater(Exception):
    """The mail server deferred this mail (a 4xx reply)."""


class Refused(Exception):
    """The mail server will never take this mail (a 5xx reply)."""


@dataclass(frozen=True)
class SliceResult:
    """How many notices were sent, and whether more can be sent right now."""

    count: int
    more: bool


def send_due(limit: int = 100) -> int:
    """Send up to `limit` notices that are due; return how many were sent. See send_slice()."""
    return send_slice(limit).count


def send_slice(limit: int = 100, seconds: float = math.inf) -> SliceResult:
    """Send notices that are due, oldest first: up to `limit`, none begun after `seconds`.

    Safe to run in several processes at once. If a process dies, its notice stays leased and is
    sent when the lease ends: twice at worst, never lost. An error with one notice is logged
    and does not stop the others.
    """
    deadline = time.monotonic() + seconds
    sent = 0
    for pk, due_at in due().order_by("due_at", "pk").values_list("pk", "due_at")[:limit]:
        try:
            notice = claim(pk, due_at)
            if notice is not None:
                sent += send(notice)
        except ServerAway:
            return SliceResult(sent, more=False)
        except Exception:
            # It is tried again when its lease ends.
            logger.exception("Notice %s could not be handled", pk)
        if time.monotonic() > deadline:
            break
    return SliceResult(sent, more=due().exists())


def due() -> QuerySet[Notice]:
    """The notices that should be sent now and that no worker has leased."""
    return Notice.objects.filter(state=Notice.State.QUEUED, due_at__lte=timezone.now())


def claim(pk: int, due_at: datetime) -> Notice | None:
    """Lease a notice to this process and return it, or None if another process has it.

    `due_at` is the value that was just read. The UPDATE moves it, so only the first of several
    processes finds the old value. Also None if the reader was erased meanwhile.
    """
    claimed = Notice.objects.filter(pk=pk, state=Notice.State.QUEUED, due_at=due_at).update(
        due_at=timezone.now() + lease_time(), tries=F("tries") + 1, last_error=""
    )
    if not claimed:
        return None
    return Notice.objects.select_related("subscriber").filter(pk=pk).first()


def lease_time() -> timedelta:
    return max(LEASE_AT_LEAST, WAITS * timedelta(seconds=settings.SMTP_TIMEOUT))


def send(notice: Notice) -> bool:
    """Send a claimed notice and store the outcome; return whether it was sent.

    Raises ServerAway, after postponing the notice, when no other notice can be sent either.
    """
    try:
        if reason := skip_reason(notice):
            finish(notice, Notice.State.SKIPPED, reason)
            return False
        submit(build(notice))
    except Refused as error:
        finish(notice, Notice.State.FAILED, str(error))
    except TryLater as error:
        postpone(notice, str(error))
    except ServerAway as error:
        postpone(notice, str(error), AWAY_PAUSES)
        raise
    except Exception as error:
        # A bug or a wrong template: retried like a deferred mail, and given up at last.
        logger.exception("Notice %s could not be built or sent", notice.pk)
        postpone(notice, f"{type(error).__name__}: {error}")
    else:
        finish(notice, Notice.State.SENT)
        return True
    return False


def skip_reason(notice: Notice) -> str:
    """Return why a notice must not be sent any more; "" if it may be.

    It is checked right before sending: a notice may have waited for minutes or days.
    """
    subscriber = notice.subscriber
    if Suppression.objects.filter(address=subscriber.address).exists():
        return "The address is suppressed."
    required_state = {
        Notice.Kind.CONFIRM: Subscriber.State.PENDING,
        Notice.Kind.ALREADY: Subscriber.State.CONFIRMED,
        Notice.Kind.WELCOME: Subscriber.State.CONFIRMED,
    }[Notice.Kind(notice.kind)]
    if subscriber.state != required_state:
        return f"The subscriber is {subscriber.state} by now."
    if notice.kind == Notice.Kind.CONFIRM and subscriber.confirm_link_expired:
        return "The link to confirm has expired."
    return ""


def submit(message: EmailMultiAlternatives) -> None:
    """Hand a message with one recipient to the mail server.

    Raises Refused, TryLater or ServerAway with what the server said (RFC 5321 4.2.1).
    """
    try:
        message.send(using="default")
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        raise reply_error(code, reply) from error
    except smtplib.SMTPDataError as error:
        raise reply_error(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        # The server refused our greeting, login or sender address. The cause is the
        # configuration, not the recipient, so the notice is tried again.
        raise ServerAway(reply_line(error.smtp_code, error.smtp_error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise ServerAway(f"{type(error).__name__}: {error}") from error


def reply_error(code: int, reply: bytes | str) -> Exception:
    """Return the exception for a reply to RCPT or DATA: only 5xx is final."""
    kind = Refused if 500 <= code < 600 else TryLater
    return kind(reply_line(code, reply))


def reply_line(code: int, reply: bytes | str) -> str:
    """Return a server's reply as one line of text."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {one_line(text)}"


def finish(notice: Notice, state: Notice.State, error: str = "") -> None:
    """Store the final outcome of a notice."""
    notice.state = state
    notice.last_error = one_line(error)[:300]  # PostgreSQL stores no NUL.
    notice.sent_at = timezone.now() if state == Notice.State.SENT else None
    save_fields(notice, "state", "last_error", "sent_at")
    if state == Notice.State.FAILED:
        logger.warning("Notice %s failed: %s", notice.pk, error)


def postpone(notice: Notice, error: str, pauses: Sequence[timedelta] = PAUSES) -> None:
    """Schedule the next try after the next of the pauses, or give up after the last."""
    if notice.tries > len(pauses):
        finish(notice, Notice.State.FAILED, f"Given up after {notice.tries} tries: {error}")
        return
    pause = pauses[notice.tries - 1]
    notice.due_at = timezone.now() + pause
    notice.last_error = one_line(error)[:300]
    save_fields(notice, "due_at", "last_error")
    logger.info("Notice %s is tried again in %s: %s", notice.pk, pause, error)


def save_fields(notice: Notice, *fields: str) -> None:
    """Write fields of a notice, if it still exists: its reader may have been erased meanwhile."""
    values = {field: getattr(notice, field) for field in fields}
    if not Notice.objects.filter(pk=notice.pk).update(**values):
        logger.info("Notice %s is gone: its reader was erased", notice.pk)


def try_again(chosen: QuerySet[Notice]) -> int:
    """Make notices that failed or wait for their next try due now; return how many.

    Their count of tries starts again at 0. A notice that a worker has leased (queued, tried, no
    error yet) is left out, because a second copy would be sent.
    """
    now = timezone.now()
    leased = Q(state=Notice.State.QUEUED, last_error="", tries__gt=0, due_at__gt=now)
    open_or_failed = chosen.filter(state__in=[Notice.State.QUEUED, Notice.State.FAILED])
    return open_or_failed.exclude(leased).update(state=Notice.State.QUEUED, due_at=now, tries=0)


def build(notice: Notice) -> EmailMultiAlternatives:
    """Return the mail of a notice. It contains nothing that was typed into the form."""
    subscriber = notice.subscriber
    unsubscribe_url = absolute_url("unsubscribe", subscriber.key)
    context: dict[str, Any] = {"unsubscribe_url": unsubscribe_url}
    headers = {"Message-ID": message_id(notice)}
    if notice.kind == Notice.Kind.CONFIRM:
        context["confirm_url"] = absolute_url("confirm", subscriber.confirm_key)
        context["confirm_until"] = subscriber.confirm_link_ends
    else:
        context["resources"] = with_links(Resource.objects.all())
        context["link_days"] = tokens.RESOURCE_LINK_LIFE.days
        context["sender"] = parseaddr(settings.NEWSLETTER_FROM_EMAIL)[1]
        headers |= unsubscribe_headers(subscriber, unsubscribe_url)
    return mail.transactional(notice.kind, subscriber.address, context, headers)


def with_links(resources: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return each resource with a fresh signed link, for a mail or a page.

    The cover's address is absolute. `words` are those of its button.
    """
    found = []
    for resource in resources:
        kind = PurePosixPath(resource.file.name or "").suffix.removeprefix(".").upper()
        item: dict[str, Any] = {
            "resource": resource,
            "url": tokens.resource_link(resource),
            "words": f"Download the {kind}" if kind else "Download",
        }
        if cover := resource.mail_cover_url:
            item["cover_url"] = urljoin(f"{settings.SITE_URL}/", cover)
        found.append(item)
    return found


def unsubscribe_headers(subscriber: Subscriber, url: str) -> dict[str, str]:
    """Return the headers for one-click unsubscribe (RFC 8058)."""
    return {
        "List-Unsubscribe": mail.list_unsubscribe(url, subscriber.key),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def message_id(notice: Notice) -> str:
    """Return the Message-ID, the same for a copy sent after a crash (RFC 5322 3.6.4)."""
    digest = salted_hmac("subscribers.notice", str(notice.pk), algorithm="sha256").hexdigest()
    return f"<notice.{digest[:32]}@{settings.MAIL_DOMAIN}>"


def absolute_url(name: str, key: str) -> str:
    """Return the absolute URL of one of this app's views."""
    return settings.SITE_URL + reverse(f"subscribers:{name}", args=[key])
