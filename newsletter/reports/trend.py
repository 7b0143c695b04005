"""The figures of the last issues side by side, so that a worse one is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from newsletter.models import Issue, Report
from newsletter.reports import sentences
from newsletter.reports.figures import Numbers, total

# What is usual is the median of so many issues before; of fewer than so many, nothing is.
BEFORE, AT_LEAST = 8, 3
# An issue that few were mailed is no measure, and is not measured.
MAILED = 20


@dataclass(frozen=True)
class Rate:
    """One share of an issue, and whether it is worse than usual."""

    name: str
    count: int
    share: float | None
    """None where nobody was mailed."""
    usual: float | None
    is_worse: bool

    @property
    def percent(self) -> str:
        return "" if self.share is None else sentences.percent(self.share)

    @property
    def usual_percent(self) -> str:
        return "" if self.usual is None else sentences.percent(self.usual)


# The share by which a rate must be above the usual one, besides being half as much again, and from
# how many readers on. A single reader is no trend.
WORSE_BY = {"bounced": 0.005, "complained": 0.0005, "unsubscribed": 0.002}
WORSE_FROM = 3
WORDS = {"bounced": "bounced", "complained": "complained", "unsubscribed": "left"}


@dataclass(frozen=True)
class Line:
    issue: Issue
    numbers: Numbers
    rates: list[Rate]

    @property
    def is_worse(self) -> bool:
        return any(rate.is_worse for rate in self.rates)

    @property
    def delivered(self) -> str:
        """The share of the recipients that were reached."""
        numbers = self.numbers
        return (
            sentences.percent(numbers.delivered / numbers.recipients) if numbers.recipients else ""
        )


def lines(reports: Sequence[Report], shown: int) -> list[Line]:
    """Return a line for the first `shown` of some reports, the newest first.

    The others only say what is usual.
    """
    numbers = [total(report) for report in reports]
    found = []
    for at, report in enumerate(reports[:shown]):
        before = [each for each in numbers[at + 1 :] if each.mailed >= MAILED][:BEFORE]
        rates = [_rate(name, numbers[at], before) for name in WORSE_BY]
        found.append(Line(report.issue, numbers[at], rates))
    return found


def _rate(name: str, numbers: Numbers, before: Sequence[Numbers]) -> Rate:
    share, count = numbers.share(name), int(getattr(numbers, name))
    usual = median(each.share(name) for each in before) if len(before) >= AT_LEAST else None
    is_worse = (
        usual is not None
        and numbers.mailed >= MAILED
        and count >= WORSE_FROM
        and share > max(usual * 1.5, usual + WORSE_BY[name])
    )
    return Rate(WORDS[name], count, share if numbers.mailed else None, usual, is_worse)
