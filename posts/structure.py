"""The structure of a long text: anchors, a contents list, footnotes, boxes for what is wide.

These are steps of the finished body (posts/body.py), made once when a text is saved, out of
HTML that the allowlist has cleaned. Every id begins with a prefix of ours ("s-", "note-",
"noteref-"), so none can be one that the page itself uses.
"""

import re
from html import unescape

from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

# Fewer headings need no list.
CONTENTS_FROM = 3
LONGEST_ANCHOR = 60

_HEADING = re.compile(r'<h([234])(?: id="([^"]*)")?>(.*?)</h\1>', re.DOTALL)
_WITHIN = re.compile(r'<a href="#([^"]+)"')
_LISTED = re.compile(r'<h([23]) id="([^"]*)">(.*?)</h\1>', re.DOTALL)
_MARK = re.compile(r'<sup class="note">.*?</sup>', re.DOTALL)

# Enough for what nh3 wrote, and faster than strip_tags: contents are listed at each request.
_TAG = re.compile(r"<[^>]*>")

_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_PRE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_CAPTION = re.compile(r"<caption>(.*?)</caption>", re.DOTALL)

# A footnote is written as in Markdown: [^1] in the text, and a paragraph "[^1]: …" anywhere.
_NAME = r"\[\^([^\[\]\s<>]{1,30})\]"
_NOTE = re.compile(rf"<p>\s*{_NAME}:\s*(.*?)\s*</p>\s*", re.DOTALL)
# Several notes in one paragraph, as Shift+Enter leaves them.
_NEXT_NOTE = re.compile(rf"\s*<br>\s*(?={_NAME}:)")
_NOTES = re.compile(rf"<p>\s*{_NAME}:(?:(?!</p>).)*<br>.*?</p>", re.DOTALL)
# Within code a mark is code; within a link, a link has no place; and a note is no mention.
_MENTION = re.compile(
    rf"(<(pre|code|a)(?: [^>]*)?>.*?</\2>|<p>\s*\[\^[^\[\]\s<>]{{1,30}}\]:)|{_NAME}", re.DOTALL
)


def structured(html: str) -> str:
    """Return a clean body with its anchors, footnotes and boxes."""
    return with_boxes(linked(html))


def linked(html: str) -> str:
    """Return a clean body with its anchors and footnotes: what its links lead to is there."""
    return with_anchors(with_footnotes(html))


# Headings


def with_anchors(html: str) -> str:
    """Return the body with an id at each heading, and links within it that still arrive."""
    taken: set[str] = set()
    renamed: dict[str, str] = {}

    def anchored(match: re.Match[str]) -> str:
        level, given, inner = match.groups()
        words = unescape(strip_tags(_MARK.sub("", inner)))
        base = f"s-{slugify(unescape(given or '') or words)[:LONGEST_ANCHOR].strip('-')}"
        base = base if len(base) > 2 else "s-part"
        anchor = base
        count = 1
        while anchor in taken:
            count += 1
            anchor = f"{base}-{count}"
        taken.add(anchor)
        if given:
            renamed.setdefault(given, anchor)
        return f'<h{level} id="{anchor}">{inner}</h{level}>'

    html = _HEADING.sub(anchored, html)
    if not renamed:
        return html
    return _WITHIN.sub(lambda m: f'<a href="#{renamed.get(m[1], m[1])}"', html)


def contents(html: str) -> SafeString:
    """Return the list of a finished body's headings, two levels deep; empty if they are few."""
    found = _LISTED.findall(html)
    if len(found) < CONTENTS_FROM:
        return mark_safe("")
    top = min(level for level, _, _ in found)
    items: list[str] = []
    inside = False
    for level, anchor, inner in found:
        link = f'<a href="#{anchor}">{_TAG.sub("", _MARK.sub("", inner)).strip()}</a>'
        if level == top or not items:
            closed = "</li></ol></li>" if inside else "</li>" if items else ""
            items.append(f"{closed}<li>{link}")
            inside = False
        else:
            items.append(("</li>" if inside else "<ol>") + f"<li>{link}")
            inside = True
    end = "</li></ol></li>" if inside else "</li>"
    # What is left of a heading without its tags is text that nh3 escaped.
    return mark_safe(f"<ol>{''.join(items)}{end}</ol>")  # noqa: S308  (made of our headings, escaped)


# Footnotes


def with_footnotes(html: str) -> str:
    """Return the body with its footnotes numbered, linked both ways, and at the end.

    A mark without a note stays as it was typed, and so does a note that nothing mentions.
    """
    if "[^" not in html:
        return html
    html = _NOTES.sub(lambda m: _NEXT_NOTE.sub("</p><p>", m[0]), html)
    notes: dict[str, str] = {}
    for name, text in _NOTE.findall(html):
        notes.setdefault(name, text)
    mentioned = {m[3] for m in _MENTION.finditer(_NOTE.sub("", html)) if m[3]}
    numbers: dict[str, int] = {}
    mentions: dict[str, int] = {}

    def taken_out(match: re.Match[str]) -> str:
        return "" if match[1] in mentioned else match[0]

    def marked(match: re.Match[str]) -> str:
        name = match[3]
        if name not in notes:
            return match[0]
        number = numbers.setdefault(name, len(numbers) + 1)
        mentions[name] = count = mentions.get(name, 0) + 1
        return (
            f'<sup class="note"><a id="{_mention(number, count)}" href="#note-{number}"'
            f' role="doc-noteref" aria-label="Footnote {number}">{number}</a></sup>'
        )

    html = _MENTION.sub(marked, _NOTE.sub(taken_out, html)).rstrip()
    if not numbers:
        return html
    items = "".join(
        f'<li id="note-{number}"><p>{notes[name]}{_back(number, mentions[name])}</p></li>'
        for name, number in numbers.items()
    )
    return (
        f'{html}<section class="notes" role="doc-endnotes" aria-label="Footnotes">'
        f"<ol>{items}</ol></section>"
    )


# Tables and code


# As text: some phones would draw it as an emoji.
_BACK = "↩\ufe0e"


def _mention(number: int, count: int) -> str:
    """Return the id of a place that mentions a footnote: the first, the second, and so on."""
    return f"noteref-{number}" + (f"-{count}" if count > 1 else "")


def _back(number: int, mentions: int) -> str:
    """Return the links from a footnote to each place that mentions it."""
    return "".join(
        f' <a class="notes__back" href="#{_mention(number, count)}" role="doc-backlink"'
        f' aria-label="Back to footnote {number} in the text'
        + (f', place {count}">{_BACK}<sup>{count}</sup></a>' if count > 1 else f'">{_BACK}</a>')
        for count in range(1, mentions + 1)
    )


def with_boxes(html: str) -> str:
    """Return the body with each table, and each piece of code, in a box that scrolls.

    The keyboard reaches it, and it has a name: the table's caption, if there is one.
    """
    html = _boxed(_PRE, "Code", html, css="box box--code")
    if any("<table>" in table[7:] for table in _TABLE.findall(html)):
        return html  # A table within a table; the outer one would be cut in two.
    return _boxed(_TABLE, "Table", html, css="box")


def _boxed(what: re.Pattern[str], name: str, html: str, *, css: str) -> str:
    count = 0

    def boxed(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        caption = _CAPTION.search(match[0])
        words = unescape(strip_tags(_MARK.sub("", caption[1]))).strip() if caption else ""
        label = escape(words or f"{name} {count}")
        return (
            f'<div class="{css}" role="region" tabindex="0" aria-label="{label}">{match[0]}</div>'
        )

    return what.sub(boxed, html)
