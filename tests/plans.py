"""Reads query plans: whether a query reads a whole table."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, transaction


def whole_table_read(queries: Iterable[dict[str, str]], table: str) -> list[str]:
    """Return those of the queries from CaptureQueriesContext that read a whole table.

    Scanning a whole index counts too. PostgreSQL prefers to scan a table as small as a test's, so
    sequential scans are disabled here; it still uses them if there is no index for the query.
    """
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in (query["sql"] for query in queries):
            if not sql.startswith(("SELECT", "WITH")) or table not in sql:
                continue
            if connection.vendor == "postgresql":
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
                plan = cursor.fetchone()[0]
                nodes = nodes_of((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
                whole = any(
                    node.get("Relation Name") == table
                    and node["Node Type"] in {"Seq Scan", "Index Scan", "Index Only Scan"}
                    and "Index Cond" not in node
                    for node in nodes
                )
            else:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                names = [table, *re.findall(rf'\b{table}"? (?:AS )?"?(\w+)', sql)]
                scan = re.compile(rf"SCAN (?:{'|'.join(names)})\b")
                whole = any(scan.search(line) for *_, line in cursor.fetchall())
            if whole:
                found.append(sql)
    return found


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes_of(child)
