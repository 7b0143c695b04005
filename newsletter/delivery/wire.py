"""One connection to a mail server: what is said next, and what each reply means.

No socket, no clock, no database: bytes that arrive go into `receive()`, bytes to be sent lie in
`out`, and what has happened in `events`. newsletter/delivery/loop.py moves them.

A server that offers PIPELINING (RFC 2920) is sent groups. The end of a message may begin a group,
MAIL and RCPT may stand anywhere in one, DATA only at its end. So a message and the envelope of the
next one travel together, and DATA follows once the ledger says `sending`:

    [message . MAIL RCPT]  →  250 250 250  →  (the ledger is written)  →  [DATA]  →  354

Any other server is sent one command at a time (RFC 5321 4.1.4), by the same machine. Replies belong
to commands by their order alone. An answer that has no meaning at its place ends the connection:
from there on replies and commands may be out of step.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from newsletter.delivery.answers import Fate, Outcome, ServerAway, ServerRefuses, one_reply
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.transports.connecting import Offers

# A reply line has 512 octets at most (RFC 5321 4.5.3.1.5); servers write longer ones.
LONGEST_LINE = 8192
MOST_LINES = 200
CLOSED = "Connection unexpectedly closed"


class Phase(Enum):
    """How far the mail server has heard of a message."""

    NEW = "new"
    GREETED = "greeted"
    """MAIL was accepted."""
    READY = "ready"
    """RCPT was accepted: DATA may follow once the ledger is written."""
    DATA = "data"
    """DATA was sent."""
    BODY = "body"
    """The message and its final dot are being sent, or were."""


@dataclass(slots=True)
class Envelope:
    """One message to one recipient.

    `message` has CRLF line ends, doubled dots and the final dot (RFC 5321 4.5.2); `size` is what it
    has without those dots (RFC 1870). `sender` and `recipient` are addresses in ASCII, without
    brackets.
    """

    row: LeasedRow
    sender: str
    recipient: str
    message: bytes
    size: int = 0
    eight_bit: bool = False
    """Whether it has bytes above 127."""
    phase: Phase = Phase.NEW
    dot_at: int = 0
    """How many bytes the connection has taken once the final dot is gone."""


class Happened(Enum):
    """What a connection has to tell of an envelope."""

    READY = "ready"
    """The server takes the recipient. announced() or withdraw() follows."""
    GO = "go"
    """The server takes the message. send_message() follows at once."""
    DONE = "done"
    """Its fate is known; the outcome is with it."""
    BACK = "back"
    """Nothing was decided about it, and it cost no try: it may go over another connection."""


type Event = tuple[Happened, Envelope, Outcome | None]


@dataclass
class Wire:
    """The protocol of one connection, from the answer to EHLO on.

    `closed` says why nothing may be sent any more. `trouble` is set when the server refuses our
    MAIL: ServerAway for now, ServerRefuses for good, with its words.
    """

    offers: Offers
    out: list[bytes] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    current: Envelope | None = None
    """From DATA on; its row says `sending`."""
    next: Envelope | None = None
    """Before DATA."""
    closed: str = ""
    trouble: ServerAway | ServerRefuses | None = None
    proven: bool = False
    """Whether the server has accepted a MAIL here: it takes mail from us."""
    awaited: deque[tuple[str, Envelope | None]] = field(default_factory=deque)
    """The commands whose replies are to come, in order."""
    queued: int = 0
    sent: int = 0
    _line: bytes = b""
    _lines: list[bytes] = field(default_factory=list)
    _clean: bool = True  # No message was refused since the last RSET.

    def __post_init__(self) -> None:
        self.pipelining = self.offers.pipelining

    # What the owner says

    def takes_envelope(self) -> bool:
        """Return whether offer() may be called now."""
        if self.closed or self.next is not None:
            return False
        if self.pipelining:
            return self.current is None or self.current.phase is Phase.BODY
        return self.current is None and not self.awaited

    def offer(self, envelope: Envelope) -> None:
        """Say MAIL and RCPT of a message. takes_envelope() must be true."""
        self.next = envelope
        mail = f"MAIL FROM:<{envelope.sender}>"
        if self.offers.names_size:
            mail += f" SIZE={envelope.size}"  # RFC 1870
        if self.offers.eight_bit and envelope.eight_bit:
            mail += " BODY=8BITMIME"  # RFC 6152
        self._say(f"{mail}\r\n".encode("ascii"), "MAIL", envelope)
        if self.pipelining:
            self._say_rcpt(envelope)

    def announced(self, envelope: Envelope) -> None:
        """Say DATA of the message that is ready: its row says `sending` by now."""
        self.current, self.next = envelope, None
        envelope.phase = Phase.DATA
        self._say(b"DATA\r\n", "DATA", envelope)

    def withdraw(self) -> None:
        """Take back the message that is ready: its row must not be sent."""
        self.next = None
        self._reset()

    def send_message(self, envelope: Envelope, following: Envelope | None) -> None:
        """Send a message after the server's go-ahead, with the envelope of the following one."""
        envelope.phase = Phase.BODY
        self._say(envelope.message, "END", envelope)
        envelope.dot_at = self.queued
        envelope.message = b""
        if following is not None:
            self.offer(following)

    def quit(self) -> None:
        """Say QUIT. Nothing may be under way."""
        if not self.closed:
            self._say(b"QUIT\r\n", "QUIT", None)

    def took(self, count: int) -> None:
        """Note that the kernel has taken so many bytes of `out`."""
        self.sent += count

    def lost(self, why: str) -> None:
        """End the connection: it broke, or no reply came in time."""
        self._end(why)

    # What the server says

    def receive(self, data: bytes) -> None:
        """Read bytes of the server; none mean that it has closed the connection."""
        if not data:
            self._end(CLOSED)
            return
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            if self.closed:
                return
            self._lines.append(line)
            if len(line) > LONGEST_LINE or len(self._lines) > MOST_LINES:
                self._line = b""
                self._answer(-1, b"The reply is too long.")
            elif line[3:4] != b"-":
                self._whole_reply(line)
        if not self.closed and len(self._line) > LONGEST_LINE:
            self._line = b""
            self._answer(-1, b"The reply is too long.")

    def _whole_reply(self, last: bytes) -> None:
        digits = last[:3]
        code = int(digits) if len(digits) == 3 and digits.isdigit() else -1
        if len(self._lines) == 1:
            text = last[4:] if code >= 0 else last
        else:
            text = b"\n".join(line[4:].strip() for line in self._lines)
        self._lines.clear()
        self._answer(code, text)

    def _answer(self, code: int, text: bytes) -> None:
        verb, envelope = self.awaited.popleft() if self.awaited else ("", None)
        if envelope is None:
            if verb != "RSET" or code // 100 != 2:
                # It says goodbye (RFC 5321 3.8), speaks unasked, or knows no RSET.
                self._end(_said(code, text))
        elif verb == "END":
            self._end_of_message(envelope, code, text)
        elif verb == "DATA":
            self._data(envelope, code, text)
        elif envelope is not self.next:
            # It was taken back. Only that the server hangs up matters.
            if code == 421 or code // 100 not in (2, 3, 4, 5):
                self._end(_said(code, text))
        elif verb == "MAIL":
            self._mail(envelope, code, text)
        else:
            self._rcpt(envelope, code, text)

    def _mail(self, envelope: Envelope, code: int, text: bytes) -> None:
        if code // 100 == 2:
            self.proven = self._clean = True
            envelope.phase = Phase.GREETED
            if not self.pipelining:
                self._say_rcpt(envelope)
        elif code == 503 and not self._clean:
            # After a message that it refused, this server wants to be told that it is over.
            self.next = None
            self.events.append((Happened.BACK, envelope, None))
            self._reset()
        else:
            kind = ServerRefuses if code // 100 == 5 else ServerAway
            self.trouble = kind(_said(code, text))
            self._end(_said(code, text))

    def _rcpt(self, envelope: Envelope, code: int, text: bytes) -> None:
        if code // 100 == 2:
            envelope.phase = Phase.READY
            self.events.append((Happened.READY, envelope, None))
        else:
            self.next = None
            self._refused(envelope, code, text, else_=Fate.DEFERRED)

    def _data(self, envelope: Envelope, code: int, text: bytes) -> None:
        if code // 100 == 3:
            self.events.append((Happened.GO, envelope, None))
        else:
            self.current = None
            self._refused(envelope, code, text, else_=Fate.DEFERRED)

    def _end_of_message(self, envelope: Envelope, code: int, text: bytes) -> None:
        self.current = None
        if self.sent < envelope.dot_at:
            # It answers before it has all. What it makes of the rest nobody knows, so the rest
            # never leaves; and without its final dot no message is accepted.
            self._refused(envelope, code, text, else_=Fate.DEFERRED)
            self._end(_said(code, text))
        elif code // 100 == 2:
            accepted = Outcome(Fate.ACCEPTED, code, one_reply(text))
            self.events.append((Happened.DONE, envelope, accepted))
        else:
            # An answer without a meaning does not tell whether the message was accepted.
            self._refused(envelope, code, text, else_=Fate.UNKNOWN)

    def _refused(self, envelope: Envelope, code: int, text: bytes, *, else_: Fate) -> None:
        """Note what a reply that is no success means; `else_` is the fate if it means nothing."""
        if code // 100 not in (4, 5):
            outcome = Outcome(
                else_, None, f"The server's answer cannot be understood: {_said(code, text)}"
            )
            self.events.append((Happened.DONE, envelope, outcome))
            self._end(_said(code, text))
            return
        fate = Fate.REJECTED if code // 100 == 5 else Fate.DEFERRED
        self.events.append((Happened.DONE, envelope, Outcome(fate, code, one_reply(text))))
        if code == 421:  # The server is closing the connection (RFC 5321 3.8).
            self._end(_said(code, text))
        elif envelope.phase is Phase.BODY and self.next is not None:
            # The next envelope is under way. The end of a message clears what was said before
            # (RFC 5321 4.1.1.4), also where it is refused; _mail() sees to servers that differ.
            self._clean = False
        else:
            self._reset()

    # How it ends

    def _end(self, why: str) -> None:
        """Decide about what was under way. Nothing is said or read after this."""
        if self.closed:
            return
        self.closed = why or CLOSED
        envelope, self.current = self.current, None
        if envelope is not None:
            if envelope.phase is Phase.BODY and self.sent >= envelope.dot_at:
                said = f"The connection was lost before the server answered: {self.closed}"
                outcome = Outcome(Fate.UNKNOWN, None, one_reply(said))
            else:
                outcome = Outcome(Fate.DEFERRED, None, one_reply(self.closed))
            self.events.append((Happened.DONE, envelope, outcome))
        envelope, self.next = self.next, None
        if envelope is None:
            return
        if envelope.phase in (Phase.GREETED, Phase.READY):
            # A server that always hangs up here must not be asked for ever.
            outcome = Outcome(Fate.DEFERRED, None, one_reply(self.closed))
            self.events.append((Happened.DONE, envelope, outcome))
            return
        self.events.append((Happened.BACK, envelope, None))

    def _reset(self) -> None:
        if not self.closed:
            self._say(b"RSET\r\n", "RSET", None)
            self._clean = True

    def _say_rcpt(self, envelope: Envelope) -> None:
        self._say(f"RCPT TO:<{envelope.recipient}>\r\n".encode("ascii"), "RCPT", envelope)

    def _say(self, data: bytes, verb: str, envelope: Envelope | None) -> None:
        self.out.append(data)
        self.queued += len(data)
        self.awaited.append((verb, envelope))


def _said(code: int, text: bytes) -> str:
    return f"{code} {one_reply(text)}" if code >= 0 else one_reply(text)
