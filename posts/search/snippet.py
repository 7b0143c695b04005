"""The title and the excerpt of a search result, with `<mark>` around what was found."""

from __future__ import annotations

import re
from bisect import bisect_left

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# A text, and the start and end of each place where something was found.
Marked = tuple[str, list[tuple[int, int]]]

SNIPPET = 220
_LEAD = 70
# The end of an element (posts/search/text.py) whose text is no sentence: a heading.
_HEADING_ENDS = re.compile(r"(?<=[^\s.?!:;,…])\s*\u2029\s*(?=\S)")


def title_and_snippet(
    title: Marked, summary: Marked, body: Marked
) -> tuple[SafeString, SafeString]:
    """Return a result's title, and an excerpt of the body, or the summary if nothing is in that."""
    return _html(title, 0, len(title[0])), (
        _cut(body) if body[1] else _html(summary, 0, len(summary[0]))
    )


def _cut(marked: Marked) -> SafeString:
    """Return the part of the text with the most places."""
    text, spans = marked
    # Looking at two hundred places is enough to show one.
    starts = [first for first, _ in spans[:200]]
    counts = [bisect_left(starts, start + SNIPPET / 2) - at for at, start in enumerate(starts)]
    best = starts[counts.index(max(counts))]
    start, end = max(0, best - _LEAD), min(len(text), best - _LEAD + SNIPPET)
    if start:
        # It starts with the sentence that begins last before the place, or else with a word.
        piece = text[start:best]
        sentence = max(piece.rfind(stop) for stop in (". ", "? ", "! ", "\u2029"))
        start += sentence + 1 if sentence >= 0 else piece.find(" ") + 1
    while end < len(text) and not text[end].isspace():
        end += 1
    cut = text[:start].rstrip(" \n")
    before = "… " if cut and cut[-1] not in ".?!\u2029" else ""
    after = " …" if text[end:].strip() else ""
    return mark_safe(f"{before}{_html(marked, start, end)}{after}")  # noqa: S308 (escaped below)


def _html(marked: Marked, start: int, end: int) -> SafeString:
    """Return a piece of the text, escaped, with `<mark>` around what was found."""
    text, spans = marked
    pieces, at = [], start
    for first, last in spans[bisect_left(spans, (start, start)) :]:
        if last > end:
            break
        if at <= first:
            pieces += [escape(text[at:first]), f"<mark>{escape(text[first:last])}</mark>"]
            at = last
    pieces.append(escape(text[at:end]))
    html = _HEADING_ENDS.sub(" · ", "".join(pieces).strip())
    return mark_safe(" ".join(html.split()))  # noqa: S308 (every piece is escaped)
