"""Sender settings: the complete name reaches the mail, or the site refuses to start."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest

from alarmroom import mail
from newsletter.mail.mime import Personal, serialise
from tests.alarmroom.test_settings import environment, refusal, settings

SENDERS = ["DEFAULT_FROM_EMAIL", "NEWSLETTER_FROM_EMAIL", "SERVER_EMAIL"]


def parsed(raw: bytes) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Exa:mple <hello@example.org>", "Exa:mple"),
        ("Halloran, Ruth <hello@example.org>", "Halloran, Ruth"),
        ('"Halloran, Ruth" <hello@example.org>', "Halloran, Ruth"),
        ('The "Alarm" Room <hello@example.org>', 'The "Alarm" Room'),
        ('"The \\"Alarm\\" Room" <hello@example.org>', 'The "Alarm" Room'),
        ("The Alarm Room (news) <hello@example.org>", "The Alarm Room (news)"),
        ("The [Alarm] Room; news <hello@example.org>", "The [Alarm] Room; news"),
        ("The Alarm Room, Inc. <hello@example.org>", "The Alarm Room, Inc."),
        ("Alarm\\Room <hello@example.org>", "Alarm\\Room"),
        ("Alarm {Room} <hello@example.org>", "Alarm {Room}"),
        ("Ångström: 消防 🚒 <hello@example.org>", "Ångström: 消防 🚒"),
        ("The Alarm Room <hello@example.org>", "The Alarm Room"),
        ("The Alarm Room<hello@example.org>", "The Alarm Room"),
        ("O’Neil's 9-1-1 & more <hello@example.org>", "O’Neil's 9-1-1 & more"),
        ("<hello@example.org>", ""),
        ("hello@example.org", ""),
    ],
)
def test_the_sender_name_is_complete_in_notices_and_issues(
    written: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    given = dict.fromkeys(SENDERS, written)
    found = settings(monkeypatch, {**environment(str(tmp_path)), **given})
    for setting in SENDERS:
        message = mail.build(
            to="dana@psap.example", subject="x", text="x", html="x", from_email=found[setting]
        )
        who = Personal.checked(
            address="dana@psap.example",
            message_id="<1@example.org>",
            key="k",
            date=datetime(2026, 11, 22, tzinfo=UTC),
        )
        issue = serialise(message, marker="@@", list_unsubscribe="<https://a.example/>", who=who)
        for raw in (message.message().as_bytes(), issue):
            [sender] = parsed(raw)["From"].addresses
            assert sender.display_name == name
            assert sender.addr_spec == "hello@example.org"


# Allowed in ADMINS only.
TWO = ["a@example.org, b@example.org", "A <a@example.org>, B <b@example.org>"]
WRONG = [
    "Exa:mple",
    "a@example.org <b@example.org>",
    "A <a@example.org",
    "A <a@example.org> B",
    "A <<a@example.org>>",
    "A <a b@example.org>",
    "A <a@example.org\nBcc: all@psap.example>",
    "A\nBcc: all@psap.example <a@example.org>",
    "A\u2028B <a@example.org>",
    "A\x07 <a@example.org>",
    "=?utf-8?q?A?= <a@example.org>",
    "A <jörg@example.org>",
    "A <a..b@example.org>",
    "A <a@>",
    "A <a@☃.example>",
]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        *((name, written) for name in SENDERS for written in [*WRONG, *TWO]),
        *(("ADMINS", written) for written in WRONG),
    ],
)
def test_an_invalid_sender_is_refused_in_one_line(
    name: str, written: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = refusal(monkeypatch, {**environment(str(tmp_path)), name: written})
    assert len(lines) == 1
    assert lines[0].startswith(f"{name} ")


def test_a_comma_in_quotes_does_not_separate_admins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    admins = '"Halloran, Ruth" <ruth@example.org>, Ops: night <ops@example.org> , c@example.org,'
    found = settings(monkeypatch, {**environment(str(tmp_path)), "ADMINS": admins})
    assert found["ADMINS"] == [
        '"Halloran, Ruth" <ruth@example.org>',
        '"Ops: night" <ops@example.org>',
        "c@example.org",
    ]


def test_a_unicode_domain_is_converted_to_punycode(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {
        "SITE_URL": "https://bücher.example:8443",
        "DEFAULT_FROM_EMAIL": "Bücher <hello@bücher.example>",
        "UNSUBSCRIBE_MAILTO": "leave@bücher.example",
        "MAIL_DOMAIN": "bücher.example",
    }
    found = settings(monkeypatch, {**environment(str(tmp_path)), **given})
    assert found["SITE_URL"] == "https://xn--bcher-kva.example:8443"
    assert found["DEFAULT_FROM_EMAIL"] == "Bücher <hello@xn--bcher-kva.example>"
    assert found["NEWSLETTER_FROM_EMAIL"] == "The Weekly Alarm <weekly@xn--bcher-kva.example>"
    assert found["UNSUBSCRIBE_MAILTO"] == "leave@xn--bcher-kva.example"
    assert found["MAIL_DOMAIN"] == "xn--bcher-kva.example"
