"""Names that are often misspelled: a list that editors keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from posts.models.fields import PlainCharField

LONGEST = 80  # characters
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = str.maketrans("’‘", "''")


def words_of(text: str) -> list[re.Match[str]]:
    return list(_WORD.finditer(text))


def same_marks(text: str) -> str:
    """Return a text with one kind of apostrophe and single spaces."""
    return " ".join(text.translate(_APOSTROPHES).split())


class Spelling(models.Model):
    """How a name is not written, and how it is.

    Written in small letters, `wrong` is found whatever the letters; with a capital in it, only as
    it stands. Whole words are found, never parts of them.
    """

    wrong = PlainCharField(
        max_length=LONGEST,
        unique=True,
        help_text=(
            "As it is misspelled. In small letters it is found in capitals too; with a capital "
            "in it, only as it stands here. Whole words only."
        ),
    )
    right = PlainCharField(max_length=LONGEST, help_text="As it is written.")

    class Meta:
        ordering = ["right", "wrong"]
        constraints = [
            models.CheckConstraint(
                name="spelling_differs",
                condition=~models.Q(wrong=models.F("right")),
                violation_error_message="Both are the same.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wrong} → {self.right}"

    def clean(self) -> None:
        if self.wrong and not words_of(self.wrong):
            raise ValidationError({"wrong": "Write at least one letter or digit."})


class Spellings:
    """The whole list, ready to find every misspelling of a text in one pass over its words.

    The time grows with the length of the text: at each word, at most as many more words are looked
    at as the longest entry has, and an entry has 80 characters.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.tree: dict[str, Any] = {}
        for wrong, right in pairs:
            at = self.tree
            for word in words_of(wrong):
                at = at.setdefault(word[0].lower(), {})
            if at is not self.tree:
                at.setdefault("", []).append((same_marks(wrong), right))

    def found_in(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield each misspelling as it stands in the text, and how it is written."""
        if not self.tree:
            return
        words = words_of(text)
        after = 0
        for start, first in enumerate(words):
            if start < after:
                continue
            at = self.tree
            for number in range(start, len(words)):
                at = at.get(words[number][0].lower(), {})
                if not at:
                    break
                written = text[first.start() : words[number].end()]
                right = self._right_for(written, at.get("", ()))
                if right is not None:
                    yield written, right
                    after = number + 1

    def _right_for(self, written: str, entries: Iterable[tuple[str, str]]) -> str | None:
        same = same_marks(written)
        for wrong, right in entries:
            fits = same.lower() == wrong if wrong == wrong.lower() else same == wrong
            if fits and same != same_marks(right):
                return right
        return None


def spellings() -> Spellings:
    """Return the list as the database has it. One query."""
    return Spellings(Spelling.objects.order_by("pk").values_list("wrong", "right"))
