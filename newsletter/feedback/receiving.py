"""The door for mail: what comes back is written down, acted on, or kept for a look.

A mail may come any number of times: events and kept mails are unique. What cannot be stored raises,
and whoever brings the mail keeps it and tries again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from enum import Enum

from newsletter.delivery.hearing import Heard
from newsletter.feedback import following
from newsletter.feedback.keeping import keep
from newsletter.feedback.leaving import note_left
from newsletter.feedback.parts import Part, read
from newsletter.feedback.reading import Understood, What, understand
from newsletter.models import DeliveryEvent, ReceivedMail
from subscribers import signup
from subscribers.models import Subscriber

logger = logging.getLogger(__name__)

Kind, Why = DeliveryEvent.Kind, ReceivedMail.Why
SOURCE = "mailbox"


class Result(Enum):
    """What became of a mail."""

    NOTED = "noted"
    KEPT = "kept for a look"
    NOTHING = "nothing to do"


def receive(raw: bytes, recipients: Sequence[str] = (), *, size: int | None = None) -> Result:
    """Take in one mail, which was delivered to these addresses of ours.

    `raw` need be no more than its beginning; then `size` is that of the whole. Whatever the mail
    holds, nothing raises but what the database says (django.db.Error) and keeping.Full.
    """
    mail, found = _read(raw, recipients)
    why = Why.BROKEN if found is None else _act(found)
    if why is None:
        return Result.NOTHING if found and found.what is What.NEWS else Result.NOTED
    if found and found.what is What.AUTO_REPLY:
        # It says nothing that anybody must know, and comes by the thousand.
        return Result.NOTHING
    to = next((each for each in recipients if each), mail.get("to") if mail else "")
    keep(raw, why, source=SOURCE, mail=mail, recipient=to, size=size)
    return Result.KEPT


def _read(raw: bytes, recipients: Sequence[str]) -> tuple[Part | None, Understood | None]:
    """Return a mail and what it is, as far as it can be read."""
    mail: Part | None = None
    try:
        mail = read(raw)
        return mail, understand(mail, recipients)
    except Exception:  # Whoever wrote it may want just that.
        logger.exception("A mail could not be read; it is kept for a look")
        return mail, None


def _act(found: Understood) -> ReceivedMail.Why | None:
    """Do what a mail asks for; return why it is kept for a look, or None."""
    if found.what is What.NEWS:
        return None
    if found.what is What.PERSON:
        return Why.PERSON
    if found.what is What.ROBOT:
        return Why.UNKNOWN
    if found.what is What.LEAVES:
        return _leave(found.key, found.text)
    if found.delivery is None:
        return Why.UNPROVEN
    try:
        if found.what is What.BOUNCE:
            following.bounced(found.delivery, found.said, SOURCE)
        elif found.what is What.COMPLAINT:
            at = found.said[0].at if found.said else None
            following.complained(
                found.delivery, Heard(Kind.COMPLAINT, SOURCE, said=found.text, at=at)
            )
        else:
            following.answered_by_itself(
                found.delivery, Heard(Kind.AUTO_REPLY, SOURCE, said=found.text)
            )
    except following.NoDelivery:
        return Why.NO_DELIVERY
    return None


def _leave(key: str, issue: str) -> ReceivedMail.Why | None:
    """Unsubscribe the owner of a key."""
    subscriber = Subscriber.objects.filter(key=key).first()
    if subscriber is None:
        return Why.NO_READER
    if signup.unsubscribe(subscriber, where="a mail to the address in List-Unsubscribe"):
        note_left(subscriber, issue, SOURCE)
    return None
