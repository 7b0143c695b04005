"""Signing up, confirming, unsubscribing and suppressing: what each changes and records.

Each function writes the change, its consent event and its notice in one transaction. Views call
them through subscribers/door.py, which also wakes a worker that sends the notice.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from subscribers import guards, wording
from subscribers.models import (
    CONFIRM_DAYS,
    ConsentEvent,
    Notice,
    SignUpRequest,
    Subscriber,
    Suppression,
    new_key,
)

logger = logging.getLogger(__name__)

# A confirmation link that expires sooner than this is replaced instead of sent again.
MIN_LINK_LIFE_LEFT = timedelta(days=1)
# A request whose processing failed is tried again after a pause, and given up at last.
RETRY_AFTER = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(days=3)

State = Subscriber.State

# Told when somebody leaves by a link, with the issue that the link stood in, "" for none. The room
# of the newsletter appends to it (newsletter/apps.py).
LEFT_BY_ISSUE: list[Callable[[Subscriber, str], None]] = []


def is_suppressed(address: str) -> bool:
    """Return whether an address must never be mailed."""
    return Suppression.objects.filter(address=address).exists()


def due_requests() -> QuerySet[SignUpRequest]:
    """The sign-up requests that wait for a worker."""
    return SignUpRequest.objects.filter(due_at__lte=timezone.now())


def process_requests(limit: int = 100) -> bool:
    """Sign up the addresses that were typed into the form, oldest first; return if more wait.

    Safe to run in several processes at once. A request that fails does not stop the others.
    """
    for pk in due_requests().order_by("due_at", "pk").values_list("pk", flat=True)[:limit]:
        try:
            process_request(pk)
        except Exception:
            logger.exception("Request %s to subscribe could not be taken", pk)
            postpone_request(pk)
    return due_requests().exists()


def process_request(pk: int) -> None:
    """Sign up the address of one request and delete the request, in one transaction."""
    with transaction.atomic():
        # If two workers process the same request, the second waits here and then finds no row.
        request = SignUpRequest.objects.select_for_update().filter(pk=pk).first()
        if request is None:
            return
        sign_up(request.address, request.where, request.wording, at=request.created_at)
        request.delete()


def postpone_request(pk: int) -> None:
    """Schedule the next try of a request, or delete it after GIVE_UP_AFTER."""
    now = timezone.now()
    request = SignUpRequest.objects.filter(pk=pk)
    if request.filter(created_at__lte=now - GIVE_UP_AFTER).delete()[0]:
        logger.error("Request %s to subscribe was given up", pk)
    request.update(due_at=now + RETRY_AFTER)


def sign_up(
    address: str,
    where: str,
    words: str = "",
    at: datetime | None = None,
) -> None:
    """Process a request to subscribe an address.

    `address` comes from `forms.clean_address`; `where` is the path of the page, `words` the
    consent text beside its button, `at` the time of the request if it was not now. Only the
    address itself learns the result, by mail: new, pending and unsubscribed addresses get a
    confirmation link, confirmed ones a note that they are already subscribed. Suppressed
    addresses, and mailboxes that got too many mails, get nothing.
    """
    words = words or wording.current()[1]
    with transaction.atomic():
        if is_suppressed(address):
            return
        mails = guards.lock_mail_count(address)
        if not guards.may_mail(mails):
            return
        # Of two requests for one new address, the unique constraint lets one create the row;
        # the other waits here until that row is committed.
        subscriber, created = Subscriber.objects.select_for_update().get_or_create(address=address)
        kind = Notice.Kind.ALREADY
        new_link = created
        if subscriber.state != State.CONFIRMED:
            kind = Notice.Kind.CONFIRM
            new_link = request_confirmation(subscriber) or created
        if not new_link and is_queued(subscriber, kind):
            return  # A repeated request: the mail that is already queued answers both.
        record(ConsentEvent.Kind.REQUESTED, subscriber, where=where, words=words, at=at)
        Notice.objects.create(subscriber=subscriber, kind=kind)
        guards.count_mail(mails)


def request_confirmation(subscriber: Subscriber) -> bool:
    """Make sure that a subscriber is pending and has a working link; return if the link is new.

    The same link is used until its last day, so that the links of several mails all work. Asking
    again does not move its end, so nobody can keep an old link alive. On its last day a new link
    replaces it, because the mail may only be read tomorrow.
    """
    now = timezone.now()
    if (
        subscriber.state == State.PENDING
        and subscriber.confirm_link_ends - now >= MIN_LINK_LIFE_LEFT
    ):
        return False
    subscriber.confirm_key = new_key()
    subscriber.state = State.PENDING
    subscriber.confirm_requested_at = now
    subscriber.save(update_fields=["confirm_key", "state", "confirm_requested_at"])
    return True


def confirm(subscriber: Subscriber) -> bool:
    """Confirm a pending subscriber; return whether it is confirmed now.

    Safe to call twice: there is one consent event and one welcome mail. Returns False if the link
    has expired, if it is older than an unsubscribe, and if the address is suppressed.
    """
    now = timezone.now()
    with transaction.atomic():
        if is_suppressed(subscriber.address):
            return False
        changed = Subscriber.objects.filter(
            pk=subscriber.pk,
            state=State.PENDING,
            confirm_key=subscriber.confirm_key,
            confirm_requested_at__gte=now - timedelta(days=CONFIRM_DAYS),
        ).update(state=State.CONFIRMED, confirmed_at=now, unsubscribed_at=None)
        if changed:
            record(
                ConsentEvent.Kind.CONFIRMED,
                subscriber,
                where="the link in the confirmation mail",
                words=wording.CONFIRM,
            )
            Notice.objects.create(subscriber=subscriber, kind=Notice.Kind.WELCOME)
    if changed:
        guards.reset_mail_count(subscriber.address)
    subscriber.refresh_from_db()
    return subscriber.state == State.CONFIRMED


def unsubscribe(subscriber: Subscriber, where: str) -> bool:
    """Unsubscribe a confirmed or pending subscriber; return whether anything changed."""
    with transaction.atomic():
        changed = Subscriber.objects.filter(
            pk=subscriber.pk, state__in=[State.PENDING, State.CONFIRMED]
        ).update(state=State.UNSUBSCRIBED, unsubscribed_at=timezone.now())
        if changed:
            record(ConsentEvent.Kind.UNSUBSCRIBED, subscriber, where=where)
    subscriber.refresh_from_db()
    return bool(changed)


def leave(subscriber: Subscriber, where: str, issue: str = "") -> bool:
    """Unsubscribe, and tell which issue it was by; return whether anything changed."""
    changed = unsubscribe(subscriber, where)
    for tell in LEFT_BY_ISSUE if changed and issue else ():
        try:
            tell(subscriber, issue)
        except Exception:
            # Whoever wants to leave has left.
            logger.exception("It could not be noted by which issue a reader left")
    return changed


def suppress(address: str, reason: str, note: str = "", where: str = "") -> bool:
    """Suppress an address: it is never mailed again. Return whether it was not suppressed yet.

    `reason` is a `Suppression.Reason`, `where` the page or the person it came through. A
    subscriber with that address is unsubscribed, so that lifting the suppression later does
    not subscribe anybody again.
    """
    address = address.lower()
    with transaction.atomic():
        _, created = Suppression.objects.get_or_create(
            address=address, defaults={"reason": reason, "note": note}
        )
        subscriber = Subscriber.objects.filter(address=address).first()
        stopped = Subscriber.objects.filter(
            address=address, state__in=[State.PENDING, State.CONFIRMED]
        ).update(state=State.UNSUBSCRIBED, unsubscribed_at=timezone.now())
        if created or stopped:
            label = Suppression.Reason(reason).label
            record(
                ConsentEvent.Kind.SUPPRESSED,
                subscriber,
                address=address,
                where="; ".join(part for part in (where, label, note) if part),
            )
    return created


def release(suppression: Suppression, where: str) -> None:
    """Lift a suppression. It does not subscribe the reader, who has to sign up again."""
    with transaction.atomic():
        deleted, _ = Suppression.objects.filter(pk=suppression.pk).delete()
        if deleted:
            subscriber = Subscriber.objects.filter(address=suppression.address).first()
            record(
                ConsentEvent.Kind.RELEASED,
                subscriber,
                address=suppression.address,
                where=where,
            )


def record(
    kind: ConsentEvent.Kind,
    subscriber: Subscriber | None,
    *,
    address: str = "",
    where: str = "",
    words: str = "",
    at: datetime | None = None,
) -> None:
    """Append a consent event, for a subscriber or for an address without a subscriber."""
    ConsentEvent.objects.create(
        subscriber=subscriber,
        address=subscriber.address if subscriber else address,
        kind=kind,
        at=at or timezone.now(),
        where=where[:300],
        wording=words,
    )


def is_queued(subscriber: Subscriber, kind: Notice.Kind) -> bool:
    """Return whether a mail of this kind is still waiting to be sent."""
    return Notice.objects.filter(
        subscriber=subscriber, kind=kind, state=Notice.State.QUEUED
    ).exists()
