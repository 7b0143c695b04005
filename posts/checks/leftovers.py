"""What was to be filled in or taken out before readers see the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from posts.checks.finding import ERROR, WARNING, Finding, Place
from posts.checks.known import Known
from posts.checks.manuscript import Manuscript

_TK = re.compile(r"(?<![\w.])(?:TK)++(?![\w.]?\w)")
_LOREM = re.compile(
    r"\b(?:lorem\b(?: ipsum)?|ipsum dolor|dolor sit amet|consectetur adipisc)", re.I
)
_BRACKETS = re.compile(r"\[([^\[\]]{0,200})\]")
# A mark of a footnote, what a quotation leaves out, and numbers of sources are meant to be there.
_MEANT = re.compile(
    r"\^\S{1,30}|sic!?|…|\.\.\.|\. \. \.|[0-9]{1,3}(?:[-,–] ?[0-9]{1,3}){0,5}", re.I
)
# With one of these words, brackets are a note to oneself.
_TO_FILL = frozenset(
    {"add", "ask", "attribution", "check", "citation", "cite", "confirm", "date", "fill", "fixme"}
    | {"here", "insert", "link", "name", "number", "placeholder", "quote", "source", "tbc", "tbd"}
    | {"todo", "verify", "xx", "xxx", "xxxx"}
)
_COMMENT = re.compile(r"[A-Za-z]{1,3}[0-9]{1,3}")
# What comments and tracked changes of word processors leave in a text.
_TRACKED = re.compile(
    r"(?:Commented|Comment) \[[A-Za-z]{1,4}[0-9]{1,3}\]:|(?:Deleted|Inserted|Formatted): "
    r"|\{(?:\+\+|--|~~|>>|==)|<<<<<<< |>>>>>>> "
)
_TRACKED_LINKS = ("#_msocom", "#_cmnt", "#cmnt", "#_msoanchor")


def tk(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """“TK” is the trade’s mark for what is still to come."""
    for place, text in manuscript.texts:
        for found in _TK.finditer(text):
            yield Finding(
                "tk",
                ERROR,
                f"“{found[0]}” is still in the text.",
                _at(place, around(text, found)),
                "Fill in what was to come.",
            )


def brackets(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """Brackets that wait for something. In a quotation they are an editor's words, and stay."""
    quoted = {
        block.number for block in manuscript.text.blocks if block.is_quoted or block.name == "pre"
    }
    for place, text in manuscript.texts:
        for found in _BRACKETS.finditer(text):
            inner = found[1].strip()
            if _MEANT.fullmatch(inner) or _TK.search(inner):
                continue
            if _COMMENT.fullmatch(inner):
                continue  # The mark of a comment: see tracked().
            words = [word.strip(".,:;?!").lower() for word in inner.split()]
            waits = (
                not words
                or inner.endswith("?")
                or not _TO_FILL.isdisjoint(words[:1] + words[-1:])
                or (inner.isupper() and len(inner) > 3)
            )
            if waits:
                yield Finding(
                    "brackets",
                    ERROR,
                    f"“{found[0]}” waits to be filled in.",
                    _at(place, found[0]),
                    "Write what belongs there, or take it out.",
                )
            elif place.block not in quoted and not _within_quotes(text, found.start()):
                yield Finding(
                    "brackets",
                    WARNING,
                    f"“{found[0]}” stands in brackets.",
                    _at(place, found[0]),
                    "Is something to be filled in here?",
                )


def lorem(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    for place, text in manuscript.texts:
        if found := _LOREM.search(text):
            yield Finding(
                "lorem",
                ERROR,
                "Filler text (“lorem ipsum”) is still there.",
                _at(place, found[0]),
                "Write the text that belongs there.",
            )


def tracked(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """Marks of comments and tracked changes that came along from a word processor."""
    message = "A mark of a comment or of a tracked change is still in the text: “{}”."
    hint = "Take it out, or write what it asks for."
    for place, text in manuscript.texts:
        marks = list(_TRACKED.finditer(text))
        marks += [
            found
            for found in _BRACKETS.finditer(text)
            if _COMMENT.fullmatch(found[1])
            and not text.endswith(("Commented ", "Comment "), 0, found.start())
        ]
        for found in marks:
            mark = found[0].strip()
            yield Finding("tracked", ERROR, message.format(mark), _at(place, mark), hint)
    for link in manuscript.text.links:
        if link.href.startswith(_TRACKED_LINKS) and not _COMMENT.fullmatch(link.text.strip("[]")):
            mark = link.text or link.href
            yield Finding("tracked", ERROR, message.format(mark), link.block.place(link.text), hint)


def struck_out(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    for struck in manuscript.text.struck:
        text = " ".join("".join(struck.pieces).split())
        if text:
            place = struck.block.place(text)
            yield Finding(
                "struck-out",
                WARNING,
                f"Words are struck out: “{place.quote}”.",
                place,
                "Readers see them so. If they were deleted in another program, take them out.",
            )


def _at(place: Place, text: str) -> Place:
    return Place(place.field, place.block, place.label, text)


def around(text: str, found: re.Match[str]) -> str:
    """Return what was found with the brackets that it stands in, if it does."""
    start = text.rfind("[", max(0, found.start() - 60), found.start())
    end = text.find("]", found.end(), found.end() + 60)
    if start < 0 or end < 0 or "]" in text[start : found.start()]:
        return found[0]
    return text[start : end + 1]


def _within_quotes(text: str, at: int) -> bool:
    """Whether a place is within quotation marks of its paragraph, near enough."""
    before = text[max(0, at - 2_000) : at]
    return before.count("“") > before.count("”") or before.count('"') % 2 == 1
