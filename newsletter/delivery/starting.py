"""What an editor makes happen to an issue: schedule, start, resume, cancel, test; and decide
about deliveries in doubt. Pausing is in newsletter/delivery/pausing.py, for workers pause, too.

Starting writes one delivery row per subscriber. The rows are the queue and the ledger:
newsletter/delivery/worker.py sends them, and newsletter/delivery/clock.py starts what is scheduled.
Every function here may be called twice, by two people, at once: it changes only what is still
in the state that it is for, and says whether it did.
"""

from __future__ import annotations

import contextlib
import copy
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import (
    QuerySet,
)
from django.utils import timezone

from alarmroom import kept
from alarmroom.desk import log
from alarmroom.desk.models import Act
from newsletter import corrections, preflight
from newsletter.delivery import batches, cancelling, queueing
from newsletter.delivery.alerts import never_mailed
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.tasks import skip_rest, wake
from newsletter.delivery.transport import Outcome, SmtpTransport
from newsletter.delivery.transports import choosing
from newsletter.mail import rendering as mail
from newsletter.mail.addresses import written
from newsletter.mail.traces import envelope_sender
from newsletter.models import Content, Delivery, Issue, IssueLink
from subscribers.models import Subscriber

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

State = Delivery.State


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


# From draft to sending

# An editor waits so many seconds at most while deliveries are written or skipped.
ANSWER_WITHIN = 1.0

# How often start() renders an issue anew that somebody changed while it was rendered.
RENDERINGS = 5


def rehearse(issue: Issue) -> mail.Rendered:
    """Render what start() would freeze at this moment. Raises RenderError."""
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
    with transaction.atomic():
        changed = Issue.objects.filter(pk=issue.pk, state__in=Issue.OPEN_STATES).update(
            state=Issue.State.SCHEDULED,
            scheduled_for=when,
            started_by=by.pk if by else None,
            state_note="",
        )
        if not changed:
            raise AlreadyStarted
        local = timezone.localtime(when)
        log.record(
            Act.Kind.SCHEDULED, by=by, about=issue, detail=f"For {local:%B %-d, %Y, %H:%M %Z}"
        )
    issue.refresh_from_db()


def unschedule(
    issue: Issue,
    note: str = "",
    *,
    by: AbstractBaseUser | AnonymousUser | None = None,
    due: bool = False,
) -> bool:
    """Make a scheduled issue a draft again; False when it is not scheduled any more.

    `due` is for the clock: only one whose moment has come, so not one that an editor has put
    off meanwhile.
    """
    scheduled = Issue.objects.due() if due else Issue.objects.filter(state=Issue.State.SCHEDULED)
    with transaction.atomic():
        changed = scheduled.filter(pk=issue.pk).update(
            state=Issue.State.DRAFT, scheduled_for=None, state_note=note[:300]
        )
        if changed:
            log.record(Act.Kind.UNSCHEDULED, by=by, about=issue, detail=note)
    issue.refresh_from_db()
    return bool(changed)


def start(
    issue: Issue,
    *,
    by: AbstractBaseUser | AnonymousUser | None = None,
    shown: str = "",
    due: bool = False,
) -> None:
    """Freeze the issue's content, write one delivery per mailable subscriber, wake a worker.

    The issue is started, or nothing happens. Where there are many subscribers, the worker writes
    the rest of the deliveries before it sends the first (newsletter/delivery/queueing.py).

    `shown` is the SHA-256 of what was confirmed (rehearse); "" is for a schedule, which sends what
    was saved last. `due` is for the clock: start it only while it is scheduled and its moment has
    come. Raises NotReady, Changed when the content is something else by now, or AlreadyStarted for
    the second of two clicks and for a schedule that an editor ended meanwhile.
    """
    try:
        for _ in range(RENDERINGS):
            if _start(issue, by, shown, due):
                return
    except mail.RenderError as error:
        issue.refresh_from_db()
        raise NotReady([str(error)]) from error
    except (NotReady, AlreadyStarted):
        issue.refresh_from_db()
        raise
    issue.refresh_from_db()
    raise Changed


def _start(
    issue: Issue, by: AbstractBaseUser | AnonymousUser | None, shown: str, due: bool
) -> bool:
    """Start an issue; return False, with nothing changed, if it changed while it was rendered.

    It is rendered before the transaction: that may decode pictures, which takes seconds, and on
    SQLite nobody else could write meanwhile.
    """
    now = timezone.now()
    may_start = Issue.objects.due() if due else Issue.objects.filter(state__in=Issue.OPEN_STATES)
    as_started = may_start.filter(pk=issue.pk).first()
    if as_started is None:
        raise AlreadyStarted
    as_started.started_at = now
    source = mail.source(as_started)
    rendered = mail.render(as_started)
    expected = Subscriber.objects.mailable().count()
    with transaction.atomic():
        # The claim: of two who try, one changes the row. The other one changes no row.
        claimed = may_start.filter(pk=issue.pk).update(
            state=Issue.State.SENDING,
            started_at=now,
            state_note="",
            failures_in_a_row=0,
            lately_taken=0,
            lately_failed=0,
            away_in_a_row=0,
            quiet_until=None,
            recipients=0,
            queued_to=0,
            **({"started_by": by.pk} if by else {}),
        )
        if not claimed:
            raise AlreadyStarted
        issue.refresh_from_db()
        if found := preflight.problems(issue):
            raise NotReady(found)
        if mail.source(issue) != source:
            transaction.set_rollback(True)
            return False
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
        IssueLink.objects.bulk_create(
            IssueLink(issue=issue, **vars(link)) for link in rendered.links
        )
        planned = "At its time, to" if due else "To"
        log.record(
            Act.Kind.SENT,
            by=by or issue.started_by,
            about=issue,
            detail=f"{planned} {expected:,} subscribers",
        )
        kept.drop("issues", f"issue-{issue.pk}")
        wake(issue)
    with contextlib.suppress(DatabaseError):  # It is started: the worker writes the rest.
        queueing.fill(issue.pk, seconds=ANSWER_WITHIN)
    issue.refresh_from_db()
    return True


# What an editor decides


def resume(issue: Issue, by: AbstractBaseUser | AnonymousUser | None = None) -> bool:
    """Go on with a paused issue; False when it is not paused."""
    with transaction.atomic():
        changed = Issue.objects.filter(pk=issue.pk, state=Issue.State.PAUSED).update(
            state=Issue.State.SENDING,
            state_note="",
            failures_in_a_row=0,
            lately_taken=0,
            lately_failed=0,
            away_in_a_row=0,
            quiet_until=None,
        )
        issue.refresh_from_db()
        if changed:
            log.record(Act.Kind.RESUMED, by=by, about=issue)
            wake(issue)
    return bool(changed)


def cancel(issue: Issue, by: AbstractBaseUser | AnonymousUser | None = None) -> bool:
    """End an issue for good, unless it is sent. Deliveries that are queued are skipped.

    From its state on nobody else is mailed. Where there are many deliveries, a worker skips the
    rest of them.
    """
    with transaction.atomic():
        changed = Issue.objects.filter(
            pk=issue.pk, state__in=[*Issue.OPEN_STATES, Issue.State.SENDING, Issue.State.PAUSED]
        ).update(state=Issue.State.CANCELLED, scheduled_for=None, quiet_until=None, queued_to=None)
        if changed:
            log.record(Act.Kind.CANCELLED, by=by, about=issue)
            kept.drop("issues", f"issue-{issue.pk}")
            corrections.set_free(issue)
    if changed and cancelling.skip(issue.pk, seconds=ANSWER_WITHIN):
        with contextlib.suppress(Exception):  # The queue is away: the tick skips the rest.
            skip_rest.enqueue(issue.pk)
    issue.refresh_from_db()
    return bool(changed)


def send_uncertain_again(issue: Issue, pks: Iterable[int] | None) -> int:
    """Queue deliveries in doubt once more, at an editor's word; return how many.

    `pks` are the chosen ones, None means all of the issue. Changes nothing once it is cancelled.
    The Message-ID stays, so a receiver that has the message can recognise it.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = _uncertain(issue, pks).exclude(issue__state=Issue.State.CANCELLED)
        count = Delivery.objects.filter(pk__in=batches.free(rows)).update(
            state=State.QUEUED, leased_by="", leased_until=None, due_at=now, changed_at=now
        )
        if count:
            Issue.objects.filter(pk=issue.pk, state=Issue.State.SENT).update(
                state=Issue.State.SENDING
            )
            wake(issue)
    issue.refresh_from_db()
    return count


def call_uncertain_sent(issue: Issue, pks: Iterable[int] | None) -> int:
    """Count deliveries in doubt as sent, at an editor's word; return how many.

    `pks` are the chosen ones, None means all of the issue.
    """
    with transaction.atomic():
        rows = batches.free(_uncertain(issue, pks))
        return Delivery.objects.filter(pk__in=rows).update(
            state=State.SENT, leased_by="", changed_at=timezone.now()
        )


def _uncertain(issue: Issue, pks: Iterable[int] | None) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(issue=issue, state=State.UNCERTAIN)
    return rows if pks is None else rows.filter(pk__in=list(pks))


def send_test(issue: Issue, address: str) -> Outcome:
    """Send the issue as it is to one address, rendered and sent as to subscribers.

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
        rendered = mail.render(issue, test=True)
    except mail.RenderError as error:
        raise NotReady([str(error)]) from error
    subscriber = Subscriber.objects.filter(address=address.lower()).first()
    try:
        address = written(address)
        message = mail.MessageTemplate(rendered.mime).for_recipient(
            address=address,
            message_id=f"<test.{secrets.token_hex(12)}@{settings.MAIL_DOMAIN}>",
            key=subscriber.key if subscriber else mail.SAMPLE_KEY,
            date=timezone.now(),
        )
    except ValueError as error:
        raise NotReady([f"Your account's address cannot be written to: {error}"]) from error
    if not choosing.is_smtp("bulk"):
        me = LeasedRow(0, address, subscriber.key if subscriber else mail.SAMPLE_KEY, 0)
        return choosing.send_one(rendered.mime, me, issue.number)
    with SmtpTransport("bulk") as transport:
        transport.prepare(envelope_sender())
        return transport.submit(address, message)
