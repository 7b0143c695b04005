"""The contents of the mails: working links, a complete text part, nothing that a stranger typed."""

import re
from html.parser import HTMLParser

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from subscribers import notices, signup
from subscribers.models import Notice, Resource, Subscriber
from subscribers.tasks import send_notices
from tests.factories import make_image, make_pending, make_resource, make_subscriber
from tests.smtp import MailServer, Received

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site_url(settings) -> None:
    settings.SITE_URL = "http://localhost:8000"


def receive(mail_server: MailServer, kind: str, subscriber: Subscriber) -> Received:
    Notice.objects.create(subscriber=subscriber, kind=kind)
    assert notices.send_due() == 1
    return mail_server.messages[-1]


def links(mail: Received) -> set[str]:
    class Links(HTMLParser):
        found: set[str] = set()

        def handle_starttag(self, tag, attrs):
            if tag == "a":
                self.found.add(dict(attrs)["href"])

    parser = Links()
    parser.found = set()
    parser.feed(mail.html)
    return parser.found


@pytest.fixture(params=["confirm", "already", "welcome"])
def mail(request: pytest.FixtureRequest, mail_server: MailServer) -> Received:
    make_resource("Plans & <b>checklists</b>")
    make = make_pending if request.param == "confirm" else make_subscriber
    return receive(mail_server, request.param, make("reader@example.org"))


def test_text_first_then_html_with_the_headers_of_a_good_mail(mail: Received) -> None:
    message = mail.message
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    for name in ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]:
        assert len(message.get_all(name)) == 1, name
    assert message["To"] == "reader@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@localhost>")
    assert all(len(line) <= 998 for line in mail.raw.splitlines())
    assert len(mail.html.encode()) < 102_000
    assert "color-scheme" in mail.html


def test_the_text_says_all_that_the_html_says(mail: Received) -> None:
    for link in links(mail) - {"http://localhost:8000/"}:
        assert link in mail.text
    assert "P.O. Box" in mail.text
    assert "P.O. Box" in mail.html
    assert not re.search(r"&(amp|lt|gt|quot|#\d+|#x\w+);", mail.text), "text is not HTML"
    assert "\n\n\n" not in mail.text


def test_what_an_editor_typed_is_text_and_not_markup(mail: Received) -> None:
    if "Confirm" not in mail.subject:
        assert "Plans & <b>checklists</b>" in mail.text
        assert "<b>checklists" not in mail.html


def test_the_confirmation_holds_the_link_and_a_way_to_withdraw(
    mail_server: MailServer, client: Client
) -> None:
    pending = make_pending("reader@example.org")
    mail = receive(mail_server, "confirm", pending)
    assert f"http://localhost:8000/confirm/{pending.confirm_key}/" in links(mail)
    assert f"http://localhost:8000/unsubscribe/{pending.key}/" in links(mail)
    # Nobody is subscribed yet, so a mail program must not show "unsubscribe".
    assert "List-Unsubscribe" not in mail.message
    assert "resources/" not in mail.text


def test_nothing_that_was_typed_reaches_the_mail(mail_server: MailServer, client: Client) -> None:
    client.post(
        "/subscribe/",
        {"address": "buy-pills-at-evil@example.org", "source": "/evil/", "wording": "evil"},
    )
    send_notices.call()
    (mail,) = mail_server.messages
    assert "evil" not in mail.text + mail.html + mail.subject


@pytest.mark.parametrize("kind", ["already", "welcome"])
def test_whoever_is_subscribed_can_unsubscribe_with_one_click(
    mail_server: MailServer, client: Client, kind: str
) -> None:
    reader = make_subscriber("reader@example.org")
    mail = receive(mail_server, kind, reader)
    header = mail.message["List-Unsubscribe"]
    https, mailto = re.fullmatch(r"<(http[^>]+)>, <(mailto:[^>]+)>", header).groups()
    assert mailto == f"mailto:unsubscribe@localhost?subject=unsubscribe%20{reader.key}"
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert https in mail.text
    assert https in links(mail)
    response = client.post(
        https.removeprefix("http://localhost:8000"), {"List-Unsubscribe": "One-Click"}
    )
    assert response.status_code == 200
    assert not Subscriber.objects.confirmed().exists()


def test_a_long_host_name_leaves_the_unsubscribe_header_readable(
    mail_server: MailServer, settings
) -> None:
    """Mail programs do not decode encoded words in this header, so it must not have any."""
    settings.SITE_URL = (
        "https://weekly.the-dispatch-centre-of-a-county-with-a-long-name.example.org"
    )
    reader = make_subscriber()
    raw = receive(mail_server, "welcome", reader).raw
    link = f"<{settings.SITE_URL}/unsubscribe/{reader.key}/>"
    assert f"List-Unsubscribe: {link},\r\n <mailto:".encode() in raw


@pytest.mark.parametrize("kind", ["already", "welcome"])
def test_the_resources_come_with_links_that_work(
    mail_server: MailServer, client: Client, kind: str
) -> None:
    make_resource("The first ninety days", b"the plan")
    mail = receive(mail_server, kind, make_subscriber())
    (link,) = (link for link in links(mail) if "/resources/" in link)
    response = client.get(link.removeprefix("http://localhost:8000"))
    assert b"".join(response.streaming_content) == b"the plan"


def test_covers_have_absolute_addresses_and_a_width(mail_server: MailServer) -> None:
    picture = make_image(600, 780).file
    cover = ContentFile(picture.read(), name="cover.jpg")
    make_resource(cover=cover)
    mail = receive(mail_server, "welcome", make_subscriber())
    wordmark, image = re.findall(r"<img[^>]+>", mail.html)
    assert 'src="http://localhost:8000/static/img/mail-wordmark.png"' in wordmark
    assert 'src="http://localhost:8000/media/resources/' in image
    assert 'width="264"' in image
    assert "height=" not in image, "a blocked picture leaves no hole"
    assert 'alt=""' in image


def test_the_mail_has_a_copy_of_the_cover_that_every_program_shows(
    mail_server: MailServer, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = make_resource(cover=ContentFile(make_image(1600, 900).file.read(), name="c.jpg"))
    mail = receive(mail_server, "welcome", make_subscriber())
    made.refresh_from_db()
    assert made.cover.name not in mail.html
    assert re.search(r'src="http://localhost:8000/media/resources/[^"]+-840\.jpg"', mail.html)
    # A format that programs do not show is left out, and so is the hole that it would leave.
    Resource.objects.update(cover="resources/c.webp", cover_copies={})
    mail = receive(mail_server, "already", make_subscriber())
    assert len(re.findall(r"<img[^>]+>", mail.html)) == 1


def test_without_resources_the_mails_promise_none(mail_server: MailServer) -> None:
    mail = receive(mail_server, "welcome", make_subscriber())
    assert mail.subject == "Welcome to The Weekly Alarm"
    assert "resource" not in mail.text + mail.html
    mail = receive(mail_server, "already", make_subscriber())
    assert "resource" not in mail.text + mail.html


def test_the_whole_way_from_the_form_to_the_welcome(
    mail_server: MailServer, client: Client
) -> None:
    make_resource()
    client.post("/subscribe/", {"address": "reader@example.org"})
    send_notices.call()
    link = re.search(r"http://localhost:8000(/confirm/\S+)", mail_server.messages[0].text)[1]
    client.get(link)
    client.post(link)
    notices.send_due()
    assert mail_server.messages[1].subject == "Welcome to The Weekly Alarm: your free resources"
    signup.sign_up("reader@example.org", "/")
    notices.send_due()
    assert mail_server.messages[2].subject == "You are already subscribed to The Weekly Alarm"
