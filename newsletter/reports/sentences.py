"""What became of an issue, in sentences: the first thing that a page or a letter says."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import F

from newsletter.models import DomainFigures, Issue, Report
from newsletter.reports import reasons
from newsletter.reports.figures import Numbers, named, total
from newsletter.reports.reasons import Reason

# So many agencies are told of one by one.
AGENCIES = 3
# From so many bounces on a domain is told of, if they are half of its readers.
SEVERAL = 3
# Google and Yahoo ask every sender to stay below 0.1 % and never to reach 0.3 %.
# https://support.google.com/a/answer/81126
COMPLAINTS_HIGH, COMPLAINTS_MANY = 0.003, 0.001
OPENS = (
    "Opens are never measured: our mails have no picture that reports who reads, and most such "
    "pictures are loaded by machines."
)


@dataclass(frozen=True)
class Sentence:
    words: str
    kind: str = ""
    """"stop" for what hurts the delivery of all mails, "wait" for what somebody can mend."""

    def __str__(self) -> str:
        return self.words


def number(count: int, one: str, many: str = "") -> str:
    """Return "1 reader" or "4,900 readers"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """Return a share as "2.1 %"; what is not nothing is never nothing, and not all never all."""
    value = 100 * share
    if 99.95 <= value < 100:
        return "99.9 %"
    if 0 < value < 0.05:
        return f"{value:.2f} %" if value >= 0.005 else "less than 0.01 %"
    return f"{value:.1f} %".replace(".0 %", " %")


def first(numbers: Numbers) -> str:
    """Return how many were delivered, in a sentence."""
    if not numbers.recipients:
        return "Nobody was to get this issue."
    were = "was" if numbers.delivered == 1 else "were"
    so_far = " so far" if numbers.waiting else ""
    if numbers.delivered == numbers.recipients:
        return f"All {numbers.recipients:,} were delivered." if were == "were" else "It arrived."
    return f"{numbers.delivered:,} of {numbers.recipients:,} {were} delivered{so_far}."


def short(report: Report) -> str:
    """Return the result in one sentence, for Home."""
    numbers = total(report)
    begin = first(numbers).removesuffix(".")
    others = [
        f"{count:,} {words}"
        for count, words in (
            (numbers.bounced, "bounced"),
            (numbers.complained, "complained"),
            (numbers.unsubscribed, "left"),
        )
        if count
    ]
    return f"{begin}; {', '.join(others)}." if others else f"{begin}."


def of(issue: Issue, report: Report) -> list[Sentence]:
    """Return all that is to be said, the most important first. At most two queries."""
    numbers = total(report)
    found = [Sentence(first(numbers))]
    if numbers.bounced:
        found.append(Sentence(_bounced(numbers)))
    if numbers.bounced >= SEVERAL:
        found += _agencies(report)
    found += _ours(report)
    if numbers.complained:
        found.append(_complained(numbers))
    if numbers.unsubscribed:
        left = "1 reader left" if numbers.unsubscribed == 1 else f"{numbers.unsubscribed:,} left"
        share = percent(numbers.share("unsubscribed"))
        found.append(Sentence(f"{left} after it, {share} of those who were mailed."))
    if numbers.doubtful:
        some = "1 is in doubt" if numbers.doubtful == 1 else f"{numbers.doubtful:,} are in doubt"
        found.append(
            Sentence(f"{some}: nobody knows whether it arrived. Decide under Delivery.", "wait")
        )
    if numbers.waiting:
        some = "1 is" if numbers.waiting == 1 else f"{numbers.waiting:,} are"
        if issue.state == Issue.State.CANCELLED:
            found.append(Sentence(f"{some} being taken out: the issue was cancelled."))
        else:
            found.append(Sentence(f"{some} still to go, or put off and tried again by itself."))
    if numbers.skipped:
        was = "was" if numbers.skipped == 1 else "were"
        why = (
            "the issue was cancelled before their turn"
            if issue.state == Issue.State.CANCELLED
            else "they had left, or are never mailed"
        )
        found.append(Sentence(f"{numbers.skipped:,} {was} skipped: {why}."))
    return found


def _bounced(numbers: Numbers) -> str:
    if not numbers.soft:
        what = "for good" if numbers.bounced == 1 else "all of them for good"
    elif not numbers.hard:
        what = "for now: they get the next issue"
    else:
        what = f"{numbers.hard:,} for good, {numbers.soft:,} for now"
    share = percent(numbers.share("bounced"))
    return f"{numbers.bounced:,} bounced, {share} of those who were mailed: {what}."


def _agencies(report: Report) -> list[Sentence]:
    """Tell of domains where half of the mails or more bounced."""
    mailed = F("delivered") + F("bounced") + F("doubtful")
    bad = (
        named(report)
        .filter(bounced__gte=SEVERAL)
        .annotate(twice=F("bounced") * 2, mailed=mailed)
        .filter(twice__gte=F("mailed"))
        .order_by("-bounced", "domain")
    )
    rows = list(bad[: AGENCIES + 1])
    found = [Sentence(_agency(row), "wait") for row in rows[:AGENCIES]]
    if len(rows) > AGENCIES:
        more = bad.count() - AGENCIES
        found.append(
            Sentence(f"So did most at {number(more, 'more domain')}; the table has them.", "wait")
        )
    return found


def _agency(row: DomainFigures) -> str:
    mailed = row.delivered + row.bounced + row.doubtful
    many = f"All {mailed:,}" if row.bounced == mailed else f"{row.bounced:,} of {mailed:,}"
    says = row.said or row.status
    sentence = f"{many} at {row.domain} bounced"
    if says:
        sentence += f"; its mail server says “{says.rstrip('.')}”"
    return f"{sentence}. {reasons.helps(row.status, sender())}"


def _ours(report: Report) -> list[Sentence]:
    """Tell of refusals that are about our own domain, whoever refused."""
    found: dict[str, int] = {}
    for name, count in report.figures.get("codes") or []:
        if reasons.reason(str(name)) is Reason.OURS:
            words = reasons.helps(str(name), sender())
            found[words] = found.get(words, 0) + int(count)
    return [
        Sentence(f"{count:,} were refused because of us. {words}", "stop")
        for words, count in found.items()
        if count >= SEVERAL
    ]


def _complained(numbers: Numbers) -> Sentence:
    share = numbers.share("complained")
    who = number(numbers.complained, "reader")
    words = f"{who} reported it as spam, {percent(share)}."
    if numbers.complained < 2 or share < COMPLAINTS_MANY:
        return Sentence(words)
    if share < COMPLAINTS_HIGH:
        return Sentence(f"{words} Mail services ask every sender to stay below 0.1 %.", "wait")
    return Sentence(
        f"{words} From 0.3 % on mail services begin to refuse a sender’s mail, for everybody.",
        "stop",
    )


def sender() -> str:
    """Return the domain that our issues come from, which an agency can allow."""
    address: str = settings.NEWSLETTER_FROM_EMAIL.rpartition("@")[2]
    return address.rstrip("> ")
