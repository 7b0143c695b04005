"""Stencils: a template's layout is rendered once in a process, and its words at each request.

Django's templates take their time for every variable, condition and include, thousands of
steps for an article's page. A stencil renders the template with marks in place of the words,
once for each *shape* (with a cover or without one, ...), cuts the result at the marks, and
from then on only puts the words between the pieces. The template stays the one source, and

    Stencil("posts/article.html").render(words)

gives to the byte what `render_to_string("posts/article.html", words)` gives. So a template
that is used as a stencil may do with its words only what a mark bears: print them, and ask
whether they are there. Lists, dates and choices among words are finished before.

Nothing of an article is remembered, so nothing can be stale but the layout, which is
dropped with the keys of what it shows (alarmroom/kept/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from alarmroom import kept

type Word = str | int | None
"""A text stands where its mark is; an empty one, a number, a truth or None shapes the page."""
type Shape = tuple[tuple[str, object], ...]
"""The words by name: _TEXT where a text stands, everything else as it is."""
type Layout = tuple[list[str], list[str]]
"""The layout's pieces with the words' names between them, and the names."""

_TEXT = object()
# Private-use characters, which no template contains and escaping leaves as they are. The
# words may contain them: they are put in last, and nobody looks for marks in them.
_MARK = "\ue000{}\ue001"
_MARKS = re.compile("\ue000([a-z_]+)\ue001")
# What the path of the page is called among the words, for templates that ask for it.
PATH = "request_path"


def _escaped(word: str) -> str:
    """Return a word as `conditional_escape` does, which also looks for lazy texts among them."""
    return word if hasattr(word, "__html__") else escape(word)


@dataclass(frozen=True)
class Filled:
    """The words of one page, escaped, and the shape they give it."""

    stencil: Stencil
    shape: Shape
    texts: Mapping[str, str]

    def render(self) -> SafeString:
        """Return the page: the layout as it is now, with the words in it."""
        layout, names = self.stencil.layout(self.shape)
        pieces = layout.copy()
        pieces[1::2] = [self.texts[name] for name in names]
        return mark_safe("".join(pieces))  # noqa: S308  (escaped, and the template's own)


class Stencil:
    """A template whose layout is kept in the process, by the shapes in which it was asked for."""

    def __init__(self, template: str, *keys: str) -> None:
        """`keys` name what the layout itself shows that may change, as alarmroom/kept/ does."""
        self.template = template
        self.keys = keys
        self.layouts: dict[Shape, Layout] = {}

    def render(self, words: Mapping[str, Word]) -> SafeString:
        """Return the template with these words; texts that are not safe are escaped."""
        return self.fill(words).render()

    def fill(self, words: Mapping[str, Word]) -> Filled:
        """Return the words as they will stand in the template, for whoever renders them often."""
        shape = tuple(
            (name, _TEXT if word and isinstance(word, str) else word)
            for name, word in words.items()
        )
        texts = {name: _escaped(word) for name, word in words.items() if isinstance(word, str)}
        return Filled(self, shape, texts)

    def layout(self, shape: Shape) -> Layout:
        """Return the layout of a shape, as remembered or made now."""
        if self.keys or not settings.KEPT_PAGES_SECONDS:
            part = (self.template, shape)
            return kept.remember(self.keys, lambda: self._cut(shape), part=part)
        # It shows nothing that changes while the process lives.
        if shape not in self.layouts:
            self.layouts[shape] = self._cut(shape)
        return self.layouts[shape]

    def _cut(self, shape: Shape) -> Layout:
        marked = {
            name: mark_safe(_MARK.format(name)) if word is _TEXT else word  # noqa: S308  (a mark of our own)
            for name, word in shape
        }
        nowhere = HttpRequest()  # No visitor: a layout is for all of them.
        nowhere.path = str(marked.get(PATH, ""))
        pieces = _MARKS.split(render_to_string(self.template, marked, request=nowhere))
        return pieces, pieces[1::2]
