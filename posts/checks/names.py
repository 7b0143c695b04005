"""Names that are misspelled, by the list that editors keep (posts/models/spelling.py)."""

from __future__ import annotations

from collections.abc import Iterator

from posts.checks.finding import WARNING, Finding, Place
from posts.checks.known import Known
from posts.checks.manuscript import Manuscript


def misspelled(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    for place, text in manuscript.texts:
        for wrong, right in known.spellings.found_in(text):
            yield Finding(
                "misspelled",
                WARNING,
                f"“{wrong}” is written “{right}”.",
                Place(place.field, place.block, place.label, wrong),
                "It is on the list of names.",
            )
