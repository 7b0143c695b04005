"""What issues bring to Home: the next one, the last one, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from alarmroom.desk import dates, home
from alarmroom.facts import facts
from newsletter import preflight
from newsletter.admin.issue_pages import note_for
from newsletter.delivery import counting
from newsletter.models import Delivery, Issue, IssuePost, Report
from newsletter.reports import sentences
from subscribers import growth

# Older ones are in the list. In doubt are deliveries of the last weeks.
NEWEST = 40
USUAL_ARTICLES = 6
# The last issues, of whose articles the usual number is made.
USUAL_FROM = 4

home.SEES_DATES += ["newsletter.view_issue", "newsletter.change_issue"]


def newest_issues() -> list[Issue]:
    """Return the newest issues with their numbers of articles and of doubts. One query."""
    rows = IssuePost.objects.filter(issue=OuterRef("pk")).order_by().values("issue")
    doubts = Delivery.objects.filter(issue=OuterRef("pk"), state=Delivery.State.UNCERTAIN)
    return list(
        Issue.objects.newest_first()
        .defer("intro")
        .annotate(
            article_count=number(rows.annotate(count=Count("pk"))),
            in_doubt=number(doubts.order_by().values("issue").annotate(count=Count("pk"))),
            has_intro=~Q(intro=""),
        )[:NEWEST]
    )


def usual_moment() -> str:
    when = facts().next_issue_at()
    return f"{dates.weekday(when)}, at {dates.clock(when)}"


def number(rows: Any) -> Coalesce:
    rows = rows.values("count")
    return Coalesce(Subquery(rows, output_field=IntegerField()), Value(0))


@home.source
def issues(request: HttpRequest) -> Iterator[home.Part]:
    user = request.user
    sees = any(user.has_perm(f"newsletter.{each}_issue") for each in ("view", "change"))
    if not sees:
        if user.has_perm("newsletter.add_issue"):
            yield compose(None, request)
        return
    found = newest_issues()
    waiting = [issue for issue in found if issue.is_open]
    upcoming = waiting[-1] if waiting else None
    if user.has_perm("newsletter.add_issue") or (
        upcoming and user.has_perm("newsletter.change_issue")
    ):
        yield compose(upcoming, request)
    yield from needs(found, request)
    yield from dated(found, upcoming, request)
    yield the_next(upcoming, found, request)
    gone = [issue for issue in found if issue.state in Issue.OUT_STATES and issue.started_at]
    if gone:
        yield the_last(max(gone, key=lambda issue: issue.started_at), request)  # type: ignore[arg-type, return-value]  # each has one


def compose(upcoming: Issue | None, request: HttpRequest) -> home.Action:
    if upcoming and request.user.has_perm("newsletter.change_issue"):
        url = reverse("admin:newsletter_issue_change", args=[upcoming.pk])
        return home.Action(f"Compose No. {upcoming.number}", url, rank=1, icon="issues")
    return home.Action(
        "Compose the next issue", reverse("admin:newsletter_issue_add"), rank=1, icon="issues"
    )


def needs(found: list[Issue], request: HttpRequest) -> Iterator[home.Need]:
    """Paused issues and deliveries in doubt, for whoever decides about them."""
    if not request.user.has_perm("newsletter.send_issue"):
        return
    for issue in found:
        url = reverse("admin:newsletter_issue_progress", args=[issue.pk])
        if issue.state == Issue.State.PAUSED:
            yield home.Need(
                "An issue is paused",
                f"No. {issue.number}: {issue.subject}",
                url,
                "Look and go on",
                detail=note_for(request, issue),
                rank=0,
                kind="stop",
            )
        if count := issue.in_doubt:  # type: ignore[attr-defined]  # annotated
            some = "1 delivery is" if count == 1 else f"{count} deliveries are"
            yield home.Need(
                f"{some} in doubt",
                f"No. {issue.number}: {issue.subject}",
                url,
                "Decide",
                detail="Nobody knows whether the mail arrived. It is not sent again by itself.",
                rank=1,
            )


def dated(
    found: list[Issue], upcoming: Issue | None, request: HttpRequest
) -> Iterator[home.Coming]:
    start, _ = home.span()
    may_move = request.user.has_perm("newsletter.send_issue")
    if upcoming and upcoming.state == Issue.State.DRAFT:
        yield home.Coming(
            facts().next_issue_at(),
            "issue",
            f"The Weekly Alarm, No. {upcoming.number}",
            reverse("admin:newsletter_issue_change", args=[upcoming.pk]),
            key=f"newsletter.issue-{upcoming.pk}",
            detail="By the day in the settings. Not scheduled yet.",
            state="draft",
            state_name="Draft",
            move_url=reverse("admin:newsletter_issue_send", args=[upcoming.pk]) if may_move else "",
            move_words="Schedule…",
        )
    for issue in found:
        at = issue.scheduled_for if issue.state == Issue.State.SCHEDULED else issue.started_at
        if at and at >= start and issue.state != Issue.State.CANCELLED:
            count = issue.article_count  # type: ignore[attr-defined]  # annotated
            yield home.Coming(
                at,
                "issue",
                f"The Weekly Alarm, No. {issue.number}",
                reverse("admin:newsletter_issue_change", args=[issue.pk]),
                key=f"newsletter.issue-{issue.pk}",
                detail=f"{issue.subject} · {count} article{'s' if count != 1 else ''}",
                move_url=reverse("admin:newsletter_issue_move", args=[issue.pk])
                if may_move and issue.state == Issue.State.SCHEDULED
                else "",
                move_asks=True,
            )


def the_next(upcoming: Issue | None, found: list[Issue], request: HttpRequest) -> home.Panel:
    """How full the next issue is, and what it lacks. One query."""
    template, name = "admin/newsletter/home/next.html", "The next issue"
    if upcoming is None:
        add = request.user.has_perm("newsletter.add_issue")
        context: dict[str, Any] = {
            "issue": None,
            "add_url": reverse("admin:newsletter_issue_add") if add else "",
        }
        return home.Panel(name, template, 0, context, said="no issue is begun")
    entries = list(upcoming.contents())
    before = [
        issue.article_count  # type: ignore[attr-defined]  # annotated
        for issue in found
        if issue.state in Issue.OUT_STATES
    ][:USUAL_FROM]
    usual = round(sum(before) / len(before)) if before else USUAL_ARTICLES
    usual = max(usual, 1)
    lacks = preflight.problems(upcoming, at=upcoming.scheduled_for, entries=entries)
    hints = []
    if not upcoming.has_intro:  # type: ignore[attr-defined]  # annotated
        hints.append("The introduction is empty.")
    if not upcoming.preheader:
        hints.append("No line for after the subject yet.")
    when = upcoming.scheduled_for
    context = {
        "issue": upcoming,
        "title": f"No. {upcoming.number}" + (f", {dates.weekday(when)}" if when else ""),
        "when": dates.clock(when) if when else "",
        "usual_day": usual_moment(),
        "count": len(entries),
        "usual": usual,
        "filled": min(len(entries) / usual, 1) * 100,
        "lacks": lacks,
        "hints": hints,
        "lead": entries[0].post.title if entries else "",
    }
    url = reverse("admin:newsletter_issue_change", args=[upcoming.pk])
    said = f"No. {upcoming.number} is {fullness(len(entries), usual, bool(lacks), bool(when))}"
    return home.Panel(name, template, 0, context, (url, f"Open No. {upcoming.number}"), said)


def fullness(count: int, usual: int, lacks: bool, is_scheduled: bool) -> str:
    """Return how full an issue is, as one says it."""
    if not count:
        return "empty"
    if count >= usual:
        if lacks:
            return "full, and lacks something"
        return "scheduled" if is_scheduled else "ready to be sent"
    if count * 3 <= usual:
        return "hardly begun"
    return "half full" if count * 3 < usual * 2 else "almost full"


def the_last(issue: Issue, request: HttpRequest) -> home.Panel:
    """What became of the last issue. Two queries."""
    assert issue.started_at  # noqa: S101  (for the type checker)
    since = Subquery(growth.left_since(issue.started_at), output_field=IntegerField())
    totals = counting.figures(issue).totals
    row = Issue.objects.filter(pk=issue.pk).values_list(since, "report__figures").get()
    left, counted = row[0] or 0, row[1]
    waits = totals["queued"] + totals["sending"]
    figures = [("sent", totals["sent"], "")]
    if waits:
        figures.append(("still to go", waits, "wait"))
    figures += [
        ("failed", totals["failed"], ""),
        ("in doubt", totals["uncertain"], "wait" if totals["uncertain"] else ""),
        ("left since", left, ""),
    ]
    began = dates.moment(issue.started_at)
    if issue.sent_at:
        context = f"Sent {began} to {dates.clock(issue.sent_at)}"
    else:
        context = f"{'Paused' if issue.state == Issue.State.PAUSED else 'Being sent'} since {began}"
    is_sent = issue.state == Issue.State.SENT
    return home.Panel(
        "The last issue",
        "admin/newsletter/home/last.html",
        2,
        {
            "issue": issue,
            "figures": figures,
            "facts": context,
            "recipients": issue.recipients,
            # Once it is counted, what servers and readers said later is in it, too.
            "result": sentences.short(Report(figures=counted)) if counted and is_sent else "",
            "report_url": reverse("admin:newsletter_issue_report", args=[issue.pk])
            if request.user.has_perm("newsletter.view_issue")
            else "",
        },
        (reverse("admin:newsletter_issue_progress", args=[issue.pk]), f"No. {issue.number}"),
    )
