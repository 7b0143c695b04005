"""The background task of this app.

The rows say what is due. A task only starts a worker on them, so a lost task loses no mail.
"""

from django.conf import settings
from django.tasks import task

from subscribers import notices, signup
from subscribers.models import Resource

# A worker takes the waiting task with the highest priority first. A reader waits for these mails,
# so they go before an issue's next slice (0) and before the copies of pictures (-50).
PRIORITY = 50
COVERS = -50


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


@task()
def make_covers() -> int:
    """Make the copies that covers lack; return of how many.

    One resource after the other, and none within a transaction: a picture takes a second.
    """
    lacking = covers_due()
    for resource in lacking:
        resource.complete_cover_copies()
    return len(lacking)


def covers_due() -> list[Resource]:
    """Return the resources whose covers lack copies. One query; there are few resources."""
    rows = Resource.objects.exclude(cover="").defer("description")
    return [resource for resource in rows if resource.lacks_copies]


def wake_for_covers_due() -> None:
    """Wake a worker for covers that lack copies. The tick calls it."""
    if covers_due():
        backend = make_covers.get_backend()
        make_covers.using(priority=COVERS if backend.supports_priority else 0).enqueue()


def wake() -> None:
    """Enqueue a task for what is due. If that fails, the next tick does it."""
    backend = send_notices.get_backend()
    send_notices.using(priority=PRIORITY if backend.supports_priority else 0).enqueue()


def wake_due() -> None:
    """Wake a worker if something is due. The tick calls it; it sends no mail itself."""
    if signup.due_requests().exists() or notices.due().exists():
        wake()
