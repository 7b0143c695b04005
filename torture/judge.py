"""Compares a ledger with what the mail server wrote down (torture/sink.py)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """A delivery as the ledger has it."""

    address: str
    state: str
    reply: str
    message_id: str


@dataclass
class Verdict:
    """What became of an issue."""

    problems: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    """How many messages the server took."""
    in_doubt_taken: int = 0
    """Of the rows that are uncertain, how many it took."""

    def add(self, other: Verdict) -> None:
        """Add what became of another issue."""
        self.problems += other.problems
        self.states += other.states
        self.taken += other.taken
        self.in_doubt_taken += other.in_doubt_taken

    def blame(self, what: str, who: Iterable[str]) -> None:
        """Note what is wrong, and with whom."""
        found = list(who)
        if found:
            self.problems.append(f"{len(found)} {what}: {', '.join(found[:3])}")


def judge(
    rows: list[Row],
    taken: list[str],
    *,
    recipients: int,
    most_in_doubt: int | None = None,
    cancelled: bool = False,
) -> Verdict:
    """Return what is wrong, if anything.

    `taken` are the lines of the mail server. `recipients` is the number that the issue was started
    for; more rows than `most_in_doubt` must not be uncertain.
    """
    verdict = Verdict(states=Counter(row.state for row in rows), taken=len(taken))
    lines = defaultdict(list)
    for line in taken:
        lines[line.split()[0].lower()].append(line.split())
    known = {row.address: row for row in rows}
    times = {address: len(found) for address, found in lines.items()}
    verdict.blame("got it twice", (one for one, number in times.items() if number > 1))
    verdict.blame("got it and are not in the ledger", times.keys() - known.keys())
    verdict.blame(
        "lost: sent, and the server has none of it",
        (row.address for row in rows if row.state == "sent" and not times.get(row.address)),
    )
    verdict.blame(
        "mailed, and the ledger says that they were not",
        (
            f"{row.address} ({row.state})"
            for row in rows
            if row.state in ("queued", "sending", "failed", "skipped") and times.get(row.address)
        ),
    )
    verdict.blame("left open", (row.address for row in rows if row.state in ("queued", "sending")))
    if not cancelled:
        verdict.blame(
            "skipped, and nobody cancelled", (row.address for row in rows if row.state == "skipped")
        )
    verdict.blame(
        "are called sent by another one's answer",
        (f"{row.address}: {row.reply}" for row in rows if row.state == "sent" and not answers(row)),
    )
    verdict.blame(
        "got a message that is not theirs",
        (
            " ".join(line)
            for address, found in lines.items()
            for line in found
            if address in known and line[1:3] != [known[address].message_id, address]
        ),
    )
    verdict.blame(
        "got a part of a message",
        (address for address, found in lines.items() for line in found if line[3:] != ["whole"]),
    )
    if len(rows) != recipients:
        verdict.problems.append(f"{recipients} were to be mailed, {len(rows)} rows are there")
    in_doubt = [row for row in rows if row.state == "uncertain"]
    verdict.in_doubt_taken = sum(bool(times.get(row.address)) for row in in_doubt)
    if most_in_doubt is not None and len(in_doubt) > most_in_doubt:
        verdict.problems.append(f"{len(in_doubt)} are in doubt, {most_in_doubt} at most may be")
    return verdict


def answers(row: Row) -> bool:
    """Whether the reply is about this row, or a part of one that a network cut off."""
    own = f"2.0.0 kept {row.address}"
    return row.reply.endswith(own) or own.startswith(row.reply)
