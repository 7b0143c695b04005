"""`manage.py mailroom`: the mail server of a development machine."""

import logging
import signal
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from alarmroom.development.mailroom import mails


class Command(BaseCommand):
    help = "Take every mail on a loopback port and keep it for /dev/mail/. Only for development."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        # Only development machines install aiosmtpd.
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import SMTP, Envelope, Session

        if not settings.DEBUG:
            raise CommandError("The mailroom is for development: it needs DEBUG=on.")

        report = self.stdout.write

        class Handler:
            async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
                assert isinstance(envelope.content, bytes)  # noqa: S101  (decode_data is off)
                key = mails.store(
                    envelope.content,
                    envelope_from=envelope.mail_from or "",
                    envelope_to=[str(to) for to in envelope.rcpt_tos],
                )
                report(f"Mail for {', '.join(str(to) for to in envelope.rcpt_tos)}")
                return f"250 2.0.0 Kept as {key}"

        stopped = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        # aiosmtpd logs a line for every connection; this command prints one for every mail.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        mails.maildir()
        controller = Controller(
            Handler(), hostname="127.0.0.1", port=settings.SMTP_PORT, enable_SMTPUTF8=True
        )
        try:
            controller.start()
        except OSError as error:
            raise CommandError(
                f"Port {settings.SMTP_PORT} cannot be used ({error.strerror}); "
                "choose another: SMTP_PORT=2526 make run"
            ) from error
        self.stdout.write(f"Taking mail on 127.0.0.1:{settings.SMTP_PORT}")
        # The process just ends. Stopping the controller is not needed, because each mail is stored
        # before it is answered. It would also print a traceback (_SelectorTransport.__del__ of
        # asyncio) if a client has just disconnected.
        stopped.wait()
