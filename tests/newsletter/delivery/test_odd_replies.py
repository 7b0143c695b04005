"""A mail server may answer with any bytes: the outcome is written all the same."""

import pytest

from newsletter.delivery import worker
from subscribers import notices
from subscribers.models import Notice
from tests.factories import make_pending
from tests.newsletter.delivery.ledger import started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_tasks", "each_way"),
]

ODD = "no\0thing \x1b[31m here\ud800"


@pytest.fixture
def odd(server: ScriptedServer) -> ScriptedServer:
    server.on["RCPT"] = lambda to: f"550 {ODD}".encode("utf-8", "replace").decode()
    return server


def test_a_refusal_with_control_characters_is_one_delivery_that_failed(odd: ScriptedServer) -> None:
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    assert states(issue) == {"failed": 1}
    assert issue.deliveries.get().reply == "no thing [31m here?"


def test_an_acceptance_with_control_characters_leaves_nothing_in_doubt(
    server: ScriptedServer,
) -> None:
    server.on["END"] = lambda _: "250 queued as \0"
    issue = started("a@example.org", "b@example.org")
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 2}


def test_a_notice_refused_with_control_characters_is_not_sent_for_ever(
    odd: ScriptedServer,
) -> None:
    Notice.objects.create(subscriber=make_pending("a@example.org"), kind="confirm")
    notices.send_due()
    notice = Notice.objects.get()
    assert (notice.state, notice.last_error) == ("failed", "550 no thing [31m here?")
