"""Sends the mails that sign-ups owe: at least once, tried again while a server is away."""

import logging
import math
import smtplib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from alarmroom import mail
from subscribers import tokens
from subscribers.models import Notice, Resource, Subscriber, Suppression

logger = logging.getLogger(__name__)

# Longer than a mail server may take over one message (SMTP_TIMEOUT for each command).
LEASE = timedelta(minutes=10)
# After each try in turn, three days in all. A host that has deferred a mail twice is left
# alone for half an hour at least (RFC 5321 4.5.4.1).
PAUSES = [
    timedelta(minutes=minutes) for minutes in (1, 30, 60, 120, 240, 480, 720, 720, 720, 720, 720)
]
# A server that could not be talked to has deferred nothing: it may be back in a moment.
AWAY_PAUSES = [PAUSES[0], timedelta(minutes=5), *PAUSES[1:]]


class ServerAway(Exception):
    """The mail server cannot be talked to at all: no reason to try the next mail now."""


class TryLater(Exception):
    """The mail server put this mail off (a 4xx reply)."""


class Refused(Exception):
    """The mail server will never take this mail (a 5xx reply)."""


@dataclass(frozen=True)
class Sent:
    """How many notices were sent, and whether more can be sent right now."""

    count: int
    more: bool


def send_due(limit: int = 100) -> int:
    """Send up to `limit` notices that are due; return how many were sent. See send_slice()."""
    return send_slice(limit).count


def send_slice(limit: int = 100, seconds: float = math.inf) -> Sent:
    """Send notices that are due, oldest first: up to `limit`, none begun after `seconds`.

    Safe to run in several processes at once. A process that dies in the middle leaves its
    notice leased, and it is sent when the lease runs out: twice at worst, never lost. What
    goes wrong with one notice is logged and keeps no other from being sent.
    """
    ends = time.monotonic() + seconds
    sent = 0
    for pk, due_at in due().order_by("due_at", "pk").values_list("pk", "due_at")[:limit]:
        try:
            notice = claim(pk, due_at)
            if notice is not None:
                sent += send(notice)
        except ServerAway:
            return Sent(sent, more=False)
        except Exception:
            # Its lease runs out, and it is tried again then.
            logger.exception("Notice %s could not be handled", pk)
        if time.monotonic() > ends:
            break
    return Sent(sent, more=due().exists())


def due() -> QuerySet[Notice]:
    """The notices that should be sent now and that no worker holds."""
    return Notice.objects.filter(state=Notice.State.QUEUED, due_at__lte=timezone.now())


def claim(pk: int, due_at: datetime) -> Notice | None:
    """Return a notice that nobody else will send while the lease lasts, or None.

    `due_at` is when it was last seen to be due; whoever moves it first has the notice. None
    also where its reader was erased meanwhile, and the notice with the reader.
    """
    claimed = Notice.objects.filter(pk=pk, state=Notice.State.QUEUED, due_at=due_at).update(
        due_at=timezone.now() + LEASE, tries=F("tries") + 1, last_error=""
    )
    if not claimed:
        return None
    return Notice.objects.select_related("subscriber").filter(pk=pk).first()


def send(notice: Notice) -> bool:
    """Send a claimed notice and keep the outcome; return whether it was sent.

    Raises ServerAway, after the notice was put off, where nothing else can be sent either.
    """
    try:
        if reason := not_to_be_sent(notice):
            finish(notice, Notice.State.SKIPPED, reason)
            return False
        submit(build(notice))
    except Refused as error:
        finish(notice, Notice.State.FAILED, str(error))
    except TryLater as error:
        put_off(notice, str(error))
    except ServerAway as error:
        put_off(notice, str(error), AWAY_PAUSES)
        raise
    except Exception as error:
        # A mistake of ours: tried again like a mail that was put off, and given up in the end.
        logger.exception("Notice %s could not be built or sent", notice.pk)
        put_off(notice, f"{type(error).__name__}: {error}")
    else:
        finish(notice, Notice.State.SENT)
        return True
    return False


def not_to_be_sent(notice: Notice) -> str:
    """Return why a notice must not go out any more; "" if it may.

    Asked at the last moment, because minutes or days may lie between owing and sending.
    """
    subscriber = notice.subscriber
    if Suppression.objects.filter(address=subscriber.address).exists():
        return "The address is suppressed."
    fits = {
        Notice.Kind.CONFIRM: Subscriber.State.PENDING,
        Notice.Kind.ALREADY: Subscriber.State.CONFIRMED,
        Notice.Kind.WELCOME: Subscriber.State.CONFIRMED,
    }[Notice.Kind(notice.kind)]
    if subscriber.state != fits:
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
        raise refusal(code, reply) from error
    except smtplib.SMTPDataError as error:
        raise refusal(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        # The greeting, the login or our own sender was turned down: a matter of the
        # set-up that an operator will mend, and no fault of the recipient.
        raise ServerAway(reply_line(error.smtp_code, error.smtp_error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise ServerAway(f"{type(error).__name__}: {error}") from error


def refusal(code: int, reply: bytes | str) -> Exception:
    """Return the error for a reply to RCPT or DATA: 5xx is final, all else is not."""
    kind = Refused if 500 <= code < 600 else TryLater
    return kind(reply_line(code, reply))


def reply_line(code: int, reply: bytes | str) -> str:
    """Return a server's reply as one line of text."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(text.split())}"


def finish(notice: Notice, state: Notice.State, error: str = "") -> None:
    """Keep the final outcome of a notice."""
    notice.state = state
    notice.last_error = error[:300]
    notice.sent_at = timezone.now() if state == Notice.State.SENT else None
    keep(notice, "state", "last_error", "sent_at")
    if state == Notice.State.FAILED:
        logger.warning("Notice %s failed: %s", notice.pk, error)


def put_off(notice: Notice, error: str, pauses: Sequence[timedelta] = PAUSES) -> None:
    """Plan the next try after the next of the pauses, or give up after the last."""
    if notice.tries > len(pauses):
        finish(notice, Notice.State.FAILED, f"Given up after {notice.tries} tries: {error}")
        return
    pause = pauses[notice.tries - 1]
    notice.due_at = timezone.now() + pause
    notice.last_error = error[:300]
    keep(notice, "due_at", "last_error")
    logger.info("Notice %s is tried again in %s: %s", notice.pk, pause, error)


def keep(notice: Notice, *fields: str) -> None:
    """Write fields of a notice that may be gone: its reader can be erased at any moment."""
    values = {field: getattr(notice, field) for field in fields}
    if not Notice.objects.filter(pk=notice.pk).update(**values):
        logger.info("Notice %s is gone: its reader was erased", notice.pk)


def try_again(chosen: QuerySet[Notice]) -> int:
    """Make notices that failed or wait for their next try due now; return how many.

    The tries until it is given up count anew. One that a worker holds right now (it has no
    error yet) is left to it: a second copy would go out.
    """
    now = timezone.now()
    in_hand = Q(state=Notice.State.QUEUED, last_error="", tries__gt=0, due_at__gt=now)
    open_or_failed = chosen.filter(state__in=[Notice.State.QUEUED, Notice.State.FAILED])
    return open_or_failed.exclude(in_hand).update(state=Notice.State.QUEUED, due_at=now, tries=0)


def build(notice: Notice) -> EmailMultiAlternatives:
    """Return the mail of a notice. Nothing in it was typed by whoever filled in the form."""
    subscriber = notice.subscriber
    unsubscribe_url = absolute("unsubscribe", subscriber.key)
    context: dict[str, Any] = {"unsubscribe_url": unsubscribe_url}
    headers = {"Message-ID": message_id(notice)}
    if notice.kind == Notice.Kind.CONFIRM:
        context["confirm_url"] = absolute("confirm", subscriber.confirm_key)
        context["confirm_until"] = subscriber.confirm_link_ends
    else:
        context["resources"] = with_links(Resource.objects.all())
        context["link_days"] = tokens.RESOURCE_LINK_LIFE.days
        headers |= unsubscribe_headers(subscriber, unsubscribe_url)
    return mail.transactional(notice.kind, subscriber.address, context, headers)


def with_links(resources: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return each resource with a fresh signed link, for a mail or a page.

    The cover comes as an absolute address.
    """
    found = []
    for resource in resources:
        item: dict[str, Any] = {"resource": resource, "url": tokens.resource_link(resource)}
        if resource.cover:
            item["cover_url"] = urljoin(f"{settings.SITE_URL}/", resource.cover.url)
        found.append(item)
    return found


def unsubscribe_headers(subscriber: Subscriber, url: str) -> dict[str, str]:
    """Return the headers of one-click unsubscribing."""
    return {
        "List-Unsubscribe": mail.list_unsubscribe(url, subscriber.key),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def message_id(notice: Notice) -> str:
    """Return a Message-ID that a second copy after a crash shares (RFC 5322 3.6.4)."""
    digest = salted_hmac("subscribers.notice", str(notice.pk), algorithm="sha256").hexdigest()
    return f"<notice.{digest[:32]}@{settings.MAIL_DOMAIN}>"


def absolute(name: str, key: str) -> str:
    """Return the whole address of one of this room's pages."""
    return settings.SITE_URL + reverse(f"subscribers:{name}", args=[key])
