"""The task that reads the mailbox of bounces."""

import logging

from django.conf import settings
from django.tasks import task
from django.utils import timezone

from newsletter.feedback import mailbox

logger = logging.getLogger(__name__)

# It waits for every mail that somebody waits for, and for an issue.
PRIORITY = -10
EVERY_MINUTES = 5


@task()
def read_mailbox() -> str:
    """Read the mailbox for a slice of time, and ask for the next one where mails are left.

    It may run twice, and never: what is in the mailbox stays there until it is stored.
    """
    try:
        report = mailbox.read_mailbox(settings.DELIVERY_SLICE_SECONDS)
    except mailbox.MailboxAway as error:
        logger.warning("The mailbox of bounces cannot be read; it is tried again: %s", error)
        return "away"
    if report.more:
        wake()
    return str(report)


def wake() -> None:
    backend = read_mailbox.get_backend()
    read_mailbox.using(priority=PRIORITY if backend.supports_priority else 0).enqueue()


def wake_due() -> None:
    """Wake a worker for the mailbox every few minutes, if there is one. For the tick."""
    if settings.FEEDBACK_IMAP_URL and timezone.now().minute % EVERY_MINUTES == 0:
        wake()
