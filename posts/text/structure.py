"""The structure of a long text: anchors, a contents list, footnotes, boxes that scroll.

These are steps of the finished body (posts/text/body.py), run once when a text is saved. They
take clean HTML: each element in it has its closing tag, and each attribute has double quotes.
Every id begins with a prefix ("s-", "note-", "noteref-"), so it cannot be an id of the page
itself. Each step reads the text once from its beginning to its end.
"""

import re
from dataclasses import dataclass
from html import unescape

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from alarmroom.slugs import slug_of
from posts.text.allowlist import SECTION_NAMES
from posts.text.bars import with_bars
from posts.text.plain import line_of

# Fewer headings need no list.
CONTENTS_FROM = 3
LONGEST_ANCHOR = 60
# So many places of a text may mention a footnote, for each takes forty times its own length.
MOST_MENTIONS = 2_000

_HEADING = re.compile(r"<(/?)h([234])((?: [^<>]*)?)>")
_ID = re.compile(r' id="([^"]*)"')
_LINK = re.compile(r"<a [^<>]*>")
_TO_ANCHOR = re.compile(r' href="#([^"]*)"')
_LISTED = re.compile(r'<h([23]) id="([^"]*)"[^<>]*>(.*?)</h\1>', re.DOTALL)
_MARK = re.compile(r'<sup class="note">.*?</sup>', re.DOTALL)
_BOXED = re.compile(r"<(/?)(table|pre)(?: [^<>]*)?>")
_SECTION = re.compile(rf'<section(?: [^<>]*?)? class="({"|".join(SECTION_NAMES)})"[^<>]*>')
_CAPTION = re.compile(r"<caption(?: [^<>]*)?>(.*?)</caption>", re.DOTALL)

# A footnote is written as in Markdown: [^1] in the text, and a paragraph "[^1]: …" anywhere.
_NAME = r"\[\^([^\[\]\s<>]{1,30})\]"
_PARAGRAPH = re.compile(r"<p((?: [^<>]*)?)>")
_NOTE_BEGINS = re.compile(rf"\s*+{_NAME}:")
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)[^<>]*>")
_TAG_OR_NAME = re.compile(rf"<(/?)([a-z][a-z0-9-]*)[^<>]*>|{_NAME}")
# A mark within code is code, and within a link there can be no other link.
_WITHOUT_NOTES = frozenset({"pre", "code", "a"})
_VOID = frozenset({"br", "img", "hr"})


def with_structure(html: str) -> str:
    """Return a clean body with its anchors, footnotes and boxes."""
    return with_figures(with_anchors_and_notes(html))


def with_figures(html: str) -> str:
    """Return a clean body with its tables in boxes, and the bars of those that are figures."""
    return with_bars(with_boxes(html))


def with_anchors_and_notes(html: str) -> str:
    """Return a clean body with its anchors and footnotes: what its links lead to is there."""
    return with_anchors(with_footnotes(with_panels(html)))


def _words(html: str) -> str:
    """Return the words of a heading or a caption, in one line, without marks of footnotes."""
    return line_of(_MARK.sub("", html))


# Case examples and key points


def with_panels(html: str) -> str:
    """Return the body with its sections as boxes, each of which says what it is.

    As a word of the text: feeds, programs that read aloud and plain copies have it, too. A `div`,
    because a section of HTML is expected to have a heading, which would be one of the contents.
    """
    if "<section" not in html:
        return html

    def opened(tag: re.Match[str]) -> str:
        name = tag[1]
        others = tag[0].replace(f' class="{name}"', "", 1).removeprefix("<section")
        return (
            f'<div class="panel panel--{name}"{others}'
            f'<p class="panel__name"><strong>{SECTION_NAMES[name]}</strong></p>'
        )

    return _SECTION.sub(opened, html).replace("</section>", "</div>")


# Headings


class _Anchors:
    """Gives out anchors, each once in a text."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.counts: dict[str, int] = {}

    def take(self, slug: str) -> str:
        """Return a free anchor for a heading with this slug, with a number where it needs one."""
        base = f"s-{slug[:LONGEST_ANCHOR].strip('-')}"
        base = base if len(base) > 2 else "s-part"
        anchor = base
        while anchor in self.taken:
            # The count goes on from the last heading with these words, so that many stay fast.
            self.counts[base] = self.counts.get(base, 1) + 1
            anchor = f"{base}-{self.counts[base]}"
        self.taken.add(anchor)
        return anchor


def with_anchors(html: str) -> str:
    """Return the body with an id at each heading, and the links to headings adjusted.

    Anchors used to be made by Django's slugify, which joins what a dash or a slash parts. Where
    that gives another anchor, the heading begins with an empty element that has it: readers have
    copied those addresses, and writers have linked to them.
    """
    anchors = _Anchors()
    renamed: dict[str, str] = {}
    out: list[str] = []
    done = 0
    opened: re.Match[str] | None = None
    for tag in _HEADING.finditer(html):
        if not tag[1]:
            opened = opened or tag
            continue
        if opened is None or opened[2] != tag[2]:
            continue
        inner = html[opened.end() : tag.start()]
        own_id = _ID.search(opened[3])
        words = (unescape(own_id[1]) if own_id else "") or _words(inner)
        slug, former_slug = slug_of(words), slugify(words)
        anchor = anchors.take(slug)
        if own_id:
            renamed.setdefault(own_id[1], anchor)
        others = _ID.sub("", opened[3])
        former = f'<span id="{anchors.take(former_slug)}"></span>' if former_slug != slug else ""
        out += [
            html[done : opened.start()],
            f'<h{tag[2]} id="{anchor}"{others}>{former}',
            inner,
            tag[0],
        ]
        done, opened = tag.end(), None
    out.append(html[done:])
    html = "".join(out)
    if not renamed:
        return html

    def to_new_anchor(link: re.Match[str]) -> str:
        return _TO_ANCHOR.sub(lambda to: f' href="#{renamed.get(to[1], to[1])}"', link[0])

    return _LINK.sub(to_new_anchor, html)


def contents(html: str) -> SafeString:
    """Return the list of a finished body's headings, two levels deep; empty if they are few."""
    found = _LISTED.findall(html)
    if len(found) < CONTENTS_FROM:
        return mark_safe("")
    top = min(level for level, _, _ in found)
    items: list[str] = []
    inside = False
    for level, anchor, inner in found:
        # This runs at each request. A heading without tags is escaped already, by nh3.
        words = escape(_words(inner)) if "<" in inner else inner.strip()
        link = f'<a href="#{anchor}">{words}</a>'
        if level == top or not items:
            closed = "</li></ol></li>" if inside else "</li>" if items else ""
            items.append(f"{closed}<li>{link}")
            inside = False
        else:
            items.append(("</li>" if inside else "<ol>") + f"<li>{link}")
            inside = True
    end = "</li></ol></li>" if inside else "</li>"
    return mark_safe(f"<ol>{''.join(items)}{end}</ol>")  # noqa: S308  (made of our headings, escaped)


# Footnotes


@dataclass(slots=True)
class _Note:
    """A paragraph of the text that is a footnote."""

    name: str
    attributes: str
    text: str
    paragraph: str
    """The HTML of the paragraph, which stays if nothing mentions the note."""
    begin: int
    """The index in `paragraph` after the note's own mark and colon."""


def with_footnotes(html: str) -> str:
    """Return the body with its footnotes numbered, linked both ways, and at the end.

    A mark without a note stays as it was typed, and so does a note that nothing mentions.
    """
    if "[^" not in html:
        return html
    parts = list(_parts(html))
    notes: dict[str, _Note] = {}
    for part in parts:
        if isinstance(part, _Note):
            notes.setdefault(part.name, part)
    mentioned = {
        name
        for part in parts
        if isinstance(part, str)
        for _, name in _cut_at_marks(part)
        if name in notes
    }
    numbers: dict[str, int] = {}
    mentions: dict[str, int] = {}
    total = 0
    out: list[str] = []
    follows_note = False
    for part in parts:
        if isinstance(part, _Note):
            if part.name in mentioned and notes[part.name] is part:
                follows_note = True
                continue
            # The note's own mark is not a mention.
            out.append(part.paragraph[: part.begin])
            text = part.paragraph[part.begin :]
        else:
            text = part.lstrip() if follows_note else part
        follows_note = False
        for piece, name in _cut_at_marks(text):
            if name not in mentioned or total == MOST_MENTIONS:
                out.append(piece)
                continue
            total += 1
            number = numbers.setdefault(name, len(numbers) + 1)
            mentions[name] = count = mentions.get(name, 0) + 1
            out.append(
                f'<sup class="note"><a id="{_mention_id(number, count)}" href="#note-{number}"'
                f' role="doc-noteref" aria-label="Footnote {number}">{number}</a></sup>'
            )
    html = "".join(out).rstrip()
    if not numbers:
        return html
    items = "".join(
        f'<li id="note-{number}"><p{notes[name].attributes}>{notes[name].text}'
        f"{_backlinks(number, mentions[name])}</p></li>"
        for name, number in numbers.items()
    )
    return (
        f'{html}<section class="notes" role="doc-endnotes" aria-label="Footnotes">'
        f"<ol>{items}</ol></section>"
    )


def _parts(html: str) -> list[str | _Note]:
    """Return the body in order: the paragraphs that are notes, and what is between them."""
    parts: list[str | _Note] = []
    done = 0
    for opened in _PARAGRAPH.finditer(html):
        if not _NOTE_BEGINS.match(html, opened.end()):
            continue
        end = html.find("</p>", opened.end())
        if end < 0:
            break
        parts.append(html[done : opened.start()])
        texts = _split(html[opened.end() : end])
        done = end + len("</p>")
        tag = f"<p{opened[1]}>"
        for text in texts if len(texts) == 1 else [each.strip() for each in texts]:
            begins = _NOTE_BEGINS.match(text)
            assert begins  # noqa: S101 (each of them was split there)
            text_of_note = text[begins.end() :].strip()
            paragraph = f"{tag}{text}</p>"
            parts.append(
                _Note(begins[1], opened[1], text_of_note, paragraph, len(tag) + begins.end())
            )
    parts.append(html[done:])
    return parts


def _split(paragraph: str) -> list[str]:
    """Return the notes in one paragraph: writers may separate them by Shift+Enter."""
    notes: list[list[str]] = []
    depth = 0
    for line in paragraph.split("<br>"):
        if notes and (depth or not _NOTE_BEGINS.match(line)):
            notes[-1].append(line)
        else:
            notes.append([line])
        for tag in _TAG.finditer(line):
            if tag[2] not in _VOID:
                depth += -1 if tag[1] else 1
    return ["<br>".join(lines) for lines in notes]


def _cut_at_marks(html: str) -> list[tuple[str, str]]:
    """Return the text cut at marks of footnotes: pairs of HTML, and the name if it is a mark."""
    pieces: list[tuple[str, str]] = []
    done = within = 0
    for found in _TAG_OR_NAME.finditer(html):
        if found[2] in _WITHOUT_NOTES:
            within += -1 if found[1] else 1
        elif found[3] and not within:
            pieces += [(html[done : found.start()], ""), (found[0], found[3])]
            done = found.end()
    pieces.append((html[done:], ""))
    return pieces


# U+FE0E asks for a text character; some phones would draw an emoji.
_BACK = "↩\ufe0e"


def _mention_id(number: int, count: int) -> str:
    """Return the id of a place that mentions a footnote: the first, the second, and so on."""
    return f"noteref-{number}" + (f"-{count}" if count > 1 else "")


def _backlinks(number: int, mentions: int) -> str:
    """Return the links from a footnote to each place that mentions it."""
    return "".join(
        f' <a class="notes__back" href="#{_mention_id(number, count)}" role="doc-backlink"'
        f' aria-label="Back to footnote {number} in the text'
        + (f', place {count}">{_BACK}<sup>{count}</sup></a>' if count > 1 else f'">{_BACK}</a>')
        for count in range(1, mentions + 1)
    )


# Tables and code


def with_boxes(html: str) -> str:
    """Return the body with each table and each `<pre>` in a box that scrolls sideways.

    The keyboard can reach the box, and its name is the table's caption, if there is one. A table
    within a table scrolls with the outer one.
    """
    out: list[str] = []
    counts = {"table": 0, "pre": 0}
    tables = done = 0
    ends: list[int] = []
    if "<table" in html:
        # Where each outermost table ends, so that its own caption is found.
        depth = 0
        for tag in _BOXED.finditer(html):
            if tag[2] == "table":
                depth += -1 if tag[1] else 1
                if not depth:
                    ends.append(tag.end())
    for tag in _BOXED.finditer(html):
        name = tag[2]
        if name == "table":
            tables += -1 if tag[1] else 1
            if tables != (0 if tag[1] else 1):
                continue
        if tag[1]:
            out += [html[done : tag.end()], "</div>"]
            done = tag.end()
            continue
        label, css = "Code", "box box--code"
        if name == "table":
            label = "Table"
            css = "box figures" if ' class="figures"' in tag[0] else "box"
            caption = _CAPTION.search(html, tag.end(), ends[counts["table"]])
            words = _words(caption[1]) if caption else ""
        else:
            words = ""
        counts[name] += 1
        label = escape(words or f"{label} {counts[name]}")
        out += [
            html[done : tag.start()],
            f'<div class="{css}" role="region" tabindex="0" aria-label="{label}">',
        ]
        done = tag.start()
    out.append(html[done:])
    return "".join(out)
