"""Hands leased rows to a mailer in calls, several at once: a Line (newsletter/delivery/turns.py).

The rows of a call say `sending` before it is made, all of them written in one transaction, and what
the mailer answered is written after it. So the rows of one call for each thread at most are ever in
doubt.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from newsletter.delivery.answers import Fate, Outcome, ServerAway, ServerRefuses
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.transports.mailers import Mailer, NotTaken, Taken
from newsletter.delivery.turns import Answer, Turn

logger = logging.getLogger(__name__)


@dataclass
class Called:
    """How a call ended."""

    rows: list[LeasedRow]
    taken: list[Taken] = field(default_factory=list)
    not_taken: NotTaken | None = None


class CallLine:
    """A Line that makes at most `at_once` calls at a time, each of at most `size` rows.

    `unfit` says why a row cannot be written to. `keep` stores the ids that the mailer gave. `low`
    is how many rows may be left when more are wanted; a row that has waited for `patience` seconds
    is not begun any more, because its lease may end.
    """

    def __init__(
        self,
        open_mailer: Callable[[], Mailer],
        unfit: Callable[[LeasedRow], str],
        keep: Callable[[str, list[Taken]], None],
        *,
        at_once: int,
        size: int,
        low: int,
        patience: float,
    ) -> None:
        self._open_mailer, self._unfit, self._keep = open_mailer, unfit, keep
        self._at_once, self._size, self._low, self._patience = at_once, size, low, patience
        self._stock: deque[tuple[LeasedRow, float]] = deque()
        # What the last turn was to announce, call by call.
        self._offered: list[list[LeasedRow]] = []
        # Rows of calls that were refused for one of them; they say `sending` already.
        self._alone: deque[LeasedRow] = deque()
        # The first one that is refused by itself. Another one shows whose fault it is.
        self._suspect: tuple[LeasedRow, Outcome] | None = None
        self._proven = False  # Whether the mailer has taken anything here.
        self._calls: queue.SimpleQueue[Called] = queue.SimpleQueue()
        self._under_way = 0
        self._fetching = self._no_more = self._stopping = self._over = False
        self._threads = ThreadPoolExecutor(at_once, "calls")
        self._mine = threading.local()
        self._mailers: list[Mailer] = []

    # What the worker says

    def start(self, rows: list[LeasedRow]) -> None:
        """Begin with these leased rows."""
        self._add(rows)

    def answer(self, answer: Answer) -> None:
        """Make the calls whose rows say `sending` now."""
        offered, self._offered = self._offered, []
        for rows in offered:
            announced = [row for row in rows if row.pk in answer.announced]
            if announced:
                self._call(announced)
        if answer.stop:
            self._stopping = True

    def feed(self, rows: list[LeasedRow]) -> None:
        """Take further leased rows; none mean that there are no more."""
        self._fetching = False
        self._no_more = not rows
        self._add(rows)

    def stop(self) -> None:
        """Begin nothing more. Turns go on until one is the last."""
        self._offered = []
        self._stopping = True

    def next_turn(self, seconds: float) -> Turn | None:
        """Return the next turn, or None after so many seconds without one."""
        until = time.monotonic() + seconds
        while True:
            turn = Turn()
            self._gather(turn, 0)
            self._offer(turn)
            if self._is_done(turn):
                self._end(turn)
            if turn.has_work() or turn.hungry or turn.trouble or turn.over:
                return turn
            if time.monotonic() >= until:
                return None
            self._gather(turn, max(0.001, until - time.monotonic()))
            if turn.has_work() or turn.trouble:
                return turn

    # Rows

    def _add(self, rows: list[LeasedRow]) -> None:
        until = time.monotonic() + self._patience
        self._stock.extend((row, until) for row in rows)

    def _offer(self, turn: Turn) -> None:
        """Put rows into a turn for as many calls as may be made now."""
        if self._stopping or turn.trouble:
            return
        while self._alone and self._under_way < self._at_once:
            self._call([self._alone.popleft()])
        while self._stock and self._under_way + len(self._offered) < self._at_once:
            rows = self._next_rows(turn)
            if rows:
                self._offered.append(rows)
                turn.ready += rows
        if len(self._stock) <= self._low and not (self._fetching or self._no_more):
            turn.hungry = self._fetching = True

    def _next_rows(self, turn: Turn) -> list[LeasedRow]:
        """Take the rows of one call."""
        # Until something was taken, one row at a time is at stake.
        size = self._size if self._suspect is None else 1
        rows: list[LeasedRow] = []
        while self._stock and len(rows) < size:
            row, until = self._stock.popleft()
            if until < time.monotonic():
                continue
            if why := self._unfit(row):
                turn.refused.append((row, Outcome(Fate.REJECTED, None, why)))
            else:
                rows.append(row)
        return rows

    # Calls

    def _call(self, rows: list[LeasedRow]) -> None:
        self._under_way += 1
        self._threads.submit(self._make_call, rows)

    def _make_call(self, rows: list[LeasedRow]) -> None:
        """Make one call, in a thread. Whatever happens, it ends as one."""
        called = Called(rows)
        try:
            called.taken = self._mailer().send(rows)
        except NotTaken as error:
            called.not_taken = error
        except ServerRefuses as error:
            called.not_taken = NotTaken(str(error), error)
        except Exception as error:
            logger.exception("A mailer broke off")
            doubt = Outcome(Fate.UNKNOWN, None, f"It may have left: {type(error).__name__}")
            called.taken = [Taken(row, doubt) for row in rows]
        self._calls.put(called)

    def _mailer(self) -> Mailer:
        """Return the mailer of this thread."""
        found: Mailer | None = getattr(self._mine, "mailer", None)
        if found is None:
            found = self._mine.mailer = self._open_mailer()
            self._mailers.append(found)
        return found

    def _gather(self, turn: Turn, seconds: float) -> None:
        """Put what calls have ended with into a turn; wait for the first so long."""
        while self._under_way:
            try:
                called = self._calls.get(timeout=seconds) if seconds else self._calls.get_nowait()
            except queue.Empty:
                return
            seconds = 0
            self._under_way -= 1
            if called.not_taken is not None:
                self._refused(turn, called.rows, called.not_taken)
            else:
                self._answered(turn, called.taken)

    def _answered(self, turn: Turn, taken: list[Taken]) -> None:
        self._keep(self._mailers[0].name if self._mailers else "", taken)
        seen: set[Outcome] = set()
        for each in taken:
            outcome = each.outcome
            if outcome.fate is Fate.UNKNOWN:
                # One answer was lost, whoever it was about.
                outcome = replace(outcome, again=outcome in seen)
                seen.add(each.outcome)
            turn.finished.append((each.row, outcome))
        if any(each.outcome.fate is Fate.ACCEPTED for each in taken):
            self._proven = True
            if self._suspect is not None:
                turn.finished.append(self._suspect)
                self._suspect = None
        if all(each.outcome.fate is Fate.UNKNOWN for each in taken):
            # Not one call after the other shall be in doubt.
            self._trouble(turn, ServerAway(taken[0].outcome.reply))

    def _refused(self, turn: Turn, rows: list[LeasedRow], error: NotTaken) -> None:
        """Put rows into a turn whose call mailed nobody."""
        if error.trouble is not None:
            turn.returned += rows
            self._trouble(turn, error.trouble)
        elif self._stopping:
            turn.returned += rows
        elif len(rows) > 1:
            self._alone.extend(rows)
        elif self._proven:
            turn.finished.append((rows[0], Outcome(Fate.REJECTED, None, error.said)))
        elif self._suspect is None:
            self._suspect = (rows[0], Outcome(Fate.REJECTED, None, error.said))
        else:
            # Two, and none that was taken: it is not about them.
            turn.returned += rows
            words = f"The mail service refuses what we send, whoever it is for: {error.said}"
            self._trouble(turn, ServerRefuses(words))

    def _trouble(self, turn: Turn, trouble: ServerAway | ServerRefuses) -> None:
        turn.trouble = turn.trouble or trouble
        self._stopping = True

    # The end

    def _is_done(self, turn: Turn) -> bool:
        """Return whether nothing is under way and nothing can be begun."""
        if self._under_way or self._offered or turn.ready:
            return False
        return self._stopping or (
            self._no_more and not self._stock and not self._alone and not self._fetching
        )

    def _end(self, turn: Turn) -> None:
        """Decide about what was held, and end once it is written."""
        turn.returned += self._alone
        self._alone.clear()
        if self._suspect is not None:
            if self._stopping:
                turn.returned.append(self._suspect[0])
            else:
                turn.finished.append(self._suspect)
            self._suspect = None
        if turn.has_work() or turn.trouble or turn.hungry:
            return
        turn.over = True
        self.close()

    def close(self) -> None:
        """End the threads, none of which makes a call any more, and what the mailers kept open."""
        if not self._over:
            self._over = True
            self._threads.shutdown(wait=True)
            for mailer in self._mailers:
                mailer.close()
