"""The delivery engine: from "send this issue" to a ledger that balances.

The delivery rows are the queue. A worker leases a batch of queued rows; for each it
writes `sending` before the mail server hears of the message and the outcome right
after, in the same transaction that marks the next row. So whatever dies, and wherever:

- a row that is `queued` was never handed over, and is sent by the next worker;
- a row that is `sending` under a lease that ran out may or may not have been accepted: it
  becomes `uncertain`, and only an editor's word sends it again;
- every other row is final.

Every function here may be called twice, by two people, at once.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import secrets
import smtplib
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.utils import timezone

from alarmroom import kept
from alarmroom.mail import transactional
from newsletter import mail, preflight
from newsletter.models import Content, Delivery, Issue
from newsletter.transport import Fate, Outcome, ServerAway, ServerRefuses, SmtpTransport
from subscribers import signup
from subscribers.forms import clean_address
from subscribers.models import Subscriber

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

logger = logging.getLogger(__name__)

State = Delivery.State

# A deferred message is tried again after these pauses (RFC 5321 4.5.4.1: at least 30 minutes
# once it has failed twice, and give up only after days): 4 days and 4 hours in all.
PAUSES = [timedelta(minutes=m) for m in (10, 30, 60, 120, 240, 480, 720, 1440, 1440, 1440)]
# So many deferrals in a row are not about one recipient: the server wants to be left alone.
DEFERRALS_IN_A_ROW = 20
# A server that is away, or wants to be left alone, is asked again after these.
AWAY_PAUSES = [timedelta(minutes=m) for m in (1, 2, 5, 15, 30)]
# A chain of tasks that has not been heard of for so long is broken: tick starts another.
CHAIN_IS_DEAD_AFTER = timedelta(minutes=2)


class NotReady(Exception):
    """The issue cannot be sent as it is; `problems` says what to do, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class Changed(NotReady):
    """The issue is not what was confirmed any more."""

    def __init__(self) -> None:
        super().__init__(["The issue changed since it was shown. Look at it, then confirm again."])


class AlreadyStarted(Exception):
    """Somebody else was faster, or the issue is in a state that does not allow this."""


def envelope_sender() -> str:
    """Return the address bounces go to (RFC 5321 4.4)."""
    configured: str = settings.NEWSLETTER_ENVELOPE_FROM
    return configured or parseaddr(settings.NEWSLETTER_FROM_EMAIL)[1]


# From draft to sending


def rehearse(issue: Issue) -> mail.Rendered:
    """Return what start() would freeze at this moment. Raises RenderError."""
    as_started = copy.copy(issue)
    as_started.started_at = timezone.now()
    return mail.render(as_started)


def schedule(
    issue: Issue,
    when: datetime,
    *,
    by: AbstractBaseUser | AnonymousUser | None,
    shown: str = "",
) -> None:
    """Let `tick` start the issue at a moment in the future.

    `shown` is the SHA-256 of what the editor saw (rehearse); "" leaves that open. Raises
    NotReady when it could not be sent then, Changed when it is something else by now,
    AlreadyStarted when it is no draft.
    """
    if shown and rehearse(issue).sha256 != shown:
        raise Changed
    found = preflight.problems(issue, at=when)
    if when <= timezone.now():
        found.append("That moment has passed. Choose one in the future, or send the issue now.")
    if found:
        raise NotReady(found)
    changed = Issue.objects.filter(pk=issue.pk, state__in=Issue.OPEN_STATES).update(
        state=Issue.State.SCHEDULED,
        scheduled_for=when,
        started_by=by.pk if by else None,
        state_note="",
    )
    if not changed:
        raise AlreadyStarted
    issue.refresh_from_db()


def unschedule(issue: Issue, note: str = "") -> bool:
    """Make a scheduled issue a draft again; False when it is not scheduled any more."""
    changed = Issue.objects.filter(pk=issue.pk, state=Issue.State.SCHEDULED).update(
        state=Issue.State.DRAFT, scheduled_for=None, state_note=note[:300]
    )
    issue.refresh_from_db()
    return bool(changed)


def start(
    issue: Issue, *, by: AbstractBaseUser | AnonymousUser | None = None, shown: str = ""
) -> None:
    """Freeze the issue's content, write one delivery per mailable subscriber, wake a worker.

    All of it happens, or nothing. `shown` is the SHA-256 of what was confirmed (rehearse); ""
    is for a schedule, which sends what was saved last. Raises NotReady, Changed when the
    content is something else by now, or AlreadyStarted for the second of two clicks.
    """
    try:
        # Outside the transaction as well: the first rendering makes the pictures' copies.
        if issue.is_open:
            mail.render(issue)
        _start(issue, by, shown)
    except mail.RenderError as error:
        issue.refresh_from_db()
        raise NotReady([str(error)]) from error
    except (NotReady, AlreadyStarted):
        issue.refresh_from_db()
        raise


def _start(issue: Issue, by: AbstractBaseUser | AnonymousUser | None, shown: str) -> None:
    now = timezone.now()
    with transaction.atomic():
        # The claim: of two who try, one changes the row and the other sees that it changed.
        claimed = Issue.objects.filter(pk=issue.pk, state__in=Issue.OPEN_STATES).update(
            state=Issue.State.SENDING,
            started_at=now,
            state_note="",
            failures_in_a_row=0,
            away_in_a_row=0,
            quiet_until=None,
            **({"started_by": by.pk} if by else {}),
        )
        if not claimed:
            raise AlreadyStarted
        issue.refresh_from_db()
        if found := preflight.problems(issue):
            raise NotReady(found)
        rendered = mail.render(issue)
        if shown and rendered.sha256 != shown:
            raise Changed
        Content.objects.create(
            issue=issue,
            mime=rendered.mime,
            sha256=rendered.sha256,
            web_html=rendered.web_html,
            text=rendered.text,
            frozen_at=now,
        )
        issue.recipients = queue_deliveries(issue, now)
        issue.save(update_fields=["recipients"])
        kept.drop("issues", f"issue-{issue.pk}")
        wake(issue)


def queue_deliveries(issue: Issue, now: datetime) -> int:
    """Write one queued row per mailable subscriber in one statement; return how many."""
    columns = {
        "issue_id": Value(issue.pk, BigIntegerField()),
        "subscriber_id": F("pk"),
        "state": Value(State.QUEUED.value, CharField()),
        "leased_by": Value("", CharField()),
        "tries": Value(0, BigIntegerField()),
        "due_at": Value(now, DateTimeField()),
        "reply": Value("", CharField()),
        "changed_at": Value(now, DateTimeField()),
    }
    chosen = (
        Subscriber.objects.mailable()
        .order_by("pk")
        .annotate(**{f"_{name}": value for name, value in columns.items()})
        .values_list(*(f"_{name}" for name in columns))
    )
    select, params = chosen.query.sql_with_params()
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    table = connection.ops.quote_name(Delivery._meta.db_table)
    with connection.cursor() as cursor:
        # Only names of our own tables and columns are put into the text.
        cursor.execute(f"INSERT INTO {table} ({names}) {select}", params)
        return int(cursor.rowcount)


def wake(issue: Issue) -> None:
    """Ask for a delivery task once this transaction is committed.

    A queue that is away costs nothing but time: `tick` asks again.
    """
    from newsletter.tasks import deliver_issue

    Issue.objects.filter(pk=issue.pk).update(woken_at=timezone.now())
    transaction.on_commit(lambda: deliver_issue.enqueue(issue.pk), robust=True)


# Sending


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
    sender: str = field(default_factory=envelope_sender)
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
                self.release()

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
                pause(self.issue, f"The mail server refuses us: {error}", tell=True)
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
        mine = Delivery.objects.filter(pk=row.pk, state=State.QUEUED, leased_by=self.name)
        marked = mine.filter(
            Exists(Issue.objects.filter(pk=OuterRef("issue_id"), state=Issue.State.SENDING)),
            Exists(Subscriber.objects.mailable().filter(pk=OuterRef("subscriber_id"))),
        ).update(
            state=State.SENDING,
            tries=F("tries") + 1,
            leased_until=now + lease_time(),
            changed_at=now,
        )
        if marked:
            return True
        if (
            self.still_sending()
            and not Subscriber.objects.mailable().filter(deliveries=row.pk).exists()
        ):
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
        values: dict[str, object] = {
            "code": outcome.code,
            "reply": outcome.reply[:300],
            "changed_at": now,
            "leased_until": None,
            "leased_by": "",
        }
        if outcome.fate is Fate.ACCEPTED:
            values["state"] = State.SENT
        elif outcome.fate is Fate.UNKNOWN:
            values["state"] = State.UNCERTAIN
        elif outcome.fate is Fate.DEFERRED and row.tries < len(PAUSES):
            values.update(state=State.QUEUED, due_at=now + PAUSES[row.tries])
        else:
            values["state"] = State.FAILED
        # A lease may have run out meanwhile, and the row been called uncertain: now we know.
        Delivery.objects.filter(
            pk=row.pk, leased_by=self.name, state__in=[State.SENDING, State.UNCERTAIN]
        ).update(**values)
        self.report.add(str(values["state"]))
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
        pause(
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

    def release(self) -> None:
        """Give back what was leased and not begun."""
        Delivery.objects.filter(
            issue_id=self.issue.pk, state=State.QUEUED, leased_by=self.name
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
        pause(
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


def free_stale_leases() -> int:
    """Take rows from workers that died: unbegun ones are queued again, begun ones uncertain."""
    now = timezone.now()
    stale = Delivery.objects.filter(leased_until__lt=now)
    freed = stale.filter(state=State.QUEUED).update(leased_by="", leased_until=None)
    # `leased_by` stays: should the worker live after all, it may still tell what happened.
    in_doubt = stale.filter(state=State.SENDING).update(
        state=State.UNCERTAIN,
        leased_until=None,
        reply="The worker stopped between handing the message over and noting the answer.",
        changed_at=now,
    )
    if in_doubt:
        logger.warning("%d deliveries are in doubt and wait for an editor", in_doubt)
    return freed + in_doubt


# What an editor decides


def pause(issue: Issue, why: str, *, tell: bool = False) -> bool:
    """Stop sending after the message that is under way; `tell` the editor who started it."""
    changed = Issue.objects.filter(pk=issue.pk, state=Issue.State.SENDING).update(
        state=Issue.State.PAUSED, state_note=why[:300]
    )
    issue.refresh_from_db()
    if changed and tell:
        logger.error("Issue %s is paused: %s", issue.number, why)
        # Not under the write lock: this mail goes through a server, too.
        transaction.on_commit(lambda: tell_editor(issue, "issue_paused"), robust=True)
    return bool(changed)


def tell_editor(issue: Issue, mail_name: str) -> None:
    """Write to the editor who sent or scheduled the issue, if mail can be sent at all.

    `mail_name` is the mail's name in `templates/email/`.
    """
    address = getattr(issue.started_by, "email", "")
    if not address:
        return
    if never_mailed(address):
        logger.info("%s of issue %s: the editor's address is suppressed", mail_name, issue.number)
        return
    try:
        transactional(mail_name, address, {"issue": issue}).send(using="default")
    except (OSError, smtplib.SMTPException, ValueError):
        # The admin says it in any case.
        logger.exception("Could not send %s of issue %s to %s", mail_name, issue.number, address)


def resume(issue: Issue) -> bool:
    """Go on with a paused issue."""
    with transaction.atomic():
        changed = Issue.objects.filter(pk=issue.pk, state=Issue.State.PAUSED).update(
            state=Issue.State.SENDING,
            state_note="",
            failures_in_a_row=0,
            away_in_a_row=0,
            quiet_until=None,
        )
        issue.refresh_from_db()
        if changed:
            wake(issue)
    return bool(changed)


def cancel(issue: Issue) -> bool:
    """End an issue that is not sent yet for good; what is queued is skipped."""
    now = timezone.now()
    with transaction.atomic():
        changed = Issue.objects.filter(
            pk=issue.pk, state__in=[*Issue.OPEN_STATES, Issue.State.SENDING, Issue.State.PAUSED]
        ).update(state=Issue.State.CANCELLED, scheduled_for=None, quiet_until=None)
        if changed:
            kept.drop("issues", f"issue-{issue.pk}")
            Delivery.objects.filter(issue=issue, state=State.QUEUED).update(
                state=State.SKIPPED,
                leased_by="",
                leased_until=None,
                reply="The issue was cancelled.",
                changed_at=now,
            )
    issue.refresh_from_db()
    return bool(changed)


def send_uncertain_again(issue: Issue, pks: Iterable[int] | None = None) -> int:
    """Queue deliveries in doubt once more, at an editor's word; return how many.

    The Message-ID stays, so a receiver that has the message can recognise it.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = _uncertain(issue, pks).exclude(issue__state=Issue.State.CANCELLED)
        count = rows.update(
            state=State.QUEUED, leased_by="", leased_until=None, due_at=now, changed_at=now
        )
        if count:
            Issue.objects.filter(pk=issue.pk, state=Issue.State.SENT).update(
                state=Issue.State.SENDING
            )
            wake(issue)
    issue.refresh_from_db()
    return count


def call_uncertain_sent(issue: Issue, pks: Iterable[int] | None = None) -> int:
    """Count deliveries in doubt as sent, at an editor's word; return how many."""
    return _uncertain(issue, pks).update(state=State.SENT, leased_by="", changed_at=timezone.now())


def _uncertain(issue: Issue, pks: Iterable[int] | None) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(issue=issue, state=State.UNCERTAIN)
    return rows if pks is None else rows.filter(pk__in=list(pks))


def never_mailed(address: str) -> bool:
    """Return whether the address of an account, in any spelling, is suppressed."""
    with contextlib.suppress(ValidationError):
        address = clean_address(address)
    return signup.is_suppressed(address.lower())


def send_test(issue: Issue, address: str) -> Outcome:
    """Send the issue as it stands to one address, by the renderer and the way of the real one.

    Raises NotReady when it cannot be rendered or the address is suppressed, ServerAway or
    ServerRefuses.
    """
    if never_mailed(address):
        raise NotReady(
            [
                f"{address} is suppressed, and no mail goes there. Lift the suppression in the "
                "admin if its owner agrees, or use another address."
            ]
        )
    try:
        rendered = mail.render(issue)
    except mail.RenderError as error:
        raise NotReady([str(error)]) from error
    subscriber = Subscriber.objects.filter(address=address.lower()).first()
    try:
        message = mail.MessageTemplate(rendered.mime).for_recipient(
            address=address,
            message_id=f"<test.{secrets.token_hex(12)}@{settings.MAIL_DOMAIN}>",
            key=subscriber.key if subscriber else mail.SAMPLE_KEY,
            date=timezone.now(),
        )
    except ValueError as error:
        raise NotReady([f"Your account's address cannot be written to: {error}"]) from error
    with SmtpTransport("bulk") as transport:
        transport.prepare(envelope_sender())
        return transport.submit(address, message)


# The clock


def tick() -> None:
    """Start due issues, free stale leases, and wake a worker wherever one is missing."""
    for issue in Issue.objects.due():
        try:
            start(issue)
        except AlreadyStarted:
            continue
        except NotReady as error:
            unschedule(issue, f"It was not sent at its time. {error}")
            logger.error("Issue %s was not sent at its time: %s", issue.number, error)
            tell_editor(issue, "issue_not_sent")
    free_stale_leases()
    now = timezone.now()
    # Deferred while somebody cancelled: nobody will send it any more.
    Delivery.objects.filter(issue__state=Issue.State.CANCELLED, state=State.QUEUED).update(
        state=State.SKIPPED, reply="The issue was cancelled.", changed_at=now
    )
    awake = Q(woken_at__gt=now - CHAIN_IS_DEAD_AFTER)
    due = Delivery.objects.filter(
        issue=OuterRef("pk"), state=State.QUEUED, due_at__lte=now, leased_until=None
    )
    open_rows = Delivery.objects.filter(
        issue=OuterRef("pk"), state__in=[State.QUEUED, State.SENDING]
    )
    sending = Issue.objects.filter(state=Issue.State.SENDING)
    for issue in sending.filter(~Exists(open_rows)):
        finish(issue)
    for issue in sending.filter(Exists(due)).exclude(awake).exclude(quiet_until__gt=now):
        wake(issue)
