"""Pausing an issue, and the mail that tells its editor."""

from __future__ import annotations

import contextlib
import logging
import smtplib
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from alarmroom.desk import log
from alarmroom.desk.models import Act
from alarmroom.mail import transactional
from newsletter.models import Issue
from subscribers import signup
from subscribers.forms import clean_address

logger = logging.getLogger(__name__)


def pause(issue: Issue, why: str, *, by: Any = None, tell: bool = False) -> bool:
    """Stop sending after the message that is under way; `tell` the editor who started it.

    False where the issue is not being sent.
    """
    with transaction.atomic():
        changed = Issue.objects.filter(pk=issue.pk, state=Issue.State.SENDING).update(
            state=Issue.State.PAUSED, state_note=why[:300], quiet_until=None
        )
        if changed:
            # By itself, the reason is in a server's words, which may name an address.
            log.record(Act.Kind.PAUSED, by=by, about=issue)
    issue.refresh_from_db()
    if changed and tell:
        logger.error("Issue %s is paused: %s", issue.number, why)
        # After the commit: this mail goes through a server, which may be slow, and SQLite's
        # only write lock is not held for that long.
        transaction.on_commit(lambda: tell_editor(issue, "issue_paused"), robust=True)
    return bool(changed)


def tell_editor(issue: Issue, mail_name: str) -> None:
    """Write to the editor who sent or scheduled the issue, if mail can be sent at all.

    `mail_name` is the mail's name in `templates/email/`.
    """
    address = getattr(issue.started_by, "email", "")
    if not address:
        return
    if never_mailed(address):
        logger.info("%s of issue %s: the editor's address is suppressed", mail_name, issue.number)
        return
    try:
        transactional(mail_name, address, {"issue": issue}).send(using="default")
    except (OSError, smtplib.SMTPException, ValueError):
        # The admin says it in any case.
        logger.exception("Could not send %s of issue %s to %s", mail_name, issue.number, address)


def never_mailed(address: str) -> bool:
    """Return whether the address of an account, in any spelling, is suppressed."""
    with contextlib.suppress(ValidationError):
        address = clean_address(address)
    return signup.is_suppressed(address.lower())
