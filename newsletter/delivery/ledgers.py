"""Chooses the ledger of the database in use."""

from __future__ import annotations

from django.db import connection

from newsletter.delivery.ledger import Ledger
from newsletter.delivery.ledger_postgresql import PostgresqlLedger
from newsletter.delivery.ledger_sqlite import SqliteLedger


def ledger_of(issue_pk: int, worker: str) -> Ledger:
    """Return the ledger of an issue for a worker of this name."""
    kind = PostgresqlLedger if connection.vendor == "postgresql" else SqliteLedger
    return kind(issue_pk, worker)
