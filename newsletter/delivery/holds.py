"""Mail services that put off one message after the other are left alone for a while.

Only they: the issue goes on for everybody else. After the pause a few messages try whether mail is
taken again, and the first one that is, or is refused for good, ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, Value
from django.db.models.functions import Least
from django.utils import timezone

from newsletter.delivery.answers import Fate, Outcome
from newsletter.delivery.status import enhanced
from newsletter.models import Gate

# So many deferrals in a row are not about the mailboxes.
IN_A_ROW = 5
# Between tries to one host that has put mail off twice are at least 30 minutes (RFC 5321 4.5.4.1).
PAUSES = [timedelta(minutes=m) for m in (5, 30, 30, 60, 120)]
# What nobody has asked about for so long is forgotten.
FORGOTTEN_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Hold:
    """How often in a row a mail service was left alone, and until when."""

    until: datetime
    times: int
    why: str = ""

    @classmethod
    def again(cls, before: Hold | None, now: datetime) -> Hold:
        times = before.times if before else 0
        return cls(now + PAUSES[min(times, len(PAUSES) - 1)], times + 1)

    def is_on(self, now: datetime) -> bool:
        # None is as long as one that seems to end later: then a clock was put back.
        return now < self.until <= now + PAUSES[-1] + timedelta(minutes=5)


def is_of_service(outcome: Outcome) -> bool:
    """Whether an answer puts off all mail to a service, as far as one can tell.

    421 is of the server that we speak to, whoever the mail is for; 4.2.2 is of a full mailbox.
    """
    if outcome.fate is not Fate.DEFERRED or outcome.code in (None, 421):
        return False
    code = enhanced(outcome)
    return code is None or code[1:] != (2, 2)


def hold(key: str, why: str, now: datetime) -> bool:
    """Leave a mail service alone for a while; False where another worker did so just now."""
    Gate.objects.bulk_create([Gate(key=key)], ignore_conflicts=True)
    times = Gate.objects.values_list("held_times", flat=True).get(key=key)
    until = now + PAUSES[min(times, len(PAUSES) - 1)]
    over = Q(held_until=None) | Q(held_until__lte=now) | Q(held_until__gt=now + 2 * PAUSES[-1])
    return bool(
        Gate.objects.filter(over, key=key).update(
            held_until=until,
            held_times=Least(F("held_times") + 1, Value(30_000)),
            held_why=why[:300],
        )
    )


def free(key: str) -> None:
    """End the pause of a mail service that has answered."""
    Gate.objects.filter(key=key).update(held_until=None, held_times=0, held_why="")


def read() -> dict[str, Hold]:
    """Return the mail services that are left alone, or have not answered since. One query."""
    lately = timezone.now() - FORGOTTEN_AFTER
    rows = Gate.objects.filter(held_times__gt=0, held_until__gt=lately)
    found = rows.values_list("key", "held_until", "held_times", "held_why")
    return {key: Hold(until, times, why) for key, until, times, why in found if until}
