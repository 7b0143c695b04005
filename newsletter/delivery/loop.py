"""Sends leased rows over several connections at once, in one thread, without the database.

Each connection is a state machine (newsletter/delivery/wire.py). The loop waits for all sockets at
once, so that a slow answer blocks its own connection only. What must be written down before more
may be sent is handed over as a turn (newsletter/delivery/turns.py); meanwhile the loop goes on
reading and sending. One turn is under way at a time, and it waits a moment for company: one
transaction for two connections costs little more than one for one.
"""

from __future__ import annotations

import contextlib
import math
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable

from newsletter.delivery.answers import Outcome, ServerAway, ServerRefuses
from newsletter.delivery.connection import Connection
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.stock import Make, Stock
from newsletter.delivery.transports.connecting import Opened
from newsletter.delivery.turns import Answer, Turn
from newsletter.delivery.wire import Envelope, Happened, Phase, Wire

# A turn waits for company at most so long. Measured in docs/decisions/the-ledger-is-the-queue.md.
COMPANY = 0.001
# So many waiting rows are worth one more connection.
WORTH_A_CONNECTION = 5
# How long the answers to QUIT are waited for at the end.
GOODBYE = 1.0

# What reaches the thread: the answer to a turn, further rows, or a connection that was opened.
type Message = Answer | list[LeasedRow] | tuple[Connection, Opened | Exception]


class SmtpLoop:
    """A Line (newsletter/delivery/turns.py) over at most so many SMTP connections.

    `low` is how many rows may be left when it wants more; a row that has waited for `patience`
    seconds is not begun any more, because its lease may end, nor is one that `must_wait` names.
    """

    def __init__(
        self,
        open_connection: Callable[[], Opened],
        make: Make,
        *,
        connections: int,
        low: int,
        patience: float,
        must_wait: Callable[[LeasedRow], bool] = lambda _: False,
    ) -> None:
        self._open = open_connection
        self._places = [Connection() for _ in range(connections)]
        self._limit = connections
        self._low = low
        self._selector = selectors.DefaultSelector()
        self._bell, self._ring = socket.socketpair()
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Turn | BaseException] = queue.SimpleQueue()
        self._stock = Stock(make, patience, must_wait)
        self._turn = Turn()
        self._asked: Turn | None = None
        self._since = 0.0
        # Where each row is that was offered to a server and not yet written down.
        self._at: dict[int, Connection] = {}
        # What became of rows whose announcement is under way.
        self._meanwhile: dict[int, Outcome] = {}
        self._opened_once = self._fetching = self._no_more = False
        self._started = self._stopping = self._ended = False

    # For the worker's thread

    def start(self, rows: list[LeasedRow]) -> None:
        """Begin with these rows, in a thread."""
        self._started = True
        self._stock.add(rows)
        threading.Thread(target=self._run, name="smtp", daemon=True).start()

    def next_turn(self, seconds: float) -> Turn | None:
        """Wait for the next turn, or None after so many seconds. Raises what went wrong inside."""
        try:
            found = self._outbox.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(found, BaseException):
            raise found
        return found

    def answer(self, answer: Answer) -> None:
        """Say what became of the turn that was returned last."""
        self._inbox.put(answer)
        self._wake()

    def feed(self, rows: list[LeasedRow]) -> None:
        """Give further leased rows after a hungry turn; none mean that there are no more."""
        self._inbox.put(rows)
        self._wake()

    def stop(self) -> None:
        """Begin nothing more. Turns go on until one is the last."""
        self.answer(Answer(stop=True))

    def close(self) -> None:
        """Free the sockets of a loop that was not started. One that was ends by itself."""
        if not self._started:
            self._end()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # It has ended, or was woken already.
            self._ring.send(b"\0")

    # The thread

    def _run(self) -> None:
        try:
            self._bell.setblocking(False)
            self._ring.setblocking(False)
            self._selector.register(self._bell, selectors.EVENT_READ, None)
            self._grow()
            while not self._is_over():
                self._step()
            self._say_goodbye()
            self._outbox.put(Turn(over=True))
        except BaseException as error:
            self._break_off(error)
        finally:
            self._end()

    def _step(self) -> None:
        """Wait for something to happen, and do all that follows from it."""
        for key, mask in self._selector.select(self._timeout()):
            place: Connection | None = key.data
            if place is None:
                with contextlib.suppress(BlockingIOError):
                    self._bell.recv(4096)
            elif place.wire is not None:
                if mask & selectors.EVENT_READ:
                    place.read()
                self._go_on(place)
        while not self._inbox.empty():
            came = self._inbox.get()
            if isinstance(came, Answer):
                self._hear(came)
            elif isinstance(came, list):
                self._fetching = False
                self._no_more = not came
                self._stock.add(came)
            else:
                self._adopt(*came)
        now = time.monotonic()
        for place in self._places:
            if place.wire is None:
                continue
            if place.deadline < now:
                place.wire.lost("timed out")
                self._go_on(place)
            elif self._stock and place.wire.takes_envelope():
                self._go_on(place)
        self._grow()
        if self._stock.unfit:
            self._note_time()
            self._turn.refused += self._stock.unfit
            self._stock.unfit.clear()
        self._hand_over(now)
        if not self._stopping:
            self._stock.make_ahead(sum(1 for place in self._places if place.wire))

    def _timeout(self) -> float | None:
        until = min(place.deadline for place in self._places)
        if self._asked is None and self._turn.has_work():
            until = min(until, self._since + COMPANY)
        if until == math.inf:
            return None
        return max(0.0, until - time.monotonic())

    def _is_over(self) -> bool:
        if self._asked is not None or self._turn.has_work() or self._turn.trouble:
            return False
        wires = [place.wire for place in self._places if place.wire]
        if self._stopping:
            # What is offered and not announced stays queued. A group may end with QUIT.
            return not any(wire.current or (wire.awaited and not wire.pipelining) for wire in wires)
        if self._fetching or any(wire.current or wire.next for wire in wires):
            return False
        return self._no_more and not self._stock

    # Connections

    def _go_on(self, place: Connection) -> None:
        """Do what follows from the events of a connection, and send what it wants to say."""
        wire = place.wire
        if wire is None:
            return
        while wire.events:
            events, wire.events = wire.events, []
            for event in events:
                self._happened(place, wire, *event)
        if not wire.closed:
            if not self._stopping and wire.takes_envelope():
                envelope = self._next_envelope(place)
                if envelope is not None:
                    wire.offer(envelope)
            place.flush(self._selector)
        if wire.closed:
            if wire.events:  # It broke while it was written to.
                self._go_on(place)
                return
            if wire.trouble is not None:
                self._give_up(wire.trouble)
            elif not wire.proven:
                self._could_not_be_had(ServerAway(wire.closed))
            place.drop(self._selector)

    def _happened(
        self,
        place: Connection,
        wire: Wire,
        what: Happened,
        envelope: Envelope,
        outcome: Outcome | None,
    ) -> None:
        row = envelope.row
        if what is Happened.GO:
            may = wire.pipelining and not self._stopping
            wire.send_message(envelope, self._next_envelope(place) if may else None)
        elif what is Happened.READY:
            if not self._stopping:
                self._note_time()
                self._turn.ready.append(row)
        elif what is Happened.BACK:
            self._at.pop(row.pk, None)
            self._stock.put_back(row)
        elif outcome is not None:
            self._done(place, envelope, outcome)

    def _done(self, place: Connection, envelope: Envelope, outcome: Outcome) -> None:
        row = envelope.row
        if envelope.phase in (Phase.DATA, Phase.BODY):
            self._note_time()
            place.unwritten += 1
            self._turn.finished.append((row, outcome))
        elif self._asked is not None and row in self._asked.ready:
            self._meanwhile[row.pk] = outcome
        else:
            if row in self._turn.ready:
                self._turn.ready.remove(row)
            self._note_time()
            place.unwritten += 1
            self._turn.refused.append((row, outcome))

    def _could_not_be_had(self, error: ServerAway | ServerRefuses) -> None:
        """A new connection was of no use: manage with those that are, or give up."""
        useful = sum(1 for place in self._places if place.wire and place.wire.proven)
        if useful:
            self._limit = useful
        else:
            self._give_up(error)

    def _give_up(self, trouble: ServerAway | ServerRefuses) -> None:
        self._turn.trouble = self._turn.trouble or trouble
        self._stop()

    def _stop(self) -> None:
        self._stopping = True
        self._turn.ready.clear()

    def _grow(self) -> None:
        """Open as many connections as the rows are worth: one first, the others once it is."""
        if self._stopping or not self._stock:
            return
        # It may take long to open one, so what is known of its last one is written first.
        have = sum(1 for each in self._places if each.wire or each.opening or each.unwritten)
        if not self._opened_once and have:
            return
        worth = math.ceil(len(self._stock) / WORTH_A_CONNECTION) if self._opened_once else 1
        for place in self._places:
            if have >= min(self._limit, worth):
                return
            if place.wire is None and not place.opening and not place.unwritten:
                place.opening = True
                have += 1
                threading.Thread(target=self._open_one, args=(place,), daemon=True).start()

    def _open_one(self, place: Connection) -> None:
        """Open a connection, in a thread of its own: it may take several timeouts."""
        result: Opened | Exception
        try:
            result = self._open()
        except Exception as error:
            result = error
        self._inbox.put((place, result))
        self._wake()
        if self._ended:
            self._close_unused()

    def _adopt(self, place: Connection, result: Opened | Exception) -> None:
        place.opening = False
        if isinstance(result, (ServerAway, ServerRefuses)):
            self._could_not_be_had(result)
        elif isinstance(result, Exception):
            raise result
        elif self._stopping:
            result.smtp.close()
        else:
            self._opened_once = True
            place.adopt(result, self._selector)
            self._go_on(place)

    # Turns

    def _note_time(self) -> None:
        if not self._turn.has_work():
            self._since = time.monotonic()

    def _next_envelope(self, place: Connection) -> Envelope | None:
        envelope = self._stock.next()
        if envelope is not None:
            self._at[envelope.row.pk] = place
        return envelope

    def _hand_over(self, now: float) -> None:
        if self._asked is None and self._is_due(now):
            turn, self._turn = self._turn, Turn()
            if self._is_hungry():
                turn.hungry = self._fetching = True
            self._asked = turn
            self._outbox.put(turn)

    def _is_hungry(self) -> bool:
        return len(self._stock) <= self._low and not (
            self._fetching or self._no_more or self._stopping
        )

    def _is_due(self, now: float) -> bool:
        turn = self._turn
        waiting = len(turn.ready) + len(turn.refused)
        if turn.trouble or (self._stopping and turn.has_work()):
            return True
        if not turn.has_work():
            return self._is_hungry()
        live = sum(1 for place in self._places if place.wire)
        if waiting * 2 >= live or now >= self._since + COMPANY:
            return True
        return not any(place.wire and place.wire.awaited for place in self._places)

    def _hear(self, answer: Answer) -> None:
        """Go on with what was written down."""
        turn, self._asked = self._asked, None
        if answer.stop:
            self._stop()
        if turn is None:
            return
        for row, _ in (*turn.finished, *turn.refused):
            place = self._at.pop(row.pk, None)
            if place is not None:
                place.unwritten -= 1
        for row in turn.ready:
            place = self._at[row.pk]
            announced = row.pk in answer.announced
            outcome = self._meanwhile.pop(row.pk, None)
            if outcome is not None:
                # The connection broke meanwhile. The row says `sending`, and nothing was sent.
                if announced:
                    self._note_time()
                    place.unwritten += 1
                    self._turn.finished.append((row, outcome))
                else:
                    del self._at[row.pk]
                continue
            wire = place.wire
            if wire is None or wire.next is None:
                continue
            if announced:
                wire.announced(wire.next)
            else:
                del self._at[row.pk]
                if self._stopping:
                    continue
                wire.withdraw()
            self._go_on(place)

    # The end

    def _say_goodbye(self) -> None:
        until = time.monotonic() + GOODBYE
        for place in self._places:
            if place.wire is not None:
                place.wire.quit()
                self._go_on(place)
        while any(place.wire for place in self._places) and time.monotonic() < until:
            for key, _ in self._selector.select(max(0.0, until - time.monotonic())):
                if key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        self._bell.recv(4096)
                else:
                    key.data.read()
                    self._go_on(key.data)

    def _break_off(self, error: BaseException) -> None:
        """A mistake of ours: hand over what is known, then the error."""
        self._stopping = True
        turn = self._turn
        for place in self._places:
            if place.wire is not None:
                place.wire.lost(f"The worker broke off: {error!r}")
                for _, envelope, outcome in place.wire.events:
                    if outcome is not None and envelope.phase in (Phase.DATA, Phase.BODY):
                        turn.finished.append((envelope.row, outcome))
        turn.ready.clear()
        turn.hungry = False
        self._outbox.put(turn)
        self._outbox.put(error)

    def _end(self) -> None:
        self._ended = True
        for place in self._places:
            place.drop(self._selector)
        self._selector.close()
        self._bell.close()
        self._ring.close()
        self._close_unused()

    def _close_unused(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                came = self._inbox.get_nowait()
                if isinstance(came, tuple) and isinstance(came[1], Opened):
                    came[1].smtp.close()
