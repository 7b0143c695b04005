"""Sends issues, from their delivery rows: everybody once, nobody twice, nobody lost.

The delivery rows are the queue. A worker leases a batch of queued rows; for each it
writes `sending` before the mail server hears of the message and the outcome right
after, in the same transaction that marks the next row. So whatever dies, and wherever:

- a row that is `queued` was never handed over, and is sent by the next worker;
- a row that is `sending` under a lease that ran out may or may not have been accepted: it
  becomes `uncertain`, and only an editor's word sends it again;
- every other row is final.

Any number of workers may run at once, in any number of processes.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import (
    BigAutoField,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    PositiveSmallIntegerField,
    QuerySet,
)
from django.utils import timezone

from alarmroom.prepared import Param, PreparedUpdate
from newsletter import delivery, mail
from newsletter.models import Content, Delivery, Issue
from newsletter.transport import Fate, Outcome, ServerAway, ServerRefuses, SmtpTransport
from subscribers.models import Subscriber

logger = logging.getLogger(__name__)

State = Delivery.State

# A deferred message is tried again after these pauses (RFC 5321 4.5.4.1: at least 30 minutes
# once it has failed twice, and give up only after days): 4 days and 4 hours in all.
PAUSES = [timedelta(minutes=m) for m in (10, 30, 60, 120, 240, 480, 720, 1440, 1440, 1440)]
# So many deferrals in a row are not about one recipient: the server wants to be left alone.
DEFERRALS_IN_A_ROW = 20
# A server that is away, or wants to be left alone, is asked again after these.
AWAY_PAUSES = [timedelta(minutes=m) for m in (1, 2, 5, 15, 30)]
# What an outcome makes of a row, but for FAILED and for a message that is tried again.
FINAL = {Fate.ACCEPTED: State.SENT, Fate.UNKNOWN: State.UNCERTAIN}


def _may_be_mailed() -> QuerySet[Delivery]:
    """A row of ours whose turn it is, if it may still be mailed at this moment."""
    return Delivery.objects.filter(
        Exists(Issue.objects.filter(pk=OuterRef("issue_id"), state=Issue.State.SENDING)),
        Exists(Subscriber.objects.mailable().filter(pk=OuterRef("subscriber_id"))),
        pk=_pk,
        state=State.QUEUED,
        leased_by=_worker,
    )


def _under_way() -> QuerySet[Delivery]:
    """The row of a message that was handed over, or not quite.

    A lease may have run out meanwhile, and the row been called uncertain: now we know.
    """
    return Delivery.objects.filter(
        pk=_pk, leased_by=_worker, state__in=[State.SENDING, State.UNCERTAIN]
    )


# The two writes of every message. Their SQL is made once: building it anew each time took
# four times as long as everything else that sending a message takes.
_pk = Param("pk", BigAutoField())
_worker = Param("worker", CharField())
_now = Param("now", DateTimeField())
_outcome: dict[str, Any] = {
    "state": Param("state", CharField()),
    "code": Param("code", PositiveSmallIntegerField()),
    "reply": Param("reply", CharField()),
    "changed_at": _now,
    "leased_until": None,
    "leased_by": "",
}
MARK = PreparedUpdate(
    _may_be_mailed,
    state=State.SENDING,
    tries=F("tries") + 1,
    leased_until=Param("leased_until", DateTimeField()),
    changed_at=_now,
)
SETTLE = PreparedUpdate(_under_way, **_outcome)
PUT_OFF = PreparedUpdate(_under_way, **_outcome, due_at=Param("due_at", DateTimeField()))


@dataclass
class Row:
    """A leased delivery: what a worker needs to send it."""

    pk: int
    address: str | None
    key: str | None
    tries: int


@dataclass
class Report:
    """What one worker did in one go."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False
    """Whether rows are waiting that could be sent right now."""

    def add(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


@dataclass
class Worker:
    """One connection's worth of delivery of one issue."""

    issue: Issue
    template: mail.MessageTemplate
    transport: SmtpTransport
    name: str
    deadline: float
    report: Report
    sender: str = field(default_factory=delivery.envelope_sender)
    failed_before: bool = False
    deferred_in_a_row: int = 0

    def lease(self) -> list[Row]:
        """Take a batch of due rows that nobody holds."""
        now = timezone.now()
        with transaction.atomic():
            free = Delivery.objects.filter(
                issue_id=self.issue.pk, state=State.QUEUED, due_at__lte=now, leased_until=None
            ).order_by("due_at", "pk")
            if connection.features.has_select_for_update_skip_locked:
                free = free.select_for_update(skip_locked=True)
            pks = list(free.values_list("pk", flat=True)[: settings.DELIVERY_BATCH_SIZE])
            Delivery.objects.filter(pk__in=pks).update(
                leased_by=self.name, leased_until=now + lease_time()
            )
        leased = Delivery.objects.filter(pk__in=pks, leased_by=self.name).order_by("due_at", "pk")
        return [
            Row(*row)
            for row in leased.values_list("pk", "subscriber__address", "subscriber__key", "tries")
        ]

    def run(self) -> None:
        """Send batch after batch until nothing is due, the time is up or something is wrong."""
        while time.monotonic() < self.deadline:
            rows = self.lease()
            if not rows:
                self.report.more = False
                return
            self.report.more = True
            try:
                if not self.send(rows):
                    self.report.more = False
                    return
            finally:
                self.release(rows)

    def send(self, rows: list[Row]) -> bool:
        """Send leased rows one by one; False when the engine must stop."""
        started = time.monotonic()
        lease_ends = started + lease_time().total_seconds() / 2
        done: tuple[Row, Outcome] | None = None
        for row in rows:
            if time.monotonic() > min(self.deadline, lease_ends):
                break
            message, unfit = self.message(row)
            try:
                self.transport.prepare(self.sender)
            except ServerAway as error:
                self.settle(done)
                self.be_quiet(f"The mail server is away: {error}")
                return False
            except ServerRefuses as error:
                self.settle(done)
                delivery.pause(self.issue, f"The mail server refuses us: {error}", tell=True)
                return False
            with transaction.atomic():
                go_on = self.settle(done)
                done = None
                ours = go_on and self.mark(row)
            if not go_on:
                return False
            if not ours:
                self.transport.forget()
                if not self.still_sending():
                    return False
                continue
            if unfit:
                self.transport.forget()
                done = (row, Outcome(Fate.REJECTED, None, unfit))
            else:
                done = (row, self.transport.submit(str(row.address), message))
                if enough := self.has_enough(done[1]):
                    if self.settle(done):
                        self.be_quiet(enough)
                    return False
        return self.settle(done)

    def message(self, row: Row) -> tuple[bytes, str]:
        """Return the finished bytes, or none and why this address cannot be written to."""
        try:
            return self.template.for_recipient(
                address=row.address or "",
                message_id=mail.message_id(row.pk, self.issue.number),
                key=row.key or "",
                date=timezone.now(),
            ), ""
        except ValueError as error:
            return b"", str(error)

    def mark(self, row: Row) -> bool:
        """Record that the mail server is about to hear of this row; False when it must not.

        The condition is checked by the database at this moment: whoever unsubscribed a
        second ago, and an issue paused a second ago, stop here.
        """
        now = timezone.now()
        if MARK.run(pk=row.pk, worker=self.name, now=now, leased_until=now + lease_time()):
            return True
        if (
            self.still_sending()
            and not Subscriber.objects.mailable().filter(deliveries=row.pk).exists()
        ):
            mine = Delivery.objects.filter(pk=row.pk, state=State.QUEUED, leased_by=self.name)
            skipped = mine.update(
                state=State.SKIPPED,
                leased_by="",
                leased_until=None,
                reply="Unsubscribed or suppressed after the issue was started.",
                changed_at=now,
            )
            if skipped:
                self.report.add("skipped")
        return False

    def still_sending(self) -> bool:
        return Issue.objects.filter(pk=self.issue.pk, state=Issue.State.SENDING).exists()

    def settle(self, done: tuple[Row, Outcome] | None) -> bool:
        """Write down a message's fate; False when too many failed in a row."""
        if done is None:
            return True
        row, outcome = done
        now = timezone.now()
        values: dict[str, Any] = {
            "pk": row.pk,
            "worker": self.name,
            "now": now,
            "code": outcome.code,
            "reply": outcome.reply[:300],
        }
        if outcome.fate is Fate.DEFERRED and row.tries < len(PAUSES):
            state = State.QUEUED
            PUT_OFF.run(**values, state=state, due_at=now + PAUSES[row.tries])
        else:
            state = FINAL.get(outcome.fate, State.FAILED)
            SETTLE.run(**values, state=state)
        self.report.add(state.value)
        return self.count_failures(outcome)

    def count_failures(self, outcome: Outcome) -> bool:
        if outcome.fate is Fate.ACCEPTED:
            if self.failed_before:
                Issue.objects.filter(pk=self.issue.pk, state=Issue.State.SENDING).update(
                    failures_in_a_row=0, away_in_a_row=0, quiet_until=None, state_note=""
                )
                self.failed_before = False
            return True
        if outcome.fate is Fate.DEFERRED and outcome.code is not None:
            # A deferral is the server's "later", not a failure.
            return True
        self.failed_before = True
        Issue.objects.filter(pk=self.issue.pk).update(failures_in_a_row=F("failures_in_a_row") + 1)
        self.issue.refresh_from_db(fields=["failures_in_a_row"])
        if self.issue.failures_in_a_row < settings.DELIVERY_MAX_FAILURES_IN_A_ROW:
            return True
        delivery.pause(
            self.issue,
            f"{self.issue.failures_in_a_row} messages in a row were not accepted. "
            f"The mail server's last words: {outcome.code or ''} {outcome.reply}".strip(),
            tell=True,
        )
        return False

    def has_enough(self, outcome: Outcome) -> str:
        """Return why the server is not to be asked about the next row now; "" if it may be.

        Each row that is deferred is one try of its recipient less.
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

    def be_quiet(self, why: str) -> None:
        """Leave the server alone for a while: nothing is under way."""
        self.issue.refresh_from_db(fields=["away_in_a_row"])
        pause_for = AWAY_PAUSES[min(self.issue.away_in_a_row, len(AWAY_PAUSES) - 1)]
        Issue.objects.filter(pk=self.issue.pk).update(
            away_in_a_row=F("away_in_a_row") + 1,
            quiet_until=timezone.now() + pause_for,
            state_note=why[:300],
        )
        self.report.add("away")

    def release(self, rows: list[Row]) -> None:
        """Give back what was leased and not begun."""
        # By number: to look for our name would read all that waits, after each batch.
        Delivery.objects.filter(
            pk__in=[row.pk for row in rows], state=State.QUEUED, leased_by=self.name
        ).update(leased_by="", leased_until=None)


def lease_time() -> timedelta:
    return timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


def deliver(issue_pk: int, seconds: float | None = None) -> Report:
    """Send what is due of an issue for so many seconds (default DELIVERY_SLICE_SECONDS).

    Safe to run twice and in many processes: each row is leased by one of them.
    """
    report = Report()
    issue = Issue.objects.filter(pk=issue_pk, state=Issue.State.SENDING).first()
    if issue is None or (issue.quiet_until and issue.quiet_until > timezone.now()):
        return report
    if seconds is None:
        seconds = settings.DELIVERY_SLICE_SECONDS
    content = Content.objects.only("mime", "sha256").get(issue=issue)
    if not content.is_intact:
        delivery.pause(
            issue,
            "What was frozen at the start has changed since: its SHA-256 is another. Nobody is "
            "mailed anything else than what was confirmed. Restore the content, or cancel.",
            tell=True,
        )
        return report
    with SmtpTransport("bulk") as transport:
        Worker(
            issue=issue,
            template=mail.MessageTemplate(bytes(content.mime)),
            transport=transport,
            name=f"{socket.gethostname()[:12]}-{os.getpid()}-{secrets.token_hex(6)}",
            deadline=time.monotonic() + seconds,
            report=report,
            failed_before=bool(issue.failures_in_a_row or issue.away_in_a_row),
        ).run()
    finish(issue)
    return report


def finish(issue: Issue) -> bool:
    """Call the issue sent when no row is queued or sending and its totals balance."""
    open_rows = Delivery.objects.filter(
        issue=OuterRef("pk"), state__in=[State.QUEUED, State.SENDING]
    )
    with transaction.atomic():
        finished = (
            Issue.objects.filter(pk=issue.pk, state=Issue.State.SENDING)
            .filter(~Exists(open_rows))
            .update(state=Issue.State.SENT, sent_at=timezone.now(), state_note="", quiet_until=None)
        )
        issue.refresh_from_db()
        if not finished:
            return False
        counted = sum(issue.totals().values())
        if counted != issue.recipients:
            # Never call it sent: somebody must look at the ledger first.
            pause_note = (
                f"The ledger does not balance: {issue.recipients} deliveries were written, "
                f"{counted} are there."
            )
            Issue.objects.filter(pk=issue.pk).update(
                state=Issue.State.PAUSED, sent_at=None, state_note=pause_note
            )
            logger.error("Issue %s: %s", issue.number, pause_note)
            issue.refresh_from_db()
            return False
    return True
