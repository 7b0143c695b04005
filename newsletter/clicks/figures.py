"""How often the links of an issue were followed, for the desk."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.safestring import SafeString

from newsletter.clicks.targets import COUNTED_FOR
from newsletter.models import Issue, IssueLink
from newsletter.reports import charts

SHOWN = 50  # links of a table; those after them are one row


@dataclass(frozen=True)
class Line:
    """A link: how many mails it was followed in, by people, by machines, or nobody can tell."""

    name: str
    url: str
    people: int
    uncertain: int
    machines: int
    bar: SafeString


@dataclass(frozen=True)
class Clicks:
    lines: list[Line]
    people: int
    uncertain: int
    machines: int
    goes_on: bool
    """Whether more are counted yet."""

    @property
    def best(self) -> Line | None:
        return self.lines[0] if self.lines and self.lines[0].people else None

    @property
    def uncertain_share(self) -> int:
        """How many in a hundred of what is not surely a machine's is uncertain."""
        asked = self.people + self.uncertain
        return round(100 * self.uncertain / asked) if asked else 0


def clicks_of(issue: Issue) -> Clicks | None:
    """Return the clicks of an issue, the link most followed first; None if it counts none.

    One query.
    """
    if not issue.count_clicks or issue.started_at is None:
        return None
    links = sorted(
        IssueLink.objects.filter(issue=issue), key=lambda link: (-link.people, link.number)
    )
    most = max((link.people for link in links), default=0)
    lines = [
        Line(
            link.name,
            link.url,
            link.people,
            link.uncertain,
            link.machines,
            charts.bar(link.people, most),
        )
        for link in links[:SHOWN]
    ]
    if rest := links[SHOWN:]:
        lines.append(Line(f"{len(rest):,} more links", "", *_sums(rest), SafeString()))
    goes_on = timezone.now() < issue.started_at + COUNTED_FOR
    return Clicks(lines, *_sums(links), goes_on)


def _sums(links: list[IssueLink]) -> tuple[int, int, int]:
    return (
        sum(link.people for link in links),
        sum(link.uncertain for link in links),
        sum(link.machines for link in links),
    )
