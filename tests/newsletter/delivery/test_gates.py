"""Rows that may not be sent yet go back into the queue for their time, and cost no try."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.delivery import gates, worker
from tests.newsletter.delivery.ledger import due_now, started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks"),
]


def test_rows_that_wait_are_queued_for_their_time_and_cost_no_try(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = started("a@example.org", "b@example.net", "c@example.org")
    later = timezone.now() + timedelta(hours=3)

    def only_net(self, rows, now):
        go = [row for row in rows if row.address.endswith("net")]
        return gates.Admitted(go, {row.pk: later for row in rows if row not in go})

    with monkeypatch.context() as patched:
        patched.setattr(gates.Gates, "admit", only_net)
        worker.deliver(issue.pk)
    assert list(server.recipients) == ["b@example.net"]
    waiting = issue.deliveries.filter(state="queued")
    assert set(waiting.values_list("due_at", "tries", "leased_by", "leased_until")) == {
        (later, 0, "", None)
    }
    due_now(issue)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 3}
