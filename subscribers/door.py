"""The entry point for the public pages: it stores what a visitor asks for and wakes a worker."""

from django.db import transaction

from subscribers import guards, signup, tasks, wording
from subscribers.models import SignUpRequest, Subscriber


def request_sign_up(
    address: str,
    *,
    where: str,
    network: str,
    words: str = "",
) -> None:
    """Store that somebody asked to subscribe an address. A worker processes it.

    Nothing here reads the address's subscription. Otherwise the page's answer, or the time it
    takes, would show who is subscribed or suppressed. `address` comes from `forms.clean_address`,
    `network` from `alarmroom.clients.client_network`. Raises TooManySignUps.
    """
    with transaction.atomic():
        guards.count_sign_up(network)
        SignUpRequest.objects.create(
            address=address, where=where[:300], wording=words or wording.current()[1]
        )
        transaction.on_commit(tasks.wake, robust=True)


def confirm(subscriber: Subscriber) -> bool:
    """Confirm a pending subscriber; return whether it is confirmed now. See signup.confirm()."""
    with transaction.atomic():
        confirmed = signup.confirm(subscriber)
        if confirmed:
            transaction.on_commit(tasks.wake, robust=True)
    return confirmed
