"""What a worker does for this room. The rows decide; a task only wakes it up."""

from django.conf import settings
from django.tasks import task

from subscribers import notices, signup

# Of the waiting tasks a worker takes the most urgent first. A reader waits for these mails, so
# they go before an issue's next slice (0) and before the copies of pictures (-50).
PRIORITY = 50


@task()
def send_notices() -> int:
    """Take the sign-ups that wait, then send the mails that are due.

    Safe twice: a request is taken under a lock, and each mail is claimed before it is sent. One
    task takes no longer than a slice. Its successor has the priority of an issue's slice, so
    while the mail server is slow the two take turns.
    """
    more_requests = signup.take_requests()
    sent = notices.send_slice(seconds=settings.DELIVERY_SLICE_SECONDS)
    if sent.more or more_requests:
        send_notices.enqueue()
    return sent.count


def wake() -> None:
    """Ask a worker to do what is due. Where that fails, the tick asks again."""
    backend = send_notices.get_backend()
    send_notices.using(priority=PRIORITY if backend.supports_priority else 0).enqueue()


def wake_due() -> None:
    """Wake a worker if something is due. For the tick, which itself waits for no mail server."""
    if signup.due_requests().exists() or notices.due().exists():
        wake()
