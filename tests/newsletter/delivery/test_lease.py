"""A lease lasts longer than all waits between the state `sending` and the outcome."""

import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection

from newsletter.delivery import worker
from newsletter.models import Delivery
from tests.helpers import PATIENCE
from tests.newsletter.delivery.ledger import started, states
from tests.newsletter.server import HANG_UP, ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks"),
]

# Each wait for the server takes at most SMTP_TIMEOUT: the answer to DATA, the message on its way,
# its answer. Then comes the database.
WAITS = 3


def test_a_lease_lasts_for_all_waits_and_the_database() -> None:
    assert (WAITS + 1) * settings.SMTP_TIMEOUT <= settings.LEASE_AT_LEAST
    assert settings.DELIVERY_LEASE_SECONDS >= settings.LEASE_AT_LEAST


@pytest.mark.parametrize("refused_at", ["RCPT", "DATA", "END", None])
@pytest.mark.parametrize("next_mail", ["250 ok", "421 closing", "what", "550 no", HANG_UP])
def test_no_answer_about_the_next_message_is_waited_for_before_an_outcome_is_recorded(
    server: ScriptedServer, each_way: None, refused_at: str | None, next_mail: object
) -> None:
    """The server answers nothing that follows the first message until its outcome is there."""
    issue = started("a@example.org", "b@example.org")
    first = issue.deliveries.order_by("pk")[0].pk
    happened: list[str] = []
    recorded: list[bool] = []

    def note(verb: str) -> object:
        happened.append(verb)
        if verb == refused_at and happened.count(verb) == 1:
            return "550 no"
        over = refused_at or "END"
        if over in happened[:-1] and not recorded:
            try:
                recorded.append(wait_for(lambda: is_recorded(first)))
            finally:
                connection.close()
        if verb == "MAIL" and happened.count("MAIL") == 2:
            return next_mail
        return None

    for verb in ("MAIL", "RCPT", "DATA", "END", "RSET", "QUIT"):
        server.on[verb] = lambda _, verb=verb: note(verb)
    worker.deliver(issue.pk)
    assert recorded == [True]


def is_recorded(pk: int) -> bool:
    return Delivery.objects.filter(pk=pk, state__in=["sent", "failed"]).exists()


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_an_outcome_is_recorded_before_a_new_connection_is_opened(
    server: ScriptedServer, each_way: None
) -> None:
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
