"""Foreign HTML in our own words: what Word, Google Docs and web pages mean by their tags.

The clean (posts/text/html.py) only takes away. What another program says in its own way is
translated first: its footnotes become ours, its comments and deleted words go, a film becomes
a link to the film. Whatever cannot be kept is counted, so that it can be said.

static/js/paste.js does the same in the editor, with the same tables (posts/text/allowlist.py) and
SENTENCES. Every function here is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import nh3
from django.conf import settings

from posts.text import markup, structure
from posts.text.allowlist import (
    ALLOWED,
    BELOW_H1,
    FORMATTING,
    LIST_TYPES,
    RENAMED,
    RENAMED_SHORT,
    VALUES,
    allowed_value,
)
from posts.text.links import safe_url

# Kind of loss -> how it is said of one and of several, and what to do. The editor says the same.
SENTENCES: dict[str, tuple[str, str, str]] = {
    "picture": (
        "1 picture could not be taken over",
        "{n} pictures could not be taken over",
        "Save it to your computer and upload it here.",
    ),
    "film": ("1 film is now a link", "{n} films are now links", ""),
    "sound": ("1 recording is now a link", "{n} recordings are now links", ""),
    "embed": ("1 embedded page is now a link", "{n} embedded pages are now links", ""),
    "lost": (
        "1 embedded thing could not be taken over",
        "{n} embedded things could not be taken over",
        "Link to the page that has it.",
    ),
    "comment": ("1 comment was left out", "{n} comments were left out", ""),
    "deletion": (
        "1 passage marked as deleted was left out",
        "{n} passages marked as deleted were left out",
        "",
    ),
    "drawing": (
        "1 drawing was left out",
        "{n} drawings were left out",
        "Save it as a picture and upload that.",
    ),
    "formula": ("1 formula was left out", "{n} formulas were left out", "Write it in words."),
    "control": ("1 form field was left out", "{n} form fields were left out", ""),
    "script": ("1 script was left out", "{n} scripts were left out", ""),
    "link": (
        "1 link led nowhere and is plain text now",
        "{n} links led nowhere and are plain text now",
        "",
    ),
}
NAMES_SHOWN = 5
LONGEST_NAME = 60

_INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data"}
    | {"dfn", "del", "em", "font", "i", "img", "ins", "kbd", "label", "mark", "nobr", "q"}
    | {"s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u"}
    | {"var", "wbr"}
)
# The parser drops the tags of a body, and of a form within a form.
_BLOCKS = markup.BLOCKS - {"body", "html", "form"} | {"col", "colgroup"}
_EMBEDS = frozenset({"iframe", "object", "embed", "audio", "video"})
_COUNTED = {
    "svg": "drawing",
    "canvas": "drawing",
    "math": "formula",
    "select": "control",
    "textarea": "control",
    "input": "control",
    "button": "control",
    "script": "script",
}
_TEXT_BLOCKS = frozenset(
    {"p", "li", "td", "th", "dd", "dt", "pre", "figcaption", "caption", "h1", "h2", "h3"}
    | {"h4", "h5", "h6"}
)
_SHOWN = frozenset({"img", "table", "pre", "a"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_VOID = frozenset({"br", "hr", "img", "embed", "source", "input", "col", "wbr", "param", "track"})
_KNOWN = _INLINE | _BLOCKS | _EMBEDS | {"source", "param", *_COUNTED}
_KNOWN_ATTRIBUTES = frozenset(
    {"id", "name", "class", "style", "title", "lang", "dir", "href", "src", "alt", "width"}
    | {"height", "colspan", "rowspan", "scope", "start", "type", "value", "reversed", "cite"}
    | {"datetime", "data", "role", "aria-label"}
)
_DROPPED = markup.DROPPED - _KNOWN
# Only a parser that knows HTML can say how a stranger's tags nest. What may stay is decided
# by the clean that follows.
_PARSER = nh3.Cleaner(
    tags=set(_KNOWN),
    attributes={"*": set(_KNOWN_ATTRIBUTES)},
    clean_content_tags=set(_DROPPED),
    url_schemes={"http", "https", "mailto", "tel", "file", "data", "blob", "cid", "about"},
    url_relative="pass_through",
    link_rel=None,
    strip_comments=True,
)
_TOKEN = re.compile(r"<(/?)([a-z][^\s/>]*)([^>]*)>|[^<]+|<", re.IGNORECASE)
_ATTRIBUTE = re.compile(r' ([^\s"=>]+)="([^"]*)"')


_COMMENT_CLASSES = frozenset({"msocomtxt", "msocomanchor", "msocommentreference", "msocomoff"})
_COMMENT_LINK = re.compile(r"#cmnt(_ref)?[0-9]{1,6}")
_MARK = re.compile(r"[\[(]?\s{0,3}([^\s\[\]()]{1,8})\s{0,3}[\])]?")
_TAKEN_NAME = re.compile(r"\[\^([^\[\]\s<>]{1,30})\]")
_LANGUAGE = frozenset({"dir", "lang"})
_NOT_A_PICTURE = re.compile(r"\.(?:emf|wmf)(?:[?#]|$)", re.IGNORECASE)


@dataclass
class Losses:
    """What could not be kept: for each kind the names of the things, or empty names."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str = "") -> None:
        self.found.setdefault(kind, []).append(" ".join(name.split())[:LONGEST_NAME])

    def sentences(self) -> list[str]:
        """Return a sentence for each kind, with the names of the things."""
        sentences = []
        for kind, (one, several, advice) in SENTENCES.items():
            names = self.found.get(kind, [])
            if not names:
                continue
            said = one if len(names) == 1 else several.replace("{n}", str(len(names)))
            named = list(dict.fromkeys(filter(None, names)))
            shown = [f"“{name}”" for name in named[:NAMES_SHOWN]]
            shown += ["…"] if len(named) > NAMES_SHOWN else []
            sentence = f"{said}: {', '.join(shown)}." if shown else f"{said}."
            sentences.append(f"{sentence} {advice}".strip())
        return sentences


# A small tree: enough to ask what stands around a thing


class Element:
    """An element, or with an empty name only what is in it."""

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
        """Yield the elements in it that are there still, in the order of the text."""
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
        """Yield what stands around it, from inside, without the root."""
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
                if part.name in _BLOCKS or part.name == "br":
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
    html = markup.rewritten(
        html, elements=_KNOWN, attributes=_KNOWN_ATTRIBUTES, renamed={}, dropped=_DROPPED
    )
    for token in _TOKEN.finditer(_PARSER.clean(html)):
        closing, name = token[1], token[2]
        if within:  # What stands in an iframe is no HTML.
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


def tables(*, short: bool = False) -> dict[str, Any]:
    """Return what static/js/paste.js needs to say the same, as JSON can hold it."""
    renamed = RENAMED_SHORT if short else RENAMED
    return {
        "short": short,
        "site": settings.SITE_URL,
        "language": _page_language(),
        "carriesLanguage": sorted(tag for tag in ALLOWED if ALLOWED[tag] >= _LANGUAGE),
        "values": VALUES,
        "renamed": renamed,
        "belowH1": {name: renamed.get(to, to) for name, to in BELOW_H1.items()},
        "formatting": sorted(FORMATTING),
        "listTypes": LIST_TYPES,
        "inline": sorted(_INLINE),
        "textBlocks": sorted(_TEXT_BLOCKS),
        "counted": _COUNTED,
        "sentences": SENTENCES,
    }


def translated(html: str, losses: Losses, *, short: bool = False) -> str:
    """Return HTML in which what other programs mean is said as we say it.

    With `short`, for an introduction in a mail: without footnotes and pictures.
    """
    root = parsed(html)
    _drop_comments_and_deletions(root, losses)
    _drop_last_breaks(root)
    _name_formatting(root)
    _rename_headings(root)
    _lists(root)
    _languages(root)
    _embeds(root, losses)
    _pictures(root, losses, short=short)
    _drop_spans(root, but=_LANGUAGE | {"id", "name"})
    _links(root, losses, short=short)
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
_SAID = re.compile(r"""\b(lang|dir)\s?=\s?["']?([A-Za-z0-9-]{1,35})""", re.IGNORECASE)


def plain_formatting(html: str) -> str:
    """Return HTML whose formatting elements carry nothing, before any parser sees them.

    One that its style makes no formatting, as Google Docs puts around a whole text, becomes a
    span; a language that it says stands in a span within.
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
        said = {key.lower(): value for key, value in _SAID.findall(attributes)}
        if not said:
            ends.append(f"</{name}>")
            return f"<{name}>"
        ends.append(f"</span></{name}>")
        return f"<{name}><span{''.join(f' {key}="{value}"' for key, value in said.items())}>"

    return _OPENED.sub(replaced, html)


# Comments and tracked changes


def _drop_comments_and_deletions(root: Element, losses: Losses) -> None:
    anchors = bodies = 0
    for element in root.walk():
        comment = _COMMENT_LINK.fullmatch(element.attributes.get("href", ""))
        if comment:  # Google Docs: [a] in the text, and a box at the end.
            anchors += not comment[1]
            bodies += bool(comment[1])
            (_box_of(element) if comment[1] else _alone_in(element)).take_away()
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
    """Take the line breaks after the last paragraph away, with which browsers end a clipboard."""
    for part in reversed(root.children):
        if isinstance(part, Element) and part.name == "br":
            part.take_away()
        elif part if isinstance(part, Element) else part.strip():
            break


def _block_of(element: Element) -> Element:
    """Return the block that an element stands in, or the element."""
    return next((one for one in element.ancestors() if one.name not in _INLINE), element)


def _box_of(element: Element) -> Element:
    """Return what holds a note: its paragraph, or a box that begins with that paragraph."""
    box = _block_of(element)
    while box.parent is not None and box.parent.name in {"div", "li", "dd", "aside"}:
        first = next(
            (part for part in box.parent.children if isinstance(part, Element) or part.strip()),
            None,
        )
        if first is not box:
            break
        box = box.parent
    return box


def _alone_in(element: Element) -> Element:
    """Return the outermost inline element that holds nothing but this one."""
    while (
        element.parent is not None
        and element.parent.name in _INLINE
        and all(
            part is element or (isinstance(part, str) and not part.strip())
            for part in element.parent.children
        )
    ):
        element = element.parent
    return element


# Formatting, headings, lists, languages


def _name_formatting(root: Element) -> None:
    """Say with elements what Google Docs says with styles."""
    for element in list(root.walk()):
        if element.name == "del":
            element.name = "s"
        if element.name != "span" or not element.style:
            continue
        style = dict(part.split(":", 1) for part in element.style.split(";") if ":" in part)
        weight = style.get("font-weight", "")
        bold = weight in {"bold", "bolder"} or (weight.isdigit() and int(weight[:4]) >= 600)
        if bold and not any(one.name in _HEADINGS for one in element.ancestors()):
            element.wrap_children("strong")
        if style.get("font-style") == "italic":
            element.wrap_children("em")
        if "line-through" in style.get("text-decoration", ""):
            element.wrap_children("s")
        if style.get("vertical-align") in {"super", "sub"}:
            element.wrap_children("sup" if style["vertical-align"] == "super" else "sub")


def _rename_headings(root: Element) -> None:
    headings = [one for one in root.walk() if one.name in _HEADINGS]
    below = BELOW_H1 if any(one.name == "h1" for one in headings) else {}
    for heading in headings:
        heading.name = below.get(heading.name) or RENAMED.get(heading.name, heading.name)


def _lists(root: Element) -> None:
    """Put each list that stands in a list into the item before it, and name its numbering."""
    for element in list(root.walk()):
        if element.name not in {"ol", "ul"}:
            continue
        items: list[Element] = []
        waiting = deque(element.children)
        while waiting:
            child = waiting.popleft()
            if isinstance(child, str):
                if not child.strip():
                    continue
            elif child.name == "li":
                items.append(child)
                _unwrap_paragraph(child)
                continue
            elif not child.name or (child.name in {"ol", "ul"} and not items):
                # A list that a list begins with: its items are of this one.
                child.unwrap()
                waiting.extendleft(reversed(child.children))
                continue
            if not items:
                items.append(Element("li", element, {}))
            items[-1].append(child)
        element.children = list(items)
        if element.name == "ol" and "type" not in element.attributes:
            style = element.style + (items[0].style if items else "")
            for said, kind in LIST_TYPES.items():
                if f"list-style-type:{said}" in style:
                    element.attributes["type"] = kind


def _unwrap_paragraph(item: Element) -> None:
    """Take the paragraph away that Google Docs puts into each item."""
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
        given = attributes.get("lang", "")
        said = given.partition("-")[0].lower()
        if given and (not allowed_value("lang", given) or said == lang == page):
            del attributes["lang"]
        elif given:
            lang = said
        given = attributes["dir"] = attributes.get("dir", "").lower()
        if not given or not allowed_value("dir", given) or given == direction == "ltr":
            del attributes["dir"]
        else:
            direction = given
        if element.name and not ALLOWED.get(element.name, frozenset()) >= _LANGUAGE:
            _hand_down(element)
        stack += [
            (child, lang, direction) for child in element.children if isinstance(child, Element)
        ]


def _hand_down(element: Element) -> None:
    """Move language and direction from an element that cannot carry them to what is in it."""
    kept = {name: element.attributes.pop(name) for name in _LANGUAGE & element.attributes.keys()}
    if not kept:
        return
    if element.name in _INLINE:
        element.wrap_children("span", kept)
        return
    children, element.children = element.children, []
    for child in children:
        if isinstance(child, Element):
            child.attributes = kept | child.attributes
        elif child.strip():
            words = Element("span", element, dict(kept))
            words.children = [child]
            child = words
        element.children.append(child)


# Embedded things and pictures


def web_address(address: str) -> str:
    """Return an address that a reader can follow, or an empty string."""
    address = "".join((safe_url(address) or "").split())
    if address.startswith("//"):
        address = f"https:{address}"
    if address.startswith("/"):
        return "" if is_admin(address) else address
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme.lower() in {"http", "https"} and parts.netloc else ""


def film_address(address: str) -> str:
    """Return the page of a film whose player was embedded."""
    parts = urlsplit(address)
    host = (parts.hostname or "").removeprefix("www.")
    path = parts.path.strip("/").split("/")
    if host in {"youtube.com", "youtube-nocookie.com"} and len(path) == 2 and path[0] == "embed":
        if path[1] != "videoseries":
            return f"https://www.youtube.com/watch?v={path[1]}"
        series = parse_qs(parts.query).get("list", [""])[0]
        return f"https://www.youtube.com/playlist?list={series}" if series else address
    if host == "player.vimeo.com" and len(path) == 2 and path[0] == "video":
        return f"https://vimeo.com/{path[1]}"
    return address


def _is_film(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host.endswith(("youtube.com", "vimeo.com", "youtu.be", "dailymotion.com"))


def _source(element: Element) -> str:
    """Return the address of an embedded thing, its own or that of what stands in it."""
    for one in (element, *element.walk()):
        if one.name in _EMBEDS or one.name == "source":
            address = web_address(one.attributes.get("src") or one.attributes.get("data") or "")
            if address:
                return film_address(address)
    return ""


def _embeds(root: Element, losses: Losses) -> None:
    figures: dict[Element, tuple[list[Element], bool]] = {}
    for element in root.walk():
        if element.name in _COUNTED:
            losses.add(_COUNTED[element.name], element.attributes.get("title", ""))
            element.take_away()
            continue
        if element.name not in _EMBEDS:
            continue
        address = _source(element)
        words = element.attributes.get("title") or element.attributes.get("aria-label") or ""
        figure = next((one for one in element.ancestors() if one.name == "figure"), None)
        if figure is not None:
            if figure not in figures:
                inside = list(figure.walk())
                captions = [one for one in inside if one.name == "figcaption"]
                figures[figure] = captions, any(one.name == "img" for one in inside)
            captions, has_picture = figures[figure]
            words = " ".join(caption.words() for caption in captions) or words
            # Once: with every thing in the figure, a caption would be as long as both multiplied.
            figures[figure] = [], has_picture
            if not has_picture:
                # The caption's words are those of the link, and nothing is left to be captioned.
                figure.unwrap()
                for caption in captions:
                    caption.take_away()
        words = " ".join(words.split()) or address.partition("//")[2] or address
        film = element.name == "video" or _is_film(address)
        kind = "sound" if element.name == "audio" else "film" if film else "embed"
        losses.add(kind if address else "lost", words)
        element.take_away()
        if not address:
            # Words that nobody sees elsewhere stay.
            element.children = [escape(words, quote=False)] if figure else []
        else:
            _become_link(element, address, words)


def _become_link(element: Element, address: str, words: str) -> None:
    around = {one.name for one in element.ancestors()}
    element.attributes = {}
    if "a" in around:
        element.children = [escape(words, quote=False)]
        return
    link = Element("a", element, {"href": address})
    link.children = [escape(words, quote=False)]
    element.children = [link]
    if not around & _TEXT_BLOCKS:
        element.name = "p"


def _pictures(root: Element, losses: Losses, *, short: bool) -> None:
    left: dict[Element, int] = {}  # How much a figure has to show, besides its caption.
    for image in root.walk():
        if image.name != "img":
            continue
        source = "".join(image.attributes.get("src", "").split())
        scheme = source.partition(":")[0].lower() if ":" in source else ""
        known = scheme in {"", "http", "https"} and not _NOT_A_PICTURE.search(source)
        if source and known and not short:
            continue
        named = "" if scheme in {"data", "blob", "cid"} else unquote(re.split(r"[/\\]", source)[-1])
        name = image.attributes.get("alt", "").strip() or named
        figure = next((one for one in image.ancestors() if one.name == "figure"), None)
        if figure is not None and figure not in left:
            left[figure] = sum(one.name in _SHOWN for one in figure.walk())
        image.take_away()
        if figure is not None:
            left[figure] -= 1
            if not left[figure]:
                # A caption without its picture says nothing.
                name = figure.words() or name
                figure.take_away()
        losses.add("picture", name)


# Links within the text


def is_admin(address: str) -> bool:
    """Whether an address is one of our own desk."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    ours = parts.netloc in {"", urlsplit(settings.SITE_URL).netloc}
    return ours and f"{parts.path}/".startswith("/admin/")


def within(address: str) -> str | None:
    """Return what a link within its own text leads to; None if it leads elsewhere.

    A program or a browser may have made a whole address of it: of a file, or of the page of
    the desk where it was pasted. An empty string leads nowhere.
    """
    address = address.strip()
    if address.startswith("#"):
        return unquote(address[1:])
    if is_admin(address) or address.lower().startswith(("file:", "about:", "blob:")):
        return unquote(address.partition("#")[2])
    return None


def _links(root: Element, losses: Losses, *, short: bool) -> None:
    """Make footnotes of the links that lead to and fro, and take away those to nowhere."""
    named: dict[str, Element] = {}
    links: list[tuple[Element, str]] = []
    for element in root.walk():
        for key in ("id", "name"):
            if name := element.attributes.get(key):
                named.setdefault(name, element)
        if element.name == "a":
            goal = within(element.attributes.get("href", ""))
            if goal is not None:
                links.append((element, goal))
    if not links:
        return
    notes: list[Note] = [] if short else _footnotes(root, links, named)
    done = {link for note in notes for link in (*note.marks, *note.back)}
    anchors: set[str] | None = None
    for link, goal in links:
        if link in done:
            continue
        target = named.get(goal)
        heading = target and next(
            (one for one in (target, *target.ancestors()) if one.name in _HEADINGS), None
        )
        if heading:
            link.attributes["href"] = f"#{heading.attributes.setdefault('id', goal)}"
            continue
        if anchors is None and goal:
            # A heading without an anchor is given one, and writers see it in the address.
            anchors = set(re.findall(' id="([^"]*)"', structure.linked(written(root))))
        if anchors and goal in anchors:
            link.attributes["href"] = f"#{goal}"
            continue
        losses.add("link", link.words())
        link.unwrap()
    _write_notes(root, notes)


@dataclass
class Note:
    """A footnote that was linked both ways."""

    box: Element
    marks: list[Element] = field(default_factory=list)
    """The links in the text that lead to it."""
    places: set[Element] = field(default_factory=set)
    """What stands around those links, and the links."""
    back: list[Element] = field(default_factory=list)
    """The links in it that lead back there."""


def _footnotes(
    root: Element, links: list[tuple[Element, str]], named: dict[str, Element]
) -> list[Note]:
    """Return the footnotes among the links: what a short mark leads to, and leads back."""
    goals = dict(links)
    boxes: dict[Element, Element] = {}  # What holds the note, for each target.
    back: dict[Element, list[Element]] = {}  # The links within the text in each box,
    places: dict[Element, set[Element]] = {}  # and where they lead.
    notes: dict[Element, Note] = {}
    used: set[Element] = set()
    for link, goal in links:
        target = named.get(goal)
        if (
            link in used
            or target is None
            or target.name in _HEADINGS
            or not _MARK.fullmatch(link.words())
        ):
            continue
        if target not in boxes:
            inline = target.name in _INLINE
            boxes[target] = _box_of(target) if inline or target.name == "p" else target
        box = boxes[target]
        if box not in back:
            back[box] = [one for one in box.walk() if one in goals]
            found = [named[goals[one]] for one in back[box] if goals[one] in named]
            places[box] = {*found, *(_block_of(one) for one in found if one.name in _INLINE)}
        around = {link, *link.walk(), *_inline_around(link), _block_of(link)}
        if box not in link.ancestors() and around & places[box]:
            if box not in notes:
                # In Word's a note leads to its mark as the mark leads to the note.
                notes[box] = Note(box)
                used.update(back[box])
            notes[box].marks.append(link)
            notes[box].places |= around
    for box, note in notes.items():
        for one in back[box]:
            place = named.get(goals[one])
            if place is not None and (
                place in note.places or (place.name in _INLINE and _block_of(place) in note.places)
            ):
                note.back.append(one)
    return list(notes.values())


def _inline_around(element: Element) -> Iterator[Element]:
    for one in element.ancestors():
        if one.name not in _INLINE:
            return
        yield one


def _write_notes(root: Element, notes: list[Note]) -> None:
    """Write footnotes as posts/text/structure.py reads them."""
    used = set(_TAKEN_NAME.findall(written(root))) if notes else set()
    boxes = {note.box for note in notes}
    waiting = deque({box.parent: None for box in boxes if box.parent is not None})
    while waiting:
        around = waiting.popleft()
        if _nothing_but(boxes, around) and around.parent is not None:
            boxes.add(around)
            waiting.append(around.parent)
    number = 0
    for note in notes:
        number += 1
        while str(number) in used:
            number += 1
        for mark in note.marks:
            place = _alone_in(mark)
            place.name = ""
            place.children = [f"[^{number}]"]
        for link in note.back:
            _alone_in(link).take_away()
        box = note.box
        for part in box.walk():
            if part.name in _BLOCKS or part.name == "br":
                part.name = ""
                part.children = ["<br>", *part.children]
        lines = [line.strip() for line in written_within(box).split("<br>")]
        said = [place for place, line in enumerate(lines) if line]
        words = "<br>".join(lines[said[0] : said[-1] + 1]) if said else ""
        paragraph = Element("p", box, {})
        paragraph.children = [f"[^{number}]: {words}"]
        box.children = [paragraph]
        if box.name not in {"td", "th", "li"}:
            box.name = ""


def _nothing_but(boxes: set[Element], around: Element) -> bool:
    """Take away the line above the notes, and a list of nothing but notes.

    Returns whether notes are all that is in it.
    """
    line: Element | None = None
    only_notes = True
    for part in around.children:
        if isinstance(part, str):
            only_notes = only_notes and not part.strip()
            line = None if part.strip() else line
        elif part in boxes:
            if line is not None:
                line.take_away()
            line = None
        else:
            line = part if part.name == "hr" else None
            only_notes = only_notes and part.name in {"", "hr"}
    if only_notes and around.name in {"ol", "ul", "dl"}:
        around.unwrap()
        for part in around.children:
            if isinstance(part, Element):
                part.name = "div"
    return only_notes
