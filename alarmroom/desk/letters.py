"""Mails to accounts of the desk: written as rows in a request, sent by a worker with retries.

A page never waits for a mail server. A worker claims a row before it sends it, so two workers
send it once; if one dies in between, it is sent again when its lease ends.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import smtplib
import time
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from alarmroom import mail
from alarmroom.desk.models import Letter
from alarmroom.mail_text import one_line

logger = logging.getLogger(__name__)

# A worker that died holds a letter for no longer: a server is waited for up to 16 times.
LEASE = max(dt.timedelta(minutes=10), 16 * dt.timedelta(seconds=settings.SMTP_TIMEOUT))
# The pause after each try.
PAUSES = [dt.timedelta(minutes=minutes) for minutes in (1, 10, 60, 240, 720, 1440)]
LONGEST_SAID = 2_000  # characters
KEPT = dt.timedelta(days=30)
AT_ONCE = 500


def write(
    to: Any, key: str, *, heading: str, about: str, said: str, url: str, link: str
) -> Letter | None:
    """Owe a letter to an account; None if it is owed already. Call it in the act's transaction.

    `heading` is the subject, `about` what it is about, `said` what somebody wrote, `url` the
    path of a page of the desk, `link` the words that lead there.
    """
    context = {
        "heading": one_line(heading)[:200],
        "about": one_line(about)[:200],
        "said": "\n".join(one_line(line) for line in said[:LONGEST_SAID].splitlines()),
        "url": settings.SITE_URL + url,
        "link": link,
    }
    letter, made = Letter.objects.get_or_create(
        key=f"{key}-{to.pk}", defaults={"to": to, "context": context}
    )
    return letter if made else None


def send_due(seconds: float = math.inf) -> bool:
    """Send letters that are due, none begun after so many seconds; return whether some are left."""
    deadline = time.monotonic() + seconds
    for pk, due_at in Letter.objects.due().order_by("due_at", "pk").values_list("pk", "due_at"):
        claimed = Letter.objects.filter(pk=pk, state=Letter.State.QUEUED, due_at=due_at).update(
            due_at=timezone.now() + LEASE, tries=F("tries") + 1
        )
        letter = Letter.objects.select_related("to").filter(pk=pk).first() if claimed else None
        if letter and not send(letter):
            return False  # The server is away: the tick tries again.
        if time.monotonic() > deadline:
            break
    return Letter.objects.due().exists()


def send(letter: Letter) -> bool:
    """Send a claimed letter and store what came of it; False if the mail server is away."""
    to = letter.to
    if not (to.is_active and to.is_staff and to.email):
        _finish(letter, Letter.State.SKIPPED, "The account has no address, or is closed.")
        return True
    digest = salted_hmac("desk.letter", letter.key, algorithm="sha256").hexdigest()[:32]
    headers = {"Message-ID": f"<desk.{digest}@{settings.MAIL_DOMAIN}>"}
    try:
        mail.transactional("desk_note", to.email, letter.context, headers).send(using="default")
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        if 500 <= code < 600:
            _finish(letter, Letter.State.FAILED, f"{code}: the address is refused")
        else:
            _postpone(letter, str(code))
    except smtplib.SMTPDataError as error:
        if 500 <= error.smtp_code < 600:
            _finish(letter, Letter.State.FAILED, f"{error.smtp_code}: the mail is refused")
        else:
            _postpone(letter, str(error.smtp_code))
    except (OSError, smtplib.SMTPException) as error:
        _postpone(letter, type(error).__name__)
        return False
    except Exception as error:
        # Such as an address that is none: tried again like a deferred mail, and given up at last.
        logger.exception("Letter %s could not be built or sent", letter.pk)
        _postpone(letter, type(error).__name__)
    else:
        _finish(letter, Letter.State.SENT)
    return True


def _finish(letter: Letter, state: Letter.State, error: str = "") -> None:
    now = timezone.now() if state == Letter.State.SENT else None
    Letter.objects.filter(pk=letter.pk).update(state=state, sent_at=now, last_error=error[:300])
    if state == Letter.State.FAILED:
        logger.warning("Letter %s failed: %s", letter.pk, error)


def _postpone(letter: Letter, error: str) -> None:
    if letter.tries > len(PAUSES):
        _finish(letter, Letter.State.FAILED, f"Given up after {letter.tries} tries: {error}")
        return
    due_at = timezone.now() + PAUSES[letter.tries - 1]
    Letter.objects.filter(pk=letter.pk).update(due_at=due_at, last_error=error[:300])


def delete_outdated(now: dt.datetime) -> None:
    """Delete letters that were sent, or given up, long ago. For the tick."""
    old = Letter.objects.filter(made_at__lt=now - KEPT).exclude(state=Letter.State.QUEUED)
    Letter.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE])).delete()
