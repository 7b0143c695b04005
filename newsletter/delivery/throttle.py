"""When an issue stops by itself: too many failures, or a mail server that wants to be left alone.

After too many failures in a row, or too large a share of them, the issue is paused, and an editor
decides. When the server is away, or defers everybody, the issue backs off: sending goes on by
itself a little later.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from newsletter.delivery import alerts
from newsletter.delivery.answers import Fate, Outcome
from newsletter.delivery.pausing import pause
from newsletter.models import Issue

if TYPE_CHECKING:
    from newsletter.delivery.gates import Gates

# So many deferrals in a row are not about one recipient: the server asks us to slow down.
# Where so many mail services do, it is the server that we speak to.
DEFERRALS_IN_A_ROW, SERVICES_THAT_DEFER = 20, 3
# How long to back off, the first time and each further time in a row.
BACK_OFF_FOR = [timedelta(minutes=m) for m in (1, 2, 5, 15, 30)]
# The share of failures is of the last so many messages, or so: with each message, those before
# count for a little less. It is judged once so many were counted.
WINDOW, JUDGED_FROM = 500, 100
KEEPS = 1 - 1 / WINDOW
# Seconds between two writings of what was taken.
WRITTEN_EACH = 1.0


class Throttle:
    """Counts, for one worker, how the mail server answers for an issue.

    What was taken is counted in memory, and written once a second or before a failure. A failure is
    written at once, into the issue, where the workers' counts come together.
    """

    def __init__(self, issue: Issue, gates: Gates | None = None) -> None:
        self.issue = issue
        self.gates = gates
        # Whether the issue's counters may be above 0, so that a success resets them.
        self.counters_used = bool(issue.failures_in_a_row or issue.away_in_a_row)
        self.deferred_in_a_row = 0
        self.taken = 0
        self._written_at = time.monotonic()

    def count(self, outcome: Outcome) -> bool:
        """Count failures. False when the issue must not be sent any more.

        Then it is paused: here, because too many messages failed, or by somebody else. Or it
        is cancelled.
        """
        if outcome.fate is Fate.ACCEPTED:
            self.taken += 1
            if self.counters_used or time.monotonic() - self._written_at > WRITTEN_EACH:
                self.close()
            return True
        if outcome.again or (outcome.fate is Fate.DEFERRED and outcome.code is not None):
            # It was counted, or it is the server's "later", which is no failure.
            return True
        self.close()
        self.counters_used = True
        counted = Issue.objects.filter(pk=self.issue.pk, state=Issue.State.SENDING).update(
            failures_in_a_row=F("failures_in_a_row") + 1,
            lately_taken=F("lately_taken") * KEEPS,
            lately_failed=F("lately_failed") * KEEPS + 1,
        )
        if not counted:
            return False
        counters = ["failures_in_a_row", "lately_taken", "lately_failed"]
        self.issue.refresh_from_db(fields=counters)
        if why := self.reason_to_pause():
            last = f"The mail server's last words: {outcome.code or ''} {outcome.reply}"
            pause(self.issue, f"{why} {last}".strip(), tell=True)
        return not why

    def reason_to_pause(self) -> str:
        """Return why an editor must look before anybody else is mailed, or ""."""
        issue = self.issue
        if issue.failures_in_a_row >= settings.DELIVERY_MAX_FAILURES_IN_A_ROW:
            return f"{issue.failures_in_a_row} messages in a row were not accepted."
        counted = issue.lately_taken + issue.lately_failed
        if counted < JUDGED_FROM:
            return ""
        percent = 100 * issue.lately_failed / counted
        if percent <= settings.DELIVERY_MAX_FAILED_PERCENT:
            return ""
        return f"{percent:.0f} percent of the last {counted:.0f} messages were not accepted."

    def close(self) -> None:
        """Write down what was taken since the last time. At the end of a slice, too."""
        taken, self.taken = self.taken, 0
        self._written_at = time.monotonic()
        if not taken:
            return
        self.counters_used = False
        kept = KEEPS**taken
        Issue.objects.filter(
            Q(failures_in_a_row__gt=0)
            | Q(away_in_a_row__gt=0)
            | Q(lately_failed__gt=0.01)
            | Q(lately_taken__lt=WINDOW - 1),
            pk=self.issue.pk,
            state=Issue.State.SENDING,
        ).exclude(quiet_until__gt=timezone.now()).update(  # Another worker knows it is away now.
            failures_in_a_row=0,
            away_in_a_row=0,
            quiet_until=None,
            state_note="",
            lately_taken=F("lately_taken") * kept + WINDOW * (1 - kept),
            lately_failed=F("lately_failed") * kept,
        )

    def reason_to_back_off(self, outcome: Outcome) -> str:
        """Return why the server must not be asked about the next row now; "" if it may be.

        Otherwise each further row would be deferred too, which is one try less for each. Where one
        mail service alone puts off mail, it alone is left alone (newsletter/delivery/holds.py).
        """
        if outcome.code == 421:  # It closes the connection, whoever the mail is for.
            return f"The mail server is away: 421 {outcome.reply}"
        if outcome.fate is not Fate.DEFERRED or outcome.code is None:
            self.deferred_in_a_row = 0
            return ""
        self.deferred_in_a_row += 1
        if self.deferred_in_a_row < DEFERRALS_IN_A_ROW:
            return ""
        if self.gates is not None and self.gates.services_that_defer < SERVICES_THAT_DEFER:
            return ""
        return (
            f"The mail server put off {self.deferred_in_a_row} messages in a row: "
            f"{outcome.code} {outcome.reply}"
        )

    def back_off(self, why: str, at_least: timedelta | None = None) -> bool:
        """Send nothing for a while, `at_least` so long; False where that changed nothing.

        An issue that was paused or cancelled meanwhile has a reason of its own, and another
        worker may have found the same a moment ago.
        """
        self.issue.refresh_from_db(fields=["away_in_a_row"])
        now = timezone.now()
        pause_for = BACK_OFF_FOR[min(self.issue.away_in_a_row, len(BACK_OFF_FOR) - 1)]
        if at_least is not None:
            pause_for = max(pause_for, at_least)
        with transaction.atomic():
            changed = (
                Issue.objects.filter(pk=self.issue.pk, state=Issue.State.SENDING)
                .exclude(quiet_until__gt=now)
                .update(
                    away_in_a_row=F("away_in_a_row") + 1,
                    quiet_until=now + pause_for,
                    state_note=why[:300],
                )
            )
            if changed:
                self.issue.refresh_from_db()
                alerts.away(self.issue, self.issue.away_in_a_row)
        return bool(changed)
