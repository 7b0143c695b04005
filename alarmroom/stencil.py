"""Stencils: a template is rendered once in a process, and filled with values at each request.

Rendering a template costs Django time for every variable, condition and include, thousands of
them for an article's page. A stencil renders the template with a mark in place of each text and
splits the result at the marks. From then on, a page is those pieces with the texts between them.
Whatever is not a text (a number, a truth value, an empty text) may change what the template
does, so the template is rendered once for each combination of those: a *variant*.

    Stencil("posts/article.html").render(context)

gives, to the byte, what `render_to_string("posts/article.html", context)` gives, but for the
template's own indentation, which no reader needs. So a template that is used like this may only
print a text, or ask whether there is one. Lists, dates and choices are turned into texts before.

No text of an article is stored here. Only the layout is, and it is made again when one of its
keys is dropped (alarmroom/kept/).
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

type Value = str | int | None
"""What a template is given under a name."""
type Variant = tuple[tuple[str, object], ...]
"""The values by name, with _TEXT in place of each text that is not empty."""
type Layout = tuple[list[str], list[str]]
"""A variant's pieces with the texts' names between them, and those names in order."""

_TEXT = object()
# Private-use characters: no template contains them, and escaping leaves them as they are. A text
# may contain them, because texts are put in after the marks were looked for.
_MARK = "\ue000{}\ue001"
_MARKS = re.compile("\ue000([a-z_]+)\ue001")
# The name of the page's path in a context, for templates that use it.
PATH = "request_path"


def _escaped(text: str) -> str:
    """Escape a text as `conditional_escape` does, without its look for lazy texts."""
    return text if hasattr(text, "__html__") else escape(text)


@dataclass(frozen=True)
class BoundStencil:
    """A stencil with the values of one page: its variant, and its texts, escaped."""

    stencil: Stencil
    variant: Variant
    texts: Mapping[str, str]

    def render(self) -> SafeString:
        """Return the page: the texts in the layout as it is now."""
        layout, names = self.stencil.layout(self.variant)
        pieces = layout.copy()
        pieces[1::2] = [self.texts[name] for name in names]
        return mark_safe("".join(pieces))  # noqa: S308  (escaped, and the template's own)


class Stencil:
    """A template whose layouts are stored in the process, one for each variant."""

    def __init__(self, template: str, *keys: str) -> None:
        """`keys` name what the layout itself shows and may change, as in alarmroom/kept/."""
        self.template = template
        self.keys = keys
        self.layouts: dict[Variant, Layout] = {}

    def render(self, context: Mapping[str, Value]) -> SafeString:
        """Return the template with these values; texts that are not safe are escaped."""
        return self.bind(context).render()

    def bind(self, context: Mapping[str, Value]) -> BoundStencil:
        """Return the stencil with these values, to be rendered any number of times."""
        variant = tuple(
            (name, _TEXT if value and isinstance(value, str) else value)
            for name, value in context.items()
        )
        texts = {name: _escaped(value) for name, value in context.items() if isinstance(value, str)}
        return BoundStencil(self, variant, texts)

    def layout(self, variant: Variant) -> Layout:
        """Return the layout of a variant, stored or made now."""
        if self.keys or not settings.KEPT_PAGES_SECONDS:
            part = (self.template, variant)
            return kept.remember(self.keys, lambda: self._split(variant), part=part)
        # Without keys, nothing in it can change while the process runs.
        if variant not in self.layouts:
            self.layouts[variant] = self._split(variant)
        return self.layouts[variant]

    def _split(self, variant: Variant) -> Layout:
        marked = {
            name: mark_safe(_MARK.format(name)) if value is _TEXT else value  # noqa: S308  (a mark of our own)
            for name, value in variant
        }
        # A request without a visitor: the layout is the same for all of them.
        request = HttpRequest()
        request.path = str(marked.get(PATH, ""))
        pieces = _MARKS.split(render_to_string(self.template, marked, request=request))
        pieces[::2] = map(without_indentation, pieces[::2])
        return pieces, pieces[1::2]


def without_indentation(layout: str) -> str:
    """Return a layout with neither indentation nor empty lines: a fortieth of a page's bytes."""
    first, *lines = layout.split("\n")
    kept_lines = [first, *filter(None, map(str.lstrip, lines))]
    # What follows may be a text, so the space between it and the last word stays.
    if lines and not lines[-1].strip():
        kept_lines.append("")
    return "\n".join(kept_lines)
