"""SMTP, one message after the other, with the fate of each known, or known to be in doubt.

The first digit of the server's reply tells the fate (RFC 5321 4.2); newsletter/delivery/answers.py
says what fates there are.
"""

from __future__ import annotations

import contextlib
import smtplib
from types import TracebackType
from typing import Self

from newsletter.delivery.answers import (
    ConnectionLost,
    Fate,
    Outcome,
    ServerAway,
    ServerRefuses,
    one_reply,
)
from newsletter.delivery.transports.connecting import connect

__all__ = [
    "ConnectionLost",
    "Fate",
    "Outcome",
    "ServerAway",
    "ServerRefuses",
    "SmtpTransport",
    "one_reply",
]


def _dot_stuffed(message: bytes) -> bytes:
    """Double the dot that a line begins with (RFC 5321 4.5.2)."""
    stuffed = message.replace(b"\n.", b"\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


class SmtpTransport:
    """One connection to the mail server of a MAILERS alias, opened when first needed."""

    def __init__(self, alias: str = "bulk", *, size: int = 0) -> None:
        self.alias = alias
        self.size = size  # of the largest message, in octets
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection. Errors do not matter: nothing is under way."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def open(self) -> smtplib.SMTP:
        """Return a connection that is ready for MAIL FROM. Raises as connect() does."""
        if self._connection is None:
            self._connection = connect(self.alias, size=self.size).smtp
        return self._connection

    def prepare(self, sender: str) -> None:
        """Say MAIL FROM, on a new connection where there is none.

        What follows then concerns one recipient. Raises ServerAway or ServerRefuses; in both
        cases nothing was handed over.
        """
        if not self.reuse(sender):
            self._mail_from(self.open(), sender)

    def reuse(self, sender: str) -> bool:
        """Say MAIL FROM on the connection that is open; False if there is none any more.

        A server may hang up on a connection that was idle. Only a new one tells whether it is
        away, and opening that may take several timeouts. Raises as prepare() does.
        """
        if self._connection is None:
            return False
        try:
            self._mail_from(self._connection, sender)
        except ConnectionLost:
            return False
        return True

    def _mail_from(self, connection: smtplib.SMTP, sender: str) -> None:
        try:
            code, reply = connection.mail(sender)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise ConnectionLost(one_reply(error) or type(error).__name__) from error
        if code // 100 == 2:
            return
        self.close()
        if code // 100 == 5:
            raise ServerRefuses(f"{code} {one_reply(reply)}")
        raise ServerAway(f"{code} {one_reply(reply)}")

    def forget(self) -> None:
        """Take back the MAIL FROM of prepare() or reuse(): no message follows it."""
        self._reset()

    def submit(self, recipient: str, message: bytes) -> Outcome:
        """Hand one message over, after prepare() or reuse(), and return its fate.

        `message` is complete and has CRLF line ends. Never raises for anything that
        the server or the network does.
        """
        if not recipient.isascii():
            # Would need SMTPUTF8 (RFC 6531), which sign-ups do not accept either.
            self.forget()
            return Outcome(Fate.REJECTED, None, "The address is not written in ASCII.")
        connection = self.open()
        try:
            code, reply = connection.rcpt(recipient)
            if code // 100 != 2:
                return self._refused(code, reply, else_=Fate.DEFERRED)
            code, reply = connection.docmd("DATA")
            if code // 100 != 3:
                return self._refused(code, reply, else_=Fate.DEFERRED)
            stuffed = _dot_stuffed(message)
            if not stuffed.endswith(b"\r\n"):
                stuffed += b"\r\n"
            # In one call: if it fails, the final dot was not sent, so nothing was accepted.
            connection.send(stuffed + b".\r\n")
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Fate.DEFERRED, None, one_reply(error) or type(error).__name__)
        try:
            code, reply = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(
                Fate.UNKNOWN,
                None,
                "The connection was lost before the server answered: "
                + (one_reply(error) or type(error).__name__),
            )
        if code // 100 == 2:
            return Outcome(Fate.ACCEPTED, code, one_reply(reply))
        # An answer without a meaning does not tell whether the message was accepted.
        return self._refused(code, reply, else_=Fate.UNKNOWN)

    def _refused(self, code: int, reply: bytes, *, else_: Fate) -> Outcome:
        """Return what a reply that is no success means.

        `else_` is the fate for a reply that has no meaning at this place.
        """
        if code // 100 not in (4, 5):
            # Replies and commands may be out of step from here on, so the connection ends.
            self.close()
            said = f"{code} {one_reply(reply)}" if code >= 0 else one_reply(reply)
            return Outcome(else_, None, f"The server's answer cannot be understood: {said}")
        if code == 421:  # The server is closing the connection (RFC 5321 3.8).
            self.close()
        else:
            self._reset()
        return Outcome(Fate.REJECTED if code // 100 == 5 else Fate.DEFERRED, code, one_reply(reply))

    def _reset(self) -> None:
        """Clear the refused transaction, or drop the connection if that fails."""
        if self._connection is None:
            return
        try:
            code, _ = self._connection.rset()
        except (OSError, smtplib.SMTPException):
            self.close()
        else:
            if code // 100 != 2:
                self.close()
