"""What a worker does for this room. The notice rows decide; a task only wakes it up."""

from django.tasks import task

from subscribers import notices


@task()
def send_notices() -> int:
    """Send the mails that are due. Safe twice: each is claimed before it is sent."""
    return notices.send_due()
