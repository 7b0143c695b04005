"""Which issue a reader left by: the number of it stands in its links and in its mail address.

Nobody is told apart by it: all readers of an issue have the same number.
"""

from __future__ import annotations

from newsletter.delivery import hearing
from newsletter.delivery.hearing import Heard
from newsletter.models import Delivery, DeliveryEvent
from subscribers.models import Subscriber

LARGEST = 2**31 - 1  # that the number of an issue can be


def note_left(subscriber: Subscriber, issue: str, source: str = "site") -> None:
    """Note that a subscriber left by an issue. A number of no issue that was sent says nothing."""
    if not (issue.isascii() and issue.isdecimal() and len(issue) < 11 and int(issue) <= LARGEST):
        return
    delivery = Delivery.objects.filter(subscriber=subscriber, issue__number=int(issue)).first()
    if delivery is not None:
        hearing.note(delivery, Heard(DeliveryEvent.Kind.UNSUBSCRIBED, source))
