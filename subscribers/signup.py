"""Signing up, confirming, unsubscribing and suppressing: what each changes and records.

Each flow writes its consent event, and the mail it owes, in one transaction with the
change itself; the worker is woken when that has been committed.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from subscribers import tasks, wording
from subscribers.models import (
    CONFIRM_DAYS,
    ConsentEvent,
    Notice,
    Subscriber,
    Suppression,
    new_key,
)

# Anybody can type anybody's address into our form; this is all they can do with it.
NOTICES_PER_HOUR = 3
# A link to confirm that has less left is not sent again; a new one is.
LAST_DAY = timedelta(days=1)

State = Subscriber.State


def is_suppressed(address: str) -> bool:
    """Return whether an address must never be mailed."""
    return Suppression.objects.filter(address=address).exists()


def sign_up(address: str, where: str, words: str = wording.WORDINGS[wording.CURRENT]) -> None:
    """Take a request to subscribe an address, as `forms.clean_address` returned it.

    `where` is the path of the page and `words` what stood beside its button. What follows
    is only ever said by mail to the address itself, so this returns nothing and a page
    cannot tell who is subscribed: a link to confirm (new, pending and unsubscribed
    addresses), a word that all is well (confirmed ones), or nothing (suppressed ones, and
    more than NOTICES_PER_HOUR).
    """
    with transaction.atomic():
        # For every address alike, so that the time it takes tells nothing either.
        transaction.on_commit(wake, robust=True)
        if is_suppressed(address):
            return
        # Two requests for one new address: the unique constraint lets one create the row,
        # and the other waits for it here.
        subscriber, created = Subscriber.objects.select_for_update().get_or_create(address=address)
        if notices_within_an_hour(subscriber) >= NOTICES_PER_HOUR:
            return
        kind = Notice.Kind.ALREADY
        renewed = created
        if subscriber.state != State.CONFIRMED:
            kind = Notice.Kind.CONFIRM
            renewed = request_confirmation(subscriber) or created
        if not renewed and is_owed(subscriber, kind):
            return  # A double click: the mail that is on its way answers both.
        record(ConsentEvent.Kind.REQUESTED, subscriber, where=where, words=words)
        Notice.objects.create(subscriber=subscriber, kind=kind)


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
            transaction.on_commit(wake, robust=True)
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
) -> None:
    """Append a consent event, of a subscriber or of an address that has none."""
    ConsentEvent.objects.create(
        subscriber=subscriber,
        address=subscriber.address if subscriber else address,
        kind=kind,
        where=where[:300],
        wording=words,
    )


def notices_within_an_hour(subscriber: Subscriber) -> int:
    """Return how many mails the last hour's requests have caused."""
    since = timezone.now() - timedelta(hours=1)
    return Notice.objects.filter(subscriber=subscriber, created_at__gt=since).count()


def is_owed(subscriber: Subscriber, kind: Notice.Kind) -> bool:
    """Return whether a mail of this kind is still waiting to be sent."""
    return Notice.objects.filter(
        subscriber=subscriber, kind=kind, state=Notice.State.QUEUED
    ).exists()


def wake() -> None:
    """Ask a worker to send what is owed; the tick would find it within a minute anyway."""
    tasks.wake()
