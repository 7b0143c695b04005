"""Makes the HTML of a mail of the HTML of an introduction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

from newsletter.mail.figures import Figure, Room, is_part, to_table
from newsletter.mail.numbering import Attributes, number_in
from newsletter.mail.text import plain
from posts.text.allowlist import SECTION_NAMES
from posts.text.outgoing_links import whole_url

# Boxes are tables, because Outlook knows no space within anything but cells, and no space below a
# table: an empty row makes that. Their classes stand in templates/email/base.mjml.
_TABLE = '<table role="presentation" border="0" cellpadding="0" cellspacing="0" width="100%">'
_TABLE_ENDS = '<tr><td height="14" style="font-size:0;line-height:14px;">&#160;</td></tr></table>'
# A part of a text that is something by its class -> its cell, and what stands in it first.
_CELLS = {
    "pull": ('class="pull serif ink"', ""),
    **{
        name: (
            'class="tint serif ink" bgcolor="#f2ede3" style="padding:16px 20px 2px;"',
            f'<p class="label sans">{words}</p>',
        )
        for name, words in SECTION_NAMES.items()
    },
}
_BOX = '<td class="serif ink" width="30" valign="top"><span aria-hidden="true">&#9744;</span></td>'


def to_mail_html(html: str, *, base: str) -> str:
    """Return the HTML of an introduction with absolute links, as well-formed XML.

    Of a link that leads nowhere only the words stay. MJML is parsed as XML, so it cannot contain
    HTML's void tags or a bare "<".
    """
    writer = _MailWriter(base)
    writer.feed(html)
    writer.close()
    writer.end_figure()
    return "".join(writer.out)


class _MailWriter(HTMLParser):
    """Copies HTML with the attributes alone that mail programs understand."""

    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.out: list[str] = []
        self.links: list[bool] = []  # For each link around, whether it is written.
        self.ends: list[str] = []  # How each block around ends that may be a table.
        self.ticked: list[bool] = []  # For each list around, whether its items are to be ticked.
        self.figure: Figure | None = None  # The table around.
        self.before: list[str] = []  # What stands before it.
        self.room = Room()

    def handle_data(self, data: str) -> None:
        self.out.append(escape(plain(data), quote=False))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        kept = ""
        if tag == "a":
            href = whole_url(values.get("href") or "", self.base)
            self.links.append(href is not None)
            if href is None:
                return
            kept = f' href="{escape(href)}"'
        is_ticked = tag == "li" and self.ticked[-1:] == [True]
        # A cell has no number.
        read = _kept("td" if is_ticked else tag, values)
        kept += "".join(f' {name}="{value}"' for name, value in read)
        if tag == "table" and self.figure is None:
            self.figure = Figure(kept)
            self.before, self.out = self.out, []
        elif self.figure is not None and is_part(tag):
            if self.figure.begin(tag, values, kept):
                self.out = []
        elif tag in {"section", "blockquote", "ul", "ol"}:
            self.open(tag, values.get("class") or "", kept)
        elif is_ticked:
            self.out.append(f'<tr>{_BOX}<td class="serif ink" valign="top"{kept}>')
        else:
            self.out.append(f"<{tag}{kept} />" if tag == "br" else f"<{tag}{kept}>")

    def open(self, tag: str, name: str, kept: str) -> None:
        """Begin a block that may be a table; note how it ends."""
        start, end = f"<{tag}{kept}>", f"</{tag}>"
        if tag == "ul" and name == "checklist":
            start, end = _TABLE, _TABLE_ENDS
        elif name in _CELLS:
            cell, first = _CELLS[name]
            start = f"{_TABLE}<tr><td {cell}{kept}>{first}"
            end = f"</td></tr>{_TABLE_ENDS}"
        self.out.append(start)
        self.ends.append(end)
        if tag in {"ul", "ol"}:
            self.ticked.append(start == _TABLE)

    def end_figure(self) -> None:
        """Write the table that is open, if one is."""
        if self.figure is None:
            return
        table = to_table(self.figure, self.room, web_url=self.base)
        self.out, self.figure = [*self.before, table], None

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.links and not self.links.pop():
            return
        if self.figure is not None and is_part(tag):
            self.figure.end(tag, "".join(self.out))
        elif tag == "table":
            self.end_figure()
        elif tag in {"section", "blockquote", "ul", "ol"} and self.ends:
            self.out.append(self.ends.pop())
            if tag in {"ul", "ol"}:
                self.ticked.pop()
        elif tag == "li" and self.ticked[-1:] == [True]:
            self.out.append("</td></tr>")
        elif tag != "br":
            self.out.append(f"</{tag}>")


def _kept(tag: str, attributes: Attributes) -> Iterator[tuple[str, str]]:
    """Yield the attributes of a list's numbering, and of a text's language and direction."""
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
