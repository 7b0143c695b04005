"""How a connection to the mail server is opened: TLS, signing in, and what the server can take."""

import base64
import hmac
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from django.core.checks import run_checks
from pytest_django import Settings

from newsletter.delivery import worker
from newsletter.delivery.answers import ServerAway, ServerRefuses
from newsletter.delivery.transports.connecting import Offers, connect
from newsletter.models import Issue
from tests.newsletter.delivery.ledger import started, states
from tests.newsletter.server import ScriptedServer
from tests.tls import Authority, TlsServer

READERS = ["a@example.org", "b@example.org"]
PASSWORD = "pässword"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The authority, which this process trusts as it would trust a public one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
    return authority


@pytest.fixture
def serve(no_tasks: None) -> Iterator[Callable[..., TlsServer]]:
    servers: list[TlsServer] = []

    def begin(*args: Any, **options: Any) -> TlsServer:
        servers.append(TlsServer(*args, **options))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def sign_in(user: str, password: str) -> AuthResult:
    if (user, password) == ("weekly", PASSWORD):
        return AuthResult(success=True)
    return AuthResult(success=False, handled=False, message="535 5.7.8 Wrong name or password")


def nothing_was_said(server: TlsServer) -> bool:
    """Whether the server heard of no mail and no password, encrypted or not."""
    return {verb for verb, _ in server.said} <= {"EHLO"} and not server.recipients


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("smtps", [False, True], ids=["STARTTLS", "SMTPS"])
def test_an_issue_leaves_encrypted_and_signed_in(
    smtps: bool, trusted: Authority, serve: Callable[..., TlsServer], settings: Settings
) -> None:
    server = serve(trusted.context(), smtps=smtps, answer_to_auth=sign_in)
    way = {"use_ssl": True} if smtps else {"use_tls": True}
    settings.MAILERS = server.mailers(username="weekly", password=PASSWORD, **way)
    issue = started(*READERS)
    worker.deliver(issue.pk)
    assert sorted(server.recipients) == READERS
    assert states(issue) == {"sent": 2}
    # Without TLS it heard one EHLO at most.
    assert [said for said in server.said if not said[1]] in ([], [("EHLO", False)])
    assert ("AUTH PLAIN", True) in server.said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("smtps", [False, True], ids=["STARTTLS", "SMTPS"])
@pytest.mark.parametrize(
    ("host", "lasts", "trust", "why"),
    [
        ("mail.example.org", timedelta(days=1), True, "not valid for 'localhost'"),
        ("localhost", timedelta(days=-1), True, "expired"),
        ("localhost", timedelta(days=1), False, "unable to get local issuer"),
    ],
    ids=["another name", "expired", "of a stranger"],
)
def test_a_certificate_that_is_not_right_pauses_and_nothing_is_said(
    smtps: bool,
    host: str,
    lasts: timedelta,
    trust: bool,
    why: str,
    authority: Authority,
    serve: Callable[..., TlsServer],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if trust:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
    server = serve(authority.context(host, lasts=lasts), smtps=smtps, answer_to_auth=sign_in)
    way = {"use_ssl": True} if smtps else {"use_tls": True}
    settings.MAILERS = server.mailers(username="weekly", password=PASSWORD, **way)
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert issue.state_note.startswith(f"The certificate of localhost:{server.port} cannot be")
    assert why in issue.state_note
    assert "Nothing was sent." in issue.state_note
    assert states(issue) == {"queued": 2}
    assert nothing_was_said(server)


@pytest.mark.django_db(transaction=True)
def test_a_server_without_starttls_gets_nothing_in_the_clear(
    serve: Callable[..., TlsServer], settings: Settings
) -> None:
    server = serve(None, answer_to_auth=sign_in)
    settings.MAILERS = server.mailers(username="weekly", password=PASSWORD, use_tls=True)
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "offers no STARTTLS, and the settings ask for it" in issue.state_note
    assert "BULK_SMTP_URL" in issue.state_note
    assert nothing_was_said(server)


def test_what_a_server_says_before_tls_does_not_count(
    trusted: Authority, settings: Settings
) -> None:
    """Somebody in between may have put it there, and may have added to it."""
    context = trusted.context()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _ = listening.accept()
        plain.sendall(b"220 ready\r\n")
        plain.recv(1000)
        plain.sendall(b"250-hello\r\n250-AUTH PLAIN\r\n250-SIZE 1\r\n250 STARTTLS\r\n")
        plain.recv(1000)
        plain.sendall(b"220 go\r\n250-injected\r\n250 SIZE 2\r\n")
        with context.wrap_socket(plain, server_side=True) as secret:
            secret.recv(1000)
            secret.sendall(b"250-hello\r\n250-SIZE 5000\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n")
            secret.recv(1000)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    settings.MAILERS = {
        "bulk": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "localhost", "port": listening.getsockname()[1], "use_tls": True},
        }
    }
    opened = connect("bulk", size=4000)
    assert opened.offers == Offers(pipelining=True, size=5000, names_size=True, utf8=True)
    assert isinstance(opened.sock, ssl.SSLSocket)
    opened.smtp.close()
    thread.join(10)
    listening.close()


# Signing in


@pytest.mark.django_db(transaction=True)
def test_a_wrong_password_pauses_with_what_to_do(
    trusted: Authority, serve: Callable[..., TlsServer], settings: Settings
) -> None:
    server = serve(trusted.context(), answer_to_auth=sign_in)
    settings.MAILERS = server.mailers(username="weekly", password="wrong", use_tls=True)
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "refuses us: 535 5.7.8 Wrong name or password" in issue.state_note
    assert "name and password: see BULK_SMTP_URL" in issue.state_note
    assert "wrong" not in issue.state_note
    assert states(issue) == {"queued": 2}


@pytest.mark.django_db(transaction=True)
def test_a_login_that_is_put_off_is_tried_again_later(
    trusted: Authority, serve: Callable[..., TlsServer], settings: Settings
) -> None:
    later = AuthResult(success=False, handled=False, message="454 4.7.0 Not now")
    server = serve(trusted.context(), answer_to_auth=lambda *_: later)
    settings.MAILERS = server.mailers(username="weekly", password=PASSWORD, use_tls=True)
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    assert issue.backs_off
    assert "454 4.7.0 Not now" in issue.state_note
    assert states(issue) == {"queued": 2}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("offered", "answers"),
    [
        ("AUTH PLAIN", {}),
        ("AUTH LOGIN", {"AUTH": "334 UGFzc3dvcmQ6", encoded(PASSWORD).upper(): "235 ok"}),
        (
            "AUTH PLAIN LOGIN CRAM-MD5",
            {
                "AUTH": f"334 {encoded('<1@x>')}",
                encoded(
                    "weekly " + hmac.new(PASSWORD.encode(), b"<1@x>", "md5").hexdigest()
                ).upper(): "235 ok",
            },
        ),
    ],
    ids=["PLAIN", "LOGIN", "CRAM-MD5 first without TLS"],
)
def test_each_way_to_sign_in(
    offered: str, answers: dict[str, str], server: ScriptedServer, settings: Settings
) -> None:
    server.on["EHLO"] = lambda _: f"250-hello\r\n250 {offered}"
    heard: list[str] = []

    def auth(said: str) -> str:
        heard.append(said)
        return answers.get("AUTH", "235 ok")

    server.on["AUTH"] = auth
    for verb, reply in answers.items():
        if verb != "AUTH":
            server.on[verb] = lambda _, reply=reply: reply
    mailers = server.mailers()
    mailers["bulk"]["OPTIONS"] |= {"username": "weekly", "password": PASSWORD}
    settings.MAILERS = mailers
    connect("bulk").smtp.close()
    [said] = heard
    if offered == "AUTH PLAIN":
        assert said == f"PLAIN {encoded(f'{chr(0)}weekly{chr(0)}{PASSWORD}')}"
    assert (encoded(PASSWORD) in said) is False


@pytest.mark.parametrize("offered", ["SIZE 1000", "AUTH GSSAPI"])
def test_no_way_to_sign_in_is_said(
    offered: str, server: ScriptedServer, settings: Settings
) -> None:
    server.on["EHLO"] = lambda _: f"250-hello\r\n250 {offered}"
    mailers = server.mailers()
    mailers["bulk"]["OPTIONS"] |= {"username": "weekly", "password": PASSWORD}
    settings.MAILERS = mailers
    with pytest.raises(ServerRefuses, match="offers no") as refused:
        connect("bulk")
    assert PASSWORD not in str(refused.value)


# What the server takes


@pytest.mark.django_db(transaction=True)
def test_an_issue_larger_than_the_server_takes_pauses_before_anybody_is_mailed(
    serve: Callable[..., TlsServer], settings: Settings
) -> None:
    server = serve(None, size=5_000)
    settings.MAILERS = server.mailers(host="127.0.0.1")
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "takes 5,000 at most. Nobody was mailed." in issue.state_note
    assert states(issue) == {"queued": 2}
    assert nothing_was_said(server)


@pytest.mark.parametrize(
    ("said", "offers"),
    [
        ("SIZE", Offers(names_size=True)),
        ("SIZE 0", Offers(names_size=True)),
        ("SIZE many", Offers(names_size=True)),
        (f"SIZE {'9' * 400}", Offers(names_size=True)),
        ("8BITMIME", Offers(eight_bit=True)),
        ("XPIPELINING", Offers()),
    ],
    ids=lambda value: str(value)[:12],
)
def test_odd_offers(said: str, offers: Offers, server: ScriptedServer) -> None:
    server.on["EHLO"] = lambda _: f"250-hello\r\n250 {said}"
    opened = connect("bulk", size=1000)
    assert opened.offers == offers
    opened.smtp.close()


def test_a_server_that_knows_no_ehlo_offers_nothing(server: ScriptedServer) -> None:
    server.on["EHLO"] = lambda _: "502 what"
    opened = connect("bulk")
    assert opened.offers == Offers()
    opened.smtp.close()


def test_a_name_that_no_host_has_is_tried_again_later(settings: Settings) -> None:
    backend = "django.core.mail.backends.smtp.EmailBackend"
    settings.MAILERS = {"bulk": {"BACKEND": backend, "OPTIONS": {"host": "a..invalid"}}}
    with pytest.raises(ServerAway):
        connect("bulk")


# Settings that cannot work


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("mailer", "why"),
    [
        (None, "bulk"),
        ({"BACKEND": "nowhere.EmailBackend", "OPTIONS": {}}, "Could not find BACKEND"),
        ({"OPTIONS": {"host": "localhost", "use_tls": True, "use_ssl": True}}, "incompatible"),
        ({"OPTIONS": {"host": "localhost", "colour": "red"}}, "colour"),
        ({"OPTIONS": {}}, "host"),
    ],
    ids=["none", "no such module", "both kinds of TLS", "an unknown option", "no host"],
)
def test_a_mailer_that_cannot_work_is_a_clear_line_and_a_failed_check(
    mailer: dict[str, Any] | None, why: str, no_tasks: None, settings: Settings
) -> None:
    there = {"default": {"OPTIONS": {"host": "localhost"}}}
    settings.MAILERS = there | ({"bulk": mailer} if mailer else {})
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert issue.state_note.startswith("The mailer “bulk” of MAILERS cannot be used: ")
    assert why in issue.state_note
    [found] = [found for found in run_checks() if found.id == "alarmroom.E003"]
    assert why in found.msg


def test_a_password_in_the_clear_is_warned_of(settings: Settings) -> None:
    options = {"host": "smtp.example.org", "username": "a", "password": "b"}
    settings.MAILERS = {
        "default": {"OPTIONS": {**options, "use_tls": True}},
        "bulk": {"OPTIONS": options},
    }
    [found] = [
        found
        for found in run_checks(include_deployment_checks=True)
        if found.id == "alarmroom.W006"
    ]
    assert "“bulk”" in found.msg
