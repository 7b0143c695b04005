"""`manage.py read_mailbox`: read the mailbox of bounces now, to try its settings or by cron."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from newsletter.feedback.mailbox import MailboxAway, read_mailbox

HOUR = 3600


class Command(BaseCommand):
    help = "Take in what is in the mailbox of FEEDBACK_IMAP_URL. The tick has it done as well."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.FEEDBACK_IMAP_URL:
            raise CommandError("FEEDBACK_IMAP_URL is not set: see docs/feedback.md.")
        try:
            self.stdout.write(str(read_mailbox(HOUR)))
        except MailboxAway as error:
            raise CommandError(f"The mailbox cannot be read: {error}") from error
