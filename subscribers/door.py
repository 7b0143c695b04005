"""What the public pages ask for: it is written down here, and a worker is woken."""

from django.db import transaction

from subscribers import guards, signup, tasks, wording
from subscribers.models import SignUpRequest, Subscriber


def request_sign_up(
    address: str,
    *,
    where: str,
    network: str,
    words: str = wording.WORDINGS[wording.CURRENT],
) -> None:
    """Note that somebody asked to subscribe an address, for a worker to look at.

    Nothing here looks at whose address it is: a page that did could be told by its answer, or by
    the time it takes, who is subscribed or suppressed. `address` is as `forms.clean_address`
    returned it, `network` as `alarmroom.clients.client_network` did. Raises TooManySignUps.
    """
    with transaction.atomic():
        guards.count_sign_up(network)
        SignUpRequest.objects.create(address=address, where=where[:300], wording=words)
        transaction.on_commit(tasks.wake, robust=True)


def confirm(subscriber: Subscriber) -> bool:
    """Confirm a pending subscriber; return whether it is confirmed now. See signup.confirm()."""
    with transaction.atomic():
        confirmed = signup.confirm(subscriber)
        if confirmed:
            transaction.on_commit(tasks.wake, robust=True)
    return confirmed
