"""Rules for every kind of mail that the site sends."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from alarmroom.desk import letters
from newsletter.delivery import alerts, starting
from newsletter.models import Issue
from tests.factories import make_editor, make_issue
from tests.newsletter.mail.every_mail import EVERY_KIND, TO_READERS, receive
from tests.smtp import MailServer, Received

ADDRESS = re.compile(r"https?://[^\s<>]+")


@pytest.fixture(params=EVERY_KIND)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


RECEIVED: dict[str, Received] = {}


@pytest.fixture
def mail(kind: str, request: pytest.FixtureRequest) -> Received:
    """The received mail of a kind. It is sent once, and the tests only read it."""
    if kind not in RECEIVED:
        for fixture in ("db", "example_org", "mail_server"):
            request.getfixturevalue(fixture)
        RECEIVED[kind] = receive(request.getfixturevalue("mail_server"), kind)
    return RECEIVED[kind]


class Tags(HTMLParser):
    """Every start tag, including those in conditional comments for Outlook."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        if data.startswith("[if"):
            self.found += Tags(data.partition(">")[2].removesuffix("<![endif]")).found


def test_every_mail_template_is_covered() -> None:
    """EVERY_KIND also parametrizes test_spam_score.py and test_look_of_mails.py."""
    folder = Path(django_settings.BASE_DIR) / "templates" / "email"
    names = {path.name.partition(".")[0] for path in folder.glob("*.subject.txt")}
    assert names == set(EVERY_KIND) - {"test"}


@pytest.mark.parametrize("name", ["From", "To", "Subject", "Date", "Message-ID"])
def test_every_required_header_occurs_once(mail: Received, name: str) -> None:
    assert len(mail.message.get_all(name, [])) == 1
    assert mail.message[name].defects == ()


def test_the_message_id_has_our_domain(mail: Received) -> None:
    assert re.fullmatch(r"<[A-Za-z0-9._-]+@example\.org>", mail.message["Message-ID"])


def test_only_test_mails_have_test_in_the_subject(mail: Received, kind: str) -> None:
    assert mail.subject.startswith("[Test] ") == (kind == "test")


def test_every_table_has_the_presentation_role_but_one_of_data(mail: Received) -> None:
    found = Tags(mail.html).found
    tables = [attrs for tag, attrs in found if tag == "table"]
    assert len(tables) > 10
    of_data = [attrs for attrs in tables if attrs.get("role") != "presentation"]
    assert len(of_data) == [tag for tag, _ in found].count("caption") <= 1


def test_text_lines_are_wrapped_except_for_addresses(mail: Received) -> None:
    lines = mail.text.split("\n")
    assert [line for line in lines if len(line) > 72 and not ADDRESS.search(line)] == []
    # A line that is longer consists of one address.
    long = [ADDRESS.sub("", line).strip(" ->*<") for line in lines if len(line) > 72]
    assert set(long) <= {""}


def test_addresses_in_the_text_are_delimited(mail: Received) -> None:
    found = list(ADDRESS.finditer(mail.text))
    assert found
    for match in found:
        before, after = mail.text[: match.start()][-1:], mail.text[match.end() :][:1]
        assert (before, after) == ("<", ">") or (before.isspace() and after in {"", "\n"})


def test_the_html_has_one_h1(mail: Received) -> None:
    assert [tag for tag, _ in Tags(mail.html).found].count("h1") == 1


def test_every_picture_has_a_width_and_no_height(mail: Received) -> None:
    for tag, attrs in Tags(mail.html).found:
        if tag == "img":
            assert attrs["width"].isdecimal()
            assert "height" not in attrs
            assert "alt" in attrs
            assert attrs["src"].endswith((".jpg", ".jpeg", ".png", ".gif"))


def test_hidden_elements_set_no_colour(mail: Received, kind: str) -> None:
    styles = [attrs.get("style", "") for _, attrs in Tags(mail.html).found]
    hidden = [style for style in styles if re.search(r"display:\s*none", style)]
    assert len(hidden) == (kind in TO_READERS)
    assert not any("color" in style for style in hidden)


def test_the_html_is_below_the_limit_of_gmail(mail: Received) -> None:
    assert len(mail.html.encode()) < 80_000
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998


NASTY = "Who's \x00at\x0b the\x7f “desk”\u2028& <b>why</b>?"


@pytest.mark.django_db
@pytest.mark.parametrize("tell", [alerts.paused, alerts.not_started])
def test_control_characters_are_removed_from_mails_to_editors(
    mail_server: MailServer, example_org: None, tell: Any
) -> None:
    issue: Issue = make_issue()
    # Not saved: rows from before control characters were removed on save look like this.
    issue.subject = issue.state_note = NASTY
    issue.started_by = make_editor(email="ed@example.org")
    tell(issue)
    letters.send_due()
    [mail] = mail_server.messages
    said = "Who's at the “desk” & <b>why</b>?"
    assert mail.subject.endswith(said)
    assert said in " ".join(mail.text.split())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", mail.text + mail.html)


@pytest.mark.django_db
def test_a_test_mail_differs_only_in_its_subject(
    mail_server: MailServer, example_org: None
) -> None:
    issue = make_issue(subject="The second chair")
    starting.send_test(issue, "ed@example.org")
    [mail] = mail_server.messages
    assert mail.subject == "[Test] The second chair"
    assert "[Test]" not in mail.text + mail.html
