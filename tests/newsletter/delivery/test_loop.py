"""Several connections at once: what one of them waits for, or loses, is nothing to the others."""

import selectors
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from newsletter.delivery import worker
from newsletter.delivery.answers import Fate
from newsletter.delivery.connection import Connection
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.transports.connecting import Offers, Opened
from newsletter.delivery.wire import Envelope, Happened
from newsletter.models import Delivery, Issue
from tests.helpers import PATIENCE
from tests.newsletter.delivery.ledger import due_now, started, state_of, states
from tests.newsletter.server import HANG_UP, ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks", "each_way"),
]


@pytest.fixture(autouse=True)
def four(settings) -> None:
    settings.DELIVERY_CONNECTIONS = 4


def many(count: int) -> list[str]:
    return [f"r{number:02}@example.org" for number in range(count)]


def wait_for(condition: Callable[[], bool]) -> bool:
    """Wait in a thread of the server until the database says so."""
    deadline = time.monotonic() + PATIENCE
    try:
        while not (found := condition()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return found
    finally:
        connection.close()


def test_several_connections_are_used_and_everybody_gets_one(server: ScriptedServer) -> None:
    issue = started(*many(60))
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 60}
    assert sorted(server.recipients) == many(60)
    assert server.connections == 4


def test_a_few_messages_are_not_worth_further_connections(server: ScriptedServer) -> None:
    issue = started(*many(4))
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 4}
    assert server.connections == 1


def test_a_slow_answer_holds_up_its_own_connection_only(server: ScriptedServer, settings) -> None:
    for mailer in settings.MAILERS.values():
        mailer["OPTIONS"]["timeout"] = PATIENCE
    issue = started(*many(40))
    others = []

    def slow(to: str) -> None:
        if to == "r03@example.org":
            sent = Delivery.objects.filter(state=Delivery.State.SENT)
            # The envelope of one more may be behind it.
            others.append(wait_for(lambda: sent.count() >= 38))

    server.on["END"] = slow
    worker.deliver(issue.pk)
    assert others == [True]
    assert states(issue) == {"sent": 40}


def test_an_answer_that_never_comes_leaves_one_message_in_doubt(server: ScriptedServer) -> None:
    issue = started(*many(12))
    over = threading.Event()
    server.on["END"] = lambda to: over.wait(PATIENCE) and None if to.startswith("r03") else None
    worker.deliver(issue.pk)
    over.set()
    assert states(issue) == {"sent": 11, "uncertain": 1}
    assert "timed out" in issue.deliveries.get(state="uncertain").reply


@pytest.mark.parametrize(
    ("verb", "left"),
    [("MAIL", "sent"), ("RCPT", "queued"), ("DATA", "queued"), ("END", "uncertain")],
)
def test_a_connection_that_breaks_is_replaced_and_decides_about_one_message(
    server: ScriptedServer, verb: str, left: str
) -> None:
    issue = started(*many(30))
    once = threading.Lock()
    done: list[str] = []

    def break_one(argument: str) -> object:
        with once:
            if len(server.accepted) > 5 and not done:
                done.append(argument)
                return HANG_UP
        return None

    server.on[verb] = break_one
    worker.deliver(issue.pk)
    found = states(issue)
    assert found.get(left, 0) == (30 if left == "sent" else 1)
    assert sum(found.values()) == 30
    assert len(server.recipients) == len(set(server.recipients)) == found["sent"]


def test_a_server_that_takes_fewer_connections_gets_the_issue_over_those(
    server: ScriptedServer,
) -> None:
    server.on["CONNECT"] = lambda _: "421 too many" if server.connections > 2 else None
    issue = started(*many(40))
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 40}
    issue.refresh_from_db()
    assert (issue.state, issue.state_note) == (Issue.State.SENT, "")


def test_a_server_that_closes_stops_all_connections_and_loses_nobody(
    server: ScriptedServer,
) -> None:
    issue = started(*many(40))
    server.on["END"] = lambda _: "421 4.3.2 closing" if len(server.accepted) > 9 else None
    worker.deliver(issue.pk)
    found = states(issue)
    assert set(found) == {"sent", "queued"}
    tried = issue.deliveries.filter(state="queued", tries=1).count()
    assert 1 <= tried <= 4, "one try for each message that was answered so"
    assert Issue.objects.get(pk=issue.pk).backs_off
    server.on.clear()
    due_now(issue)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 40}
    assert state_of(issue) == Issue.State.SENT
    assert sorted(server.recipients) == many(40)


# What the kernel has not taken was not handed over


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("takes_all", [False, True])
def test_a_message_that_did_not_leave_whole_is_in_nobodys_hands(
    pair: tuple[socket.socket, socket.socket], takes_all: bool
) -> None:
    ours, theirs = pair
    message = b"Subject: long\r\n\r\n" + b"x" * 70 * 20_000 + b"\r\n.\r\n"
    envelope = Envelope(LeasedRow(1, "a@example.org", "k", 0), "w@e.org", "a@example.org", message)
    place = Connection()
    with selectors.DefaultSelector() as selector:
        smtp = smtplib.SMTP()
        smtp.sock = ours
        place.adopt(Opened(smtp, ours, Offers(pipelining=True)), selector)
        wire = place.wire
        assert wire is not None
        wire.offer(envelope)
        place.flush(selector)
        theirs.sendall(b"250 ok\r\n250 ok\r\n")
        place.read()
        wire.announced(envelope)
        place.flush(selector)
        theirs.sendall(b"354 go\r\n")
        place.read()
        wire.send_message(envelope, None)
        place.flush(selector)
        assert wire.sent < envelope.dot_at, "the kernel takes only a part of it at once"
        while takes_all and wire.sent < envelope.dot_at:
            theirs.recv(1 << 20)
            place.flush(selector)
        theirs.close()
        while not wire.closed:
            place.flush(selector)
            place.read()
        outcome = wire.events[-1][2]
        assert wire.events[-1][0] is Happened.DONE and outcome is not None
        assert outcome.fate is (Fate.UNKNOWN if takes_all else Fate.DEFERRED)
        place.drop(selector)
