"""`manage.py receive_mail`: a mail server pipes one mail into it.

It ends with a code that mail servers know (sysexits.h): 0 when the mail is dealt with, 75
(EX_TEMPFAIL) when it must come again, because something could not be stored.
"""

import logging
import sys
from argparse import ArgumentParser
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand

from newsletter.feedback.keeping import Full
from newsletter.feedback.parts import LIMIT
from newsletter.feedback.receiving import receive

logger = logging.getLogger(__name__)

EX_TEMPFAIL = 75
PIECE = 64 * 1024


class Command(BaseCommand):
    help = (
        "Take in one mail from standard input: a bounce, a complaint, a wish to leave, a reply. "
        "Ends with 75 (EX_TEMPFAIL) when the mail server must bring it again."
    )

    # Each mail starts a process; the checks would make it slower, and end it with another code.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "recipient",
            nargs="*",
            help="The addresses it was sent to, besides those in its header.",
        )

    def handle(self, *args: Any, recipient: list[str], **options: Any) -> None:
        try:
            raw, size = read_beginning(sys.stdin.buffer)
            result = receive(raw, [each for each in recipient if each], size=size)
        except Full as error:
            logger.warning("A mail must come again later: %s", error)
            sys.exit(EX_TEMPFAIL)
        except Exception:
            logger.exception("A mail could not be stored; it must come again")
            sys.exit(EX_TEMPFAIL)
        self.stdout.write(result.value)


def read_beginning(stream: BinaryIO) -> tuple[bytes, int]:
    """Return the first LIMIT bytes of a stream, and how many there are in all.

    It is read to its end: a mail server whose pipe is closed early takes that for a failure.
    """
    kept, size = b"", 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if len(kept) < LIMIT:
            kept += piece[: LIMIT - len(kept)]
    return kept, size
