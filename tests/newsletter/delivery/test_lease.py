"""A lease lasts longer than all waits between the state `sending` and the outcome."""

import pytest
from django.conf import settings
from django.db import connection

from newsletter.delivery import outcomes, worker
from tests.newsletter.delivery.ledger import started, states
from tests.newsletter.server import HANG_UP, ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks"),
]

# Each wait for the server takes at most SMTP_TIMEOUT. An eighth is added for the database.
WAITS = 7


def test_a_lease_lasts_at_least_eight_timeouts() -> None:
    assert settings.LEASE_AT_LEAST == (WAITS + 1) * settings.SMTP_TIMEOUT
    assert settings.DELIVERY_LEASE_SECONDS >= settings.LEASE_AT_LEAST


@pytest.mark.parametrize("refused_at", ["RCPT", "DATA", "END", None])
@pytest.mark.parametrize("next_mail", ["250 ok", "421 closing", "what", "550 no", HANG_UP])
def test_at_most_seven_waits_precede_the_record_of_an_outcome(
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    refused_at: str | None,
    next_mail: object,
) -> None:
    issue = started("a@example.org", "b@example.org")
    happened: list[str] = []
    record = outcomes.record

    def note(verb: str) -> object:
        happened.append(verb)
        if verb == "MAIL":
            return next_mail if happened.count("MAIL") == 2 else None
        return "550 no" if verb == refused_at else None

    def record_and_note(*args):
        happened.append("recorded")
        return record(*args)

    for verb in ("MAIL", "RCPT", "DATA", "END", "RSET", "QUIT"):
        server.on[verb] = lambda _, verb=verb: note(verb)
    monkeypatch.setattr(outcomes, "record", record_and_note)
    worker.deliver(issue.pk)
    waits = happened[happened.index("RCPT") : happened.index("recorded")]
    # Sending the message is one more wait before the reply to its end.
    assert len(waits) + waits.count("END") <= WAITS, waits


def test_an_outcome_is_recorded_before_a_new_connection_is_opened(server: ScriptedServer) -> None:
    issue = started("a@example.org", "b@example.org")
    seen = []

    def look(_: str) -> None:
        try:
            seen.append(states(issue))
        finally:
            connection.close()

    server.on["CONNECT"] = look
    server.on["MAIL"] = lambda _: HANG_UP if len(seen) == 1 and server.accepted else None
    worker.deliver(issue.pk)
    assert seen == [{"queued": 2}, {"sent": 1, "queued": 1}]
    assert states(issue) == {"sent": 2}
    assert len(server.recipients) == 2
