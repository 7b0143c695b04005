"""SMTP, with the fate of every message known, or known to be in doubt.

A submission has three outcomes that the server decides: accepted, deferred, rejected. The first
digit of its reply tells which (RFC 5321 4.2). A fourth one is unknown: the connection was lost
after the message was handed over and before the server answered (RFC 5321 4.2.5), or the answer
has no meaning. Such a message may have been accepted, so it is never sent again by itself.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Self

from django.core.mail import mailers
from django.core.mail.backends.smtp import EmailBackend

from alarmroom.mail_text import one_line


class Fate(Enum):
    """What became of one message."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """The fate of one message, and the server's reply.

    `code` is a reply code from 200 to 599, or None where no such reply came.
    """

    fate: Fate
    code: int | None
    reply: str


class ServerAway(Exception):
    """The server does not take messages now. Nothing was handed over; try all again later."""


class ConnectionLost(ServerAway):
    """The connection was lost before the server answered."""


class ServerRefuses(Exception):
    """The server refuses us, not a recipient: an editor or operator must look."""


def _one_line(reply: Any) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    # A server may answer anything, and PostgreSQL stores no NUL.
    return one_line(text)[:300]


def _dot_stuffed(message: bytes) -> bytes:
    """Double the dot that a line begins with (RFC 5321 4.5.2)."""
    stuffed = message.replace(b"\n.", b"\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


class SmtpTransport:
    """One connection to the mail server of a MAILERS alias, opened when first needed."""

    def __init__(self, alias: str = "bulk") -> None:
        self.alias = alias
        self._backend: EmailBackend | None = None
        self._connection: smtplib.SMTP

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
        backend, self._backend = self._backend, None
        if backend is not None:
            with contextlib.suppress(OSError):
                backend.close()

    def open(self) -> smtplib.SMTP:
        """Return a connection that is ready for MAIL FROM.

        Raises ServerAway when it cannot be had now, ServerRefuses when it never will.
        """
        if self._backend is None:
            backend = mailers[self.alias]
            if not isinstance(backend, EmailBackend):
                raise ServerRefuses(
                    f"MAILERS[{self.alias!r}] is {type(backend).__name__}; issues leave by SMTP."
                )
            try:
                backend.open()
                connection = backend.connection
                if connection is None:
                    raise ServerAway("No connection was opened.")
                connection.ehlo_or_helo_if_needed()
            except smtplib.SMTPNotSupportedError as error:
                raise ServerRefuses(_one_line(error)) from error
            except smtplib.SMTPResponseException as error:
                # The greeting or the login; a login may be refused for the moment (RFC 4954 6).
                if error.smtp_code // 100 == 5:
                    raise ServerRefuses(
                        f"{error.smtp_code} {_one_line(error.smtp_error)}"
                    ) from error
                raise ServerAway(f"{error.smtp_code} {_one_line(error.smtp_error)}") from error
            except OSError as error:
                raise ServerAway(_one_line(error) or type(error).__name__) from error
            # The message and its final dot leave in one piece: do not wait for an ACK between.
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._backend, self._connection = backend, connection
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
        if self._backend is None:
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
            raise ConnectionLost(_one_line(error) or type(error).__name__) from error
        if code // 100 == 2:
            return
        self.close()
        if code // 100 == 5:
            raise ServerRefuses(f"{code} {_one_line(reply)}")
        raise ServerAway(f"{code} {_one_line(reply)}")

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
            return Outcome(Fate.DEFERRED, None, _one_line(error) or type(error).__name__)
        try:
            code, reply = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(
                Fate.UNKNOWN,
                None,
                "The connection was lost before the server answered: "
                + (_one_line(error) or type(error).__name__),
            )
        if code // 100 == 2:
            return Outcome(Fate.ACCEPTED, code, _one_line(reply))
        # An answer without a meaning does not tell whether the message was accepted.
        return self._refused(code, reply, else_=Fate.UNKNOWN)

    def _refused(self, code: int, reply: bytes, *, else_: Fate) -> Outcome:
        """Return what a reply that is no success means.

        `else_` is the fate for a reply that has no meaning at this place.
        """
        if code // 100 not in (4, 5):
            # Replies and commands may be out of step from here on, so the connection ends.
            self.close()
            said = f"{code} {_one_line(reply)}" if code >= 0 else _one_line(reply)
            return Outcome(else_, None, f"The server's answer cannot be understood: {said}")
        if code == 421:  # The server is closing the connection (RFC 5321 3.8).
            self.close()
        else:
            self._reset()
        return Outcome(Fate.REJECTED if code // 100 == 5 else Fate.DEFERRED, code, _one_line(reply))

    def _reset(self) -> None:
        """Clear the refused transaction, or drop the connection if that fails."""
        if self._backend is None:
            return
        try:
            code, _ = self._connection.rset()
        except (OSError, smtplib.SMTPException):
            self.close()
        else:
            if code // 100 != 2:
                self.close()
