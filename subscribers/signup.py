"""Signing up, confirming, unsubscribing and suppressing: what each changes and records.

Each flow writes its consent event, and the mail it owes, in one transaction with the
change itself. Whoever calls one from a page wakes a worker for the mail (subscribers/door.py).
"""

import logging
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

# A link to confirm that has less left is not sent again; a new one is.
LAST_DAY = timedelta(days=1)
# A request that cannot be taken, because of a mistake of ours, is tried again so often and so long.
TRY_AGAIN_AFTER = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(days=3)

State = Subscriber.State


def is_suppressed(address: str) -> bool:
    """Return whether an address must never be mailed."""
    return Suppression.objects.filter(address=address).exists()


def due_requests() -> QuerySet[SignUpRequest]:
    """The requests of the form that no worker has looked at."""
    return SignUpRequest.objects.filter(due_at__lte=timezone.now())


def take_requests(limit: int = 100) -> bool:
    """Sign up the addresses that were typed into the form, oldest first; return if more wait.

    Safe to run in several processes at once. A request that fails stops no other.
    """
    for pk in due_requests().order_by("due_at", "pk").values_list("pk", flat=True)[:limit]:
        try:
            take_request(pk)
        except Exception:
            logger.exception("Request %s to subscribe could not be taken", pk)
            put_request_off(pk)
    return due_requests().exists()


def take_request(pk: int) -> None:
    """Sign up the address of one request and delete the request, or neither."""
    with transaction.atomic():
        # Of two workers the second waits here, and finds it gone.
        request = SignUpRequest.objects.select_for_update().filter(pk=pk).first()
        if request is None:
            return
        sign_up(request.address, request.where, request.wording, at=request.created_at)
        request.delete()


def put_request_off(pk: int) -> None:
    """Try a request again later; delete it where that has been done for long enough."""
    now = timezone.now()
    request = SignUpRequest.objects.filter(pk=pk)
    if request.filter(created_at__lte=now - GIVE_UP_AFTER).delete()[0]:
        logger.error("Request %s to subscribe was given up", pk)
    request.update(due_at=now + TRY_AGAIN_AFTER)


def sign_up(
    address: str,
    where: str,
    words: str = wording.WORDINGS[wording.CURRENT],
    at: datetime | None = None,
) -> None:
    """Do what a request to subscribe an address asks for.

    `address` is as `forms.clean_address` returned it, `where` the path of the page, `words` what
    stood beside its button, and `at` when it was pressed, if not now. What follows is only ever
    said by mail to the address itself: a link to confirm (new, pending and unsubscribed
    addresses), a word that all is well (confirmed ones), or nothing (suppressed ones, and
    mailboxes that were mailed too often).
    """
    with transaction.atomic():
        if is_suppressed(address):
            return
        mails = guards.mails_of(address)
        if not guards.may_mail(mails):
            return
        # Two requests for one new address: the unique constraint lets one create the row,
        # and the other waits for it here.
        subscriber, created = Subscriber.objects.select_for_update().get_or_create(address=address)
        kind = Notice.Kind.ALREADY
        renewed = created
        if subscriber.state != State.CONFIRMED:
            kind = Notice.Kind.CONFIRM
            renewed = request_confirmation(subscriber) or created
        if not renewed and is_owed(subscriber, kind):
            return  # A double click: the mail that is on its way answers both.
        record(ConsentEvent.Kind.REQUESTED, subscriber, where=where, words=words, at=at)
        Notice.objects.create(subscriber=subscriber, kind=kind)
        guards.count_mail(mails)


def request_confirmation(subscriber: Subscriber) -> bool:
    """Make sure that a subscriber is pending with a link that works; return if it is a new one.

    A link is kept until its last day, so that each of several mails works; its end stays where
    it was, so that nobody keeps an old link alive by asking again and again. On its last day a
    new link takes its place, because the mail may be read tomorrow.
    """
    now = timezone.now()
    if subscriber.state == State.PENDING and subscriber.confirm_link_ends - now >= LAST_DAY:
        return False
    subscriber.confirm_key = new_key()
    subscriber.state = State.PENDING
    subscriber.confirm_requested_at = now
    subscriber.save(update_fields=["confirm_key", "state", "confirm_requested_at"])
    return True


def confirm(subscriber: Subscriber) -> bool:
    """Confirm a pending subscriber; return whether it is confirmed now.

    Safe to call twice: one consent event, one welcome. Refused (False) where the link has
    expired, where it is from before an unsubscribe, and for a suppressed address.
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
        guards.start_anew(subscriber.address)
    subscriber.refresh_from_db()
    return subscriber.state == State.CONFIRMED


def unsubscribe(subscriber: Subscriber, where: str) -> bool:
    """Unsubscribe a confirmed or pending subscriber at once; return whether that was news."""
    with transaction.atomic():
        changed = Subscriber.objects.filter(
            pk=subscriber.pk, state__in=[State.PENDING, State.CONFIRMED]
        ).update(state=State.UNSUBSCRIBED, unsubscribed_at=timezone.now())
        if changed:
            record(ConsentEvent.Kind.UNSUBSCRIBED, subscriber, where=where)
    subscriber.refresh_from_db()
    return bool(changed)


def suppress(address: str, reason: str, note: str = "", where: str = "") -> bool:
    """Never mail an address again; return whether that was news.

    `reason` is a `Suppression.Reason`, `where` the page or the person it came through. A
    subscriber of that address is unsubscribed, so that lifting the suppression later
    brings nobody back unasked.
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
    """Lift a suppression. Nobody is subscribed by it; they would have to sign up again."""
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
    """Append a consent event, of a subscriber or of an address that has none."""
    ConsentEvent.objects.create(
        subscriber=subscriber,
        address=subscriber.address if subscriber else address,
        kind=kind,
        at=at or timezone.now(),
        where=where[:300],
        wording=words,
    )


def is_owed(subscriber: Subscriber, kind: Notice.Kind) -> bool:
    """Return whether a mail of this kind is still waiting to be sent."""
    return Notice.objects.filter(
        subscriber=subscriber, kind=kind, state=Notice.State.QUEUED
    ).exists()
