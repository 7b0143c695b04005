"""Suppresses addresses that a mail server says are none, so that no further issue is sent there.

A server that has lost its own list says so of everybody. So an address is suppressed only while the
server takes others: what is refused after too many in a row waits for the next message that is
accepted, and is forgotten when there is none.
"""

from __future__ import annotations

from django.db import transaction

from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.status import Trouble, trouble
from newsletter.delivery.transport import Fate, Outcome
from newsletter.models import Delivery, Issue
from subscribers import signup
from subscribers.models import Suppression

# So many refusals in a row are believed at once.
BELIEVED_IN_A_ROW = 3


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
        """Suppress the address of a refused message if it is the address that is refused."""
        self.in_a_row += 1
        kind = trouble(outcome)
        gone = kind is Trouble.ADDRESS
        if not row.address or not (gone or (kind is Trouble.PERHAPS_ADDRESS and _before(row))):
            return
        if self.in_a_row > BELIEVED_IN_A_ROW:
            self.held.append((row.address, outcome))
        else:
            self._suppress(row.address, outcome)

    def _suppress(self, address: str, outcome: Outcome) -> None:
        with transaction.atomic():
            signup.suppress(
                address,
                Suppression.Reason.HARD_BOUNCE,
                note=f"{outcome.code} {outcome.reply}"[:300],
                where=f"Issue {self.issue.number}",
            )


def _before(row: LeasedRow) -> bool:
    """Whether the issue before this one, that was sent to this subscriber, was refused as well."""
    earlier = (
        Delivery.objects.filter(subscriber__deliveries=row.pk)
        .exclude(pk=row.pk)
        .exclude(state=Delivery.State.SKIPPED)
        .order_by("-pk")
        .values_list("state", "code", "reply")
        .first()
    )
    if earlier is None or earlier[0] != Delivery.State.FAILED:
        return False
    last = Outcome(Fate.REJECTED, earlier[1], earlier[2])
    return trouble(last) in (Trouble.ADDRESS, Trouble.PERHAPS_ADDRESS)
