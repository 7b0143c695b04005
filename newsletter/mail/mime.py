"""Encodes an issue once, with a token in each place that differs per recipient.

A token is a word in braces. No brace of the content ever reaches the finished bytes (the
encoder writes it as =7B or =7D), so a brace in them is always a token, whatever an editor
types. In a body a token has a line of its own, between soft line breaks that decoding
removes (RFC 2045 6.7): what replaces it changes no other byte and makes no line too long.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, getaddresses
from typing import Self

from django.core.mail import EmailMultiAlternatives

from alarmroom.characters import CONTROL
from newsletter.mail.clicks import TOKEN_LENGTH, new_token

CRLF = "\r\n"
LINE = 76  # characters in an encoded line, the soft break's "=" included (RFC 2045 6.7)
LONGEST_KEY = 60
# So many octets more than its template a message has at most: its address, its dates, three keys.
ROOM_FOR_RECIPIENT = 1_000

# Where clicks are counted, the random token of each mail. As long as what replaces it, so that no
# size changes.
CLICK = f"{{{{{'click'.ljust(TOKEN_LENGTH - 4, '-')}}}}}"

_TOKEN = re.compile(rb"(\{\{(?:to|message-id|date|key|click-+)\}\})")
_KEY = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_KEY}}}")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._-]{1,120}@[A-Za-z0-9.-]{1,253}>")
# A dot-atom and a domain (RFC 5322 3.4.1) in ASCII. Anything else could be a second address, a
# display name, a comment or an injected header.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"(?=.{{3,254}}\Z){_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


class HeaderError(ValueError):
    """A header cannot be written; the message says which and why."""


@dataclass(frozen=True)
class Personal:
    """The values of one recipient, as they are written into the message."""

    to: str
    message_id: str
    date: str
    key: str

    @classmethod
    def checked(cls, *, address: str, message_id: str, key: str, date: datetime) -> Self:
        """Return the values for one recipient.

        Raises ValueError for an address, key or Message-ID that could change the message
        around it, and for a date without a time zone.
        """
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"{address!r} is not one plain address in ASCII.")
        if not _KEY.fullmatch(key):
            raise ValueError("A key is 1 to 60 letters, digits, hyphens and underscores.")
        if not _MESSAGE_ID.fullmatch(message_id):
            raise ValueError(f"{message_id!r} is not a Message-ID.")
        if date.tzinfo is None:
            raise ValueError("The date has no time zone.")
        return cls(address, message_id, format_datetime(date.astimezone(UTC)), key)


TOKENS = Personal(to="{{to}}", message_id="{{message-id}}", date="{{date}}", key="{{key}}")
_TOKENS = {token.encode(): name for name, token in vars(TOKENS).items()}


class MessageTemplate:
    """An issue's frozen bytes, split once; per recipient they are only joined."""

    def __init__(self, mime: bytes) -> None:
        """Raises ValueError when the bytes are not of an issue that serialise() wrote."""
        self._pieces = _TOKEN.split(mime)
        rest = b"".join(self._pieces[::2])
        found = set(self._pieces[1::2])
        self.counts_clicks = CLICK.encode() in found
        if found - {CLICK.encode()} != set(_TOKENS) or b"{" in rest or b"}" in rest:
            raise ValueError("These bytes are not a frozen issue: a token is missing or broken.")

    def for_recipient(
        self, *, address: str, message_id: str, key: str, date: datetime, click: str = ""
    ) -> bytes:
        """Return the finished message for one recipient, with CRLF line ends.

        Where clicks are counted, it has a new random token each time, unless `click` is one.

        Raises ValueError as Personal.checked() does.
        """
        personal = Personal.checked(address=address, message_id=message_id, key=key, date=date)
        values = {token: getattr(personal, name).encode("ascii") for token, name in _TOKENS.items()}
        if self.counts_clicks:
            issue = message_id[1:].partition(".")[0]
            values[CLICK.encode()] = (click or new_token(issue)).encode("ascii")
        pieces = self._pieces.copy()
        pieces[1::2] = [values[token] for token in pieces[1::2]]
        return b"".join(pieces)


def serialise(
    message: EmailMultiAlternatives,
    *,
    marker: str,
    list_unsubscribe: str,
    who: Personal = TOKENS,
    click: Mapping[str, str] | None = None,
) -> bytes:
    """Return a message of text and HTML as bytes (RFC 5322, 2045, 2046), text part first.

    `marker` stands for the recipient's key in `list_unsubscribe` and in both bodies. `click` has
    another mark in the bodies, and what is written in its place. The same message gives the same
    bytes. Raises HeaderError.
    """
    bodies = [("plain", str(message.body))]
    bodies += [("html", str(content)) for content, _ in message.alternatives]
    digest = hashlib.sha256("\0".join(body for _, body in bodies).encode()).hexdigest()
    # "=_" cannot occur in a quoted-printable line, so no body can end its own part.
    boundary = f"=_{digest[:32]}"
    headers = [
        sender(str(message.from_email)),
        f"To: {who.to}",
        header("Subject", str(message.subject)),
        f"Date: {who.date}",
        f"Message-ID: {who.message_id}",
        f"List-Unsubscribe: {_uris(list_unsubscribe).replace(marker, who.key)}",
        *(header(name, str(value)) for name, value in message.extra_headers.items()),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;{CRLF} boundary="{boundary}"',
    ]
    out = [*headers, ""]
    for subtype, body in bodies:
        out += [
            f"--{boundary}",
            f'Content-Type: text/{subtype}; charset="utf-8"',
            "Content-Transfer-Encoding: quoted-printable",
            "",
            quoted_printable(body, {marker: who.key, **(click or {})}),
        ]
    out += [f"--{boundary}--", ""]
    return CRLF.join(out).encode("ascii")


# Headers


def header(name: str, value: str) -> str:
    """Return a header field, folded at 78 characters where a space allows it.

    Text beyond ASCII, and braces, are written as encoded words (RFC 2047). Raises
    HeaderError for a line break or another control character.
    """
    return f"{name}: {_encoded(name, value)}"


def sender(value: str) -> str:
    """Return a From field of one address, its name as RFC 2047 wants it.

    Raises HeaderError when the value is not one address.
    """
    # Older Pythons take the first of two addresses, and leave out what follows it.
    found = getaddresses([value])
    name, address = found[0] if len(found) == 1 else ("", "")
    whole = value.rstrip().endswith((address, f"{address}>"))
    if not whole or not _ADDRESS.fullmatch(address) or re.search(r"[{}]", address):
        raise HeaderError(f"The sender {value!r} is not one address.")
    if name.isascii() and not re.search(r"[{}]|=\?", name):
        return f"From: {_encoded('From', formataddr((name, address)))}"
    return f"From: {_encoded('From', name)}{CRLF} <{address}>"


def _encoded(name: str, value: str) -> str:
    if CONTROL.search(value):
        raise HeaderError(
            f"{name} contains a line break or another control character. Write it in one line."
        )
    plain = value.isascii() and not re.search(r"[{}]|=\?", value)
    try:
        encoded = Header(
            value, "us-ascii" if plain else "utf-8", maxlinelen=LINE, header_name=name
        ).encode(linesep=CRLF)
    except UnicodeError as error:
        raise HeaderError(f"{name} contains half a character. Type it again.") from error
    # Header folds at once before a word longer than a line, and some mail programs take a header
    # with an empty first line as empty.
    return encoded.removeprefix(f"{CRLF} ")


def _uris(value: str) -> str:
    """Return URIs in angle brackets, one a line (RFC 2369 2)."""
    if re.search(r"[^\x21-\x7e, ]|[{}]", value):
        raise HeaderError("List-Unsubscribe holds characters that an address cannot have.")
    return value.replace(">, <", f">,{CRLF} <")


# Bodies

_LITERAL = frozenset(range(33, 127)) - frozenset(b"={}")
_ENCODED = [chr(byte) if byte in _LITERAL or byte == 32 else f"={byte:02X}" for byte in range(256)]


def quoted_printable(text: str, tokens: Mapping[str, str]) -> str:
    """Return text as UTF-8 in quoted-printable (RFC 2045 6.7), in lines of at most 76.

    Each key of `tokens` is a mark in the text, written as its value (ASCII, at most 60
    characters, taken literally) on a line of its own between soft breaks.
    """
    marks = re.compile("|".join(re.escape(mark) for mark in tokens))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    return CRLF.join(CRLF.join(_encode_line(line, marks, tokens)) for line in lines)


def _encode_line(line: str, marks: re.Pattern[str], tokens: Mapping[str, str]) -> list[str]:
    out: list[str] = []
    position = 0
    for match in marks.finditer(line):
        out += [f"{part}=" for part in _encode_plain(line[position : match.start()])]
        out.append(f"{tokens[match[0]]}=")
        position = match.end()
    rest = _encode_plain(line[position:])
    # Servers may remove white space at the end of a line.
    if rest and rest[-1].endswith(" "):
        rest[-1] = f"{rest[-1][:-1]}=20"
    out += [f"{part}=" for part in rest[:-1]]
    return [*out, rest[-1] if rest else ""]


def _encode_plain(text: str) -> list[str]:
    """Return the encoded lines of text without line breaks, none longer than 73."""
    parts: list[str] = []
    current = ""
    for piece in _pieces(text):
        # Room for the "=" of a soft break, and for a last space to become "=20".
        if len(current) + len(piece) > LINE - 3:
            parts.append(current)
            current = ""
        # A server may read a lone dot as the end of the mail, or write ">" before "From ".
        if not current and piece in {".", "F"}:
            piece = f"={ord(piece):02X}"
        current += piece
    return [*parts, current] if current else parts


def _pieces(text: str) -> Iterator[str]:
    """Yield each character, encoded: its bytes must stay on one line."""
    for char in text:
        if char.isascii():
            yield _ENCODED[ord(char)]
        else:
            yield "".join(f"={byte:02X}" for byte in char.encode())
