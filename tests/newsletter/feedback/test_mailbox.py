"""The mailbox of bounces: each mail counts once, and is moved only when it is stored."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import Settings

from newsletter.feedback import keeping, mailbox, tasks
from newsletter.feedback.mailbox import MailboxAway, read_mailbox
from newsletter.feedback.parts import LIMIT
from newsletter.models import ReceivedMail
from tests.newsletter.feedback import samples
from tests.newsletter.feedback.conftest import READER, events, state_of_reader, suppressed
from tests.newsletter.feedback.imap import ImapServer
from tests.newsletter.feedback.samples import Sent, mail
from tests.tls import Authority

pytestmark = pytest.mark.django_db

LONG = 600.0


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    # As an operator has it trusted.
    monkeypatch.setenv("SSL_CERT_FILE", str(made.trusted))
    return made


@pytest.fixture
def imap(authority: Authority, settings: Settings) -> Iterator[ImapServer]:
    server = ImapServer(authority.context())
    opened_by(server, settings)
    yield server
    server.stop()


def opened_by(server: ImapServer, settings: Settings, scheme: str = "imaps") -> None:
    account = "bounces%40example.org:pass%3Aword"
    settings.FEEDBACK_IMAP_URL = f"{scheme}://{account}@localhost:{server.port}/INBOX"


@pytest.mark.parametrize("extensions", ["MOVE UIDPLUS", "UIDPLUS", ""])
def test_what_is_stored_is_moved_and_counts_once(
    imap: ImapServer, sent: Sent, extensions: str
) -> None:
    imap.extensions = extensions
    everything = [samples.postfix(sent), samples.reply(sent), samples.wish_to_leave(sent.key)]
    imap.put(*everything)
    assert str(read_mailbox(LONG)) == "2 noted, 1 kept for a look"
    assert suppressed() == {READER: "hard_bounce"}
    assert state_of_reader() == "unsubscribed"
    assert (imap.folder("INBOX"), imap.folder("Read")) == ([], everything)
    assert str(read_mailbox(LONG)) == "no mail"
    # As if nothing had been moved.
    imap.put(*everything)
    read_mailbox(LONG)
    assert (len(events()), ReceivedMail.objects.count()) == (1, 1)


def test_starttls_is_spoken_too(authority: Authority, settings: Settings, sent: Sent) -> None:
    server = ImapServer(authority.context(), starttls=True)
    opened_by(server, settings, "imap+tls")
    server.put(samples.postfix(sent))
    read_mailbox(LONG)
    server.stop()
    assert suppressed() == {READER: "hard_bounce"}
    assert [said.partition(" ")[0] for said in server.said].index("STARTTLS") < 3
    assert "LOGIN" in "".join(server.said).partition("STARTTLS")[2]


@pytest.mark.parametrize("starttls", [False, True])
def test_no_password_is_sent_to_a_server_that_is_another(
    authority: Authority, settings: Settings, starttls: bool
) -> None:
    server = ImapServer(authority.context("other.example"), starttls=starttls)
    opened_by(server, settings, "imap+tls" if starttls else "imaps")
    with pytest.raises(MailboxAway, match="certificate"):
        read_mailbox(LONG)
    server.stop()
    assert "LOGIN" not in "".join(server.said)


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID MOVE"])
def test_a_connection_that_breaks_loses_nothing_and_doubles_nothing(
    imap: ImapServer, sent: Sent, command: str
) -> None:
    imap.put(samples.postfix(sent), samples.reply(sent))
    imap.hangs_up_before = lambda said: said.startswith(command)
    with pytest.raises(MailboxAway):
        read_mailbox(LONG)
    assert len(imap.folder("INBOX")) == 2
    imap.hangs_up_before = lambda said: False
    read_mailbox(LONG)
    assert (imap.folder("INBOX"), len(imap.folder("Read"))) == ([], 2)
    assert (len(events()), ReceivedMail.objects.count()) == (1, 1)


def test_what_cannot_be_stored_stays_where_it_is(
    imap: ImapServer, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DatabaseError

    imap.put(samples.postfix(sent))
    with monkeypatch.context() as patch:
        patch.setattr(mailbox, "receive", fail)
        with pytest.raises(DatabaseError):
            read_mailbox(LONG)
    assert len(imap.folder("INBOX")) == 1
    monkeypatch.setattr(keeping, "MOST_A_DAY", 1)
    imap.put(mail("Subject: one"), mail("Subject: two"))
    assert not read_mailbox(LONG).more
    assert imap.folder("INBOX") == [mail("Subject: two")]


def test_of_a_large_mail_the_beginning_is_read(imap: ImapServer, sent: Sent) -> None:
    large = samples.reply(sent) + b"x" * 3_000_000
    imap.put(large)
    read_mailbox(LONG)
    found = ReceivedMail.objects.get()
    assert (found.size, len(found.raw)) == (len(large), LIMIT)


def test_a_wrong_password_and_a_folder_that_is_not_there_are_said(
    imap: ImapServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.FEEDBACK_IMAP_URL = settings.FEEDBACK_IMAP_URL.replace("pass", "wrong")
    with pytest.raises(CommandError, match="wrong password"):
        call_command("read_mailbox")
    assert tasks.read_mailbox.func() == "away"
    settings.FEEDBACK_IMAP_URL = "imaps://u:p@localhost:1/INBOX"
    with pytest.raises(CommandError, match="refused"):
        call_command("read_mailbox")
    settings.FEEDBACK_IMAP_URL = ""
    with pytest.raises(CommandError, match="FEEDBACK_IMAP_URL is not set"):
        call_command("read_mailbox")


@pytest.mark.usefixtures("no_tasks")
def test_the_tick_wakes_a_worker_every_five_minutes(
    imap: ImapServer, sent: Sent, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = []
    monkeypatch.setattr(tasks, "wake", lambda: woken.append(1))
    start = timezone.now().replace(minute=0)
    for minute in range(60):
        monkeypatch.setattr(timezone, "now", lambda at=start + timedelta(minutes=minute): at)
        tasks.wake_due()
    assert len(woken) == 12
    settings.FEEDBACK_IMAP_URL = ""
    tasks.wake_due()
    assert len(woken) == 12
    # It asks for a further task where mails are left.
    settings.FEEDBACK_IMAP_URL = "imaps://u:p@localhost/"
    monkeypatch.setattr(mailbox, "read_mailbox", lambda _: mailbox.Report({"noted": 1}, more=True))
    assert tasks.read_mailbox.func() == "1 noted"
    assert len(woken) == 13


def test_a_slice_ends_in_time(imap: ImapServer) -> None:
    imap.put(mail("Subject: one"), mail("Subject: two"))
    assert read_mailbox(-1.0).more
    assert len(imap.folder("INBOX")) == 2
