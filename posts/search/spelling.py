"""Corrects slips in typing: for a word that is not in the index, the nearest one that is.

docs/decisions/near-spelling.md says why this is our own and not pg_trgm.
"""

from __future__ import annotations

from typing import Any

from posts.search import sql

NEAR = 0.5
# Words that are less alike share only a letter or two.
_WORTH_COUNTING = 0.3
_SHORT = 5
# Shorter words have too many neighbours.
_SHORTEST = 4
# So many letters of a word that is still being typed must be there.
_SHORTEST_BEGINNING = 5
# So many words of a question are looked up.
_MOST = 6
# Letters in the wrong order are the commonest of slips.
_ANAGRAM = 0.9
# A candidate must have this share of a word's letters: a quick check before the exact one.
_SHARED_LETTERS = 0.6
_LONGEST = 40  # As the list of words has them on PostgreSQL.


def is_correctable(word: str) -> bool:
    """Return whether a word is one that may have a slip in it."""
    return len(word) >= _SHORTEST and word.isalpha()


def nearest(words: list[str], unfinished: str = "") -> dict[str, str]:
    """Return the nearest word of the index for each word that is not in it. One query.

    The `unfinished` one of them is still being typed: it may get the beginning of a word.
    """
    words = words[:_MOST]
    if not words:
        return {}
    if len(unfinished) < _SHORTEST_BEGINNING:
        unfinished = ""
    candidates: dict[str, set[str]] = {word: set() for word in words}
    letters = {word: set(word) for word in words}
    for word, term in sql.rows(*_candidates(words, unfinished)):
        if len(letters[word].intersection(term)) >= _SHARED_LETTERS * len(letters[word]):
            candidates[word].add(term)
    found = {}
    for word, terms in candidates.items():
        if not terms:
            continue
        best, term = max((likeness(word, term), term) for term in terms)
        if word == unfinished:
            beginnings = {term[: len(word)] for term in terms}
            if word in beginnings:
                continue
            begun, beginning = max((likeness(word, one), one) for one in beginnings)
            if begun > best:
                best, term = begun, beginning
        if best >= NEAR:
            found[word] = term
    return found


def _candidates(words: list[str], unfinished: str) -> tuple[str, list[Any]]:
    """Return SQL for pairs of an unknown word and a word that may be meant, and its values."""
    # People get the first letter right, unless they swap it with the second.
    one = (
        "SELECT %s AS word, term FROM (SELECT DISTINCT term FROM posts_search_vocab WHERE "
        "(term >= %s AND term < %s OR term >= %s AND term < %s) "
        "AND length(term) BETWEEN %s AND %s) t "
        "WHERE NOT EXISTS (SELECT 1 FROM posts_search_vocab known WHERE known.term = %s)"
    )
    last = "\U0010ffff"
    values: list[Any] = []
    for word in words:
        swapped = word[1] + word[0]
        longest = _LONGEST if word == unfinished else len(word) + 2
        values += [word, word[0], word[0] + last, swapped, swapped + last, len(word) - 2, longest]
        values.append(word)
    return " UNION ALL ".join(one for _ in words), values


def likeness(word: str, other: str) -> float:
    """Return how alike two words are, from 0 to 1; from NEAR on, one may be meant by the other.

    By their trigrams (Dice), as anagrams, or by how many letters were missed, added, replaced or
    swapped: one in a short word, two in a long one. Trigrams alone would take a short word for
    any that begins like it: "disp" is not "die".
    """
    if word == other:
        return 1
    ours, theirs = _trigrams(word), _trigrams(other)
    dice = 2 * len(ours & theirs) / (len(ours) + len(theirs))
    if sorted(word) == sorted(other):
        return _ANAGRAM + (1 - _ANAGRAM) * dice
    if dice < _WORTH_COUNTING:
        return dice
    is_long = min(len(word), len(other)) > _SHORT
    if _slips(word, other) <= 1 + is_long:
        return max(dice, NEAR)
    return dice if is_long else 0


def _trigrams(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)}


def _slips(word: str, other: str) -> int:
    """Return how many slips lie between two words (the optimal string alignment distance).

    Each word has 60 letters at most (posts/search/query.py).
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, start=1):
        this = [row]
        for column, theirs in enumerate(other, start=1):
            least = min(
                last[column] + 1, this[column - 1] + 1, last[column - 1] + (letter != theirs)
            )
            if row > 1 and column > 1 and letter == other[column - 2] and word[row - 2] == theirs:
                least = min(least, before[column - 2] + 1)
            this.append(least)
        before, last = last, this
    return last[-1]
