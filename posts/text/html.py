"""The clean: removes from a text whatever is not in the allowlist, on every save.

The tables of posts/text/allowlist.py drive both CKEditor's `allowedContent` (what the editor offers
and keeps) and this clean by nh3 (what is stored, whatever the editor or an import sent).
"""

import re
from dataclasses import dataclass
from html import escape
from threading import Lock

import nh3

from posts.text import foreign, markup
from posts.text.allowlist import (
    ALLOWED,
    ALLOWED_CLASSES,
    NEED_CLASS,
    RENAMED,
    RENAMED_SHORT,
    REQUIRED,
    SHORT,
    allowed_value,
    classes_of,
    editor_rules,
)
from posts.text.links import URL_SCHEMES, safe_url
from posts.text.losses import Losses
from posts.text.nesting import rewritten
from posts.text.plain import text_of

__all__ = ["ALLOWED", "ALLOWED_CLASSES", "RENAMED", "SHORT", "clean", "editor_rules", "losses"]

# These are removed if they are empty: pasted documents make space by empty lines (here the style
# sheet does), and format spaces.
_EMPTY_BLOCKS = frozenset(
    {
        "p",
        "h2",
        "h3",
        "h4",
        "li",
        "ul",
        "ol",
        "pre",
        "blockquote",
        "section",
        "figcaption",
        "figure",
        "caption",
    }
)
_EMPTY_WORDS = frozenset(
    {"strong", "em", "s", "sub", "sup", "code", "cite", "span", "q", "abbr", "a"}
)
# As nh3 writes it: lower case, double quotes, no bare angle bracket in an attribute.
_PIECE = re.compile(r"<(/?)([a-z][a-z0-9-]*)([^<>]*)>|[^<]+")

_ATTRIBUTES = frozenset({"class"}).union(*ALLOWED.values())

# HTML of our own has none of these. Without one, there is nothing to translate.
_NOT_OURS = re.compile(
    rf"<(?!/?(?:{'|'.join(ALLOWED)})[ />])"
    r"|<span(?! (?:dir|lang)=)|<section(?! class=)"
    r"| (?:class|style|id|name|lang|dir|type|role)="
    r"|(?:href|src)=[\"']?(?!https?://|mailto:|tel:|/[a-z])|/admin\b|\.[ew]mf\b"
    r"|<img(?![^<>]* src=\"[^\"])|</li>\s*<[uo]l|<[uo]l(?: [^<>]*)?>\s*<[uo]l",
    re.IGNORECASE,
)

_MAX_PASSES = 8

# The last texts that came out clean. A save cleans the same text in its form, its model and its
# field, and a long one takes seconds.
_CLEAN: dict[tuple[str, bool], None] = {}
_CLEAN_LOCK = Lock()
_REMEMBERED = 8
_LONGEST_REMEMBERED = 1_000_000


def _checked(_tag: str, attribute: str, value: str) -> str | None:
    """Return an attribute's value, or None to drop the attribute (for nh3)."""
    if attribute in {"href", "src"}:
        return safe_url(value)
    return value if allowed_value(attribute, value) else None


def _cleaner(elements: frozenset[str], *, short: bool = False) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(elements),
        # Without "*", nh3 would allow two attributes of its own everywhere.
        attributes={"*": set(), **{tag: set(ALLOWED[tag]) for tag in elements}},
        attribute_filter=_checked,
        allowed_classes={
            tag: set(classes_of(tag, short=short)) for tag in ALLOWED_CLASSES if tag in elements
        },
        clean_content_tags=set(markup.DROPPED),
        url_schemes=set(URL_SCHEMES),
        url_relative="pass_through",
        link_rel=None,
        strip_comments=True,
    )


_FULL = _cleaner(frozenset(ALLOWED))
_SHORT = _cleaner(SHORT, short=True)


def clean(html: str, *, short: bool = False) -> str:
    """Return HTML that holds nothing but the allowlist; cleaning twice changes nothing.

    With `short`, only the elements of an introduction in a mail stay. Where an element is
    removed, its words do not run into those beside it. Time grows with the length alone.
    """
    if (html, short) in _CLEAN:
        return html
    # Without a removed element, those around it may be nested as no parser would nest them, and a
    # browser would read something else than was checked. So it is cleaned until nothing changes.
    for _ in range(_MAX_PASSES):
        cleaned = _cleaned_once(html, short)
        if cleaned == html:
            break
        html = cleaned
    else:
        html = _cleaned_once(escape(text_of(html), quote=False), short)
    if len(html) <= _LONGEST_REMEMBERED:
        with _CLEAN_LOCK:
            _CLEAN[html, short] = None
            if len(_CLEAN) > _REMEMBERED:
                del _CLEAN[next(iter(_CLEAN))]
    return html


def losses(html: str, *, short: bool = False) -> list[str]:
    """Return a sentence for each kind of thing that the clean removes and a writer would miss."""
    found = Losses()
    _translated(html, found, short=short)
    return found.sentences()


def _translated(html: str, found: Losses, *, short: bool) -> str:
    """Return HTML with the markup of other programs translated; adds losses to `found`."""
    html = foreign.plain_formatting(html)
    return foreign.translated(html, found, short=short) if _NOT_OURS.search(html) else html


def _cleaned_once(html: str, short: bool) -> str:
    html = _translated(html, Losses(), short=short)
    if short:
        html = rewritten(
            html,
            elements=SHORT,
            attributes=_ATTRIBUTES,
            renamed=RENAMED_SHORT,
            tables=ALLOWED_CLASSES["table"],
        )
        return _tidy(_SHORT.clean(html), empty=_EMPTY_BLOCKS | {"table"})
    html = rewritten(html, elements=ALLOWED, attributes=_ATTRIBUTES, renamed=RENAMED)
    return _tidy(_FULL.clean(html), empty=_EMPTY_BLOCKS)


@dataclass(slots=True)
class _Open:
    """An element of the text, from its opening tag to its closing one."""

    name: str
    at: int
    """The index of its opening tag in the output."""
    after_words: bool
    """Whether words of the same line stand before it."""
    says: bool = False
    """Whether it has content."""


def _tidy(html: str, *, empty: frozenset[str]) -> str:
    """Return nh3's output without its empty elements, in one pass; `empty` are such blocks."""
    out: list[str] = []
    around = [_Open("", 0, after_words=False)]
    # Whether this line has words so far, and whether an empty block came after them.
    after_words = parted = False
    for piece in _PIECE.finditer(html):
        closing, name, attributes = piece.groups()
        is_block = name in markup.BLOCKS
        if name is None:
            text = piece[0]
            if out and out[-1] == "<pre>":
                # A parser ignores the first line break, so each pass would remove one more.
                text = text.lstrip("\n")
            if text.replace("&nbsp;", "").strip():
                if parted and after_words:
                    out.append("<br>")
                around[-1].says = after_words = True
                parted = False
            if text:
                out.append(text)
        elif closing:
            element = around.pop()
            says_nothing = not element.says
            if says_nothing and name in empty:
                del out[element.at :]
                after_words, parted = element.after_words, True
            elif says_nothing and name in _EMPTY_WORDS:
                del out[element.at]  # The white space in it stays.
            else:
                around[-1].says = True
                needed = REQUIRED.get(name)
                if name in NEED_CLASS:
                    needed = ("class",)
                if needed and not any(f' {one}="' in out[element.at] for one in needed):
                    out[element.at] = ""
                else:
                    out.append(piece[0])
                if is_block:
                    after_words = parted = False
        elif name != "img" or ' src="' in attributes:
            if name in markup.VOID:
                if name != "br":
                    around[-1].says = True
            else:
                around.append(_Open(name, len(out), after_words))
            if is_block or name == "br":
                after_words = parted = False
            elif name == "img":
                if parted and after_words:
                    out.append("<br>")
                after_words, parted = True, False
            out.append(piece[0].replace(' class=""', ""))
    return "".join(out).strip()
