"""The allowlist: what a text written in the editor may consist of, and nothing else.

The tables of posts/allowlist.py drive both CKEditor's `allowedContent` (what the editor offers
and keeps) and the nh3 clean on every save (what is stored, whatever the editor or an import
sent).
"""

import re

import nh3

from posts import foreign
from posts.allowlist import (
    ALLOWED,
    ALLOWED_CLASSES,
    FORMATTING,
    RENAMED,
    SHORT,
    allowed_value,
    editor_rules,
)
from posts.links import URL_SCHEMES, safe_url

__all__ = ["ALLOWED", "ALLOWED_CLASSES", "RENAMED", "SHORT", "clean", "editor_rules", "losses"]

# These vanish with all that is in them; every other unknown element only loses its tags.
_DROPPED = frozenset(
    {"script", "style", "title", "xml", "template", "noscript", "iframe", "object", "svg", "math"}
    | {"noembed", "noframes", "textarea", "select", "xmp"}
)
# A misnested one of these is opened again in every paragraph that follows (HTML 13.2.4.3),
# each with other attributes on its own, which makes gigabytes out of a long document.
_FORMATTING = re.compile(r"</?(?:font|big|small|tt|u|nobr)(?=[\s>/])[^<>]*>", re.IGNORECASE)
_RENAME = re.compile(rf"<(/?)({'|'.join(sorted(FORMATTING))})(?=[\s>/])[^<>]*>", re.IGNORECASE)

# Our own clean HTML has none of these; then there is nothing to translate.
_NOT_OURS = re.compile(
    rf"<(?!/?(?:{'|'.join(ALLOWED)})[ />])"
    r"|<span(?! (?:dir|lang)=)"
    r"| (?:class|style|id|name|lang|dir|type|role)="
    r"|(?:href|src)=[\"']?(?!https?://|mailto:|tel:|/[a-z])|/admin\b|\.[ew]mf\b"
    r"|<img(?![^<>]* src=\"[^\"])|</li>\s*<[uo]l|<[uo]l(?: [^<>]*)?>\s*<[uo]l",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)

# Browsers stop nesting at 512; an HTML parser takes minutes for 100,000 unclosed elements.
_MAX_DEPTH = 200
_TAG = re.compile(r"<(/?)([a-z][^\s/>]*)[^<>]*>?", re.IGNORECASE)
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "col", "area", "base", "wbr"})
# A closing tag reaches no further up than the nearest of these (HTML 13.2.4.2, "scope").
_SCOPED = frozenset({"object", "applet", "marquee", "template", "table", "td", "th", "caption"})

# What is left of a pasted document's empty lines; ours come from the style sheet.
_EMPTY_BLOCK = re.compile(
    r"<(p|h2|h3|h4|li|ul|ol|pre|blockquote|figcaption|figure|caption)(?: [^>]*)?>"
    r"(?:\s|&nbsp;|<br>)*</\1>"
)
_EMPTY_WORD = re.compile(
    r"<(strong|em|s|sub|sup|code|cite|span|q|abbr|a)(?: [^>]*)?>((?:\s|&nbsp;)*)</\1>"
)
_NO_SOURCE = re.compile(r'<img(?![^>]* src="[^"])[^>]*>')
_NO_TARGET = re.compile(r"<a(?=[ >])(?![^>]* href=)[^>]*>([^<]*(?:<(?!/a>)[^<]*)*)</a>")
# A parser drops one line break after <pre>, so every further pass would drop another.
_PRE = re.compile(r"<pre>\n+")
_NO_CLASS = re.compile(r' class=""')

_MAX_PASSES = 8


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
        clean_content_tags=set(_DROPPED),
        url_schemes=set(URL_SCHEMES),
        url_relative="pass_through",
        link_rel=None,
        strip_comments=True,
    )


_FULL = _cleaner(frozenset(ALLOWED))
_SHORT = _cleaner(SHORT)
_TEXT = nh3.Cleaner(tags=set(), clean_content_tags=set(_DROPPED))


def clean(html: str, *, short: bool = False) -> str:
    """Return HTML that holds nothing but the allowlist; cleaning twice changes nothing.

    With `short`, only the elements of an introduction in a mail stay.
    """
    cleaner = _SHORT if short else _FULL
    html = html.replace("\x00", "")
    # Taking an element away can leave its neighbours nested as no parser would nest them, so
    # that browsers read something else than what was checked: clean until nothing moves.
    for _ in range(_MAX_PASSES):
        cleaned = _tidy(cleaner.clean(_translated(html, foreign.Losses(), short=short)))
        if cleaned == html:
            return cleaned
        html = cleaned
    return _TEXT.clean(html).strip()


def losses(html: str, *, short: bool = False) -> list[str]:
    """Return what the clean takes away that a writer would miss, a sentence for each kind."""
    found = foreign.Losses()
    _translated(html.replace("\x00", ""), found, short=short)
    for _ in _SCRIPT.findall(html):
        found.add("script")
    return found.sentences()


def _translated(html: str, found: foreign.Losses, *, short: bool) -> str:
    """Return HTML without what other programs mean by it; what is lost is added to `found`."""
    html = _prepare(foreign.plain_formatting(html))
    if _NOT_OURS.search(html):
        return foreign.translated(html, found, short=short)
    return html


def _prepare(html: str) -> str:
    """Return HTML in today's words and of a depth that a parser can bear."""
    html = _FORMATTING.sub("", html)
    html = _RENAME.sub(_renamed, html)
    return _flatten(html) if html.count("<") > _MAX_DEPTH else html


def _renamed(match: re.Match[str]) -> str:
    name = match[2].lower()
    return f"<{match[1]}{RENAMED.get(name, name)}>"


def _flatten(html: str) -> str:
    """Return HTML without the tags that open deeper than _MAX_DEPTH; all text stays."""
    stack: list[str] = []

    def keep(match: re.Match[str]) -> str:
        closing, name = match[1], match[2].lower()
        if name in _VOID:
            return match[0]
        if closing or name == "p":
            for depth in range(len(stack) - 1, -1, -1):
                if stack[depth] == name:
                    del stack[depth:]
                    if closing:
                        return match[0] if depth < _MAX_DEPTH else ""
                    break
                if stack[depth] in _SCOPED:
                    break
            if closing:
                return match[0]
        stack.append(name)
        return match[0] if len(stack) <= _MAX_DEPTH else ""

    return _TAG.sub(keep, html)


def _tidy(html: str) -> str:
    """Return nh3's output without the elements that say nothing."""
    html = _NO_CLASS.sub("", html)
    html = _NO_SOURCE.sub("", html)
    html = _NO_TARGET.sub(r"\1", html)
    html = _PRE.sub("<pre>", html)
    previous = None
    while previous != html:
        previous, html = html, _EMPTY_BLOCK.sub("", _EMPTY_WORD.sub(r"\2", html))
    return html.strip()
