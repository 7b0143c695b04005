"""The replies of a mail server, and the outcome for one message."""

import pytest

from newsletter.delivery.transport import Fate, ServerAway, ServerRefuses, SmtpTransport
from tests.newsletter.server import HANG_UP, ScriptedServer

MESSAGE = b"Subject: hello\r\n\r\n.a line that starts with a dot\r\nend\r\n"


def submit(recipient: str = "a@example.org", message: bytes = MESSAGE):
    with SmtpTransport("bulk") as transport:
        transport.prepare("weekly@example.org")
        return transport.submit(recipient, message)


def test_an_accepted_message_arrives_unchanged(server: ScriptedServer) -> None:
    outcome = submit()
    assert (outcome.fate, outcome.code) == (Fate.ACCEPTED, 250)
    assert server.accepted == [("a@example.org", MESSAGE)]


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "END"])
@pytest.mark.parametrize(
    ("reply", "fate", "code"),
    [
        ("450 4.2.0 greylisted", Fate.DEFERRED, 450),
        ("421 4.3.2 closing", Fate.DEFERRED, 421),
        ("550 5.1.1 no such user", Fate.REJECTED, 550),
        ("552 5.2.2 mailbox full", Fate.REJECTED, 552),
    ],
)
def test_the_reply_code_determines_the_fate(
    server: ScriptedServer, verb: str, reply: str, fate: Fate, code: int
) -> None:
    server.on[verb] = lambda _: reply
    outcome = submit()
    assert (outcome.fate, outcome.code) == (fate, code)
    assert outcome.reply == reply.split(" ", 1)[1]
    assert server.accepted == []


@pytest.mark.parametrize(
    ("verb", "reply", "fate"),
    [
        # The first digit decides (RFC 5321 4.2), at each stage.
        ("RCPT", "251 will forward", Fate.ACCEPTED),
        ("RCPT", "252 cannot verify, will try", Fate.ACCEPTED),
        ("RCPT", "299 fine", Fate.ACCEPTED),
        ("RCPT", "499 later", Fate.DEFERRED),
        ("RCPT", "599 never", Fate.REJECTED),
        ("DATA", "399 go on", Fate.ACCEPTED),
        ("DATA", "499 later", Fate.DEFERRED),
        ("DATA", "599 never", Fate.REJECTED),
        ("END", "200 fine", Fate.ACCEPTED),
        ("END", "252 taken", Fate.ACCEPTED),
        ("END", "499 later", Fate.DEFERRED),
        ("END", "599 never", Fate.REJECTED),
    ],
)
def test_the_first_digit_determines_the_fate(
    server: ScriptedServer, verb: str, reply: str, fate: Fate
) -> None:
    server.on[verb] = lambda _: reply
    assert submit().fate is fate
    assert len(server.accepted) == (fate is Fate.ACCEPTED)


INVALID_REPLIES = ["354 go", "150 wait", "999 what", "600 what", "what", ""]


@pytest.mark.parametrize("reply", INVALID_REPLIES)
def test_an_invalid_reply_after_the_message_is_unknown(server: ScriptedServer, reply: str) -> None:
    server.on["END"] = lambda _: reply
    outcome = submit()
    assert (outcome.fate, outcome.code) == (Fate.UNKNOWN, None)


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        *(("RCPT", reply) for reply in INVALID_REPLIES),
        *(("DATA", reply) for reply in ["250 ok", *INVALID_REPLIES[1:]]),
    ],
)
def test_an_invalid_reply_before_the_message_is_a_deferral(
    server: ScriptedServer, verb: str, reply: str
) -> None:
    server.on[verb] = lambda _: reply
    outcome = submit()
    assert (outcome.fate, outcome.code) == (Fate.DEFERRED, None)
    assert server.accepted == []


def test_an_invalid_reply_closes_the_connection(
    server: ScriptedServer,
) -> None:
    answers = iter(["what"])
    server.on["END"] = lambda _: next(answers, None)
    with SmtpTransport("bulk") as transport:
        fates = []
        for address in ("a@example.org", "b@example.org"):
            transport.prepare("weekly@example.org")
            fates.append(transport.submit(address, MESSAGE).fate)
    assert fates == [Fate.UNKNOWN, Fate.ACCEPTED]
    assert server.connections == 2


def test_a_lost_reply_after_the_message_is_unknown(server: ScriptedServer) -> None:
    server.on["END"] = lambda _: HANG_UP
    assert submit().fate is Fate.UNKNOWN


@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_a_connection_lost_before_the_message_is_a_deferral(
    server: ScriptedServer, verb: str
) -> None:
    server.on[verb] = lambda _: HANG_UP
    assert submit().fate is Fate.DEFERRED


def test_a_rejected_recipient_does_not_affect_the_next_one(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda address: "550 no" if address.startswith("bad") else None
    with SmtpTransport("bulk") as transport:
        fates = []
        for address in ("bad@example.org", "good@example.org"):
            transport.prepare("weekly@example.org")
            fates.append(transport.submit(address, MESSAGE).fate)
    assert fates == [Fate.REJECTED, Fate.ACCEPTED]
    assert server.connections == 1


def test_an_unreachable_server_raises_server_away(server: ScriptedServer) -> None:
    server.stop()
    with pytest.raises(ServerAway):
        submit()


@pytest.mark.parametrize(
    ("verb", "reply", "error"),
    [
        ("CONNECT", "421 too busy", ServerAway),
        ("CONNECT", "554 go away", ServerRefuses),
        ("MAIL", "451 try later", ServerAway),
        ("MAIL", "421 closing", ServerAway),
        ("MAIL", "550 sender not allowed", ServerRefuses),
        ("MAIL", "530 authenticate first", ServerRefuses),
        ("MAIL", "354 go", ServerAway),
        ("MAIL", "999 what", ServerAway),
        ("CONNECT", "999 what", ServerAway),
    ],
)
def test_a_refused_connection_or_sender_raises_an_error(
    server: ScriptedServer, verb: str, reply: str, error: type[Exception]
) -> None:
    server.on[verb] = lambda _: reply
    with pytest.raises(error, match=reply.split(" ", 1)[1]):
        submit()


@pytest.mark.parametrize(
    ("reply", "error"), [("454 4.7.0 not now", ServerAway), ("535 5.7.8 wrong", ServerRefuses)]
)
def test_a_refused_login_is_temporary_or_permanent(
    server: ScriptedServer, settings, reply: str, error: type[Exception]
) -> None:
    mailers = server.mailers()
    mailers["bulk"]["OPTIONS"] |= {"username": "weekly", "password": "secret"}
    settings.MAILERS = mailers
    server.on["EHLO"] = lambda _: "250-hello\r\n250 AUTH PLAIN"
    server.on["AUTH"] = lambda _: reply
    with pytest.raises(error, match=reply.split(" ", 1)[1]):
        submit()


def test_every_2xx_reply_accepts_the_sender(server: ScriptedServer) -> None:
    server.on["MAIL"] = lambda _: "251 fine"
    assert submit().fate is Fate.ACCEPTED


def test_a_closed_idle_connection_is_reopened(server: ScriptedServer) -> None:
    with SmtpTransport("bulk") as transport:
        transport.prepare("weekly@example.org")
        transport.submit("a@example.org", MESSAGE)
        # The server hangs up on the idle connection once; a new one works.
        answers = iter([HANG_UP])
        server.on["MAIL"] = lambda _: next(answers, None)
        transport.prepare("weekly@example.org")
        assert transport.submit("b@example.org", MESSAGE).fate is Fate.ACCEPTED
    assert server.recipients == ["a@example.org", "b@example.org"]
    assert server.connections == 2


def test_an_address_that_is_not_ascii_is_rejected(server: ScriptedServer) -> None:
    assert submit("jörg@example.org").fate is Fate.REJECTED
    assert server.accepted == []


def test_a_bulk_mailer_that_is_not_smtp_is_refused(settings) -> None:
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"},
        "bulk": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"},
    }
    with pytest.raises(ServerRefuses, match="SMTP"):
        submit()
