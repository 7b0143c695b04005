"""Translates the HTML of Word, Google Docs and web pages into the elements of the allowlist.

The clean (posts/text/html.py) can only remove. So the markup of other programs is translated
before it: their footnotes become ours, comments and deleted words are removed, an embedded film
becomes a link to it. Whatever cannot be kept is counted, so that the writer is told.

static/js/paste.js does the same in the editor, with the same tables (posts/text/allowlist.py) and
the sentences of posts/text/losses.py. The time that every function here takes grows with the
length of the text alone.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from django.conf import settings

from posts.text.allowlist import (
    ALLOWED,
    ALLOWED_CLASSES,
    BELOW_H1,
    FORMATTING,
    LIST_TYPES,
    RENAMED,
    RENAMED_SHORT,
    VALUES,
    allowed_value,
)
from posts.text.foreign_links import translate_links
from posts.text.foreign_media import drop_missing_pictures, translate_embeds
from posts.text.losses import SENTENCES, Losses
from posts.text.tree import (
    COUNTED,
    HEADINGS,
    INLINE,
    TEXT_BLOCKS,
    Element,
    alone_in,
    box_of,
    parsed,
    written,
)

_COMMENT_CLASSES = frozenset({"msocomtxt", "msocomanchor", "msocommentreference", "msocomoff"})
_COMMENT_LINK = re.compile(r"#cmnt(_ref)?[0-9]{1,6}")
_LANGUAGE = frozenset({"dir", "lang"})


def tables(*, short: bool = False) -> dict[str, Any]:
    """Return the tables that static/js/paste.js needs, as values for JSON."""
    renamed = RENAMED_SHORT if short else RENAMED
    return {
        "short": short,
        "site": settings.SITE_URL,
        "language": _page_language(),
        "shortTables": sorted(ALLOWED_CLASSES["table"]),
        "sections": sorted(ALLOWED_CLASSES["section"]),
        "carriesLanguage": sorted(tag for tag in ALLOWED if ALLOWED[tag] >= _LANGUAGE),
        "values": VALUES,
        "renamed": renamed,
        "belowH1": {name: renamed.get(to, to) for name, to in BELOW_H1.items()},
        "formatting": sorted(FORMATTING),
        "listTypes": LIST_TYPES,
        "inline": sorted(INLINE),
        "textBlocks": sorted(TEXT_BLOCKS),
        "counted": COUNTED,
        "sentences": SENTENCES,
    }


def translated(html: str, losses: Losses, *, short: bool = False) -> str:
    """Return HTML in which the markup of other programs is replaced by that of the allowlist.

    With `short`, for an introduction in a mail: without footnotes and pictures.
    """
    root = parsed(html)
    _drop_comments_and_deletions(root, losses)
    _drop_last_breaks(root)
    _name_formatting(root)
    _rename_headings(root)
    _sections(root)
    _lists(root)
    _languages(root)
    translate_embeds(root, losses)
    drop_missing_pictures(root, losses, short=short)
    _drop_spans(root, but=_LANGUAGE | {"id", "name"})
    translate_links(root, losses, short=short)
    _drop_spans(root, but=_LANGUAGE)
    return written(root)


def _drop_spans(root: Element, *, but: frozenset[str]) -> None:
    for element in root.walk():
        if element.name == "span" and not element.attributes.keys() & but:
            element.unwrap()


_OPENED = re.compile(
    rf"<(/?)({'|'.join(sorted(FORMATTING))})(?=[\s>/])([^<>]*)>",
    re.IGNORECASE,
)
_NORMAL = re.compile(r"font-weight:(?:normal|[1-5]00)|font-style:normal")
_LANGUAGE_ATTRIBUTES = re.compile(
    r"""\b(lang|dir)\s?=\s?["']?([A-Za-z0-9-]{1,35})""", re.IGNORECASE
)


def plain_formatting(html: str) -> str:
    """Return HTML whose formatting elements have no attributes. To be called before parsing.

    A <b> whose style is `font-weight: normal`, which Google Docs puts around a whole text, becomes
    a span. The language of a formatting element moves to a span within it.
    """
    opened: dict[str, list[str]] = {}

    def replaced(match: re.Match[str]) -> str:
        closing, name, attributes = match[1], match[2].lower(), match[3]
        ends = opened.setdefault(name, [])
        if closing:
            return ends.pop() if ends else f"</{name}>"
        if not attributes.strip(" /"):
            ends.append(f"</{name}>")
            return f"<{name}>"
        if _NORMAL.search("".join(attributes.lower().split())):
            ends.append("</span>")
            return "<span>"
        language = {key.lower(): value for key, value in _LANGUAGE_ATTRIBUTES.findall(attributes)}
        if not language:
            ends.append(f"</{name}>")
            return f"<{name}>"
        ends.append(f"</span></{name}>")
        return f"<{name}><span{''.join(f' {key}="{value}"' for key, value in language.items())}>"

    return _OPENED.sub(replaced, html)


# Comments and tracked changes


def _drop_comments_and_deletions(root: Element, losses: Losses) -> None:
    anchors = bodies = 0
    for element in root.walk():
        comment = _COMMENT_LINK.fullmatch(element.attributes.get("href", ""))
        if comment:  # Google Docs: [a] in the text, and a box at the end.
            anchors += not comment[1]
            bodies += bool(comment[1])
            (box_of(element) if comment[1] else alone_in(element)).take_away()
        elif element.classes & _COMMENT_CLASSES or "mso-element:comment" in element.style:
            within = [element, *element.walk()]
            bodies += sum("msocomtxt" in part.classes for part in within)
            anchors += sum("msocomanchor" in part.classes for part in within)
            element.take_away()
        elif element.name == "del" and element.attributes.keys() & {"cite", "datetime"}:
            losses.add("deletion", element.words())
            element.take_away()
        elif element.name == "ins":
            element.unwrap()
    for _ in range(max(anchors, bodies)):
        losses.add("comment")


def _drop_last_breaks(root: Element) -> None:
    """Remove the line breaks after the last paragraph, which browsers add to a clipboard."""
    for part in reversed(root.children):
        if isinstance(part, Element) and part.name == "br":
            part.take_away()
        elif part if isinstance(part, Element) else part.strip():
            break


# Formatting, headings, lists, languages


def _name_formatting(root: Element) -> None:
    """Replace the styles by which Google Docs formats text with elements."""
    for element in list(root.walk()):
        if element.name == "del":
            element.name = "s"
        if element.name != "span" or not element.style:
            continue
        style = dict(part.split(":", 1) for part in element.style.split(";") if ":" in part)
        weight = style.get("font-weight", "")
        bold = weight in {"bold", "bolder"} or (weight.isdigit() and int(weight[:4]) >= 600)
        if bold and not any(one.name in HEADINGS for one in element.ancestors()):
            element.wrap_children("strong")
        if style.get("font-style") == "italic":
            element.wrap_children("em")
        if "line-through" in style.get("text-decoration", ""):
            element.wrap_children("s")
        if style.get("vertical-align") in {"super", "sub"}:
            element.wrap_children("sup" if style["vertical-align"] == "super" else "sub")


def _rename_headings(root: Element) -> None:
    headings = [one for one in root.walk() if one.name in HEADINGS]
    below = BELOW_H1 if any(one.name == "h1" for one in headings) else {}
    for heading in headings:
        heading.name = below.get(heading.name) or RENAMED.get(heading.name, heading.name)


def _sections(root: Element) -> None:
    """Make every section a plain part of the text that is none of our blocks, or is within one."""
    ours = ALLOWED_CLASSES["section"]
    for element in root.walk():
        if element.name == "section" and (
            not element.classes & ours or any(one.name == "section" for one in element.ancestors())
        ):
            element.name = "div"


def _lists(root: Element) -> None:
    """Put each list that stands in a list into the item before it, and name its numbering."""
    for element in list(root.walk()):
        if element.name not in {"ol", "ul"}:
            continue
        items: list[Element] = []
        content: list[Element | str] = []  # The items, and the white space between them.
        waiting = deque(element.children)
        while waiting:
            child = waiting.popleft()
            if isinstance(child, str):
                if not child.strip():
                    content.append(child)
                    continue
            elif child.name == "li":
                items.append(child)
                content.append(child)
                _unwrap_paragraph(child)
                continue
            elif not child.name or (child.name in {"ol", "ul"} and not items):
                # The list begins with another list: the items of that one become its own.
                child.unwrap()
                waiting.extendleft(reversed(child.children))
                continue
            if not items:
                items.append(Element("li", element, {}))
                content.append(items[0])
            items[-1].append(child)
        element.children = content
        if element.name == "ol" and "type" not in element.attributes:
            style = element.style + (items[0].style if items else "")
            for css, kind in LIST_TYPES.items():
                if f"list-style-type:{css}" in style:
                    element.attributes["type"] = kind


def _unwrap_paragraph(item: Element) -> None:
    """Remove the paragraph that Google Docs puts into each item."""
    first = item.children[0] if item.children else ""
    if isinstance(first, Element) and first.name == "p" and "role" in first.attributes:
        first.unwrap()


def _page_language() -> str:
    return settings.LANGUAGE_CODE.partition("-")[0].lower()


def _languages(root: Element) -> None:
    """Keep a language and a direction only where they are not those of the page already."""
    page = _page_language()
    stack: list[tuple[Element, str, str]] = [(root, page, "ltr")]
    while stack:
        element, lang, direction = stack.pop()
        attributes = element.attributes
        tag = attributes.get("lang", "")
        primary = tag.partition("-")[0].lower()
        if tag and (not allowed_value("lang", tag) or primary == lang == page):
            del attributes["lang"]
        elif tag:
            lang = primary
        own = attributes["dir"] = attributes.get("dir", "").lower()
        if not own or not allowed_value("dir", own) or own == direction == "ltr":
            del attributes["dir"]
        else:
            direction = own
        if element.name and not ALLOWED.get(element.name, frozenset()) >= _LANGUAGE:
            _hand_down(element)
        stack += [
            (child, lang, direction) for child in element.children if isinstance(child, Element)
        ]


def _hand_down(element: Element) -> None:
    """Move language and direction from an element that may not have them to its content."""
    inherited = {
        name: element.attributes.pop(name) for name in _LANGUAGE & element.attributes.keys()
    }
    if not inherited:
        return
    if element.name in INLINE:
        element.wrap_children("span", inherited)
        return
    children, element.children = element.children, []
    for child in children:
        if isinstance(child, Element):
            child.attributes = inherited | child.attributes
        elif child.strip():
            words = Element("span", element, dict(inherited))
            words.children = [child]
            child = words
        element.children.append(child)
