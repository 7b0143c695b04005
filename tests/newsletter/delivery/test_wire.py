"""The protocol of one connection, told line by line, without a socket."""

import pytest

from newsletter.delivery.answers import Fate, Outcome, ServerAway, ServerRefuses
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.transports.connecting import Offers
from newsletter.delivery.wire import Envelope, Happened, Phase, Wire

GROUPS = Offers(pipelining=True, size=1000, names_size=True, eight_bit=True)
SINGLE = Offers()


def envelope(pk: int, *, eight_bit: bool = False) -> Envelope:
    message = f"Subject: {pk}\r\n\r\n..dot\r\n.\r\n".encode()
    row = LeasedRow(pk, f"r{pk}@example.org", "key", 0)
    size = len(message) - 4
    return Envelope(row, "w@example.org", f"r{pk}@example.org", message, size, eight_bit)


def sent(wire: Wire) -> str:
    """Return what it wants to say, and let all of it leave."""
    said = b"".join(wire.out)
    wire.out.clear()
    wire.took(len(said))
    return said.decode()


def told(wire: Wire, *lines: str) -> list[tuple[Happened, int, Outcome | None]]:
    """Let the server say lines; return what happened."""
    for line in lines:
        wire.receive(f"{line}\r\n".encode())
    return happened(wire)


def happened(wire: Wire) -> list[tuple[Happened, int, Outcome | None]]:
    events, wire.events = wire.events, []
    return [(what, each.row.pk, outcome) for what, each, outcome in events]


def with_message_sent(offers: Offers = GROUPS) -> tuple[Wire, Envelope, Envelope]:
    """Return a connection whose first message is gone; where it may, with the second envelope."""
    wire, first, second = Wire(offers), envelope(1), envelope(2)
    wire.offer(first)
    told(wire, "250 ok")
    told(wire, "250 ok")
    wire.announced(first)
    told(wire, "354 go")
    sent(wire)
    wire.send_message(first, second if offers.pipelining else None)
    return wire, first, second


def test_a_group_holds_a_message_and_the_next_envelope_but_never_its_data() -> None:
    wire, first, second = Wire(GROUPS), envelope(1), envelope(2, eight_bit=True)
    wire.offer(first)
    size = first.size
    assert sent(wire) == f"MAIL FROM:<w@example.org> SIZE={size}\r\nRCPT TO:<r1@example.org>\r\n"
    assert told(wire, "250 ok", "250 ok") == [(Happened.READY, 1, None)]
    assert sent(wire) == "", "not before the ledger is written"
    wire.announced(first)
    assert sent(wire) == "DATA\r\n"
    assert told(wire, "354 go") == [(Happened.GO, 1, None)]
    wire.send_message(first, second)
    assert sent(wire) == (
        "Subject: 1\r\n\r\n..dot\r\n.\r\n"
        f"MAIL FROM:<w@example.org> SIZE={second.size} BODY=8BITMIME\r\n"
        "RCPT TO:<r2@example.org>\r\n"
    )
    done = Outcome(Fate.ACCEPTED, 250, "2.0.0 queued as 7")
    assert told(wire, "250 2.0.0 queued as 7", "250 ok", "250 ok") == [
        (Happened.DONE, 1, done),
        (Happened.READY, 2, None),
    ]


def test_without_pipelining_every_command_waits_for_its_answer() -> None:
    wire, first, second = Wire(SINGLE), envelope(1), envelope(2)
    wire.offer(first)
    assert sent(wire) == "MAIL FROM:<w@example.org>\r\n"
    assert told(wire, "250 ok") == []
    assert sent(wire) == "RCPT TO:<r1@example.org>\r\n"
    assert told(wire, "250 ok") == [(Happened.READY, 1, None)]
    wire.announced(first)
    assert sent(wire) == "DATA\r\n"
    told(wire, "354 go")
    wire.send_message(first, None)
    sent(wire)
    assert not wire.takes_envelope()
    assert told(wire, "250 ok") == [(Happened.DONE, 1, Outcome(Fate.ACCEPTED, 250, "ok"))]
    assert wire.takes_envelope()
    wire.offer(second)
    assert sent(wire) == "MAIL FROM:<w@example.org>\r\n"


@pytest.mark.parametrize("offers", [GROUPS, SINGLE])
@pytest.mark.parametrize(
    ("reply", "fate", "code"),
    [
        ("450 4.2.0 greylisted", Fate.DEFERRED, 450),
        ("499 later", Fate.DEFERRED, 499),
        ("550 5.1.1 no such user", Fate.REJECTED, 550),
        ("599 never", Fate.REJECTED, 599),
        ("354 go", Fate.DEFERRED, None),
        ("150 wait", Fate.DEFERRED, None),
        ("999 what", Fate.DEFERRED, None),
        ("what", Fate.DEFERRED, None),
        ("", Fate.DEFERRED, None),
    ],
)
def test_a_refused_recipient_is_decided_before_anything_is_announced(
    offers: Offers, reply: str, fate: Fate, code: int | None
) -> None:
    wire, first = Wire(offers), envelope(1)
    wire.offer(first)
    sent(wire)
    told(wire, "250 ok")
    sent(wire)
    [(what, pk, outcome)] = told(wire, reply)
    assert (what, pk) == (Happened.DONE, 1)
    assert outcome is not None and (outcome.fate, outcome.code) == (fate, code)
    assert first.phase is Phase.GREETED
    assert bool(wire.closed) == (code is None)
    if code:
        # What follows is a new transaction, in the same group where it may be.
        assert sent(wire) == "RSET\r\n"
        assert wire.takes_envelope() == offers.pipelining
        told(wire, "250 ok")
        assert wire.takes_envelope()


@pytest.mark.parametrize("offers", [GROUPS, SINGLE])
@pytest.mark.parametrize(
    ("reply", "fate"),
    [
        ("200 fine", Fate.ACCEPTED),
        ("252 taken", Fate.ACCEPTED),
        ("250-first\r\n250 last", Fate.ACCEPTED),
        ("451 later", Fate.DEFERRED),
        ("421 closing", Fate.DEFERRED),
        ("554 no", Fate.REJECTED),
        ("354 go", Fate.UNKNOWN),
        ("150 wait", Fate.UNKNOWN),
        ("999 what", Fate.UNKNOWN),
        ("what", Fate.UNKNOWN),
        ("", Fate.UNKNOWN),
        ("250" + " " * 9000, Fate.UNKNOWN),
    ],
)
def test_the_answer_to_a_message_decides_about_it_alone(
    offers: Offers, reply: str, fate: Fate
) -> None:
    wire, _, second = with_message_sent(offers)
    sent(wire)
    found = told(wire, reply)
    assert found[0][:2] == (Happened.DONE, 1)
    assert found[0][2] is not None and found[0][2].fate is fate
    closed = fate is Fate.UNKNOWN or reply.startswith("421")
    assert bool(wire.closed) == closed
    if closed and offers.pipelining:
        assert found[1:] == [(Happened.BACK, 2, None)], "it cost the next one no try"
    else:
        assert found[1:] == []
    if not closed and offers.pipelining:
        assert told(wire, "250 ok", "250 ok") == [(Happened.READY, second.row.pk, None)]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("451 try later", ServerAway),
        ("421 closing", ServerAway),
        ("354 go", ServerAway),
        ("what", ServerAway),
        ("550 5.7.1 not from you", ServerRefuses),
        ("530 authenticate first", ServerRefuses),
    ],
)
def test_a_refused_sender_is_trouble_and_costs_no_try(reply: str, error: type[Exception]) -> None:
    wire = Wire(GROUPS)
    wire.offer(envelope(1))
    assert told(wire, reply) == [(Happened.BACK, 1, None)]
    assert isinstance(wire.trouble, error)
    assert str(wire.trouble) == reply


def test_a_server_that_wants_a_reset_after_a_refused_message_gets_one() -> None:
    wire, _, second = with_message_sent()
    sent(wire)
    told(wire, "554 no")
    assert told(wire, "503 nested MAIL", "503 no MAIL") == [(Happened.BACK, 2, None)]
    assert (wire.trouble, wire.closed, sent(wire)) == (None, "", "RSET\r\n")
    wire.offer(second)
    assert told(wire, "250 reset", "250 ok", "250 ok") == [(Happened.READY, 2, None)]


# A connection that breaks


@pytest.mark.parametrize("missing", [0, 1, 20])
def test_only_a_message_whose_final_dot_is_gone_is_in_doubt(missing: int) -> None:
    wire, first, _ = with_message_sent()
    wire.took(first.dot_at - wire.sent - missing)
    wire.lost("Connection reset by peer")
    (what, pk, outcome), following = happened(wire)
    assert (what, pk) == (Happened.DONE, 1)
    assert outcome is not None
    assert outcome.fate is (Fate.DEFERRED if missing else Fate.UNKNOWN)
    assert "Connection reset by peer" in outcome.reply
    assert following == (Happened.BACK, 2, None)


def test_an_answer_before_the_final_dot_is_gone_accepts_nothing() -> None:
    for reply, fate in (("250 ok", Fate.DEFERRED), ("552 too large", Fate.REJECTED)):
        wire, _, _ = with_message_sent()
        (_, _, outcome), following = told(wire, reply)
        assert outcome is not None and outcome.fate is fate
        assert wire.closed and following == (Happened.BACK, 2, None)


@pytest.mark.parametrize(
    ("replies", "what", "proven"),
    [
        ([], Happened.BACK, False),
        (["250 ok"], Happened.DONE, True),
        (["250 ok", "250 ok"], Happened.DONE, True),
    ],
)
def test_a_connection_lost_before_data_costs_a_try_only_once_mail_was_taken(
    replies: list[str], what: Happened, proven: bool
) -> None:
    wire = Wire(GROUPS)
    wire.offer(envelope(1))
    told(wire, *replies)
    wire.receive(b"")
    [(found, _, outcome)] = happened(wire)
    assert (found, wire.proven) == (what, proven)
    assert outcome is None or outcome.fate is Fate.DEFERRED


@pytest.mark.parametrize("line", ["421 idle too long", "250 what for"])
def test_what_nobody_asked_for_ends_the_connection(line: str) -> None:
    wire = Wire(GROUPS)
    assert told(wire, line) == []
    assert wire.closed == line
    assert not wire.takes_envelope()


def test_replies_are_read_whatever_pieces_they_arrive_in() -> None:
    wire = Wire(GROUPS)
    wire.offer(envelope(1))
    for byte in b"250-several\r\n250 lines\r\n250 ok\r":
        wire.receive(bytes([byte]))
    assert wire.events == []
    wire.receive(b"\n")
    assert [what for what, _, _ in happened(wire)] == [Happened.READY]


def test_a_reply_without_an_end_is_no_reply() -> None:
    wire, _, _ = with_message_sent()
    sent(wire)
    for _ in range(300):
        wire.receive(b"250-more\r\n")
    (_, _, outcome), _ = happened(wire)
    assert outcome is not None and outcome.fate is Fate.UNKNOWN
    wire, _, _ = with_message_sent()
    sent(wire)
    wire.receive(b"2" * 10_000)
    (_, _, outcome), _ = happened(wire)
    assert outcome is not None and outcome.fate is Fate.UNKNOWN
