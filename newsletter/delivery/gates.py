"""Which leased rows may be sent now, and when the others have their turn.

A worker asks in its database step, right after it has leased rows and outside of a transaction:

    if gates.closed(now):  # Nothing may leave: it leases nothing before that moment.
    rows = lease()
    admitted = gates.admit(rows, now)
    gates.put_off(admitted.wait, worker_name)

It sends `admitted.go`. Rows of `admitted.wait` are queued again with their time, which costs no
try; the rest, if there is any, it gives back as they are, and leases nothing before
`admitted.rest_until`. Before it begins a row it asks `stops(row)`, and gives the row back if so.
After each outcome that was written it calls `answered(row, outcome)`, and for rows that were
admitted and not begun `unused(rows)`.

While nothing is limited, nothing of this costs a query for a row: the limits are read every two
seconds. Where something is, it costs one query for each limit and batch.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched

from django.db.models import Case, DateTimeField, Value, When
from django.utils import timezone

from newsletter.delivery import buckets, holds, rules
from newsletter.delivery.answers import Fate, Outcome
from newsletter.delivery.gateways import domain_of, gateways_of
from newsletter.delivery.outcomes import LeasedRow
from newsletter.models import Delivery, Issue

# How many seconds a worker uses the limits that it has read.
FRESH_FOR = 2.0
# So many gateways of domains are remembered at most.
REMEMBERED = 20_000
# A row that a mail server has put off already does not go to the end of a long line.
DEFERRED_WAITS = timedelta(hours=1)
# After a pause, so many messages try whether a mail service takes mail again; the others wait.
PROBES, PROBED_FOR = 2, timedelta(seconds=30)


@dataclass
class Admitted:
    """What becomes of rows that a worker has leased."""

    go: list[LeasedRow]
    """These may be sent now, in this order."""
    wait: dict[int, datetime] = field(default_factory=dict)
    """These may not: each row's key, and when it has its turn."""
    rest_until: datetime | None = None
    """No other row of any issue may be sent before this moment; None if some may."""


class Gates:
    """Asks for one worker, of one issue."""

    def __init__(self, issue: Issue, transport: str = "bulk") -> None:
        self.issue = issue
        self.transport = transport
        self.rules = rules.Rules()
        self.held: dict[str, holds.Hold] = {}
        self._read_at = float("-inf")
        self._gateways: dict[str, str] = {}
        self._in_a_row: Counter[str] = Counter()
        self._to_hold: dict[str, str] = {}
        self._to_free: set[str] = set()

    def closed(self, now: datetime) -> datetime | None:
        """Return until when nothing of this transport may leave; None if something may."""
        self.refresh(now)
        until = [buckets.opens_at(limit, now) for limit in self.rules.all]
        return max((moment for moment in until if moment), default=None)

    def admit(self, rows: list[LeasedRow], now: datetime) -> Admitted:
        """Return which rows may be sent now. Call it outside of a transaction."""
        self.refresh(now)
        if not (self.rules.all or self.rules.single or self.held):
            return Admitted(rows)
        answer = Admitted([])
        self._learn({domain_of(row.address or "") for row in rows})
        free, limits = self._not_held(rows, now, answer)
        turns = {
            key: buckets.take(self.rules.single[key], count, now).turns
            for key, count in sorted(
                Counter(key for keys in limits.values() for key in keys).items()
            )
        }
        late: defaultdict[str, list[LeasedRow]] = defaultdict(list)
        fit: list[LeasedRow] = []
        for row in free:
            keys = limits.get(row.pk, ())
            if short := next((key for key in keys if not turns[key]), ""):
                late[short].append(row)
                continue
            for key in keys:
                turns[key] -= 1
            fit.append(row)
        allowed = self._turns_of_all(len(fit), now, answer)
        answer.go = fit[:allowed]
        for row in fit[allowed:]:
            for key in limits.get(row.pk, ()):
                turns[key] += 1
        for key, left in sorted(turns.items()):
            buckets.give_back(self.rules.single[key], left)
        for key, waiting in sorted(late.items()):
            self._line_up(key, waiting, now, answer)
        if answer.go and self.rules.warm_up:
            rules.sent_on(timezone.localdate(now))
        return answer

    def stops(self, row: LeasedRow) -> bool:
        """Whether a row that was admitted must wait after all. Costs no query."""
        if not self.held:
            return False
        now = timezone.now()
        return any(key in self.held and self.held[key].is_on(now) for key in self.keys(row))

    def answered(self, row: LeasedRow, outcome: Outcome) -> None:
        """Take note of an outcome, after it was written. What follows is written by admit()."""
        if outcome.fate is Fate.ACCEPTED or outcome.fate is Fate.REJECTED:
            if self._in_a_row or self.held:
                for key in self.keys(row):
                    self._in_a_row.pop(key, None)
                    if key in self.held:
                        del self.held[key]
                        self._to_free.add(key)
        elif holds.is_of_service(outcome):
            self._learn({domain_of(row.address or "")})
            key, now = self.keys(row)[-1], timezone.now()
            before = self.held.get(key)
            if before and before.is_on(now):
                return  # It was under way when the pause began.
            self._in_a_row[key] += 1
            # After a pause, one answer is enough for the next.
            if before or self._in_a_row[key] >= holds.IN_A_ROW:
                self.held[key] = holds.Hold.again(before, now)
                self._to_hold[key] = f"{outcome.code} {outcome.reply}"
                del self._in_a_row[key]

    @property
    def services_that_defer(self) -> int:
        """How many mail services have put off the last messages to them."""
        return len({*self._in_a_row, *self._to_hold, *self.held})

    def unused(self, rows: Iterable[LeasedRow]) -> None:
        """Give back the turns of rows that were admitted and not begun."""
        if not (self.rules.all or self.rules.single):
            return
        left = list(rows)
        for limit in self.rules.all:
            buckets.give_back(limit, len(left))
        count = Counter(key for row in left for key in self.keys(row) if key in self.rules.single)
        for key, turns in sorted(count.items()):
            buckets.give_back(self.rules.single[key], turns)

    def close(self) -> None:
        """Write what was learned of mail services."""
        for key, why in sorted(self._to_hold.items()):
            holds.hold(key, why, timezone.now())
        for key in sorted(self._to_free - self._to_hold.keys()):
            holds.free(key)
        self._to_hold, self._to_free = {}, set()

    def refresh(self, now: datetime) -> None:
        """Write what was learned of mail services, and read the limits if they are old."""
        self.close()
        if time.monotonic() - self._read_at < FRESH_FOR:
            return
        self.rules = rules.read(now, self.transport)
        self.held = holds.read()
        self._read_at = time.monotonic()

    def keys(self, row: LeasedRow) -> tuple[str, ...]:
        """Return the keys of what may be limited or held for a row; the widest one is last."""
        domain = domain_of(row.address or "")
        gateway = self._gateways.get(domain)
        return (f"domain:{domain}", *([f"gateway:{gateway}"] if gateway else ()))

    def _learn(self, domains: set[str]) -> None:
        """Read the gateways of domains, if anything depends on them."""
        new = domains - self._gateways.keys()
        if not new:
            return
        if len(self._gateways) > REMEMBERED:
            self._gateways.clear()
            new = domains
        found = gateways_of(new)
        self._gateways.update((domain, found.get(domain, "")) for domain in new)

    def _not_held(
        self, rows: list[LeasedRow], now: datetime, answer: Admitted
    ) -> tuple[list[LeasedRow], dict[int, list[str]]]:
        """Return the rows whose mail service is not left alone, and their limits by row."""
        free: list[LeasedRow] = []
        limits: dict[int, list[str]] = {}
        probes: Counter[str] = Counter()
        for row in rows:
            keys = self.keys(row)
            hold = next((key for key in keys if key in self.held), "")
            if hold:
                probes[hold] += 1
                if self.held[hold].is_on(now):
                    answer.wait[row.pk] = self.held[hold].until
                    continue
                if probes[hold] > PROBES:
                    answer.wait[row.pk] = now + PROBED_FOR
                    continue
            free.append(row)
            if limited := [key for key in keys if key in self.rules.single]:
                limits[row.pk] = limited
        return free, limits

    def _turns_of_all(self, wanted: int, now: datetime, answer: Admitted) -> int:
        """Take a turn of each limit of all mail for so many rows; return for how many there are."""
        allowed = wanted
        taken: list[tuple[buckets.Limit, int]] = []
        for limit in self.rules.all if wanted else ():
            got = buckets.take(limit, allowed, now) if allowed else buckets.Taken(0, now)
            if got.turns < allowed:
                answer.rest_until = max(answer.rest_until or now, got.opens_at)
            allowed = got.turns
            taken.append((limit, allowed))
        for limit, turns in taken:
            buckets.give_back(limit, turns - allowed)
        return allowed

    def _line_up(self, key: str, rows: list[LeasedRow], now: datetime, answer: Admitted) -> None:
        times = buckets.line_up(self.rules.single[key], len(rows), now)
        for row, at in zip(rows, times, strict=True):
            answer.wait[row.pk] = min(at, now + DEFERRED_WAITS) if row.tries else at


def put_off(wait: dict[int, datetime], worker: str) -> int:
    """Queue leased rows again, each for its own time; return how many. No query for none."""
    changed = 0
    for some in batched(wait.items(), 200):
        turns = (When(pk=pk, then=Value(at, DateTimeField())) for pk, at in some)
        rows = Delivery.objects.filter(
            pk__in=[pk for pk, _ in some], state=Delivery.State.QUEUED, leased_by=worker
        )
        changed += rows.update(
            due_at=Case(*turns), leased_by="", leased_until=None, changed_at=timezone.now()
        )
    return changed
