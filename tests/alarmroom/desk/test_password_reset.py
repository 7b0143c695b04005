"""A forgotten password: the same answer for every name, a link that works once, and no more."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from alarmroom.desk.models import Act, PasswordReset, Session
from alarmroom.desk.signing_in import factors, reset
from newsletter.management.commands.tick import tick
from subscribers.models import Suppression
from tests.alarmroom.desk.test_second_factor import give_factor
from tests.smtp import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

PASSWORD, NEW = "answer the call 911", "another call 912"
QUERIES = 6  # of a request, whatever the name


@pytest.fixture(autouse=True)
def ruth() -> User:
    return User.objects.create_user("ruth", "ruth@example.org", PASSWORD, is_staff=True)


def ask(client: Client, name: str, where: str = "203.0.113.7") -> HttpResponse:
    return client.post("/admin/password-reset/", {"name": name}, REMOTE_ADDR=where)


def links(mail_server: MailServer, address: str = "ruth@example.org") -> list[str]:
    """Run the worker; return the links that were mailed to an address."""
    reset.send_due()
    found = (re.search(r"/admin/password-reset/\S+", got.text) for got in mail_server.to(address))
    return [match[0] for match in found if match]


def choose(client: Client, link: str, password: str = NEW) -> HttpResponse:
    return client.post(link, {"new_password1": password, "new_password2": password})


def may_sign_in(password: str) -> bool:
    form = {"username": "ruth", "password": password}
    return Client().post("/admin/login/", form).status_code == 302


@pytest.mark.parametrize("name", ["ruth", "ruth@example.org", " RUTH@Example.org "])
def test_the_link_of_the_mail_chooses_a_new_password(
    client: Client, mail_server: MailServer, name: str
) -> None:
    assert "on its way" in ask(client, name).content.decode()
    assert not mail_server.messages
    [link] = links(mail_server)
    page = client.get(link)
    assert page.status_code == 200 and page["Referrer-Policy"] == "no-referrer"
    assert "Choose a new password" in page.content.decode()
    assert "too common" in choose(client, link, "password").content.decode()
    assert choose(client, link)["Location"] == "/admin/login/"
    assert may_sign_in(NEW) and not may_sign_in(PASSWORD)
    assert Act.objects.filter(kind="password", name="ruth").count() == 1


def test_a_link_works_once_and_ends_every_session(client: Client, mail_server: MailServer) -> None:
    ask(client, "ruth")
    [link] = links(mail_server)
    signed_in = Client()
    signed_in.force_login(User.objects.get(username="ruth"))
    # Signing in would end the link, too.
    User.objects.update(last_login=None)
    choose(client, link)
    assert not Session.objects.filter(account__isnull=False).exists()
    assert signed_in.get("/admin/").status_code == 302
    again = choose(client, link, "a third call 913")
    assert again.status_code == 410
    assert "does not work any more" in again.content.decode()
    assert client.get(link).status_code == 410
    assert may_sign_in(NEW)


def test_a_link_ends_after_an_hour(
    client: Client, mail_server: MailServer, settings: Settings
) -> None:
    ask(client, "ruth")
    [link] = links(mail_server)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert client.get(link).status_code == 410
    assert choose(client, link).status_code == 410


def test_the_second_factor_is_asked_after_a_reset(client: Client, mail_server: MailServer) -> None:
    user = User.objects.get(username="ruth")
    give_factor(user)
    ask(client, "ruth")
    [link] = links(mail_server)
    choose(client, link)
    assert factors.has_one(user)
    response = client.post("/admin/login/", {"username": "ruth", "password": NEW})
    assert response["Location"] == "/admin/login/code/"
    assert client.get("/admin/").status_code == 302


def test_every_name_gets_the_same_answer_after_the_same_work(
    client: Client, django_assert_num_queries, mail_server: MailServer
) -> None:
    User.objects.create_user("gone", "gone@example.org", PASSWORD, is_staff=True, is_active=False)
    User.objects.create_user("reader", "reader@example.org", PASSWORD)
    User.objects.create_user("none", "none@example.org", is_staff=True)
    client.get("/admin/password-reset/")
    pages = set()
    for name in ("ruth", "nobody", "gone", "reader", "none", "x@example.org"):
        with django_assert_num_queries(QUERIES):
            pages.add(ask(client, name).content)
    assert len(pages) == 1
    reset.send_due()
    assert [message.to for message in mail_server.messages] == ["ruth@example.org"]
    assert not PasswordReset.objects.exclude(name="").exists()


def test_requests_are_limited_by_name_and_by_network(
    client: Client, mail_server: MailServer
) -> None:
    for number in range(6):
        ask(client, "ruth", where=f"198.51.{number}.1")
    assert len(links(mail_server)) == reset.OF_NAME
    for number in range(20):
        page = ask(client, f"name{number}", where="192.0.2.1").content.decode()
        assert "on its way" in page
    assert PasswordReset.objects.count() == reset.OF_NAME + reset.OF_NETWORK


def test_two_workers_send_one_mail(
    client: Client, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client, "ruth")
    send_link = reset.send_link

    def meanwhile(user: User) -> bool:
        monkeypatch.setattr(reset, "send_link", send_link)
        assert reset.send_due() == 0
        return send_link(user)

    monkeypatch.setattr(reset, "send_link", meanwhile)
    assert reset.send_due() == 1
    assert len(mail_server.messages) == 1


def test_a_server_that_is_away_is_tried_again_for_an_hour(
    client: Client, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client, "ruth")
    with monkeypatch.context() as patch:
        patch.setattr(reset, "send_link", lambda user: (_ for _ in ()).throw(ConnectionError()))
        assert reset.send_due() == 0
    row = PasswordReset.objects.get()
    assert row.name and reset.send_due() == 0
    row.tried_at -= reset.TRIED_AGAIN_AFTER * 2
    row.save()
    assert reset.send_due() == 1
    ask(client, "ruth")
    PasswordReset.objects.exclude(name="").update(at=row.at - timedelta(hours=2))
    assert reset.send_due() == 0
    assert not PasswordReset.objects.exclude(name="").exists()
    PasswordReset.objects.update(at=row.at - timedelta(days=2))
    tick()
    assert not PasswordReset.objects.exists()


def test_a_suppressed_address_gets_no_link(client: Client, mail_server: MailServer) -> None:
    Suppression.objects.create(address="ruth@example.org", reason="request")
    ask(client, "ruth")
    assert links(mail_server) == []


@pytest.mark.parametrize(
    ("uid", "token"),
    [("x", "x"), ("MQ", "x"), ("LTE", "x"), ("OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "x"), ("%00", "y")],
)
def test_odd_links_do_not_work(client: Client, uid: str, token: str) -> None:
    assert client.get(f"/admin/password-reset/{uid}/{token}/").status_code in (404, 410)


@pytest.mark.parametrize("name", ["", "\0", "x" * 10_000, "a" * 300 + "@example.org", "<script>"])
def test_odd_names_cause_no_error(client: Client, mail_server: MailServer, name: str) -> None:
    assert ask(client, name).status_code == 200
    assert reset.send_due() == 0
    assert not mail_server.messages
