"""Notes that a link was asked for, and stores it a few seconds later."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.conf import settings

from alarmroom.buffer import Buffer
from alarmroom.reads.sources import is_machine
from newsletter.models import ClickHit, IssueLink

BATCH = 500  # rows of one transaction
LONGEST_AGENT = 300


class Asked(NamedTuple):
    link: int
    chance: bytes
    sort: int
    at: float


class Row(NamedTuple):
    link: int
    who: int
    sort: int
    at: float


def note(link: int, chance: bytes, method: str, environ: Mapping[str, Any]) -> None:
    """Note a request for a link by the mail whose token has this random part."""
    buffer.put(Asked(link, chance, sort_of(method, environ), time.time()))


def sort_of(method: str, environ: Mapping[str, Any]) -> ClickHit.Sort:
    if method == "HEAD" or "HTTP_SEC_PURPOSE" in environ:
        return ClickHit.Sort.HEAD
    agent = environ.get("HTTP_USER_AGENT", "")[:LONGEST_AGENT]
    if is_machine(agent, environ.get("HTTP_ACCEPT_LANGUAGE", "")):
        return ClickHit.Sort.MACHINE
    return ClickHit.Sort.PLAIN


def who_is(chance: bytes) -> int:
    """Return the hash that stands for a mail. It leads to nobody: no row says whose mail it was."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), b"newsletter.click.who:" + chance, "sha256")
    return int.from_bytes(digest[:8], signed=True)


def prepare(asked: list[Asked]) -> list[Row]:
    """Return a row for each link, mail and sort in each second: replays add nothing."""
    found: dict[tuple[int, bytes, int, int], Asked] = {}
    for one in asked:
        key = (one.link, one.chance, one.sort, int(one.at))
        known = found.get(key)
        if known is None or one.at < known.at:
            found[key] = one
    return [Row(one.link, who_is(one.chance), one.sort, one.at) for one in found.values()]


def store(rows: list[Row]) -> None:
    """Add rows. Raises DatabaseError; then none of the last batch is there.

    `rows` is emptied as they are stored, so that none is stored twice.
    """
    while rows:
        batch = rows[:BATCH]
        # An issue that was deleted meanwhile must not keep all others from being stored.
        known = set(
            IssueLink.objects.filter(pk__in={row.link for row in batch}).values_list(
                "pk", flat=True
            )
        )
        ClickHit.objects.bulk_create(
            ClickHit(
                link_id=row.link,
                who=row.who,
                sort=row.sort,
                at=datetime.fromtimestamp(row.at, UTC),
            )
            for row in batch
            if row.link in known
        )
        del rows[:BATCH]


buffer: Buffer[Asked, Row] = Buffer(prepare, store)
