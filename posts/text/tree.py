"""A small tree of elements, which posts/text/foreign.py changes.

Parsing and writing take time that grows with the length of the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

import nh3

from posts.text import markup
from posts.text.nesting import rewritten

INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data"}
    | {"dfn", "del", "em", "font", "i", "img", "ins", "kbd", "label", "mark", "nobr", "q"}
    | {"s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u"}
    | {"var", "wbr"}
)
# The parser ignores the tags of a body, and of a form within a form.
BLOCKS = markup.BLOCKS - {"body", "html", "form"} | {"col", "colgroup"}
EMBEDS = frozenset({"iframe", "object", "embed", "audio", "video"})
COUNTED = {
    "svg": "drawing",
    "canvas": "drawing",
    "math": "formula",
    "select": "control",
    "textarea": "control",
    "input": "control",
    "button": "control",
    "script": "script",
}
TEXT_BLOCKS = frozenset(
    {"p", "li", "td", "th", "dd", "dt", "pre", "figcaption", "caption", "h1", "h2", "h3"}
    | {"h4", "h5", "h6"}
)
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_VOID = frozenset({"br", "hr", "img", "embed", "source", "input", "col", "wbr", "param", "track"})
_KNOWN = INLINE | BLOCKS | EMBEDS | {"source", "param", *COUNTED}
_KNOWN_ATTRIBUTES = frozenset(
    {"id", "name", "class", "style", "title", "lang", "dir", "href", "src", "alt", "width"}
    | {"height", "colspan", "rowspan", "scope", "start", "type", "value", "reversed", "cite"}
    | {"datetime", "data", "role", "aria-label"}
)
_DROPPED = markup.DROPPED - _KNOWN
# Only an HTML parser can tell how foreign tags nest. The clean that follows decides what stays.
_PARSER = nh3.Cleaner(
    tags=set(_KNOWN),
    attributes={"*": set(_KNOWN_ATTRIBUTES)},
    clean_content_tags=set(_DROPPED),
    url_schemes={"http", "https", "mailto", "tel", "file", "data", "blob", "cid", "about"},
    url_relative="pass_through",
    link_rel=None,
    strip_comments=True,
)
_TOKEN = re.compile(r"<(/?)([a-z][^\s/<>]*+)([^<>]*+)>|[^<]++|<", re.IGNORECASE)
_ATTRIBUTE = re.compile(r' ([^\s"=>]+)="([^"]*)"')


class Element:
    """An element; one with an empty name is written without its tags."""

    __slots__ = ("attributes", "children", "name", "parent")

    def __init__(self, name: str, parent: Element | None, attributes: dict[str, str]) -> None:
        self.name = name
        self.parent = parent
        self.attributes = attributes  # Unescaped.
        self.children: list[Element | str] = []  # Text is escaped, as it was written.

    def take_away(self) -> None:
        self.name = ""
        self.children = []

    def unwrap(self) -> None:
        self.name = ""

    def append(self, child: Element | str) -> None:
        if isinstance(child, Element):
            child.parent = self
        self.children.append(child)

    def wrap_children(self, name: str, attributes: dict[str, str] | None = None) -> None:
        inner = Element(name, self, attributes or {})
        inner.children = self.children
        for child in inner.children:
            if isinstance(child, Element):
                child.parent = inner
        self.children = [inner]

    def walk(self) -> Iterator[Element]:
        """Yield the elements in it in the order of the text, without those removed meanwhile."""
        stack = [iter(self.children)]
        while stack:
            for child in stack[-1]:
                if isinstance(child, Element):
                    if child.name:
                        yield child
                    stack.append(iter(child.children))
                    break
            else:
                stack.pop()

    def ancestors(self) -> Iterator[Element]:
        """Yield the elements around it, the nearest first, without the root."""
        around = self.parent
        while around is not None and around.parent is not None:
            if around.name:
                yield around
            around = around.parent

    def words(self) -> str:
        """Return its text in one line."""
        parts: list[str] = []
        stack: list[Element | str] = [self]
        while stack:
            part = stack.pop()
            if isinstance(part, str):
                parts.append(part)
            else:
                if part.name in BLOCKS or part.name == "br":
                    parts.append(" ")
                stack += reversed(part.children)
        return " ".join(unescape("".join(parts)).split())

    @property
    def style(self) -> str:
        return self.attributes.get("style", "").lower().replace(" ", "")

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").lower().split())


def parsed(html: str) -> Element:
    """Return a text as a tree; its root has an empty name."""
    root = here = Element("", None, {})
    within = ""
    html = rewritten(
        html, elements=_KNOWN, attributes=_KNOWN_ATTRIBUTES, renamed={}, dropped=_DROPPED
    )
    for token in _TOKEN.finditer(_PARSER.clean(html)):
        closing, name = token[1], token[2]
        if within:  # The content of an iframe is not HTML.
            if not (closing and name == within):
                continue
            within = ""
        if name is None:
            here.children.append(token[0])
        elif closing:
            up: Element | None = here
            while up is not None and up.name != name:
                up = up.parent
            if up is not None and up.parent is not None:
                here = up.parent
        else:
            attributes = {key: unescape(value) for key, value in _ATTRIBUTE.findall(token[3])}
            element = Element(name, here, attributes)
            here.children.append(element)
            if name == "iframe":
                within = name
            if name not in _VOID:
                here = element
    return root


def written(root: Element) -> str:
    """Return a tree as HTML again."""
    out: list[str] = []
    stack: list[Element | str] = [root]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out.append(part)
        elif not part.name:
            stack += reversed(part.children)
        else:
            attributes = "".join(
                f' {key}="{escape(value)}"' for key, value in part.attributes.items()
            )
            out.append(f"<{part.name}{attributes}>")
            if part.name not in _VOID:
                stack.append(f"</{part.name}>")
                stack += reversed(part.children)
    return "".join(out)


def written_within(element: Element) -> str:
    """Return what is in an element as HTML."""
    inside = Element("", None, {})
    inside.children = element.children
    return written(inside)


def block_of(element: Element) -> Element:
    """Return the block that an element stands in, or the element."""
    return next((one for one in element.ancestors() if one.name not in INLINE), element)


def box_of(element: Element) -> Element:
    """Return what holds a note: its paragraph, or a box that begins with that paragraph."""
    box = block_of(element)
    while box.parent is not None and box.parent.name in {"div", "li", "dd", "aside"}:
        first = next(
            (part for part in box.parent.children if isinstance(part, Element) or part.strip()),
            None,
        )
        if first is not box:
            break
        box = box.parent
    return box


def alone_in(element: Element) -> Element:
    """Return the outermost inline element that holds nothing but this one."""
    while (
        element.parent is not None
        and element.parent.name in INLINE
        and all(
            part is element or (isinstance(part, str) and not part.strip())
            for part in element.parent.children
        )
    ):
        element = element.parent
    return element
