"""What passes between the loop that talks to mail servers and the worker that writes the ledger.

The loop never touches the database, and the worker never touches a socket. The loop hands over a
turn: what was answered, and what may be sent once it is written down. The worker writes all of it
in one transaction and says which rows may go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from newsletter.delivery.answers import Outcome, ServerAway, ServerRefuses
from newsletter.delivery.outcomes import LeasedRow

type Answered = tuple[LeasedRow, Outcome]


@dataclass(slots=True)
class Turn:
    """What the worker has to write, of all connections at once."""

    finished: list[Answered] = field(default_factory=list)
    """Rows that say `sending`, and what became of their messages."""
    refused: list[Answered] = field(default_factory=list)
    """Leased rows that were answered before their rows said `sending`: nothing was handed over."""
    ready: list[LeasedRow] = field(default_factory=list)
    """Leased rows whose message leaves as soon as their rows say `sending`."""
    returned: list[LeasedRow] = field(default_factory=list)
    """Rows that say `sending` though their message certainly never left. They wait again."""
    hungry: bool = False
    """Whether more rows are wanted."""
    trouble: ServerAway | ServerRefuses | None = None
    """Set when the mail server does not want us."""
    over: bool = False
    """Nothing is under way any more, and this is the last turn."""

    def has_work(self) -> bool:
        """Return whether something is to be written."""
        return bool(self.ready or self.finished or self.refused or self.returned)


@dataclass(slots=True)
class Answer:
    """What the worker has written."""

    announced: set[int] = field(default_factory=set)
    """The keys of the ready rows that say `sending` now. The others must not be sent."""
    stop: bool = False
    """Begin nothing more; finish what is under way."""


class Line(Protocol):
    """Hands messages over. The loop over SMTP connections is one (newsletter/delivery/loop.py)."""

    def start(self, rows: list[LeasedRow]) -> None:
        """Begin with these leased rows. Returns at once."""

    def next_turn(self, seconds: float) -> Turn | None:
        """Wait for the next turn, or None after so many seconds. Raises what went wrong inside."""

    def answer(self, answer: Answer) -> None:
        """Say what became of the turn that next_turn() returned last."""

    def feed(self, rows: list[LeasedRow]) -> None:
        """Give further leased rows after a hungry turn; none mean that there are no more."""

    def stop(self) -> None:
        """Begin nothing more. Turns go on until one is the last. For whoever cannot answer."""

    def close(self) -> None:
        """Free what it holds, where it was not started. It ends by itself after its last turn."""
