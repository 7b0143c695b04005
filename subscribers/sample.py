"""What the sign-up page shows of the newsletter: a sample, and how many issues there were.

Subscribers know no issues, so the room of the newsletter appends to SOURCES (newsletter/apps.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Sample:
    """Two pieces of HTML, and what a page that shows them is kept by (alarmroom/kept/)."""

    picture: SafeString
    proof: SafeString
    """How many issues there were, and since when."""
    keys: tuple[str, ...]
    until: Callable[[datetime], datetime | None] | None


NOTHING = Sample(SafeString(), SafeString(), (), None)
# Each returns the sample of now, or one with empty texts where there is none.
SOURCES: list[Callable[[], Sample]] = []


def current() -> Sample:
    return SOURCES[0]() if SOURCES else NOTHING
