"""Takes a mail apart that anybody may have sent: nothing in it raises, and all of it is linear.

Python's own parser calls itself for each part in a part, and compares each line with the boundary
of every part around it; a mail made for that takes minutes, or ends in an error. This one knows as
much of MIME (RFC 2045, 2046) as reports need, and looks at no more than LIMIT bytes.
"""

from __future__ import annotations

import base64
import binascii
import quopri
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from functools import cached_property

from alarmroom.mail_text import one_line

LIMIT = 256 * 1024  # bytes of a mail
HEAD = 64 * 1024  # bytes of its header
LONGEST_VALUE = 4_000  # characters of a field
DEPTH = 6  # parts in parts
PARTS = 60  # parts beside each other
# Others are no charset that a report is written in; some codecs of Python take a very long time.
CHARSETS = {"utf-8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "iso-8859-1": "latin-1"}
CHARSETS |= {"windows-1252": "cp1252", "iso-8859-15": "iso8859-15", "utf8": "utf-8"}


@dataclass(frozen=True)
class Part:
    """A mail, or a part of one: its header fields in lower case, and what follows them."""

    fields: dict[str, list[str]]
    body: bytes
    parameters: dict[str, str] = field(default_factory=dict)
    kind: str = "text/plain"
    """Its media type in lower case."""

    def get(self, name: str) -> str:
        """Return the first field of this name (in lower case) in one line, or ""."""
        return one_line(self.fields.get(name, [""])[0])

    def every(self, *names: str) -> list[str]:
        """Return all fields of these names, each in one line."""
        return [one_line(value) for name in names for value in self.fields.get(name, ())]

    @cached_property
    def content(self) -> bytes:
        """The body without its transfer encoding; of a broken one, as much as can be read."""
        encoding = self.get("content-transfer-encoding").lower()
        if encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        if encoding == "base64":
            try:
                kept = b"".join(self.body.split())
                return base64.b64decode(kept[: len(kept) // 4 * 4])
            except (binascii.Error, ValueError):
                return b""
        return self.body

    @cached_property
    def text(self) -> str:
        return as_text(self.content, self.parameters.get("charset", ""))


def read(raw: bytes) -> Part:
    """Return a mail of which no more than LIMIT bytes are looked at."""
    raw = raw[:LIMIT].replace(b"\r\n", b"\n").lstrip(b"\n")
    if raw.startswith(b"From "):  # The line with which a mailbox parts its mails.
        raw = raw.partition(b"\n")[2]
    return _part(raw)


def leaves(mail: Part, depth: int = DEPTH) -> Iterator[Part]:
    """Yield the parts of a mail that have no parts, in order. A mail inside it is one of them."""
    boundary = mail.parameters.get("boundary", "")
    if not mail.kind.startswith("multipart/") or not boundary or not depth:
        yield mail
        return
    for raw in _between(mail.body, b"--" + boundary.encode("utf-8", "replace")):
        yield from leaves(_part(raw), depth - 1)


def fields_of(text: str) -> dict[str, list[str]]:
    """Return header fields by their name in lower case. A line that is none is left out."""
    found: dict[str, list[list[str]]] = {}
    value: list[str] | None = None
    for line in text.split("\n"):
        if line[:1] in (" ", "\t"):
            if value is not None:
                value.append(line)
            continue
        name, colon, rest = line.partition(":")
        value = [rest] if colon else None
        if value is not None:
            found.setdefault(name.strip().lower(), []).append(value)
    return {
        name: [" ".join(lines)[:LONGEST_VALUE] for lines in values]
        for name, values in found.items()
    }


def words(value: str) -> str:
    """Return a field as a person reads it, its encoded words (RFC 2047) decoded."""
    if "=?" not in value:
        return one_line(value)
    try:
        decoded = decode_header(value[:1000])
    except (HeaderParseError, ValueError):
        return one_line(value)
    return one_line(
        "".join(
            part if isinstance(part, str) else as_text(part, charset or "")
            for part, charset in decoded
        )
    )


def as_text(data: bytes, charset: str) -> str:
    """Return bytes as text: in the charset that is named, UTF-8, or any that never fails."""
    named = CHARSETS.get(charset.strip("\"' ").lower(), "utf-8")
    for codec in (named, "utf-8"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def address_in(value: str) -> str:
    """Return the address in a field such as To, in lower case, or ""."""
    _, opened, behind = value.rpartition("<")
    address = behind.partition(">")[0] if opened else value
    return address.strip(" \t\"'").lower() if "@" in address else ""


def _part(raw: bytes) -> Part:
    if raw.startswith(b"\n"):
        head, body = b"", raw[1:]
    else:
        head, _, body = raw.partition(b"\n\n")
    fields = fields_of(as_text(head[:HEAD], "").replace("\r", ""))
    kind, parameters = _content_type(fields.get("content-type", [""])[0])
    return Part(fields, body, parameters, kind)


def _content_type(value: str) -> tuple[str, dict[str, str]]:
    """Return the media type and its parameters, whose names are in lower case."""
    kind, _, rest = value.partition(";")
    parameters: dict[str, str] = {}
    while rest.strip() and len(parameters) < 20:
        name, _, rest = rest.partition("=")
        rest = rest.lstrip()
        if rest.startswith('"'):
            quoted, _, rest = rest[1:].partition('"')
            rest = rest.partition(";")[2]
        else:
            quoted, _, rest = rest.partition(";")
        name = name.rpartition(";")[2].strip().lower()
        if name in parameters:
            break
        parameters[name] = quoted.strip()
    return kind.strip().lower() or "text/plain", parameters


def _between(body: bytes, boundary: bytes) -> list[bytes]:
    """Return what stands between the lines of a boundary; the last part may be cut off."""
    found: list[bytes] = []
    current: list[bytes] | None = None
    for line in body.split(b"\n"):
        if line.startswith(boundary) and line[len(boundary) :].strip() in (b"", b"--"):
            if current is not None:
                found.append(b"\n".join(current))
            current = []
            if line[len(boundary) :].strip() == b"--" or len(found) == PARTS:
                return found
        elif current is not None:
            current.append(line)
    if current:
        found.append(b"\n".join(current))
    return found
