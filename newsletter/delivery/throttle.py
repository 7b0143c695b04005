"""When an issue stops by itself: too many failures, or a mail server that wants to be left alone.

After too many failures in a row the issue is paused, and an editor decides. When the server is
away, or defers everybody, the issue backs off: sending goes on by itself a little later.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from newsletter.delivery import alerts
from newsletter.delivery.pausing import pause
from newsletter.delivery.transport import Fate, Outcome
from newsletter.models import Issue

# So many deferrals in a row are not about one recipient: the server asks us to slow down.
DEFERRALS_IN_A_ROW = 20
# How long to back off, the first time and each further time in a row.
BACK_OFF_FOR = [timedelta(minutes=m) for m in (1, 2, 5, 15, 30)]


class Throttle:
    """Counts, for one worker, how the mail server answers for an issue."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        # Whether the issue's counters may be above 0, so that a success resets them.
        self.counters_used = bool(issue.failures_in_a_row or issue.away_in_a_row)
        self.deferred_in_a_row = 0

    def count(self, outcome: Outcome) -> bool:
        """Count failures in a row. False when the issue must not be sent any more.

        Then it is paused: here, because too many messages failed, or by somebody else. Or it
        is cancelled.
        """
        if outcome.fate is Fate.ACCEPTED:
            if self.counters_used:
                Issue.objects.filter(pk=self.issue.pk, state=Issue.State.SENDING).update(
                    failures_in_a_row=0, away_in_a_row=0, quiet_until=None, state_note=""
                )
                self.counters_used = False
            return True
        if outcome.fate is Fate.DEFERRED and outcome.code is not None:
            # A deferral is the server's "later", not a failure.
            return True
        self.counters_used = True
        counted = Issue.objects.filter(pk=self.issue.pk, state=Issue.State.SENDING).update(
            failures_in_a_row=F("failures_in_a_row") + 1
        )
        if not counted:
            return False
        self.issue.refresh_from_db(fields=["failures_in_a_row"])
        if self.issue.failures_in_a_row < settings.DELIVERY_MAX_FAILURES_IN_A_ROW:
            return True
        pause(
            self.issue,
            f"{self.issue.failures_in_a_row} messages in a row were not accepted. "
            f"The mail server's last words: {outcome.code or ''} {outcome.reply}".strip(),
            tell=True,
        )
        return False

    def reason_to_back_off(self, outcome: Outcome) -> str:
        """Return why the server must not be asked about the next row now; "" if it may be.

        Otherwise each further row would be deferred too, which is one try less for each.
        """
        if outcome.code == 421:  # It closes the connection, whoever the mail is for.
            return f"The mail server is away: 421 {outcome.reply}"
        if outcome.fate is not Fate.DEFERRED or outcome.code is None:
            self.deferred_in_a_row = 0
            return ""
        self.deferred_in_a_row += 1
        if self.deferred_in_a_row < DEFERRALS_IN_A_ROW:
            return ""
        return (
            f"The mail server put off {self.deferred_in_a_row} messages in a row: "
            f"{outcome.code} {outcome.reply}"
        )

    def back_off(self, why: str) -> bool:
        """Send nothing for a while; False where that changed nothing.

        An issue that was paused or cancelled meanwhile has a reason of its own, and another
        worker may have found the same a moment ago.
        """
        self.issue.refresh_from_db(fields=["away_in_a_row"])
        now = timezone.now()
        pause_for = BACK_OFF_FOR[min(self.issue.away_in_a_row, len(BACK_OFF_FOR) - 1)]
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
