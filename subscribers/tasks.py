"""The background task of this app.

The rows say what is due. A task only starts a worker on them, so a lost task loses no mail.
"""

from django.conf import settings
from django.tasks import task

from subscribers import notices, signup

# A worker takes the waiting task with the highest priority first. A reader waits for these mails,
# so they go before an issue's next slice (0) and before the copies of pictures (-50).
PRIORITY = 50


@task()
def send_notices() -> int:
    """Process the waiting sign-up requests, then send the notices that are due.

    Safe to run twice at once: a request is locked, and a notice is claimed before it is sent. One
    task starts no mail after DELIVERY_SLICE_SECONDS and enqueues the next task with the priority
    of an issue's slice. So notices and issues both make progress while the mail server is slow.
    """
    more_requests = signup.process_requests()
    sent = notices.send_slice(seconds=settings.DELIVERY_SLICE_SECONDS)
    if sent.more or more_requests:
        send_notices.enqueue()
    return sent.count


def wake() -> None:
    """Enqueue a task for what is due. If that fails, the next tick does it."""
    backend = send_notices.get_backend()
    send_notices.using(priority=PRIORITY if backend.supports_priority else 0).enqueue()


def wake_due() -> None:
    """Wake a worker if something is due. The tick calls it; it sends no mail itself."""
    if signup.due_requests().exists() or notices.due().exists():
        wake()
