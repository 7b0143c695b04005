"""Lets mails that one reader waits for pass an issue that is being sent to all.

With one worker process a confirmation would wait for the end of the slice, 10 seconds on average.
So a slice ends early when such a mail is due: the worker takes it next, then the next slice.
"""

from __future__ import annotations

import time

from subscribers import notices, signup

# A slice lasts so many seconds at least: an issue goes on even when such mails never end.
LEAST = 4.0
# How many seconds pass between two looks.
LOOK_EACH = 0.5


class Lane:
    """Tells the worker of a slice when to let others pass."""

    def __init__(self) -> None:
        self._look_at = time.monotonic() + LEAST
        self._waits = False

    def somebody_waits(self) -> bool:
        """Return whether a mail to one reader is due. Asks the database now and then only."""
        now = time.monotonic()
        if not self._waits and now >= self._look_at:
            self._look_at = now + LOOK_EACH
            self._waits = signup.due_requests().exists() or notices.due().exists()
        return self._waits
