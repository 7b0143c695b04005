"""An editor's HTML in two other forms: plain text worth reading, and HTML fit for a mail."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from itertools import takewhile
from urllib.parse import urljoin

from posts.markup import characters

WIDTH = 72

# What HTML calls white space. A no-break space is none: it keeps its words together.
_SPACE = re.compile(r"[ \t\n\r\f]+")
# They mean nothing in a mail, may end a header, and some may not stand in XML at all.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_ROMAN = [
    *[(1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")],
    *[(40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")],
]
_KEPT = frozenset({"dir", "lang", "reversed", "type", "value"})
# The marks of a quotation in the text, outermost first.
_QUOTES = [("“", "”"), ("‘", "’")]
_BLOCKS = frozenset({"p", "h2", "h3", "blockquote", "ul", "ol", "li"})


def one_line(text: str) -> str:
    """Return text with every run of white space as one space, and no control characters."""
    return " ".join(CONTROL.sub(" ", text).split())


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a plain text: what blank lines separate."""
    found = (one_line(part) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return [part for part in found if part]


def wrap(text: str, *, first: str = "", rest: str = "") -> str:
    """Return text in lines of at most WIDTH characters; a longer word gets its own line.

    `first` stands before the first line and `rest` before the others. Line breaks in the
    text stay.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        margin = rest if lines else first
        lines += textwrap.wrap(
            line,
            WIDTH,
            initial_indent=margin,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [margin.rstrip()]
    return "\n".join(lines).replace("\u00a0", " ")


def absolute(href: str, base: str) -> str:
    """Return a link as it must stand in a mail, where nothing is relative to anything."""
    clean = CONTROL.sub("", href).strip()
    try:
        joined = urljoin(base, clean)
    except ValueError:  # Such as http://[: whoever follows it sees what was written.
        joined = clean
    return re.sub(r"\s", lambda m: "%20" if m[0] == " " else "", joined)


def to_text(html: str, *, base: str) -> str:
    """Return the HTML of an introduction (posts.html.SHORT) as plain text.

    Lines are wrapped at WIDTH, links read "words (https://…)", lists and quotations look
    like themselves. Relative links are resolved against `base`.
    """
    counter = _ItemCounter()
    counter.feed(html)
    counter.close()
    writer = _TextWriter(base, counter.items)
    writer.feed(html)
    writer.close()
    writer.end_block()
    return writer.text()


def to_mail_html(html: str, *, base: str) -> str:
    """Return the HTML of an introduction with absolute links, well-formed as XML is.

    MJML is parsed by an XML tokenizer, which HTML's void tags and bare "<" would trip.
    """
    writer = _MailWriter(base)
    writer.feed(html)
    writer.close()
    return "".join(writer.out)


class _MailWriter(HTMLParser):
    """Writes what it reads; of attributes, those stay that say something in a mail."""

    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.out: list[str] = []

    def handle_data(self, data: str) -> None:
        self.out.append(escape(_SPACE.sub(" ", characters(data)), quote=False))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        kept = ""
        if tag == "a" and (href := values.get("href")):
            kept = f' href="{escape(absolute(href, self.base))}"'
        elif tag == "abbr" and (title := values.get("title")):
            kept = f' title="{escape(title)}"'
        elif tag == "ol" and (start := _start(values)) != 1:
            kept = f' start="{start}"'
        for name in sorted(_KEPT & values.keys()):
            kept += f' {name}="{escape(values[name] or name)}"'
        self.out.append(f"<{tag}{kept} />" if tag == "br" else f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag != "br":
            self.out.append(f"</{tag}>")


def _number(attributes: dict[str, str | None], name: str) -> int | None:
    value = attributes.get(name) or ""
    return int(value) if re.fullmatch(r"-?[0-9]{1,6}", value) else None


def _start(attributes: dict[str, str | None]) -> int:
    start = _number(attributes, "start")
    return 1 if start is None else start


def numeral(number: int, kind: str) -> str:
    """Return the number of a list's item as `<ol type>` has it written: 4, d, D, iv or IV."""
    if kind in {"a", "A"} and number > 0:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("a") + rest) + letters
        return letters.upper() if kind == "A" else letters
    if kind in {"i", "I"} and 0 < number < 4000:
        letters = ""
        for value, roman in _ROMAN:
            letters += roman * (number // value)
            number %= value
        return letters.upper() if kind == "I" else letters
    return str(number)


@dataclass
class _List:
    """A list around what is written. Without a number its items have a dash."""

    number: int | None = None
    kind: str = "1"
    step: int = 1


class _ItemCounter(HTMLParser):
    """Counts the items of each numbered list; a reversed one begins with its last number."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.items: list[int] = []
        self.around: list[int | None] = []  # The places in `items` of the lists around.

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "ol":
            self.around.append(len(self.items))
            self.items.append(0)
        elif tag == "ul":
            self.around.append(None)
        elif tag == "li" and self.around and (place := self.around[-1]) is not None:
            self.items[place] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in {"ol", "ul"} and self.around:
            self.around.pop()


class _TextWriter(HTMLParser):
    """Collects blocks of text and the margins (of quotations and lists) they stand in."""

    def __init__(self, base: str, items: Iterable[int]) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.items = iter(items)  # of each numbered list, in the order in which they begin
        # Margin, text, and the outermost list it is a new item of.
        self.blocks: list[tuple[str, str, int | None]] = []
        self.list_count = 0
        self.words: list[str] = []  # of the block that is being written
        self.margins: list[str] = []
        self.bullet = ""  # stands in place of the last margin, once
        self.lists: list[_List] = []  # around what is written
        self.quotes = 0  # `q` around what is written
        self.heading = ""
        self.href = ""
        self.linked: list[str] | None = None  # the words of a link that is being written

    def handle_data(self, data: str) -> None:
        target = self.words if self.linked is None else self.linked
        target.append(_SPACE.sub(" ", characters(data)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            (self.words if self.linked is None else self.linked).append("\n")
        elif tag == "q":
            self.handle_data(_QUOTES[self.quotes % 2][0])
            self.quotes += 1
        elif tag == "a":
            self.end_link()
            self.href = absolute(dict(attrs).get("href") or "", self.base)
            self.linked = []
        if tag not in _BLOCKS:
            return
        self.end_block()
        if tag == "blockquote":
            self.margins.append("> ")
        elif tag in {"ul", "ol"}:
            self.list_count += not self.lists
            self.lists.append(self._numbered(dict(attrs)) if tag == "ol" else _List())
        elif tag == "li":
            self.bullet = "- "
            around = self.lists[-1] if self.lists else _List()
            if around.number is not None:
                value = _number(dict(attrs), "value")
                number = around.number if value is None else value
                self.bullet = f"{numeral(number, around.kind)}. "
                around.number = number + around.step
            self.margins.append(" " * len(self.bullet))
        elif tag in {"h2", "h3"}:
            self.heading = "=" if tag == "h2" else "-"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.end_link()
        elif tag == "q" and self.quotes:
            self.quotes -= 1
            self.handle_data(_QUOTES[self.quotes % 2][1])
        if tag not in _BLOCKS:
            return
        self.end_block()
        if tag in {"blockquote", "li"} and self.margins:
            self.margins.pop()
            self.bullet = ""
        elif tag in {"ul", "ol"} and self.lists:
            self.lists.pop()
        self.heading = ""

    def _numbered(self, attributes: dict[str, str | None]) -> _List:
        items = next(self.items, 0)
        backwards = "reversed" in attributes
        number = _number(attributes, "start")
        if number is None:
            number = items if backwards else 1
        return _List(number, attributes.get("type") or "1", -1 if backwards else 1)

    def end_link(self) -> None:
        """Write a link's words, and its address unless the words are the address."""
        if self.linked is None:
            return
        words, href = "".join(self.linked), self.href
        self.linked, self.href = None, ""
        address = re.sub(r"^(mailto|tel):", "", href)
        said = words.strip().rstrip("/")
        if not address or said == address.rstrip("/"):
            self.words.append(words)
        elif not said or said == re.sub(r"^https?://", "", address).rstrip("/"):
            self.words.append(address)
        else:
            self.words.append(f"{words.rstrip()} ({address})")
            self.words.append(" " if words.endswith(" ") else "")

    def end_block(self) -> None:
        """Finish the block that is being written, if it says anything."""
        # nh3 closes links before blocks begin; a link around blocks gets its address here.
        self.end_link()
        lines = re.sub(r" {2,}", " ", "".join(self.words)).split("\n")
        text = "\n".join(line.strip(" ") for line in lines).strip("\n ")
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
