"""Collects small things in the memory of a process, and stores them in batches.

For what a request may note and must not wait for. A thread of the process stores what was put
into a buffer every BUFFER_SECONDS; what is left is stored when the process ends as it should. A
process that is killed loses what it collected in these seconds.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections

logger = logging.getLogger(__name__)

MOST = 20_000  # things of a buffer; what comes after them is lost, and counted in the log
WARN_EVERY = 60  # seconds


class Buffer[Item, Row]:
    """What a process noted and did not store yet: different things, in no order.

    `prepare` makes rows of the things that were put in; `store` writes them, and may be called
    again with the same rows if it raised DatabaseError. What `prepare` could not make into rows,
    because it raised DatabaseError, is forgotten: things may hold what must not stay in memory.
    """

    def __init__(
        self, prepare: Callable[[list[Item]], list[Row]], store: Callable[[list[Row]], None]
    ) -> None:
        self.prepare, self.store = prepare, store
        self.items: set[Item] = set()
        self.rows: list[Row] = []
        self.lost = 0
        self.lock = threading.Lock()
        _buffers.append(self)

    def put(self, item: Item) -> None:
        """Note a thing, once however often it comes. It asks no database and waits for nothing."""
        if len(self.items) < MOST:
            self.items.add(item)
        else:
            self.lost += 1
        if not _thread.running and settings.BUFFER_SECONDS:
            _thread.start()

    def flush(self) -> None:
        """Store what was noted. Raises DatabaseError; then rows are kept for the next time."""
        with self.lock:
            # Not more than there is now: others go on putting in.
            items = [self.items.pop() for _ in range(len(self.items))]
            if items:
                made = self.prepare(items)
                free = max(0, MOST - len(self.rows))
                self.lost += max(0, len(made) - free)
                self.rows += made[:free]
            if self.rows:
                self.store(self.rows)
                self.rows = []
            if self.lost:
                logger.warning("%d requests were not counted: more came than fit", self.lost)
                self.lost = 0

    def forget(self) -> None:
        """Forget everything: a process that was forked must not store what its parent will."""
        self.items, self.rows, self.lost, self.lock = set(), [], 0, threading.Lock()


class _Thread:
    """The thread of this process that empties all buffers. It starts with the first thing."""

    def __init__(self) -> None:
        self.running = False
        self.warned = 0.0

    def start(self) -> None:
        self.running = True
        threading.Thread(target=self.run, name="buffers", daemon=True).start()

    def run(self) -> None:
        while True:
            time.sleep(settings.BUFFER_SECONDS)
            self.flush()
            connections.close_all()  # Those of this thread: no connection waits idle.

    def flush(self) -> None:
        for buffer in _buffers:
            try:
                buffer.flush()
            except DatabaseError:
                self.warn("What was counted cannot be stored now")
            except Exception:
                self.warn("What was counted could not be stored, and is lost")
                buffer.forget()

    def warn(self, words: str) -> None:
        """Log an error with its trace, once a minute at most."""
        if time.monotonic() - self.warned > WARN_EVERY:
            self.warned = time.monotonic()
            logger.exception(words)


_buffers: list[Buffer[Any, Any]] = []
_thread = _Thread()


def flush_at_exit() -> None:
    """Store what is left, if this process ever collected anything by its thread."""
    if _thread.running:
        _thread.flush()


def _forked() -> None:
    _thread.running = False
    for buffer in _buffers:
        buffer.forget()


atexit.register(flush_at_exit)
os.register_at_fork(after_in_child=_forked)
