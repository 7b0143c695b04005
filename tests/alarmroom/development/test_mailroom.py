"""The development mailbox: every mail is stored unchanged, and its contents are not trusted."""

import importlib
import os
import socket
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from alarmroom.development.mailroom import mails
from tests.browser.stack import environment
from tests.helpers import free_port, start

# The 404 page queries the footer's menu.
pytestmark = [pytest.mark.urls("tests.house.urls"), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def keep(*, to: str = "reader@example.org", subject: str = "Hello", html: str = "<p>Hi</p>") -> str:
    message = EmailMessage()
    message["From"] = "The Weekly Alarm <weekly@example.org>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Hi, read http://localhost:8000/articles/x/\n")
    message.add_alternative(html, subtype="html")
    return mails.store(
        message.as_bytes().replace(b"\n", b"\r\n"),
        envelope_from="bounces@example.org",
        envelope_to=[to],
    )


def page(client: Client, name: str, *args: str) -> str:
    response = client.get(reverse(f"mailroom:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_the_newest_mail_first(client: Client, data_dir: Path) -> None:
    for number, subject in enumerate(["Oldest", "Middle", "Newest"]):
        key = keep(subject=subject)
        os.utime(data_dir / "mail" / "new" / key, (1000 + number, 1000 + number))
    shown = page(client, "index")
    assert shown.index("Newest") < shown.index("Middle") < shown.index("Oldest")
    assert "3 mails" in shown


def test_an_empty_box_says_what_to_do(client: Client) -> None:
    assert "sign up" in page(client, "index")


def test_the_list_does_not_open_the_mails_it_does_not_show(client: Client) -> None:
    for _ in range(60):
        keep()
    shown = page(client, "index")
    assert shown.count("reader@example.org") == 50
    assert "Page 1 of 2" in shown


def test_a_mail_shows_envelope_headers_and_text_with_links(client: Client) -> None:
    key = keep(to="reader@example.org", subject="Die Straße — naïve")
    shown = page(client, "mail", key)
    assert "Die Straße — naïve" in shown
    assert "&lt;bounces@example.org&gt;" in shown
    assert 'href="http://localhost:8000/articles/x/"' in shown


def test_a_mail_s_html_is_framed_without_script(client: Client) -> None:
    key = keep(html="<p>Hi</p><script>alert(1)</script>")
    assert "alert(1)" not in page(client, "mail", key)

    response = client.get(reverse("mailroom:html", args=[key]))
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_a_header_cannot_become_markup(client: Client) -> None:
    key = keep(subject="<script>alert(1)</script>")
    assert "<script>alert" not in page(client, "mail", key)
    assert "<script>alert" not in page(client, "index")


def test_the_source_is_the_mail_as_it_came_after_its_envelope(client: Client) -> None:
    key = keep()
    response = client.get(reverse("mailroom:source", args=[key]))
    assert response["Content-Type"] == "message/rfc822"
    assert response["Content-Disposition"].startswith('attachment; filename="')
    assert response.content.startswith(
        b"Return-Path: <bounces@example.org>\r\nDelivered-To: reader@example.org\r\nFrom: "
    )


@pytest.mark.parametrize("part", ["", "html/", "source/"])
@pytest.mark.parametrize(
    "key",
    [
        "..",
        "%2e%2e%2f%2e%2e%2fsecret.txt",
        "..%2fsecret.txt",
        "../secret.txt",
        "new%2f1.M1P1Q1.host",
        "%00",
        "nobody",
    ],
)
def test_a_key_is_never_a_path(client: Client, data_dir: Path, key: str, part: str) -> None:
    (data_dir / "secret.txt").write_text("the safe opens with 4711")
    keep()
    response = client.get(f"/dev/mail/{key}/{part}")
    assert response.status_code == 404
    assert b"4711" not in response.content


def test_emptying_takes_a_post(client: Client) -> None:
    keep()
    assert client.get(reverse("mailroom:empty")).status_code == 405
    assert len(mails.newest_first()) == 1
    assert client.post(reverse("mailroom:empty")).status_code == 302
    assert mails.newest_first() == []


def test_another_site_cannot_empty_the_box() -> None:
    keep()
    stranger = Client(enforce_csrf_checks=True, headers={"origin": "https://evil.example"})
    assert stranger.post(reverse("mailroom:empty")).status_code == 403
    assert len(mails.newest_first()) == 1


def test_a_malformed_mail_is_still_shown(client: Client) -> None:
    key = mails.store(b"\xff\xfe no header at all", envelope_from="", envelope_to=["x@y.example"])
    assert "(no subject)" in page(client, "index")
    assert "x@y.example" in page(client, "mail", key)


def test_the_pages_are_not_routed_outside_development(settings: Settings) -> None:
    from alarmroom import urls

    settings.DEBUG = False
    # Import it again, because another test may have imported it with DEBUG on.
    urls = importlib.reload(urls)
    assert not any("dev/" in str(pattern.pattern) for pattern in urls.urlpatterns)


def test_its_mail_server_stops_without_output_while_a_client_is_connected(data_dir: Path) -> None:
    port = free_port()
    process = start(
        "manage.py",
        "mailroom",
        env=environment(data_dir, SMTP_PORT=str(port), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"Taking mail on 127.0.0.1:{port}\n"
    with socket.create_connection(("127.0.0.1", port)) as stays:
        assert stays.recv(100).startswith(b"220 ")
        socket.create_connection(("127.0.0.1", port)).close()
        process.terminate()
        said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")
