"""Replacing tokens for a reader gives the same bytes as serialising the message for them."""

import base64
import hashlib
import quopri
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMultiAlternatives
from pytest_django import Settings

from newsletter.mail import rendering as mail
from newsletter.mail.mime import MessageTemplate, Personal, quoted_printable, serialise
from tests.factories import make_issue, make_post
from tests.newsletter.mail.reading import KEY, NOON, finish, part_of

pytestmark = pytest.mark.usefixtures("example_org")


def recipients() -> Iterator[Personal]:
    """Keys, addresses, Message-IDs and dates of every allowed length."""
    for n in range(1, 61):
        digest = hashlib.sha512(str(n).encode()).digest()
        name = base64.b32encode(digest).decode().lower()
        yield Personal.checked(
            address=f"{name[: 1 + n]}+x{{y}}={n}@{'very-' * (n % 20)}long.example",
            message_id=f"<{n}.{n**9}.{digest.hex()[:n]}@example.org>",
            key=(base64.urlsafe_b64encode(digest).decode().rstrip("=") * 2)[:n],
            date=NOON + timedelta(days=n * 37, seconds=n),
        )


TOKEN_PLACES = [
    "@@KEY@@",
    "@@KEY@@@@KEY@@",
    "at the end @@KEY@@\n@@KEY@@ at the start\n\n@@KEY@@\n",
    "https://www.example.org/unsubscribe/@@KEY@@/ and on",
    "x" * 500 + "@@KEY@@" + "y" * 500,
    "ends with a space @@KEY@@ \n.\n.@@KEY@@.\nFrom @@KEY@@ From\n",
    "{{key}} {{to}} { } =7B @@KEY@@ {{date}}",
    "\t🚨@@KEY@@é" + "🚨" * 90,
]


@pytest.mark.parametrize("body", TOKEN_PLACES)
def test_replacing_tokens_gives_the_same_bytes_as_direct_serialisation(body: str) -> None:
    message = EmailMultiAlternatives(
        "A {{key}} subject", body, "Ünï {{to}} <weekly@example.org>", ["x@example.org"],
        headers={"List-Id": "The {{message-id}} <weekly.example.org>"},
    )  # fmt: skip
    message.attach_alternative(f"<p>{body}</p>\n<style>p {{ color: red }}</style>", "text/html")
    uris = "<https://www.example.org/unsubscribe/@@KEY@@/>, <mailto:u@example.org?subject=@@KEY@@>"
    template = MessageTemplate(serialise(message, marker="@@KEY@@", list_unsubscribe=uris))
    for who in recipients():
        raw = template.for_recipient(
            address=who.to,
            message_id=who.message_id,
            key=who.key,
            date=datetime.strptime(who.date, "%a, %d %b %Y %H:%M:%S %z"),
        )
        assert raw == serialise(message, marker="@@KEY@@", list_unsubscribe=uris, who=who)
        assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
        parsed = message_from_bytes(raw, policy=policy.default)
        assert parsed["Subject"] == "A {{key}} subject"
        assert parsed["From"].addresses[0].display_name == "Ünï {{to}}"
        assert parsed["To"].addresses[0].addr_spec == who.to
        text = part_of(parsed, "plain")
        assert text == body.removesuffix("\n").replace("@@KEY@@", who.key)
        assert [part.defects for part in parsed.walk()] == [[], [], []]


def test_typed_tokens_are_not_replaced(db: None) -> None:
    issue = make_issue(
        subject="{{key}} and {{to}}",
        preheader="{{key}}",
        intro="<p>{{key}} {{message-id}}</p>",
        posts=[make_post(title="{{key}}", summary="{{date}}")],
    )
    message = finish(issue)
    assert message["Subject"] == "{{key}} and {{to}}"
    assert "{{key}} {{message-id}}" in part_of(message, "plain")
    assert "{{key}} {{message-id}}" in part_of(message, "html")
    assert part_of(message, "plain").count(KEY) == 1
    assert part_of(message, "html").count(KEY) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "dana@psap.example\r\nBcc: all@psap.example"},
        {"address": "dana@psap.example, mo@psap.example"},
        {"address": "Dana <dana@psap.example>"},
        {"address": "dänä@psap.example"},
        {"address": "dana@psäp.example"},
        {"address": "dana@psap.example\n"},
        {"address": ""},
        {"address": "a" * 250 + "@psap.example"},
        {"key": ""},
        {"key": "a/b"},
        {"key": "k" * 61},
        {"key": "k\r\n"},
        {"message_id": "no-brackets@example.org"},
        {"message_id": "<a@example.org>\r\nX: y"},
        {"date": datetime(2026, 11, 22, 12, 0)},  # noqa: DTZ001 - the point of the test
    ],
)
def test_a_value_that_could_break_the_message_is_refused(
    db: None, wrong: dict[str, object]
) -> None:
    template = MessageTemplate(mail.render(make_issue()).mime)
    good = {"address": "d@e.example", "message_id": "<a@b.c>", "key": KEY, "date": NOON}
    template.for_recipient(**good)
    with pytest.raises(ValueError, match=r"address|key|Message-ID|time zone"):
        template.for_recipient(**{**good, **wrong})


def test_the_date_is_converted_to_utc(db: None) -> None:
    template = MessageTemplate(mail.render(make_issue()).mime)
    there = NOON.astimezone(timezone(timedelta(hours=-5)))
    raw = template.for_recipient(address="d@e.example", message_id="<a@b.c>", key=KEY, date=there)
    assert b"\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n" in raw


@pytest.mark.parametrize("broken", [b"", b"Subject: x\r\n\r\nHello", b"{{to}} {{key}} {{date}}"])
def test_bytes_without_the_tokens_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="not a frozen issue"):
        MessageTemplate(broken)


def test_a_message_id_is_stable_and_cannot_be_guessed(settings: Settings) -> None:
    first = mail.message_id(5, 3)
    assert first == mail.message_id(5, 3)
    others = {mail.message_id(5, 4), mail.message_id(6, 3), mail.message_id(35, 3)}
    assert len({first, *others}) == 4
    settings.SECRET_KEY = "another"
    assert mail.message_id(5, 3) != first


# Quoted-printable


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "plain",
        "trailing space \nand tab\t",
        "=3D {braces} = ?",
        "x" * 73, "x" * 74, "x" * 75, "x" * 76, "x" * 77, "x" * 1000,
        "x" * 72 + " ", "x" * 73 + " ", "x" * 74 + " ", " " * 200,
        "é" * 200, "x" + "é" * 200, "🚨" * 50, "x🚨" * 50,
        ".\n..\nFrom here\n" + "x" * 73 + ".y" + "\n" + "x" * 73 + "From",
        "a\r\nb\rc\nd",
    ],
)  # fmt: skip
def test_quoted_printable_decodes_to_the_text_in_lines_of_at_most_76(text: str) -> None:
    encoded = quoted_printable(text, {"@@": "k"})
    lines = encoded.split("\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(line.endswith((" ", "\t")) for line in lines)
    assert not any(line.startswith((".", "From")) for line in lines)
    assert "{" not in encoded
    unix = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    assert quopri.decodestring(encoded.replace("\r\n", "\n")).decode() == unix


def test_no_character_is_split_at_the_end_of_a_line() -> None:
    for line in quoted_printable("é🚨" * 60, {"@@": "k"}).split("\r\n"):
        bytes.fromhex(line.removesuffix("=").replace("=", "")).decode()
