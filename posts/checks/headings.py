"""Headings: their levels, and bold paragraphs that stand in for one."""

from __future__ import annotations

from collections.abc import Iterator

from posts.checks.finding import WARNING, Finding
from posts.checks.known import Known
from posts.checks.manuscript import HEADINGS, Manuscript

LONGEST_HEADING = 12  # words


def skipped_level(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """The title is the first level, so a text begins with the second; each step down is one."""
    before = 1
    for block in manuscript.text.blocks:
        if block.name not in HEADINGS:
            continue
        level = int(block.name[1])
        if level > before + 1:
            above = f"a heading {before}" if before > 1 else "the title"
            yield Finding(
                "heading-level",
                WARNING,
                f"A heading {level} follows {above}: a level is skipped.",
                block.place(block.text),
                f"Make it a heading {before + 1}, so that readers who jump from heading to "
                "heading miss nothing.",
            )
        before = level


def bold_paragraph(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    for block in manuscript.text.blocks:
        if block.name != "p" or block.is_quoted or not block.bold or block.plain:
            continue
        text = block.text
        if len(text.split()) <= LONGEST_HEADING and not text.endswith((".", "!", ",", ";", "…")):
            yield Finding(
                "bold-heading",
                WARNING,
                "A paragraph is all bold.",
                block.place(text),
                "If it is a heading, choose a heading for it: then it stands in the contents.",
            )
