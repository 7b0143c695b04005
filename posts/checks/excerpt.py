"""The words around a finding, for a page on which the text itself cannot be seen."""

from __future__ import annotations

from typing import NamedTuple

from posts.checks.finding import Place
from posts.checks.manuscript import Manuscript

BEFORE, AFTER = 40, 60  # characters
MARK = 120


class Excerpt(NamedTuple):
    before: str
    words: str
    after: str


def excerpt_of(manuscript: Manuscript, place: Place) -> Excerpt | None:
    """Return the words of a finding with those around them, cut between words; None without any."""
    if place.field != "body" or not place.text:
        return None
    blocks = manuscript.text.blocks
    block = next((one for one in blocks if one.number == (place.block or 0)), None)
    before, found, after = block.text.partition(place.text) if block else ("", "", "")
    if not found:
        return None
    if len(before) > BEFORE:
        before = f"…{before[-BEFORE:].partition(' ')[2]}"
    if len(after) > AFTER:
        after = f"{after[:AFTER].rpartition(' ')[0]}…"
    return Excerpt(before, found if len(found) <= MARK else f"{found[: MARK - 1]}…", after)
