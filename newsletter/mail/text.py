"""Makes plain text of the HTML of an introduction."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import takewhile
from urllib.parse import unquote

from alarmroom.characters import without_controls
from alarmroom.mail_text import one_line, wrap
from newsletter.mail.figures import Figure, is_part, to_lines
from newsletter.mail.numbering import Numbering, items_of_lists
from posts.text.allowlist import SECTION_NAMES
from posts.text.outgoing_links import whole_url

# White space between words. A no-break space is none: it keeps its words together.
_SPACE = re.compile(r"[ \t\n]+")
_ALONE = re.compile(r"^<(https?://[^<>\s]+)>$")
# The marks of a quotation in the text, outermost first.
_QUOTES = [("“", "”"), ("‘", "’")]
# Figures above and below the line have characters of their own: 10⁶, H₂O.
_RAISED = {
    "sup": str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ"),
    "sub": str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"),
}
_BLOCKS = frozenset({"p", "h2", "h3", "h4", "blockquote", "section", "ul", "ol", "li"})


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a plain text: what blank lines separate."""
    found = (one_line(part) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return [part for part in found if part]


def to_text(html: str, *, base: str) -> str:
    """Return the HTML of an introduction (posts.text.html.SHORT) as plain text.

    Lines are wrapped; lists have bullets or numbers, and quotations have marks. A link reads
    "words <https://…>", because every mail program ends the address at the bracket (RFC 3986,
    Appendix C). Relative links are resolved against `base`; of one that leads nowhere only the
    words stay.
    """
    writer = _TextWriter(html, base)
    writer.feed(html)
    writer.close()
    writer.end_figure()
    writer.end_block()
    return writer.text()


def plain(text: str) -> str:
    """Return text with every run of white space as one space, and no control characters."""
    return _SPACE.sub(" ", without_controls(text))


def _link_as_text(words: str, href: str) -> str:
    """Return a link's words with its address after them, unless the words are the address."""
    scheme, _, rest = href.partition(":")
    if scheme in {"mailto", "tel"}:
        # The part after "?" is a subject for the mail, and not of the address.
        address = plain(unquote(rest.partition("?")[0]))
        if not address or words in {"", address}:
            return words or address
        return f"{words} ({address})" if scheme == "tel" else f"{words} <{address}>"
    if not href:
        return words
    # The words may be the address as well, with or without its scheme and its last slash.
    same = {whole_url(f"{start}{words}", "") for start in ("", "https://", "http://")}
    if not words or {href, href.rstrip("/"), f"{href}/"} & same:
        return f"<{href}>"
    return f"{words} <{href}>"


class _TextWriter(HTMLParser):
    """Collects blocks of text and the margins (of quotations and lists) they stand in."""

    def __init__(self, html: str, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        # The margin, the text, and the outermost list of which it begins an item.
        self.blocks: list[tuple[str, str, int | None]] = []
        self.list_count = 0
        self.words: list[str] = []  # The text of the current block.
        self.margins: list[str] = []
        self.bullet = ""  # Written once instead of the last margin.
        self.lengths = iter(items_of_lists(html))
        self.numbers: list[Numbering | None] = []  # Of each list around; None: with bullets.
        self.boxes: list[bool] = []  # Of each list around: whether its items are to be ticked.
        self.quotes = 0  # How many `q` are open.
        self.raised: list[str] = []  # The open `sup` and `sub`.
        self.heading = ""
        self.href = ""
        self.linked: list[str] | None = None  # The words of the current link.
        self.figure: Figure | None = None  # The table around.

    def handle_data(self, data: str) -> None:
        words = plain(data)
        if self.raised:
            figures = words.translate(_RAISED[self.raised[-1]])
            # Letters have no such characters, and "1st" is read well as it is.
            if not any(each.isascii() and each.isalnum() for each in figures):
                words = figures
        self.say(words)

    def say(self, words: str) -> None:
        (self.words if self.linked is None else self.linked).append(words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.say("\n")
        elif tag == "q":
            self.say(_QUOTES[self.quotes % 2][0])
            self.quotes += 1
        elif tag == "s":
            self.say("(struck out: ")
        elif tag in _RAISED:
            self.raised.append(tag)
        elif tag == "a":
            self.end_link()
            self.href = whole_url(dict(attrs).get("href") or "", self.base) or ""
            self.linked = []
        elif tag == "table" and self.figure is None:
            self.end_block()
            self.figure = Figure()
        elif self.figure is not None and is_part(tag) and self.figure.begin(tag, dict(attrs)):
            self.words = []
        # In a cell there are words alone.
        if tag not in _BLOCKS or self.figure is not None:
            return
        self.end_block()
        if tag == "blockquote":
            self.margins.append("> ")
        elif tag == "section":
            self.say(SECTION_NAMES.get(dict(attrs).get("class") or "", "").upper())
            self.end_block()
        elif tag in {"ul", "ol"}:
            self.list_count += not self.numbers
            numbered = tag == "ol"
            self.numbers.append(Numbering(dict(attrs), next(self.lengths)) if numbered else None)
            self.boxes.append(dict(attrs).get("class") == "checklist")
        elif tag == "li":
            self.bullet = "[ ] " if self.boxes and self.boxes[-1] else "- "
            if self.numbers and (numbering := self.numbers[-1]):
                self.bullet = f"{numbering.label(dict(attrs))} "
            self.margins.append(" " * len(self.bullet))
        elif tag in {"h2", "h3", "h4"}:
            self.heading = "=" if tag == "h2" else "-"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.end_link()
        elif tag == "q" and self.quotes:
            self.quotes -= 1
            self.say(_QUOTES[self.quotes % 2][1])
        elif tag == "s":
            self.say(")")
        elif tag in _RAISED and self.raised:
            self.raised.pop()
        elif tag == "table":
            self.end_figure()
        elif self.figure is not None and is_part(tag):
            self.end_link()
            self.figure.end(tag, "".join(self.words))
        if tag not in _BLOCKS or self.figure is not None:
            return
        self.end_block()
        if tag in {"blockquote", "li"} and self.margins:
            self.margins.pop()
            self.bullet = ""
        elif tag in {"ul", "ol"} and self.numbers:
            self.numbers.pop()
            self.boxes.pop()
        self.heading = ""

    def end_figure(self) -> None:
        """Write the lines of the table that is open, if one is."""
        if self.figure is None:
            return
        margin = "".join(self.margins)
        for number, lines in enumerate(to_lines(self.figure, margin)):
            if self.bullet and not number:
                first = margin.removesuffix(" " * len(self.bullet)) + self.bullet
                lines = first + lines.removeprefix(margin)
            self.blocks.append((margin, lines, self.list_count if self.bullet else None))
            self.bullet = ""
        self.words, self.figure = [], None

    def end_link(self) -> None:
        """Write a link's words, and its address unless the words are the address."""
        if self.linked is None:
            return
        words, href = "".join(self.linked), self.href
        self.linked, self.href = None, ""
        said = words.strip()
        before, _, after = words.partition(said) if said else (words, "", "")
        self.words.append(f"{before}{_link_as_text(said, href)}{after}")

    def end_block(self) -> None:
        """Finish the current block, if it has text."""
        # Clean HTML has no link around blocks. If there is one, its address is written here.
        self.end_link()
        lines = re.sub(r" {2,}", " ", "".join(self.words)).split("\n")
        # An address on a line of its own needs no brackets.
        text = "\n".join(_ALONE.sub(r"\1", line.strip(" ")) for line in lines).strip("\n ")
        self.words = []
        if not text:
            return
        margin = "".join(self.margins)
        first = margin.removesuffix(" " * len(self.bullet)) + self.bullet
        wrapped = wrap(text, first=first, rest=margin)
        if self.heading:
            longest = max(len(line) - len(margin) for line in wrapped.split("\n"))
            wrapped += f"\n{margin}{self.heading * longest}"
        self.blocks.append((margin, wrapped, self.list_count if self.bullet else None))
        self.bullet = ""

    def text(self) -> str:
        """Return the blocks with a blank line between, and list items close together."""
        out = ""
        margin_before, list_before = "", None
        for margin, block, item_of in self.blocks:
            if out:
                # A blank line within a quotation has its marks, too.
                both = takewhile(
                    lambda pair: pair[0] == pair[1], zip(margin_before, margin, strict=False)
                )
                between = "".join(character for character, _ in both).rstrip()
                out += "\n" if item_of and item_of == list_before else f"\n{between}\n"
            out += block
            margin_before, list_before = margin, item_of
        return out
