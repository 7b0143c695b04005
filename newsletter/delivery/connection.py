"""A place for one connection of the loop: its socket, and what of its output is not sent yet."""

from __future__ import annotations

import contextlib
import math
import selectors
import ssl
import time

from newsletter.delivery.transports.connecting import Opened
from newsletter.delivery.wire import Wire

CHUNK = 65_536


class Connection:
    """One of the connections that a worker may have: closed, being opened, or open.

    A socket is read and written without waiting. TLS may have to read in order to write and the
    other way round; it says so by two errors, and is tried again when the socket is ready.
    """

    def __init__(self) -> None:
        self.opened: Opened | None = None
        self.wire: Wire | None = None
        self.opening = False
        self.unwritten = 0
        """How many outcomes of this place are not in the ledger yet."""
        self.deadline = math.inf
        """When the server has taken too long, by time.monotonic()."""
        self._unsent = memoryview(b"")
        self._interest = 0
        self._timeout = math.inf

    def adopt(self, opened: Opened, selector: selectors.BaseSelector) -> None:
        """Take over a connection that is ready for MAIL."""
        self.opened = opened
        self.wire = Wire(opened.offers)
        self._timeout = opened.sock.gettimeout() or math.inf
        opened.sock.setblocking(False)
        self._interest = selectors.EVENT_READ
        selector.register(opened.sock, self._interest, self)
        self.deadline = math.inf

    def drop(self, selector: selectors.BaseSelector) -> None:
        """Close the socket. What was under way was decided by the wire."""
        if self.opened is not None:
            selector.unregister(self.opened.sock)
            with contextlib.suppress(OSError):  # Nothing is under way.
                self.opened.smtp.close()
        self.opened = self.wire = None
        self.deadline = math.inf
        self._unsent = memoryview(b"")

    def read(self) -> None:
        """Give the wire what has arrived."""
        if self.opened is None or self.wire is None:
            return
        sock = self.opened.sock
        while not self.wire.closed:
            try:
                data = sock.recv(CHUNK)
            except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                self.wire.lost(str(error) or type(error).__name__)
                return
            self.wire.receive(data)
            self._wait_for_reply()
            # TLS may hold a whole record that the selector knows nothing of.
            if not isinstance(sock, ssl.SSLSocket):
                return

    def flush(self, selector: selectors.BaseSelector) -> None:
        """Send what the wire wants to say, as far as the kernel takes it now."""
        if self.opened is None or self.wire is None:
            return
        if self.wire.out:
            if not self._unsent:
                self.deadline = time.monotonic() + self._timeout
            self._unsent = memoryview(b"".join([self._unsent, *self.wire.out]))
            self.wire.out.clear()
        while self._unsent and not self.wire.closed:
            try:
                count = self.opened.sock.send(self._unsent)
            except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError as error:
                self.wire.lost(str(error) or type(error).__name__)
                return
            self.wire.took(count)
            self._unsent = self._unsent[count:]
            if not self._unsent:
                self._wait_for_reply()
        interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        if interest != self._interest:
            selector.modify(self.opened.sock, interest, self)
            self._interest = interest

    def _wait_for_reply(self) -> None:
        """Give the server its time anew: all was sent, or it has answered."""
        if self.opened is None or self.wire is None or self._unsent:
            return  # A message has to be gone within one timeout, whatever arrives.
        waits = self.wire.awaited and not self.wire.closed
        self.deadline = time.monotonic() + self._timeout if waits else math.inf
