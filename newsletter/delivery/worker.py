"""Sends issues from their delivery rows: everybody once, nobody twice, nobody forgotten.

The delivery rows are the queue. A worker leases a batch of queued rows. Before the mail server
hears of a message its row says `sending`; when the answer is there, the outcome is written, in the
same transaction that begins the next messages of all connections. So wherever a worker dies:

- a row that is `queued` was never handed over; the next worker sends it;
- a row that is `sending` when its lease runs out may or may not have been accepted. It becomes
  `uncertain` (newsletter/delivery/clock.py) and is sent again only when an editor says so. There is
  one for each open connection at most;
- every other row is final.

"Hears of a message" means DATA. The envelope may be offered before, because no server delivers
anything for MAIL and RCPT alone (newsletter/delivery/wire.py).

Any number of workers may run at once, in any number of processes. Every write names the state
that it expects, and its count is looked at: an editor may pause or cancel at any moment.

A worker has two threads: this one has the database and decides, the other one has the sockets
(newsletter/delivery/loop.py). They meet in turns (newsletter/delivery/turns.py).
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
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from newsletter.delivery import (
    beats,
    counting,
    estimate,
    gates,
    ledger,
    outcomes,
    queueing,
    status,
)
from newsletter.delivery.answers import Fate, Outcome, ServerAway, ServerRefuses
from newsletter.delivery.lane import Lane
from newsletter.delivery.ledgers import ledger_of
from newsletter.delivery.loop import SmtpLoop
from newsletter.delivery.messages import Messages
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.pausing import pause
from newsletter.delivery.suppressing import Refusals
from newsletter.delivery.throttle import Throttle
from newsletter.delivery.transports import choosing
from newsletter.delivery.transports.connecting import connect
from newsletter.delivery.turns import Answer, Answered, Line, Turn
from newsletter.mail import rendering as mail
from newsletter.models import Content, Delivery, Issue

logger = logging.getLogger(__name__)

State = Delivery.State

# How often a worker looks up while no connection needs it.
LOOK_UP_EACH = 0.5
# A turn under the limits that comes within so many seconds is waited for. The tick, which wakes
# workers for later ones, comes each minute.
WORTH_WAITING = 10
# How long a worker that cannot write what it knows tries to.
TRY_TO_WRITE_FOR = 60.0


@dataclass
class Report:
    """What one worker did in one go."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False
    """Whether rows are waiting that could be sent right now."""

    def add(self, what: str, count: int = 1) -> None:
        if count:
            self.counts[what] = self.counts.get(what, 0) + count


@dataclass
class Worker:
    """Sends one issue over one line, until nothing is due, the time is up or something is wrong."""

    issue: Issue
    line: Line
    ledger: ledger.Ledger
    deadline: float
    report: Report
    throttle: Throttle
    refusals: Refusals
    gates: gates.Gates
    lane: Lane = field(default_factory=Lane)
    held: dict[int, LeasedRow] = field(default_factory=dict)
    """Leased rows that are not begun."""
    hungry_at: float | None = None
    """When to look for further rows, if the line waits for some."""
    stopped: bool = False
    asked: list[int] = field(default_factory=list)
    """The rows that the last turn was to announce."""
    unwritten: list[Answered] = field(default_factory=list)
    """The outcomes of the last turn, until they are written."""

    def run(self) -> None:
        """Take turns with the line until one is the last."""
        rows = self.first_rows()
        if not rows:
            self.line.close()
            return
        try:
            self.line.start(rows)
            while True:
                turn = self.line.next_turn(self.until_next_look())
                if turn is None:
                    if not self.stopped and self.time_is_up():
                        self.line.stop()
                elif turn.over:
                    break
                else:
                    self.take(turn)
                self.feed()
        except BaseException:
            self.break_off()
            raise
        self.ledger.give_back(self.held)
        self.gates.unused(self.held.values())

    # Rows

    def first_rows(self) -> list[LeasedRow]:
        """Return the rows to begin with, none when there are none for now."""
        self.hungry_at = 0.0
        while not self.time_is_up():
            rows = self.lease()
            if rows is not None:
                self.hungry_at = None
                return rows
            time.sleep(self.until_next_look())
        return []

    def feed(self) -> None:
        """Give the line further rows, if it wants some and they may be leased by now."""
        if self.hungry_at is None or time.monotonic() < self.hungry_at:
            return
        rows = [] if self.stopped else self.lease()
        if rows is not None:
            self.hungry_at = None
            self.line.feed(rows)

    def lease(self) -> list[LeasedRow] | None:
        """Lease a batch of rows that may go now; none when there are none.

        Returns None where the next turn under the limits comes soon: see `hungry_at`.
        """
        if until := self.gates.closed(timezone.now()):
            return self.rest(until)
        while leased := self.ledger.lease(settings.DELIVERY_BATCH_SIZE):
            admitted = self.gates.admit(leased, timezone.now())
            gates.put_off(admitted.wait, self.ledger.worker)
            self.held.update((row.pk, row) for row in admitted.go)
            known = {*(row.pk for row in admitted.go), *admitted.wait}
            self.ledger.give_back(row.pk for row in leased if row.pk not in known)
            if admitted.go:
                return admitted.go
            if admitted.rest_until:
                return self.rest(admitted.rest_until)
        return []

    def rest(self, until: datetime) -> list[LeasedRow] | None:
        """Look again at the next turn if it comes soon; if not, the tick wakes a worker for it."""
        seconds = (until - timezone.now()).total_seconds()
        if seconds > WORTH_WAITING:
            return []
        self.hungry_at = time.monotonic() + min(max(seconds, 0.01), LOOK_UP_EACH)
        return None

    def until_next_look(self) -> float:
        """Return after how many seconds something may have to be done without a turn."""
        if self.hungry_at is None:
            return LOOK_UP_EACH
        return min(LOOK_UP_EACH, max(0.0, self.hungry_at - time.monotonic()))

    def time_is_up(self) -> bool:
        """Return whether the slice ends. Then there is more to do."""
        if time.monotonic() > self.deadline or self.lane.somebody_waits():
            self.stopped = self.report.more = True
        return self.stopped

    # Turns

    def take(self, turn: Turn) -> None:
        """Write a turn down, and answer it."""
        self.unwritten = [*turn.finished]
        self.asked = [row.pk for row in (*turn.ready, *(row for row, _ in turn.refused))]
        if not self.stopped:
            self.time_is_up()
        usual = not turn.refused and all(said.fate is Fate.ACCEPTED for _, said in turn.finished)
        announced = self.write_usual(turn) if usual else self.write(turn)
        self.ledger.take_back(row.pk for row in turn.returned)
        for pk in announced:
            self.held.pop(pk, None)
        self.unwritten = []
        if turn.trouble is not None and not self.stopped:
            self.has_trouble(turn.trouble)
        # From here on their messages may leave: they are never taken back.
        self.asked = []
        self.line.answer(Answer(announced, self.stopped))
        if turn.hungry:
            self.hungry_at = 0.0

    def ready(self, turn: Turn) -> list[int]:
        """Return the rows of a turn that are to be announced now."""
        if self.stopped:
            return []
        return [row.pk for row in turn.ready if not self.gates.stops(row)]

    def write_usual(self, turn: Turn) -> set[int]:
        """Write a turn in which all is well, in one step; return which rows were announced."""
        now = timezone.now()
        settled = [outcomes.settled(row, outcome, now) for row, outcome in turn.finished]
        ready = self.ready(turn)
        written, announced = self.ledger.turn(settled, ready)
        for row, outcome in turn.finished:
            if self.was_written(row, outcome, written, State.SENT):
                self.learn(row, outcome, State.SENT)
                self.throttle.count(outcome)
                self.throttle.reason_to_back_off(outcome)  # There is none; it counts, too.
        self.not_announced([pk for pk in ready if pk not in announced])
        return announced

    def write(self, turn: Turn) -> set[int]:
        """Write a turn in which messages were not accepted; return which rows were announced.

        Whether the issue goes on is known before further rows are announced.
        """
        left: list[int] = []
        back_off = ""
        with transaction.atomic():
            self.ledger.lock([*self.asked, *(row.pk for row, _ in turn.finished)])
            for (row, outcome), begun in (
                *((each, True) for each in turn.finished),
                *((each, False) for each in turn.refused),
            ):
                if not begun:
                    if self.stopped or back_off:
                        break
                    if self.gates.stops(row):
                        continue
                    if not self.ledger.announce([row.pk]):
                        left.append(row.pk)
                        continue
                    self.held.pop(row.pk, None)
                back_off = self.settle(row, outcome) or back_off
            ready = [] if back_off else self.ready(turn)
            announced = self.ledger.announce(ready) if ready else set()
            left += [pk for pk in ready if pk not in announced]
        if back_off and not self.stopped:
            self.back_off(back_off)
        self.not_announced(left)
        return announced

    def settle(self, row: LeasedRow, outcome: Outcome) -> str:
        """Write an outcome; return why to back off from the mail server, "" if there is nothing.

        Pauses the issue where an editor has to look.
        """
        about_us = status.trouble(outcome) is status.Trouble.SENDER
        # What is about us is about nobody in particular: this row waits for its turn like others.
        written = replace(outcome, fate=Fate.DEFERRED) if about_us else outcome
        settled = outcomes.settled(row, written, timezone.now())
        if not self.was_written(row, written, self.ledger.settle([settled]), settled.state):
            return ""
        self.learn(row, written, settled.state)
        if not self.throttle.count(written):
            self.stopped = True
        elif about_us and not self.stopped:
            pause(self.issue, status.why_paused(outcome), tell=True)
            self.stopped = True
        return self.throttle.reason_to_back_off(written)

    def was_written(
        self, row: LeasedRow, outcome: Outcome, written: set[int], state: Delivery.State
    ) -> bool:
        """Count a row that was settled; tell of one that somebody else has decided about."""
        if row.pk in written:
            self.report.add(state.value)
            return True
        logger.warning(
            "The answer for delivery %s came too late and was not recorded: %s %s %s",
            row.pk,
            outcome.fate.value,
            outcome.code or "",
            outcome.reply,
        )
        return False

    def learn(self, row: LeasedRow, outcome: Outcome, state: Delivery.State) -> None:
        """Do what follows from an outcome that was written, for addresses and mail services."""
        self.gates.answered(row, outcome)
        if outcome.fate is Fate.ACCEPTED:
            self.refusals.accepted()
        elif state is State.FAILED:
            self.refusals.refused(row, outcome)

    def not_announced(self, pks: list[int]) -> None:
        """See to rows that must not be sent: skip those who left, stop if the issue has."""
        if not pks:
            return
        if self.still_sending():
            self.report.add("skipped", self.ledger.skip(pks))
        else:
            self.stopped = True

    # Trouble

    def has_trouble(self, trouble: Exception) -> None:
        """The mail server does not want us: pause the issue, or back off for a while."""
        if isinstance(trouble, ServerRefuses):
            pause(self.issue, status.why_refused(str(trouble)), tell=True)
            self.stopped = True
        else:
            wait = trouble.wait if isinstance(trouble, ServerAway) else None
            self.back_off(f"The mail server is away: {trouble}", wait)

    def back_off(self, why: str, at_least: timedelta | None = None) -> None:
        """Send nothing for a while."""
        if self.throttle.back_off(why, at_least):
            self.report.add("away")
        self.stopped = True

    def still_sending(self) -> bool:
        return Issue.objects.filter(pk=self.issue.pk, state=Issue.State.SENDING).exists()

    def break_off(self) -> None:
        """Write what is known after an error, most likely of the database, and give all back.

        Messages that are under way are waited for. The database is asked again and again: what is
        not written will be in doubt.
        """
        known, asked = list(self.unwritten), list(self.asked)
        self.line.stop()
        try:
            patience = 3.0 * settings.SMTP_TIMEOUT
            while (turn := self.line.next_turn(patience)) and not turn.over:
                known += turn.finished
                asked += [row.pk for row in turn.returned]
                self.line.stop()
        except Exception:
            logger.exception("The connections to the mail server broke off")
        if connection.in_atomic_block:
            return
        until = time.monotonic() + TRY_TO_WRITE_FOR
        while True:
            try:
                connection.close()
                now = timezone.now()
                self.ledger.turn([outcomes.settled(*each, now) for each in known], [])
                # They may say `sending`, if the database did not say that it was done.
                self.ledger.take_back(asked)
                self.ledger.give_back(self.held)
                return
            except DatabaseError:
                if time.monotonic() > until:
                    logger.exception("%d outcomes could not be written", len(known))
                    return
                time.sleep(1)


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
    asked = gates.Gates(issue, "bulk")

    def must_wait(row: LeasedRow) -> bool:
        # Only to spare the server: what counts is asked when the row is announced.
        try:
            return asked.stops(row)
        except KeyError:  # This thread's hold was ended by the other one at this moment.
            return False

    sending = Worker(
        issue=issue,
        line=choosing.line(bytes(content.mime), issue.number)
        or SmtpLoop(
            lambda: connect("bulk", size=size),
            Messages(bytes(content.mime), issue.number),
            connections=settings.DELIVERY_CONNECTIONS,
            low=settings.DELIVERY_BATCH_SIZE // 2,
            patience=ledger.lease_time().total_seconds() / 2,
            must_wait=must_wait,
        ),
        ledger=ledger_of(
            issue.pk, f"{socket.gethostname()[:12]}-{os.getpid()}-{secrets.token_hex(6)}"
        ),
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
