"""An editor's HTML in two other forms: plain text worth reading, and HTML fit for a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from itertools import takewhile
from urllib.parse import unquote

from alarmroom.mail_text import CONTROL, one_line, wrap
from newsletter.mail.numbering import Attributes, Numbering, items_of_lists, number_in
from posts.text.outgoing_links import whole_url

# What parts two words: HTML's white space, and whatever else is a line break or a separator
# somewhere. A no-break space is none of them: it keeps its words together.
_SPACE = re.compile(r"[ \t\n\r\f\v\x1c-\x1f\x85\u2028\u2029]+")
_ALONE = re.compile(r"^<(https?://[^<>\s]+)>$")
# The marks of a quotation in the text, outermost first.
_QUOTES = [("“", "”"), ("‘", "’")]
# Figures above and below the line have characters of their own: 10⁶, H₂O.
_RAISED = {
    "sup": str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ"),
    "sub": str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"),
}
_BLOCKS = frozenset({"p", "h2", "h3", "h4", "blockquote", "ul", "ol", "li"})


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a plain text: what blank lines separate."""
    found = (one_line(part) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return [part for part in found if part]


def to_text(html: str, *, base: str) -> str:
    """Return the HTML of an introduction (posts.text.html.SHORT) as plain text.

    Lines are wrapped, lists and quotations look like themselves. A link reads
    "words <https://…>": where the brackets stand, every mail program ends the address (RFC 3986,
    Appendix C). Relative links are resolved against `base`; of one that leads nowhere only the
    words stay.
    """
    writer = _TextWriter(html, base)
    writer.feed(html)
    writer.close()
    writer.end_block()
    return writer.text()


def to_mail_html(html: str, *, base: str) -> str:
    """Return the HTML of an introduction with absolute links, well-formed as XML is.

    Of a link that leads nowhere only the words stay.

    MJML is parsed by an XML tokenizer, which HTML's void tags and bare "<" would trip.
    """
    writer = _MailWriter(base)
    writer.feed(html)
    writer.close()
    return "".join(writer.out)


class _MailWriter(HTMLParser):
    """Writes what it reads, and of the attributes those that a mail program understands."""

    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.out: list[str] = []
        self.links: list[bool] = []  # of the links around: whether each leads somewhere

    def handle_data(self, data: str) -> None:
        self.out.append(escape(_plain(data), quote=False))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        kept = ""
        if tag == "a":
            href = whole_url(values.get("href") or "", self.base)
            self.links.append(href is not None)
            if href is None:
                return
            kept = f' href="{escape(href)}"'
        kept += "".join(f' {name}="{value}"' for name, value in _kept(tag, values))
        self.out.append(f"<{tag}{kept} />" if tag == "br" else f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.links and not self.links.pop():
            return
        if tag != "br":
            self.out.append(f"</{tag}>")


def _plain(text: str) -> str:
    """Return text with every run of white space as one space, and no control characters."""
    return CONTROL.sub("", _SPACE.sub(" ", text))


def _kept(tag: str, attributes: Attributes) -> Iterator[tuple[str, str]]:
    """Yield the attributes that say how a list counts, or which way and language a text is."""
    if tag == "abbr" and (title := attributes.get("title")):
        yield "title", escape(title)
    if tag == "ol":
        if (start := number_in(attributes, "start")) not in {None, 1}:
            yield "start", str(start)
        if (kind := attributes.get("type")) in {"a", "A", "i", "I"}:
            yield "type", str(kind)
        if "reversed" in attributes:
            yield "reversed", "reversed"
    elif tag == "li" and (value := number_in(attributes, "value")) is not None:
        yield "value", str(value)
    if (way := attributes.get("dir")) in {"ltr", "rtl", "auto"}:
        yield "dir", str(way)
    if re.fullmatch("[A-Za-z0-9-]{2,35}", language := attributes.get("lang") or ""):
        yield "lang", language


def _link_as_text(words: str, href: str) -> str:
    """Return a link's words with its address behind them, unless they say it themselves."""
    scheme, _, rest = href.partition(":")
    if scheme in {"mailto", "tel"}:
        # A subject that was proposed for the mail is no part of its address.
        address = _plain(unquote(rest.partition("?")[0]))
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
        # Margin, text, and the outermost list it is a new item of.
        self.blocks: list[tuple[str, str, int | None]] = []
        self.list_count = 0
        self.words: list[str] = []  # of the block that is being written
        self.margins: list[str] = []
        self.bullet = ""  # stands in place of the last margin, once
        self.lengths = iter(items_of_lists(html))
        self.numbers: list[Numbering | None] = []  # of the lists around; None: not numbered
        self.quotes = 0  # `q` around what is written
        self.raised: list[str] = []  # `sup` and `sub` around what is written
        self.heading = ""
        self.href = ""
        self.linked: list[str] | None = None  # the words of a link that is being written

    def handle_data(self, data: str) -> None:
        words = _plain(data)
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
        if tag not in _BLOCKS:
            return
        self.end_block()
        if tag == "blockquote":
            self.margins.append("> ")
        elif tag in {"ul", "ol"}:
            self.list_count += not self.numbers
            numbered = tag == "ol"
            self.numbers.append(Numbering(dict(attrs), next(self.lengths)) if numbered else None)
        elif tag == "li":
            self.bullet = "- "
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
        if tag not in _BLOCKS:
            return
        self.end_block()
        if tag in {"blockquote", "li"} and self.margins:
            self.margins.pop()
            self.bullet = ""
        elif tag in {"ul", "ol"} and self.numbers:
            self.numbers.pop()
        self.heading = ""

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
        """Finish the block that is being written, if it says anything."""
        # nh3 closes links before blocks begin; a link around blocks gets its address here.
        self.end_link()
        lines = re.sub(r" {2,}", " ", "".join(self.words)).split("\n")
        # An address that has a line for itself needs no brackets.
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
                # A quotation goes on over its blank lines.
                both = takewhile(
                    lambda pair: pair[0] == pair[1], zip(margin_before, margin, strict=False)
                )
                between = "".join(character for character, _ in both).rstrip()
                out += "\n" if item_of and item_of == list_before else f"\n{between}\n"
            out += block
            margin_before, list_before = margin, item_of
        return out
