"""Sends issues from their delivery rows: everybody once, nobody twice, nobody forgotten.

The delivery rows are the queue. A worker leases a batch of queued rows. Before the mail server
hears of a message its row says `sending`; right after, the outcome is written, in the same
transaction that begins the next row. So wherever a worker dies:

- a row that is `queued` was never handed over; the next worker sends it;
- a row that is `sending` when its lease runs out may or may not have been accepted. It becomes
  `uncertain` (newsletter/delivery/clock.py) and is sent again only when an editor says so;
- every other row is final.

Any number of workers may run at once, in any number of processes. Every write names the state
that it expects, and its count is looked at: an editor may pause or cancel at any moment.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BigAutoField, CharField, DateTimeField, Exists, F, OuterRef, QuerySet
from django.utils import timezone

from alarmroom.prepared import Param, PreparedUpdate
from newsletter.delivery import beats, counting, estimate, gates, outcomes, queueing, status
from newsletter.delivery.lane import Lane
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.pausing import pause
from newsletter.delivery.suppressing import Refusals
from newsletter.delivery.throttle import Throttle
from newsletter.delivery.transport import (
    Fate,
    Outcome,
    ServerAway,
    ServerRefuses,
    SmtpTransport,
)
from newsletter.mail import rendering as mail
from newsletter.mail.traces import return_path
from newsletter.models import Content, Delivery, Issue
from subscribers.models import Subscriber

logger = logging.getLogger(__name__)

State = Delivery.State

# A turn that comes within so many seconds is waited for. A tick, which wakes workers, is a minute.
WORTH_WAITING = 10

type Pending = tuple[LeasedRow, Outcome] | None  # A message whose outcome is not written yet.


def _may_be_mailed() -> QuerySet[Delivery]:
    """A row that a worker leased, if it may still be mailed at this moment."""
    return Delivery.objects.filter(
        Exists(Issue.objects.filter(pk=OuterRef("issue_id"), state=Issue.State.SENDING)),
        Exists(Subscriber.objects.mailable().filter(pk=OuterRef("subscriber_id"))),
        pk=Param("pk", BigAutoField()),
        state=State.QUEUED,
        leased_by=Param("worker", CharField()),
    )


# Runs for every message, as those of newsletter/delivery/outcomes.py.
MARK_SENDING = PreparedUpdate(
    _may_be_mailed,
    state=State.SENDING,
    tries=F("tries") + 1,
    leased_until=Param("leased_until", DateTimeField()),
    changed_at=Param("now", DateTimeField()),
)


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
    """Sends one issue over one connection."""

    issue: Issue
    template: mail.MessageTemplate
    transport: SmtpTransport
    name: str
    deadline: float
    report: Report
    throttle: Throttle
    refusals: Refusals
    gates: gates.Gates
    begun: set[int] = field(default_factory=set)
    lane: Lane = field(default_factory=Lane)

    def run(self) -> None:
        """Send batch after batch until nothing is due, the time is up or something is wrong."""
        while not self.time_is_up():
            if until := self.gates.closed(timezone.now()):
                self.report.more = self.waits(until)
                if not self.report.more:
                    return
                continue
            leased = self.lease()
            if not leased:
                self.report.more = False
                return
            self.report.more = True
            admitted = self.gates.admit(leased, timezone.now())
            gates.put_off(admitted.wait, self.name)
            self.begun.clear()
            try:
                if not self.send(admitted.go):
                    self.report.more = False
                    return
            finally:
                self.gates.unused(row for row in admitted.go if row.pk not in self.begun)
                self.release(leased)
        self.report.more = True

    def waits(self, until: datetime) -> bool:
        """Wait for the next turn if it comes soon; if not, the tick wakes a worker for it."""
        seconds = (until - timezone.now()).total_seconds()
        if seconds <= WORTH_WAITING:
            time.sleep(min(max(seconds, 0.01), 0.5))
        return seconds <= WORTH_WAITING

    def lease(self) -> list[LeasedRow]:
        """Take a batch of due rows that nobody holds."""
        now = timezone.now()
        with transaction.atomic():
            free = Delivery.objects.filter(
                issue_id=self.issue.pk, state=State.QUEUED, due_at__lte=now, leased_until=None
            ).order_by("due_at", "pk")
            if connection.features.has_select_for_update_skip_locked:
                free = free.select_for_update(skip_locked=True)
            pks = list(free.values_list("pk", flat=True)[: settings.DELIVERY_BATCH_SIZE])
            Delivery.objects.filter(pk__in=pks, state=State.QUEUED, leased_until=None).update(
                leased_by=self.name, leased_until=now + lease_time()
            )
        leased = Delivery.objects.filter(pk__in=pks, leased_by=self.name).order_by("due_at", "pk")
        columns = ("pk", "subscriber__address", "subscriber__key", "tries")
        return [LeasedRow(*row) for row in leased.values_list(*columns)]

    def release(self, rows: list[LeasedRow]) -> None:
        """Give back what was leased and not begun."""
        # By number: to look for our name would read all that waits, after each batch.
        Delivery.objects.filter(
            pk__in=[row.pk for row in rows], state=State.QUEUED, leased_by=self.name
        ).update(leased_by="", leased_until=None)

    def send(self, rows: list[LeasedRow]) -> bool:
        """Send leased rows one by one; False when no more of the issue may be sent now."""
        # Rows that are not begun by half their lease are given back before it runs out.
        half_lease = time.monotonic() + lease_time().total_seconds() / 2
        pending: Pending = None
        for row in rows:
            if self.time_is_up() or time.monotonic() > half_lease:
                break
            if self.gates.stops(row):
                continue
            message, unfit = self.message(row)
            sender = return_path(row.pk)
            try:
                if not self.transport.reuse(sender):
                    # A new connection may take longer than a lease lasts. Until then nothing
                    # is under way, so what is known is written first.
                    if not self.settle(pending):
                        return False
                    pending = None
                    self.transport.prepare(sender)
            except ServerAway as error:
                if self.settle(pending):
                    self.back_off(f"The mail server is away: {error}")
                return False
            except ServerRefuses as error:
                if self.settle(pending):
                    pause(self.issue, status.why_refused(str(error)), tell=True)
                return False
            with transaction.atomic():
                go_on = self.settle(pending)
                pending = None
                begun = go_on and self.begin(row)
            if not go_on:
                return False
            self.begun.add(row.pk)
            if not begun:
                self.transport.forget()
                if not self.still_sending():
                    return False
                continue
            if unfit:
                self.transport.forget()
                pending = (row, Outcome(Fate.REJECTED, None, unfit))
                continue
            outcome = self.transport.submit(str(row.address), message)
            if status.trouble(outcome) is status.Trouble.SENDER:
                # It is about us, so this row waits for its turn like all others.
                if self.settle((row, replace(outcome, fate=Fate.DEFERRED))):
                    pause(self.issue, status.why_paused(outcome), tell=True)
                return False
            pending = (row, outcome)
            if reason := self.throttle.reason_to_back_off(outcome):
                if self.settle(pending):
                    self.back_off(reason)
                return False
        return self.settle(pending)

    def message(self, row: LeasedRow) -> tuple[bytes, str]:
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

    def begin(self, row: LeasedRow) -> bool:
        """Record that the mail server is about to hear of this row; False when it must not.

        The database checks the condition at this moment: when somebody unsubscribed, or the
        issue was paused, a second ago, nothing is sent.
        """
        now = timezone.now()
        if MARK_SENDING.run(pk=row.pk, worker=self.name, now=now, leased_until=now + lease_time()):
            return True
        if (
            self.still_sending()
            and not Subscriber.objects.mailable().filter(deliveries=row.pk).exists()
        ):
            leased = Delivery.objects.filter(pk=row.pk, state=State.QUEUED, leased_by=self.name)
            skipped = leased.update(
                state=State.SKIPPED,
                leased_by="",
                leased_until=None,
                reply="Unsubscribed or suppressed after the issue was started.",
                changed_at=now,
            )
            if skipped:
                self.report.add("skipped")
        return False

    def settle(self, pending: Pending) -> bool:
        """Write down a message's outcome, if there is one; False when no other may be sent now.

        Then the issue was paused or cancelled, and why is written down already.
        """
        if pending is None:
            return True
        row, outcome = pending
        with transaction.atomic(savepoint=False):
            state = outcomes.record(row, outcome, self.name)
            if state is None:
                # The lease ran out, and an editor decided before the answer came.
                logger.warning(
                    "The answer for delivery %s came too late and was not recorded: %s %s %s",
                    row.pk,
                    outcome.fate.value,
                    outcome.code or "",
                    outcome.reply,
                )
                return True
            self.report.add(state.value)
            self.gates.answered(row, outcome)
            if outcome.fate is Fate.ACCEPTED:
                self.refusals.accepted()
            elif state == State.FAILED:
                self.refusals.refused(row, outcome)
            return self.throttle.count(outcome)

    def time_is_up(self) -> bool:
        return time.monotonic() > self.deadline or self.lane.somebody_waits()

    def back_off(self, why: str) -> None:
        if self.throttle.back_off(why):
            self.report.add("away")

    def still_sending(self) -> bool:
        return Issue.objects.filter(pk=self.issue.pk, state=Issue.State.SENDING).exists()


def lease_time() -> timedelta:
    return timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


def deliver(issue_pk: int, seconds: float | None = None) -> Report:
    """Send what is due of an issue for so many seconds (default DELIVERY_SLICE_SECONDS).

    Safe to run twice and in many processes: each row is leased by one of them.
    """
    report = Report()
    issue = Issue.objects.filter(pk=issue_pk, state=Issue.State.SENDING).first()
    if issue is None or issue.backs_off or beats.is_suspected():
        return report
    if seconds is None:
        seconds = settings.DELIVERY_SLICE_SECONDS
    deadline = time.monotonic() + seconds
    if issue.queued_to is not None and not queueing.fill(issue.pk, seconds):
        report.more = True
        return report
    content = Content.objects.only("mime", "sha256").get(issue=issue)
    if not content.is_intact:
        pause(
            issue,
            "What was frozen at the start has changed since: its SHA-256 is another. Nobody is "
            "mailed anything else than what was confirmed. Restore the content, or cancel.",
            tell=True,
        )
        return report
    size = len(content.mime) + mail.ROOM_FOR_RECIPIENT
    with SmtpTransport("bulk", size=size) as transport:
        asked = gates.Gates(issue, transport.alias)
        sending = Worker(
            issue=issue,
            template=mail.MessageTemplate(bytes(content.mime)),
            transport=transport,
            name=f"{socket.gethostname()[:12]}-{os.getpid()}-{secrets.token_hex(6)}",
            deadline=deadline,
            report=report,
            throttle=Throttle(issue, asked),
            refusals=Refusals(issue),
            gates=asked,
        )
        began = time.monotonic()
        try:
            sending.run()
            if not (asked.rules.all or asked.rules.single):
                took = time.monotonic() - began
                estimate.note_speed(report.counts.get(State.SENT.value, 0), took)
        finally:
            sending.throttle.close()
            sending.gates.close()
    if not outcomes.finish(issue):
        counting.store_if_old(issue)
    return report
