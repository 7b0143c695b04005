"""How easily a text reads: the length of its paragraphs, and Flesch's reading ease for English.

Flesch, "A new readability yardstick" (1948): 206.835 - 1.015 x words for each sentence
- 84.6 x syllables for each word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from posts.checks.finding import WARNING, Finding
from posts.checks.known import Known
from posts.checks.manuscript import HEADINGS, Manuscript, Text

LONGEST_PARAGRAPH = 150  # words
FEWEST_WORDS = 100  # Of fewer words, the ease says nothing.
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_VOWELS = re.compile("[aeiouy]+")
_LETTERS = re.compile("[a-z]+")
# Two vowels that are said apart.
_APART = re.compile("(?<![tscgx])i[ao](?!u)|iu|[aeiou]ing|eo(?!u)|(?<!q)ua|uou|ia(?=n)|sm(?=s?$)")
# An e that is not said.
_SILENT = re.compile("(?<![aeiouyl])e$|(?<=[aeiouy])le$|[^td]ed$|(?<![sxzcg])(?<!sh)(?<!ch)es$")
_BANDS = (
    (90, "very easy"),
    (80, "easy"),
    (70, "fairly easy"),
    (60, "plain"),
    (50, "fairly hard"),
    (30, "hard"),
)
_CLOSING = "”’\"')]»"
_ABBREVIATIONS = frozenset(
    {"mr.", "mrs.", "ms.", "dr.", "st.", "sgt.", "lt.", "capt.", "cpl.", "ofc.", "det.", "gov."}
    | {"sen.", "rep.", "prof.", "jr.", "sr.", "inc.", "co.", "corp.", "dept.", "no.", "vs."}
    | {"etc.", "e.g.", "i.e.", "u.s.", "a.m.", "p.m.", "approx.", "est.", "ave.", "blvd."}
    | {"jan.", "feb.", "mar.", "apr.", "aug.", "sept.", "oct.", "nov.", "dec.", "fig."}
)
# Words that the rules below would count wrong.
_SYLLABLES = {
    "area": 3,
    "areas": 3,
    "being": 2,
    "business": 2,
    "create": 2,
    "created": 3,
    "every": 2,
    "everything": 3,
    "idea": 3,
    "ideas": 3,
    "people": 2,
    "science": 2,
    "something": 2,
    "sometimes": 2,
    "somebody": 3,
    "someone": 2,
    "somewhere": 2,
    "therefore": 2,
    "the": 1,
    "whole": 1,
}


@dataclass(frozen=True)
class Ease:
    """Flesch's reading ease, in whole points, and in words."""

    points: int
    words: str


def syllables(word: str) -> int:
    """Return how many syllables an English word has, about. A number has one for each digit."""
    low = word.lower()
    if low in _SYLLABLES:
        return _SYLLABLES[low]
    count = sum(letter.isdigit() for letter in low)
    for part in _LETTERS.findall(low.replace("’", "").replace("'", "")[:60]):
        found = len(_VOWELS.findall(part)) + len(_APART.findall(part))
        if _SILENT.search(part):
            found -= 1
        count += max(1, found)
    return max(1, count)


def sentences_and_words(text: str) -> tuple[int, list[str]]:
    """Return how many sentences a paragraph has, and its words."""
    count = 0
    is_open = False
    for piece in text.split():
        bare = piece.rstrip(_CLOSING)
        is_open = is_open or any(letter.isalnum() for letter in bare)
        if is_open and bare.endswith((".", "!", "?", "…")):
            low = bare.lstrip("“‘\"'([").lower()
            if low in _ABBREVIATIONS or (len(low) == 2 and low[0].isalpha()):
                continue
            count += 1
            is_open = False
    return count + is_open, _WORD.findall(text)


def ease_of(text: Text) -> Ease | None:
    """Return the reading ease of a text; None if it is too short to say."""
    sentences = words = beats = 0
    for block in text.blocks:
        if block.name in (*HEADINGS, "pre", "td", "th", "caption", "figcaption"):
            continue
        count, found = sentences_and_words(block.text)
        sentences += count
        words += len(found)
        beats += sum(map(syllables, found))
    if words < FEWEST_WORDS or not sentences:
        return None
    points = round(206.835 - 1.015 * words / sentences - 84.6 * beats / words)
    points = max(0, min(100, points))
    return Ease(points, next((name for least, name in _BANDS if points >= least), "very hard"))


def long_paragraph(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    for block in manuscript.text.blocks:
        if block.name in ("p", "li", "") and len(block.text) > LONGEST_PARAGRAPH:
            count = len(block.text.split())
            if count > LONGEST_PARAGRAPH:
                yield Finding(
                    "long-paragraph",
                    WARNING,
                    f"A paragraph has {count:,} words.",
                    block.place(" ".join(block.text[:200].split()[:8])),
                    f"On a phone it fills the screen. Split it; {LONGEST_PARAGRAPH} words are "
                    "plenty.",
                )
