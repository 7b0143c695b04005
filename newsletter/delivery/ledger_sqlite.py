"""The ledger on SQLite: a statement for each row, in one transaction for each turn.

A turn costs its commit. Statements for many rows at once were measured and gain nothing
(docs/decisions/the-ledger-is-the-queue.md); the cursor of the driver saves half of Django's time
for each statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import (
    BigAutoField,
    CharField,
    DateTimeField,
    PositiveSmallIntegerField,
    QuerySet,
)
from django.utils import timezone

from alarmroom.prepared import Param, PreparedUpdate
from newsletter.delivery.ledger import ANNOUNCE, Ledger, State, lease_time
from newsletter.delivery.outcomes import Settled
from newsletter.models import Delivery


def _under_way() -> QuerySet[Delivery]:
    """A row whose message a worker has begun.

    Its lease may have run out, so that it is called uncertain. The worker that began it still
    knows better, until an editor has decided.
    """
    return Delivery.objects.filter(
        pk=Param("pk", BigAutoField()),
        leased_by=Param("worker", CharField()),
        state__in=[State.SENDING, State.UNCERTAIN],
    )


_changes: dict[str, Any] = {
    "state": Param("state", CharField()),
    "code": Param("code", PositiveSmallIntegerField()),
    "reply": Param("reply", CharField()),
    "changed_at": Param("now", DateTimeField()),
    "leased_until": None,
    "leased_by": "",
}
_SETTLE = PreparedUpdate(_under_way, **_changes)
_DEFER = PreparedUpdate(_under_way, **_changes, due_at=Param("due_at", DateTimeField()))


class SqliteLedger(Ledger):
    """A ledger that runs a statement for each row."""

    def announce(self, pks: Sequence[int]) -> set[int]:
        """Write `sending` into those of our rows that may be mailed now; return which."""
        if not pks:
            return set()
        now = timezone.now()
        values: dict[str, Any] = {
            "worker": self.worker,
            "now": _stored(now),
            "leased_until": _stored(now + lease_time()),
        }
        return {pk for pk in pks if _run(ANNOUNCE, {**values, "pk": pk})}

    def settle(self, settled: Sequence[Settled]) -> set[int]:
        """Write what became of our messages; return the keys of the rows that were still ours."""
        now = _stored(timezone.now())
        done = set()
        for each in settled:
            values: dict[str, Any] = {
                "pk": each.pk,
                "worker": self.worker,
                "now": now,
                "state": each.state.value,
                "code": each.code,
                "reply": each.reply,
            }
            if each.due_at is not None:
                values["due_at"] = _stored(each.due_at)
            if _run(_SETTLE if each.due_at is None else _DEFER, values):
                done.add(each.pk)
        return done


def _stored(moment: datetime) -> str:
    return str(connection.ops.adapt_datetimefield_value(moment))


@lru_cache(maxsize=8)
def _statement(update: PreparedUpdate) -> tuple[str, list[Any]]:
    """Return the SQL of an update as the driver takes it, and its parameters."""
    _, sql, params = update.statement()
    return sql.replace("%s", "?"), list(params)  # Ours have no other per cent sign.


def _run(update: PreparedUpdate, values: dict[str, Any]) -> int:
    """Run an update by the driver's own cursor; `values` are as SQLite stores them."""
    sql, params = _statement(update)
    found = connection.connection.execute(
        sql, [values[each.name] if isinstance(each, Param) else each for each in params]
    )
    return int(found.rowcount)
