"""What a worker does for this room. The notice rows decide; a task only wakes it up."""

from django.conf import settings
from django.tasks import task

from subscribers import notices

# Of the waiting tasks a worker takes the most urgent first. A reader waits for these mails, so
# they go before an issue's next slice (0) and before the copies of pictures (-50).
PRIORITY = 50


@task()
def send_notices() -> int:
    """Send the mails that are due. Safe twice: each is claimed before it is sent.

    One task takes no longer than a slice. Its successor has the priority of an issue's slice,
    so while the mail server is slow the two take turns.
    """
    sent = notices.send_slice(seconds=settings.DELIVERY_SLICE_SECONDS)
    if sent.more:
        send_notices.enqueue()
    return sent.count


def wake() -> None:
    """Ask a worker to send what is owed. Where that fails, the tick asks again."""
    backend = send_notices.get_backend()
    send_notices.using(priority=PRIORITY if backend.supports_priority else 0).enqueue()


def wake_due() -> None:
    """Wake a worker if something is due. For the tick, which itself waits for no mail server."""
    if notices.due().exists():
        wake()
