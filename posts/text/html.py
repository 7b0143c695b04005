"""The allowlist: what a text written in the editor may consist of, and nothing else.

The tables of posts/text/allowlist.py drive both CKEditor's `allowedContent` (what the editor offers
and keeps) and the nh3 clean on every save (what is stored, whatever the editor or an import
sent).
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
    RENAMED,
    RENAMED_SHORT,
    REQUIRED,
    SHORT,
    allowed_value,
    editor_rules,
)
from posts.text.links import URL_SCHEMES, safe_url
from posts.text.plain import text_of

__all__ = ["ALLOWED", "ALLOWED_CLASSES", "RENAMED", "SHORT", "clean", "editor_rules", "losses"]

# These say nothing if they are empty: what is left of a pasted document's empty lines (ours come
# from the style sheet), and of its marked spaces.
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

# Our own clean HTML has none of these; then there is nothing to translate.
_NOT_OURS = re.compile(
    rf"<(?!/?(?:{'|'.join(ALLOWED)})[ />])"
    r"|<span(?! (?:dir|lang)=)"
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


def _cleaner(elements: frozenset[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(elements),
        # Without "*", nh3 would allow two attributes of its own everywhere.
        attributes={"*": set(), **{tag: set(ALLOWED[tag]) for tag in elements}},
        attribute_filter=_checked,
        allowed_classes={
            tag: set(names) for tag, names in ALLOWED_CLASSES.items() if tag in elements
        },
        clean_content_tags=set(markup.DROPPED),
        url_schemes=set(URL_SCHEMES),
        url_relative="pass_through",
        link_rel=None,
        strip_comments=True,
    )


_FULL = _cleaner(frozenset(ALLOWED))
_SHORT = _cleaner(SHORT)


def clean(html: str, *, short: bool = False) -> str:
    """Return HTML that holds nothing but the allowlist; cleaning twice changes nothing.

    With `short`, only the elements of an introduction in a mail stay. The words of what does
    not stay are kept apart. Time grows with the length alone.
    """
    if (html, short) in _CLEAN:
        return html
    # Taking an element away can leave its neighbours nested as no parser would nest them, so
    # that browsers read something else than what was checked: clean until nothing moves.
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
    """Return what the clean takes away that a writer would miss, a sentence for each kind."""
    found = foreign.Losses()
    _translated(html, found, short=short)
    return found.sentences()


def _translated(html: str, found: foreign.Losses, *, short: bool) -> str:
    """Return HTML without what other programs mean by it; what is lost is added to `found`."""
    html = foreign.plain_formatting(html)
    return foreign.translated(html, found, short=short) if _NOT_OURS.search(html) else html


def _cleaned_once(html: str, short: bool) -> str:
    html = _translated(html, foreign.Losses(), short=short)
    cleaner, elements = (_SHORT, SHORT) if short else (_FULL, ALLOWED)
    renamed = RENAMED_SHORT if short else RENAMED
    return _tidy(
        cleaner.clean(
            markup.rewritten(html, elements=elements, attributes=_ATTRIBUTES, renamed=renamed)
        )
    )


@dataclass(slots=True)
class _Open:
    """An element of the text, from its opening tag to its closing one."""

    name: str
    at: int
    """The place of its tag in what is written."""
    after_words: bool
    """Whether words of the same line stand before it."""
    says: bool = False
    """Whether there is anything in it."""


def _tidy(html: str) -> str:
    """Return nh3's output without the elements that say nothing, in one pass."""
    out: list[str] = []
    around = [_Open("", 0, after_words=False)]
    # Whether words of this line were written, and whether an empty block stood after them.
    after_words = parted = False
    for piece in _PIECE.finditer(html):
        closing, name, given = piece.groups()
        is_block = name in markup.BLOCKS
        if name is None:
            text = piece[0]
            if out and out[-1] == "<pre>":
                # A parser drops the first line break, so every pass would drop another.
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
            empty = not element.says
            if empty and name in _EMPTY_BLOCKS:
                del out[element.at :]
                after_words, parted = element.after_words, True
            elif empty and name in _EMPTY_WORDS:
                del out[element.at]  # Its space stays.
            else:
                around[-1].says = True
                needed = REQUIRED.get(name)
                if needed and not any(f' {one}="' in out[element.at] for one in needed):
                    out[element.at] = ""
                else:
                    out.append(piece[0])
                if is_block:
                    after_words = parted = False
        elif name != "img" or ' src="' in given:
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
