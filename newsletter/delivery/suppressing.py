"""Suppresses addresses that mail servers say are none, so that no further issue is sent there.

What a server says while an issue is sent and what a bounce says later follow the same rule: an
address that is none is suppressed at once (5.1.1), one that may be none the second time in a row,
and one that takes no mail for another reason (its mailbox is full, its server is not reached) after
SOFT_BOUNCES_IN_A_ROW issues. What a server holds against us, or against the content, never counts.

A server that has lost its own list says so of everybody. So while an issue is sent, an address is
suppressed only while the server takes others: what is refused after too many in a row waits for the
next message that is accepted, and is forgotten when there is none. Of bounces, those that come
after many of the same domain count the second time only.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from newsletter.delivery import hearing
from newsletter.delivery.answers import Fate, Outcome
from newsletter.delivery.hearing import Heard
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.status import Trouble, enhanced, trouble
from newsletter.models import Delivery, DeliveryEvent, Issue
from subscribers import signup
from subscribers.models import Suppression

# So many refusals in a row are believed at once.
BELIEVED_IN_A_ROW = 3
# So many bounces of one domain among the latest events are believed at once.
BELIEVED_OF_A_DOMAIN, LATEST = 10, 100
# What a status code is about (RFC 3463 2): the address, the mailbox, its system, the way to it. The
# others are the protocol, the content and the policy: about us, as is what has no such code.
ABOUT_THE_MAILBOX = ("1", "2", "3", "4")

Kind = DeliveryEvent.Kind


class Refusals:
    """What one worker is told about the addresses of an issue."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        self.in_a_row = 0
        self.held: list[tuple[str, Outcome]] = []

    def accepted(self) -> None:
        """The server took a message: what it said of others before is to be believed."""
        self.in_a_row = 0
        held, self.held = self.held, []
        for address, outcome in held:
            self._suppress(address, outcome)

    def refused(self, row: LeasedRow, outcome: Outcome) -> None:
        """Note what a server refused for good, and suppress the address if it is about that."""
        self.in_a_row += 1
        # What has no code was said by no server.
        if outcome.code is None or not row.address:
            return
        with transaction.atomic():
            delivery = Delivery.objects.get(pk=row.pk)
            hearing.note(delivery, heard_of(outcome, "smtp"))
            if not suffices(delivery, outcome):
                return
            if self.in_a_row > BELIEVED_IN_A_ROW:
                self.held.append((row.address, outcome))
            else:
                self._suppress(row.address, outcome)

    def _suppress(self, address: str, outcome: Outcome) -> None:
        with transaction.atomic():
            suppress(address, outcome, self.issue.number)


def heard_of(outcome: Outcome, source: str) -> Heard:
    """Return what a refusal, or a bounce, says as an event."""
    code = enhanced(outcome)
    return Heard(
        kind=Kind.HARD_BOUNCE if _is_hard(outcome) else Kind.SOFT_BOUNCE,
        source=source,
        status=".".join(map(str, code)) if code else "",
        said=f"{outcome.code or ''} {outcome.reply}".strip(),
    )


def suffices(delivery: Delivery, outcome: Outcome) -> bool:
    """Whether the address of a delivery is to be suppressed, whose event is noted already."""
    if _is_hard(outcome):
        return trouble(outcome) is Trouble.ADDRESS or _was_hard_before(delivery)
    return _is_about_the_mailbox(heard_of(outcome, "").status) and _came_back_again(delivery)


def suffices_of_a_bounce(delivery: Delivery, outcome: Outcome) -> bool:
    """As `suffices`, for a bounce: many of one domain at once may be a fault of that domain."""
    if trouble(outcome) is Trouble.ADDRESS and _is_one_of_many(delivery):
        return _was_hard_before(delivery)
    return suffices(delivery, outcome)


def suppress(address: str, outcome: Outcome, number: int) -> None:
    """Suppress an address for what was said of a mail of an issue."""
    signup.suppress(
        address,
        Suppression.Reason.HARD_BOUNCE,
        note=f"{outcome.code or ''} {outcome.reply}".strip()[:300],
        where=f"Issue {number}",
    )


def _is_hard(outcome: Outcome) -> bool:
    return trouble(outcome) in (Trouble.ADDRESS, Trouble.PERHAPS_ADDRESS)


def _is_about_the_mailbox(status: str) -> bool:
    return status.count(".") == 2 and status.split(".")[1] in ABOUT_THE_MAILBOX


def _latest(delivery: Delivery, count: int) -> list[Delivery]:
    """Return the newest deliveries to the same subscriber up to this one, with their events."""
    if delivery.subscriber_id is None:
        return []
    return list(
        Delivery.objects.filter(subscriber=delivery.subscriber_id, pk__lte=delivery.pk)
        .exclude(state=Delivery.State.SKIPPED)
        .order_by("-pk")
        .prefetch_related("events")[:count]
    )


def _was_hard_before(delivery: Delivery) -> bool:
    """Whether what was sent to this subscriber before this delivery came back for good, too."""
    for earlier in _latest(delivery, 2)[1:]:
        # Without an event: it was refused before there were any.
        last = Outcome(Fate.REJECTED, earlier.code, earlier.reply)
        return any(event.kind == Kind.HARD_BOUNCE for event in earlier.events.all()) or (
            earlier.state == Delivery.State.FAILED and _is_hard(last)
        )
    return False


def _came_back_again(delivery: Delivery) -> bool:
    """Whether nothing that was sent to this subscriber for some issues has arrived."""
    count: int = settings.SOFT_BOUNCES_IN_A_ROW
    latest = _latest(delivery, count)
    return len(latest) == count and all(
        any(
            event.kind in (Kind.HARD_BOUNCE, Kind.SOFT_BOUNCE)
            and _is_about_the_mailbox(event.status)
            for event in each.events.all()
        )
        for each in latest
    )


def _is_one_of_many(delivery: Delivery) -> bool:
    """Whether this domain has sent back more of this issue than a list with dead addresses has."""
    if delivery.subscriber is None:
        return False
    domain = delivery.subscriber.address.rpartition("@")[2]
    latest = DeliveryEvent.objects.order_by("-pk").values_list(
        "kind", "delivery__issue_id", "delivery__subscriber__address"
    )[:LATEST]
    of_domain = [
        kind
        for kind, issue, address in latest
        if kind == Kind.HARD_BOUNCE
        and issue == delivery.issue_id
        and (address or "").rpartition("@")[2] == domain
    ]
    return len(of_domain) > BELIEVED_OF_A_DOMAIN
