"""Talking SMTP so that every message's fate is known, or known to be in doubt.

One submission has three outcomes the server decides (accepted, deferred, rejected) and
one that nobody can know: the connection was lost after the message was handed over and
before the server answered (RFC 5321 4.2.5), or its answer is none. That one is never
repeated by itself. The first digit of a reply decides (RFC 5321 4.2).
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


class Fate(Enum):
    """What became of one message."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """The fate of one message and the server's own words for it.

    `code` is a reply code from 200 to 599, or None where there was no such answer.
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


def _words(reply: Any) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return " ".join(text.split())[:300]


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
        """End the connection; whether the server still hears it does not matter."""
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
                raise ServerRefuses(_words(error)) from error
            except smtplib.SMTPResponseException as error:
                # The greeting or the login; a login may be refused for the moment (RFC 4954 6).
                if error.smtp_code // 100 == 5:
                    raise ServerRefuses(f"{error.smtp_code} {_words(error.smtp_error)}") from error
                raise ServerAway(f"{error.smtp_code} {_words(error.smtp_error)}") from error
            except OSError as error:
                raise ServerAway(_words(error) or type(error).__name__) from error
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
            raise ConnectionLost(_words(error) or type(error).__name__) from error
        if code // 100 == 2:
            return
        self.close()
        if code // 100 == 5:
            raise ServerRefuses(f"{code} {_words(reply)}")
        raise ServerAway(f"{code} {_words(reply)}")

    def forget(self) -> None:
        """Take back the MAIL FROM of prepare(): nothing will follow it."""
        self._reset()

    def submit(self, recipient: str, message: bytes) -> Outcome:
        """Hand one message over, after prepare(), and return its fate.

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
            # In one call: when it fails, the final dot has not left, so nothing was accepted.
            connection.send(stuffed + b".\r\n")
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Fate.DEFERRED, None, _words(error) or type(error).__name__)
        try:
            code, reply = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(
                Fate.UNKNOWN,
                None,
                "The connection was lost before the server answered: "
                + (_words(error) or type(error).__name__),
            )
        if code // 100 == 2:
            return Outcome(Fate.ACCEPTED, code, _words(reply))
        # Whether the message was taken, a senseless answer does not tell.
        return self._refused(code, reply, else_=Fate.UNKNOWN)

    def _refused(self, code: int, reply: bytes, *, else_: Fate) -> Outcome:
        """Return what a reply other than yes means; `else_` is for one that means nothing here."""
        if code // 100 not in (4, 5):
            # Whatever it was an answer to, the next one would be to something else.
            self.close()
            said = f"{code} {_words(reply)}" if code >= 0 else _words(reply)
            return Outcome(else_, None, f"The server's answer cannot be understood: {said}")
        if code == 421:  # The server is closing the connection (RFC 5321 3.8).
            self.close()
        else:
            self._reset()
        return Outcome(Fate.REJECTED if code // 100 == 5 else Fate.DEFERRED, code, _words(reply))

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
