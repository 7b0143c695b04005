"""Where the counted links of an issue lead: read once by a process, for they never change."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.models import IssueLink

# For so long after its start, the clicks of an issue are counted.
COUNTED_FOR = timedelta(days=30)
IN_MEMORY = 100  # issues of a process, those that were asked for last


@dataclass(frozen=True)
class Target:
    pk: int
    url: str
    thing: str


@dataclass(frozen=True)
class Targets:
    by_number: dict[int, Target]
    counted_until: datetime


def of(issue: int) -> Targets | None:
    """Return the links of an issue, or None if it has none. At most one query, once a process.

    Raises an error of the database where it is asked.
    """
    found = _known.get(issue)
    if found is None:
        rows = IssueLink.objects.filter(issue__number=issue, issue__started_at__isnull=False)
        links = list(rows.values_list("number", "pk", "url", "thing", "issue__started_at"))
        started = links[0][4] if links else None
        if started is None:
            return None
        found = Targets(
            {number: Target(pk, url, thing) for number, pk, url, thing, _ in links},
            started + COUNTED_FOR,
        )
        _known[issue] = found
        while len(_known) > IN_MEMORY:
            _known.popitem(last=False)
    return found


def forget() -> None:
    """Forget what is in memory, for tests: the rows of a running site never change."""
    _known.clear()


_known: OrderedDict[int, Targets] = OrderedDict()
