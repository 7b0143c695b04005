"""The leased rows that no mail server has heard of yet, and the messages made of the next ones."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from newsletter.delivery.answers import Outcome
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.turns import Answered
from newsletter.delivery.wire import Envelope

type Make = Callable[[LeasedRow], Envelope | Outcome]
"""Returns the message for a row, or the outcome of one for which there can be none."""


class Stock:
    """Rows in the order in which they go, each for `patience` seconds: then its lease may end.

    A row that was here for longer is left out, and stays queued. So is one that `must_wait` names.
    """

    def __init__(self, make: Make, patience: float, must_wait: Callable[[LeasedRow], bool]) -> None:
        self._make, self._patience, self._must_wait = make, patience, must_wait
        self._rows: deque[tuple[LeasedRow, float]] = deque()
        self._made: deque[tuple[Envelope, float]] = deque()
        self.unfit: list[Answered] = []
        """Rows for which there is no message, and why."""

    def __len__(self) -> int:
        return len(self._rows) + len(self._made)

    def add(self, rows: list[LeasedRow]) -> None:
        """Put leased rows at the end."""
        until = time.monotonic() + self._patience
        self._rows.extend((row, until) for row in rows)

    def put_back(self, row: LeasedRow) -> None:
        """Put a row at the beginning that was taken and is not decided about."""
        self._rows.appendleft((row, time.monotonic() + self._patience / 2))

    def make_ahead(self, count: int) -> None:
        """Make messages until there are so many: while the servers answer, it costs no time."""
        while len(self._made) < count and self._rows:
            row, until = self._rows.popleft()
            if self._must_wait(row):
                continue
            made = self._make(row)
            if isinstance(made, Envelope):
                self._made.append((made, until))
            else:
                self.unfit.append((row, made))

    def next(self) -> Envelope | None:
        """Return the next message, or None when there is none."""
        while self:
            self.make_ahead(1)
            if self._made:
                envelope, until = self._made.popleft()
                if until > time.monotonic():
                    return envelope
        return None
