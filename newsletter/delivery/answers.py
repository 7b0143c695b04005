"""What a mail server or a mail service can answer, whichever way a message goes to it.

A submission has three outcomes that the server decides: accepted, deferred, rejected. A fourth one
is unknown: the connection was lost after the message was handed over and before the server
answered (RFC 5321 4.2.5), or the answer has no meaning. Such a message may have been accepted, so
it is never sent again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

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
    again: bool = False
    """Whether the same answer was given for another recipient of the same call, and counts once."""


class ServerAway(Exception):
    """The server does not take messages now. Nothing was handed over; try all again later.

    `wait` is how long it wants to be left alone at least, if it says so.
    """

    def __init__(self, *args: object, wait: timedelta | None = None) -> None:
        super().__init__(*args)
        self.wait = wait


class ConnectionLost(ServerAway):
    """The connection was lost before the server answered."""


class ServerRefuses(Exception):
    """The server refuses us, not a recipient: an editor or operator must look.

    It begins with the server's reply code; or it is whole sentences, where no server said it.
    """


def one_reply(reply: Any) -> str:
    """Return what a server or an error says, in one line that can be stored."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    # A server may answer anything, and PostgreSQL stores no NUL.
    return one_line(text)[:300]
