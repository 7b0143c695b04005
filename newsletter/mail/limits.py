"""What is checked of a finished mail: where its links lead, and how long it is."""

from __future__ import annotations

from html.parser import HTMLParser

from newsletter.mail.errors import RenderError
from newsletter.mail.mime import LONGEST_KEY, TOKENS
from posts.text.outgoing_links import whole_picture_url, whole_url

# Gmail cuts a mail off at 102 kB of HTML, and the unsubscribe link with it.
HTML_LIMIT = 102_000
HTML_WARNING = 80_000


class _Links(HTMLParser):
    """Finds the address of every link and picture in a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.pictures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            elif name in {"src", "background"}:
                self.pictures.append(value or "")


def check_links(html: str) -> None:
    """Check the links of the finished HTML, after every step that could have changed one.

    Raises RenderError.
    """
    found = _Links()
    found.feed(html)
    found.close()
    wrong = [url for url in found.links if whole_url(url, "") is None]
    wrong += [url for url in found.pictures if whole_picture_url(url, "") is None]
    if wrong:
        raise RenderError(f"A link to “{wrong[0][:80]}” cannot stand in a mail. Take it out.")


def check_size(mime: bytes, warnings: list[str]) -> None:
    part = mime[mime.index(b'\r\nContent-Type: text/html; charset="utf-8"\r\n') :]
    token = TOKENS.key.encode()
    size = len(part) + part.count(token) * (LONGEST_KEY - len(token))
    if size >= HTML_LIMIT:
        raise RenderError(
            f"The issue is too long: its HTML has {size:,} bytes, and mail programs cut it off "
            f"at {HTML_LIMIT:,}. Shorten the introduction, or take an article out."
        )
    if size >= HTML_WARNING:
        warnings.append(
            f"The issue is long: its HTML has {size:,} of at most {HTML_LIMIT:,} bytes."
        )
