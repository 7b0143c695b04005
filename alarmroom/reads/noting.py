"""Notes that somebody opened something, and stores it a few seconds later."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from alarmroom.buffer import Buffer
from alarmroom.clients import address_in, network_of
from alarmroom.reads.models import Salt, Visit
from alarmroom.reads.sources import MACHINE, NEWSLETTER, is_machine, source_of

BATCH = 500  # rows of one transaction
LONGEST_AGENT, LONGEST_LANGUAGE, LONGEST_REFERER, LONGEST_QUERY = 300, 10, 500, 300
# One network adds at most so many visits a day and process. A large dispatch center behind one
# address stays below it; who makes up names of browsers does not fill the disk.
MOST_OF_A_NETWORK = 3_000
MOST_NETWORKS = 100_000


class Asked(NamedTuple):
    """What a visitor's hash is made of. It stays in memory until the next flush, and no longer."""

    thing: str
    peer: str
    forwarded: str
    agent: str
    language: str
    referer: str
    query: str
    source: str


class Row(NamedTuple):
    day: dt.date
    thing: str
    visitor: int
    source: str


def note(thing: str, environ: Mapping[str, Any], source: str = "") -> None:
    """Note that a visitor asked for a thing; `source` says where from, if that is known.

    Called for every answer of a kept page, so it does as little as possible.
    """
    if not settings.COUNT_READS:
        return
    get = environ.get
    # What a page fetches by script, and what a browser fetches before anybody asked for it.
    if get("HTTP_SEC_FETCH_DEST", "document") != "document" or "HTTP_SEC_PURPOSE" in environ:
        return
    buffer.put(
        Asked(
            thing,
            get("REMOTE_ADDR", ""),
            get("HTTP_X_FORWARDED_FOR", "")[-LONGEST_AGENT:],
            get("HTTP_USER_AGENT", "")[:LONGEST_AGENT],
            get("HTTP_ACCEPT_LANGUAGE", "")[:LONGEST_LANGUAGE],
            get("HTTP_REFERER", "")[:LONGEST_REFERER],
            get("QUERY_STRING", "")[:LONGEST_QUERY],
            source,
        )
    )


class _Today:
    """The day's key, and how many visits each network added; both end with the day."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self.day: dt.date | None = None
        self.key = b""
        self.networks: dict[bytes, int] = {}

    def begin(self) -> dt.date:
        """See to it that the key is the one of today, and return today. Raises DatabaseError."""
        today = timezone.localdate()
        if self.day != today:
            self.forget()
            # The row's key alone would be in a backup of the day; SECRET_KEY is not.
            parts = [salt_of(today), settings.SECRET_KEY.encode(), settings.SITE_URL.encode()]
            self.key = hmac.digest(parts[0], b"\0".join(parts[1:]), "sha256")
            self.day = today
        return today

    def visitor(self, address: str, agent: str) -> int:
        said = f"{address}\0{agent}".encode("utf-8", "replace")
        digest = hmac.digest(self.key, said, "sha256")
        return int.from_bytes(digest[:8], signed=True)

    def admits(self, network: str) -> bool:
        """Count a visit of a network; return False once it has too many."""
        key = hmac.digest(self.key, network.encode(), "sha256")[:8]
        count = self.networks.get(key, 0)
        if count >= MOST_OF_A_NETWORK or (not count and len(self.networks) >= MOST_NETWORKS):
            return False
        self.networks[key] = count + 1
        return True


_today = _Today()


def salt_of(day: dt.date) -> bytes:
    """Return the random key of a day, the same in every process; made by the first who asks."""
    found = Salt.objects.filter(day=day).values_list("key", flat=True).first()
    if found is None:
        Salt.objects.bulk_create(
            [Salt(day=day, key=secrets.token_bytes(32))], ignore_conflicts=True
        )
        found = Salt.objects.values_list("key", flat=True).get(day=day)
    return bytes(found)


def forget_yesterday() -> None:
    """Forget the key of a day that is over, where nobody reads after it."""
    with _today.lock:
        if _today.day is not None and _today.day != timezone.localdate():
            _today.forget()


def prepare(asked: list[Asked]) -> list[Row]:
    """Return a row for each visitor and thing; after that, no address is in memory any more."""
    with _today.lock:
        day = _today.begin()
        own = settings.SITE_HOST
        found: dict[tuple[str, int], Row] = {}
        for one in asked:
            address = address_in(one.peer, one.forwarded)
            visitor = _today.visitor(str(address), one.agent)
            known = found.get((one.thing, visitor))
            if known is None and not _today.admits(network_of(address)):
                continue
            if is_machine(one.agent, one.language):
                source = MACHINE
            else:
                source = one.source or source_of(one.referer, one.query, own)
            if known is None or source == NEWSLETTER:
                found[one.thing, visitor] = Row(day, one.thing, visitor, source)
        return list(found.values())


def store(rows: list[Row]) -> None:
    """Add rows; a visitor who was there today stays one. Raises DatabaseError.

    Who followed a link of the newsletter counts as its reader, although the page itself, which a
    browser asks for without a Referer then, may be stored first.
    """
    # In one order everywhere, or two processes could wait for each other on PostgreSQL.
    ordered = sorted(set(rows))
    named = [row for row in ordered if row.source == NEWSLETTER]
    others = [row for row in ordered if row.source != NEWSLETTER]
    for first in range(0, len(others), BATCH):
        batch = [Visit(**row._asdict()) for row in others[first : first + BATCH]]
        Visit.objects.bulk_create(batch, ignore_conflicts=True)
    for first in range(0, len(named), BATCH):
        batch = [Visit(**row._asdict()) for row in named[first : first + BATCH]]
        with transaction.atomic():
            Visit.objects.bulk_create(
                batch,
                update_conflicts=True,
                unique_fields=["thing", "day", "visitor"],
                update_fields=["source"],
            )


buffer: Buffer[Asked, Row] = Buffer(prepare, store)
