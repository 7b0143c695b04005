"""What follows from what is heard of a delivery: nothing but an event, or no further mail.

The address is always that of the ledger, never one that a report names. Only the first report of
its kind has consequences: whom an editor let in again is not shut out by an old one. Nor does what
is said of a mail from before its reader confirmed anew say anything about today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from newsletter.delivery import hearing, suppressing
from newsletter.delivery.answers import Fate, Outcome
from newsletter.delivery.hearing import Heard
from newsletter.feedback.reports import Said, enhanced_code
from newsletter.models import Delivery, DeliveryEvent
from subscribers import signup
from subscribers.models import Subscriber, Suppression

Kind = DeliveryEvent.Kind


class NoDelivery(Exception):
    """The delivery is not in this ledger."""


def bounced(pk: int, said: Sequence[Said], source: str) -> None:
    """Note a bounce; suppress the address where that suffices. Raises NoDelivery.

    Of several recipients the delivery's own counts, else the first that failed.
    """
    with transaction.atomic():
        delivery = _delivery(pk)
        own = {delivery.subscriber.address} if delivery.subscriber else set()
        of_own = [one for one in said if own.intersection(one.addresses)]
        one = (of_own or list(said))[0]
        outcome = outcome_of(one, own)
        heard = suppressing.heard_of(outcome, source)
        heard = replace(heard, at=one.at, said=one.text or heard.said)
        is_first, reader = hearing.note(delivery, heard), _reader(delivery)
        if is_first and reader and suppressing.suffices_of_a_bounce(delivery, outcome):
            suppressing.suppress(reader.address, outcome, delivery.issue.number)


def complained(pk: int, heard: Heard) -> None:
    """Note a complaint; the address is never mailed again. Raises NoDelivery."""
    with transaction.atomic():
        delivery = _delivery(pk)
        if hearing.note(delivery, heard) and (reader := _reader(delivery)):
            signup.suppress(
                reader.address,
                Suppression.Reason.COMPLAINT,
                note=f"{heard.source}: {heard.said}"[:300] if heard.said else heard.source,
                where=f"Issue {delivery.issue.number}",
            )


def left(pk: int, heard: Heard, where: str) -> None:
    """Note that the reader of a delivery left, and unsubscribe. Raises NoDelivery."""
    with transaction.atomic():
        delivery = _delivery(pk)
        if hearing.note(delivery, heard) and (reader := _reader(delivery)):
            signup.unsubscribe(reader, where=where)


def answered_by_itself(pk: int, heard: Heard) -> None:
    """Note an automatic reply. Raises NoDelivery."""
    hearing.note(_delivery(pk), heard)


def outcome_of(said: Said, addresses: set[str]) -> Outcome:
    """Return what a report says of a recipient as a server's answer, which the rules know.

    `addresses` are those of the delivery. What is said of another address (a group of people, a
    mailbox that mail is forwarded to) is no proof that this one is gone.
    """
    # "5.0.0" says nothing. Without it the reply code counts, which may say more.
    status = "" if said.status.endswith(".0.0") else said.status
    reply = f"{status} {without_codes(said.text)}".strip()
    first = (status or str(said.code or 5))[0]
    code = said.code if str(said.code or "").startswith(first) else int(first) * 100 + 50
    elsewhere = bool(said.addresses) and not addresses.intersection(said.addresses)
    # What begins with a 4 was given up after days: the mailbox may be there.
    fate = Fate.DEFERRED if first == "4" or elsewhere else Fate.REJECTED
    return Outcome(fate, code, reply)


def without_codes(text: str) -> str:
    """Return a server's words without the codes that they begin with."""
    code, _, rest = text.replace("-", " ", 1).partition(" ")
    if len(code) == 3 and code.isdecimal():
        text = rest.lstrip()
    word, _, rest = text.partition(" ")
    return rest.lstrip() if enhanced_code(word) else text


def _delivery(pk: int) -> Delivery:
    found = Delivery.objects.select_related("subscriber", "issue").filter(pk=pk).first()
    if found is None:
        raise NoDelivery(pk)
    return found


def _reader(delivery: Delivery) -> Subscriber | None:
    """Return the subscriber, unless erased, or confirmed anew after this was sent."""
    reader = delivery.subscriber
    if reader is None or (reader.confirmed_at and reader.confirmed_at > delivery.changed_at):
        return None
    return reader
