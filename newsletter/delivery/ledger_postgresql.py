"""The ledger on PostgreSQL: a turn in one round trip, by statements that are planned once.

A turn is a string of two EXECUTE statements, which PostgreSQL runs as one transaction (its manual,
"Multiple Statements in a Simple Query"). The first locks all rows in the order of their keys: two
workers that settle and announce the same rows in different orders would wait for each other for
ever. The second settles and announces. Planned anew for each turn, or with a statement for each
row, the same work takes the server two to seven times as long.

The statements live as long as the session. A pooler that gives each transaction another session
(PgBouncer's transaction mode) does not go with them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone

from alarmroom.prepared import Param
from newsletter.delivery.ledger import ANNOUNCE, Ledger, State, lease_time
from newsletter.delivery.outcomes import Settled
from newsletter.models import Delivery

DEADLOCK_DETECTED = "40P01"
# What stands for the parameters of ANNOUNCE, by their names; `pk` is a list here.
_NUMBERS = {"pk": "ANY($8)", "worker": "$6", "now": "$7", "leased_until": "$9"}
_TYPES = (
    "bigint[]",  # Settled: the keys,
    "varchar[]",  # the states,
    "smallint[]",  # the codes,
    "varchar[]",  # the replies,
    "timestamptz[]",  # when they are due again.
    "varchar",  # The worker.
    "timestamptz",  # Now.
    "bigint[]",  # Announced: the keys.
    "timestamptz",  # The end of their lease.
)
_LOCK = "SELECT id FROM {table} WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
# A lease may have run out, so that its row is called uncertain. The worker that began the message
# still knows better, until an editor has decided.
_TURN = """
WITH settled AS (
    UPDATE {table} AS row
    SET state = said.state, code = said.code, reply = said.reply,
        due_at = COALESCE(said.due_at, row.due_at), changed_at = $7,
        leased_by = '', leased_until = NULL
    FROM unnest($1, $2, $3, $4, $5) AS said (id, state, code, reply, due_at)
    WHERE row.id = said.id AND row.leased_by = $6 AND row.state IN ({sending}, {uncertain})
    RETURNING row.id
), announced AS (
    {announce} RETURNING {table}.id
)
SELECT id, FALSE FROM settled UNION ALL SELECT id, TRUE FROM announced
"""


class PostgresqlLedger(Ledger):
    """A ledger whose turn is one round trip."""

    def __init__(self, issue_pk: int, worker: str) -> None:
        super().__init__(issue_pk, worker)
        self._session: object = None
        self._names: list[str] = []

    def turn(self, settled: Sequence[Settled], pks: Sequence[int]) -> tuple[set[int], set[int]]:
        """Settle and announce in one transaction of its own; return which rows were, of each."""
        rows = sorted([*(each.pk for each in settled), *pks])
        if not rows:
            return set(), set()
        now = timezone.now()
        values: list[Any] = [
            [each.pk for each in settled],
            [each.state.value for each in settled],
            [each.code for each in settled],
            [each.reply for each in settled],
            [each.due_at for each in settled],
            self.worker,
            now,
            list(pks),
            now + lease_time(),
        ]
        for tries_left in reversed(range(3)):
            try:
                found = self._execute(rows, values)
                break
            except OperationalError as error:
                # Somebody who locks other rows first, such as who erases a subscriber, may meet us.
                deadlock = getattr(error.__cause__, "pgcode", None) == DEADLOCK_DETECTED
                if not deadlock or not tries_left or connection.in_atomic_block:
                    raise
        return {pk for pk, announced in found if not announced}, {
            pk for pk, announced in found if announced
        }

    def _execute(self, rows: list[int], values: list[Any]) -> list[tuple[int, bool]]:
        lock, turn = self._prepared()
        slots = ", ".join(f"%s::{kind}" for kind in _TYPES)
        with connection.cursor() as cursor:
            cursor.execute(
                f"EXECUTE {lock} (%s::bigint[]); EXECUTE {turn} ({slots})", [rows, *values]
            )
            return list(cursor.fetchall())

    def lock(self, pks: Iterable[int]) -> None:
        """Lock rows in the one order in which all workers lock them. In a transaction."""
        with connection.cursor() as cursor:
            cursor.execute(f"EXECUTE {self._prepared()[0]} (%s::bigint[])", [sorted(pks)])

    def announce(self, pks: Sequence[int]) -> set[int]:
        """Write `sending` into those of our rows that may be mailed now; return which."""
        return self.turn([], pks)[1]

    def settle(self, settled: Sequence[Settled]) -> set[int]:
        """Write what became of our messages; return the keys of the rows that were still ours."""
        return self.turn(settled, [])[0]

    def _prepared(self) -> list[str]:
        """Return the names of the two statements, prepared in the session that is open."""
        connection.ensure_connection()
        if self._session is connection.connection:
            return self._names
        table = connection.ops.quote_name(Delivery._meta.db_table)
        _, announce, params = ANNOUNCE.statement()
        # A value stays a %s for the driver, a parameter gets its number.
        numbered = announce.replace("%%", "%") % tuple(
            _NUMBERS[each.name] if isinstance(each, Param) else "%s" for each in params
        )
        # The ORM takes a parameter for an expression, and puts parentheses around it.
        numbered = numbered.replace(f"({_NUMBERS['pk']})", _NUMBERS["pk"])
        constants = [each for each in params if not isinstance(each, Param)]
        turn = _TURN.format(table=table, announce=numbered, sending="%s", uncertain="%s")
        statements = [
            (_LOCK.format(table=table), "bigint[]", []),
            (turn, ", ".join(_TYPES), [State.SENDING.value, State.UNCERTAIN.value, *constants]),
        ]
        names = []
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_prepared_statements")
            there = {name for (name,) in cursor.fetchall()}
            for sql, types, values in statements:
                name = f"ledger_{zlib.crc32(sql.encode()):08x}"
                if name not in there:
                    # The SQL is put together from names of our own tables and columns only.
                    cursor.execute(f"PREPARE {name} ({types}) AS {sql}", values)
                names.append(name)
        self._session, self._names = connection.connection, names
        return names
