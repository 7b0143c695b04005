"""All rules applied to a manuscript."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from posts.checks import headings, leftovers, links, listing, names, pictures, reading
from posts.checks.finding import ERROR, WARNING, Finding
from posts.checks.known import Known, look_up
from posts.checks.manuscript import Manuscript
from posts.checks.reading import Ease, ease_of

# In the order in which they are listed: what is missing first, then from the top of the form down.
RULES: tuple[Callable[[Manuscript, Known], Iterable[Finding]], ...] = (
    listing.missing,
    leftovers.tk,
    leftovers.brackets,
    leftovers.lorem,
    leftovers.tracked,
    pictures.picture_alt,
    pictures.picture_elsewhere,
    pictures.cover_alt,
    links.internal_link,
    listing.title_cut,
    listing.dek_cut,
    headings.skipped_level,
    headings.bold_paragraph,
    reading.long_paragraph,
    links.link_name,
    links.external_link,
    names.misspelled,
    leftovers.struck_out,
    pictures.cover,
    listing.topics_and_related,
)
# Of one rule, so many are listed; a text with more has one cause for all of them.
MOST_OF_A_RULE = 20


@dataclass(frozen=True)
class Report:
    """What the rules found: errors first, each in the order of RULES."""

    findings: Sequence[Finding]
    ease: Ease | None
    links: int

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_error]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.is_error]

    @property
    def line(self) -> str:
        """How many there are, for the head of a section."""
        errors, warnings = len(self.errors), len(self.warnings)
        parts = [f"{errors} to fix"] * bool(errors) + [f"{warnings} to look at"] * bool(warnings)
        return ", ".join(parts) or "Nothing to fix"


def check(manuscript: Manuscript) -> Report:
    """Apply all rules. At most three queries, and one for each other room that is linked to."""
    return check_all([manuscript])[0]


def check_all(manuscripts: Sequence[Manuscript]) -> list[Report]:
    """Apply all rules to each, with the queries of one."""
    known = look_up(manuscripts)
    return [_report(manuscript, known.of(manuscript)) for manuscript in manuscripts]


def _report(manuscript: Manuscript, known: Known) -> Report:
    findings = [
        finding for rule in RULES for finding in islice(rule(manuscript, known), MOST_OF_A_RULE)
    ]
    by_level = {level: [f for f in findings if f.level == level] for level in (ERROR, WARNING)}
    return Report(
        [*by_level[ERROR], *by_level[WARNING]],
        ease_of(manuscript.text),
        len(manuscript.text.links),
    )


def numbered(report: Report) -> Iterator[tuple[int, Finding]]:
    """Yield the findings with the numbers that stand beside the text."""
    yield from enumerate(report.findings, start=1)
