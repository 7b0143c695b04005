"""Tells people from machines by how the links of one mail were asked for.

Scanners open many links of a mail at once, whenever they do: on arrival, a minute later, or the
moment before a reader's own click. So it is the shape of the requests that tells, and not the time
since the mail was sent. Where nobody can tell, it is uncertain, and the desk says how many are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from newsletter.models import Click, ClickHit

BURST_SECONDS, BURST_LINKS = 2.0, 3
# So many links of a mail within a minute: a quick reader, or a slow scanner.
MINUTE_SECONDS, MINUTE_LINKS = 60.0, 5


class Hit(NamedTuple):
    at: float
    """In seconds."""
    link: int
    sort: int


def judge(hits: Sequence[Hit]) -> dict[int, Click.Verdict]:
    """Return for each link of one mail what followed it; the best of its requests counts.

    A request that says it is a machine's (HEAD, no language, its name) is one. So is any of three
    or more links within two seconds. Of two links within two seconds, of one that a machine asked
    for in the same two seconds, and of five or more within a minute, nobody can tell.
    """
    ordered = sorted(hits)
    found: dict[int, Click.Verdict] = {}
    bursts = _links_within(ordered, BURST_SECONDS)
    minutes = _links_within(ordered, MINUTE_SECONDS)
    machines = _machine_near(ordered)
    for at, hit in enumerate(ordered):
        if hit.sort != ClickHit.Sort.PLAIN or bursts[at] >= BURST_LINKS:
            verdict = Click.Verdict.MACHINE
        elif bursts[at] > 1 or machines[at] or minutes[at] >= MINUTE_LINKS:
            verdict = Click.Verdict.UNCERTAIN
        else:
            verdict = Click.Verdict.PERSON
        found[hit.link] = max(verdict, found.get(hit.link, verdict))
    return found


def _links_within(ordered: Sequence[Hit], seconds: float) -> list[int]:
    """Return for each hit the most links in any window of so many seconds that holds it.

    Linear: each hit enters a window and leaves it once.
    """
    windows: list[tuple[int, int]] = []  # of each hit that ends one: its first hit, its links
    found = [0] * len(ordered)
    counts: dict[int, int] = {}
    first = 0
    for hit in ordered:
        counts[hit.link] = counts.get(hit.link, 0) + 1
        while hit.at - ordered[first].at > seconds:
            gone = ordered[first].link
            counts[gone] -= 1
            if not counts[gone]:
                del counts[gone]
            first += 1
        windows.append((first, len(counts)))
    # A hit is in each window that ends at it or later and begins at it or before: a sliding
    # maximum, from the end.
    best: deque[tuple[int, int]] = deque()  # (where the window begins, its links), best first
    for at in range(len(ordered) - 1, -1, -1):
        start, links = windows[at]
        while best and best[-1][1] <= links:
            best.pop()
        best.append((start, links))
        while best[0][0] > at:
            best.popleft()
        found[at] = best[0][1]
    return found


def _machine_near(ordered: Sequence[Hit]) -> list[bool]:
    """Return for each hit whether a machine asked for the same link within the burst's seconds."""
    found = [False] * len(ordered)
    for hits in (range(len(ordered)), range(len(ordered) - 1, -1, -1)):
        seen: dict[int, float] = {}
        for at in hits:
            hit = ordered[at]
            if hit.sort != ClickHit.Sort.PLAIN:
                seen[hit.link] = hit.at
            elif hit.link in seen and abs(hit.at - seen[hit.link]) <= BURST_SECONDS:
                found[at] = True
    return found
