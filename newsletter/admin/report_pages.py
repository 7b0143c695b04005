"""What became of each issue, on the desk: the list of all, a page of each, files.

Everything shown was counted before (newsletter/reports/): a page takes a few short queries, however
many were mailed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from alarmroom.desk import exports
from alarmroom.methods import require_safe
from newsletter.models import Issue, Report
from newsletter.reports import charts, figures, files, sections, sentences, trend
from newsletter.reports.figures import SEE_READERS, Numbers, Span

VIEW = "newsletter.view_issue"
# A file leaves the desk, so it names the domains of few readers only for who may export readers.
EXPORT_READERS = "subscribers.export_subscriber"
PER_PAGE = 20

View = Callable[..., HttpResponseBase]


class ReportPagesMixin:
    """For the model admin of Issue: the addresses of the reports."""

    admin_site: AdminSite

    def get_urls(self) -> list[URLPattern]:
        return [*urls(self.admin_site), *super().get_urls()]  # type: ignore[misc]  # of the admin


def urls(site: AdminSite) -> list[URLPattern]:
    pages: dict[str, tuple[str, View]] = {
        "reports/": ("reports", listing),
        "reports/file/": ("reports_file", issues_file),
        "<int:pk>/report/": ("report", page),
        "<int:pk>/report/domains/": ("report_domains", domains_file),
        "<int:pk>/report/hours/": ("report_hours", hours_file),
    }
    return [
        path(route, site.admin_view(_of(site, view)), name=f"newsletter_issue_{name}")
        for route, (name, view) in pages.items()
    ]


def _of(site: AdminSite, view: View) -> Any:
    @require_safe
    @wraps(view)
    def checked(request: HttpRequest, pk: int | None = None) -> HttpResponseBase:
        if not request.user.has_perm(VIEW):
            raise PermissionDenied
        if pk is None:
            return view(site, request)
        return view(site, request, get_object_or_404(Issue.objects.defer("intro"), pk=pk))

    return checked


def listing(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """The last issues side by side."""
    reports = (
        Report.objects.exclude(counted_at=None)
        .select_related("issue")
        .defer("issue__intro")
        .order_by("-issue__number")
    )
    shown = Paginator(reports, PER_PAGE).get_page(request.GET.get("page"))
    start = (shown.number - 1) * PER_PAGE
    # Those before the last one say what is usual.
    found = list(reports[start : start + PER_PAGE + trend.BEFORE])
    lines = trend.lines(found, PER_PAGE)
    most = [max((line.rates[at].share or 0 for line in lines), default=0) for at in range(3)]
    context = {
        **site.each_context(request),
        "title": "Reports",
        "is_list": True,
        "page": shown,
        "rows": [
            {
                "line": line,
                "rates": [
                    (rate, charts.bar(rate.share or 0, most[at], "worse" if rate.is_worse else ""))
                    for at, rate in enumerate(line.rates)
                ],
            }
            for line in lines
        ],
        "opens": sentences.OPENS,
    }
    return TemplateResponse(request, "admin/newsletter/report/list.html", context)


def page(site: AdminSite, request: HttpRequest, issue: Issue) -> HttpResponse:
    """What became of one issue."""
    report = Report.objects.filter(issue=issue).exclude(counted_at=None).first()
    context = {
        **site.each_context(request),
        "title": f"What became of No. {issue.number}",
        "issue": issue,
        "report": report,
        "opens": sentences.OPENS,
        "sections": sections.of(request, issue) if issue.started_at else [],
    }
    if report is not None and issue.started_at is not None:
        report.issue = issue
        numbers = figures.total(report)
        sees_readers = request.user.has_perm(SEE_READERS)
        hours, days = figures.over_time(report, issue.started_at)
        first, *others = sentences.of(issue, report)
        context |= {
            "first": first,
            "sentences": others,
            "numbers": numbers,
            "outcomes": list(_outcomes(numbers)),
            "besides": list(_besides(numbers)),
            "over_time": [each for each in (_drawn(hours, "hour"), _drawn(days, "day")) if each],
            "domains": _lines(figures.by_domain(report, sees_readers=sees_readers)),
            "gateways": _lines(figures.by_gateway(report)),
            "sees_readers": sees_readers,
            "few": figures.FEW,
        }
    return TemplateResponse(request, "admin/newsletter/report/issue.html", context)


def _outcomes(numbers: Numbers) -> Iterable[dict[str, Any]]:
    """Yield the rows of the first table: those that are nothing are left out, but the first."""
    rows = (
        ("delivered", "Delivered", "taken by the reader’s mail server, and not sent back", "ok"),
        (
            "hard",
            "Bounced for good",
            "refused, or sent back: no such mailbox, or not wanted",
            "stop",
        ),
        (
            "soft",
            "Bounced for now",
            "a full mailbox, or a server that could not be reached",
            "wait",
        ),
        ("doubtful", "In doubt", "handed over, and the answer was lost", "wait"),
        ("skipped", "Skipped", "left before their turn, never mailed, or cancelled", ""),
        ("waiting", "Still to go", "in the queue, or put off by their server", ""),
    )
    for name, words, meaning, kind in rows:
        count = getattr(numbers, name)
        if count or name == "delivered":
            share = count / numbers.recipients if numbers.recipients else 0
            yield {
                "name": words,
                "meaning": meaning,
                "count": count,
                "share": sentences.percent(share) if numbers.recipients else "",
                "bar": charts.bar(count, numbers.recipients, kind),
            }


def _besides(numbers: Numbers) -> Iterable[dict[str, Any]]:
    rows = (
        ("complained", "Reported it as spam", "as far as their mail service tells"),
        ("unsubscribed", "Left after it", "until the next issue, or for 30 days"),
        ("replied", "Answered by a machine", "away, or another notice"),
    )
    for name, words, meaning in rows:
        share = sentences.percent(numbers.share(name)) if numbers.mailed else ""
        count = getattr(numbers, name)
        yield {"name": words, "meaning": meaning, "count": count, "share": share}


def _drawn(spans: list[Span], unit: str) -> dict[str, Any] | None:
    """Return the series of some hours or days, and their table; None where nothing was."""
    filled = [each for each in spans if each.handed or each.bounced or each.left_or_complained]
    if not filled:
        return None
    places = next((size for size in (12, 24, 48) if size >= len(spans)), len(spans))
    series = (
        ("Handed over", "handed", "ok"),
        ("Bounced", "bounced", "stop"),
        ("Reported as spam", "complained", "wait"),
        ("Left", "unsubscribed", ""),
    )
    drawn = (
        charts.columns(name, [getattr(span, field) for span in spans], places, kind)
        for name, field, kind in series
    )
    return {
        "unit": unit,
        "series": [each for each in drawn if each.total],
        "begins": spans[0].name,
        "ends": spans[-1].name if len(spans) == places else "",
        "places": places,
        "rows": filled,
    }


def _lines(lines: list[figures.Line]) -> list[dict[str, Any]]:
    most = max((line.numbers.share("bounced") for line in lines), default=0)
    return [
        {
            "line": line,
            "numbers": line.numbers,
            "share": sentences.percent(line.numbers.share("bounced")),
            "bar": charts.bar(line.numbers.share("bounced"), max(most, 0.1), "stop"),
        }
        for line in lines
    ]


# Files


def domains_file(site: AdminSite, request: HttpRequest, issue: Issue) -> HttpResponseBase:
    report = _stored(issue)
    rows = files.domains(report, sees_readers=request.user.has_perm(EXPORT_READERS))
    return _file(files.DOMAINS, rows if report.pk else [], f"no-{issue.number}-domains")


def hours_file(site: AdminSite, request: HttpRequest, issue: Issue) -> HttpResponseBase:
    return _file(files.HOURS, files.hours(_stored(issue)), f"no-{issue.number}-hours")


def issues_file(site: AdminSite, request: HttpRequest) -> HttpResponseBase:
    return _file(files.ISSUES, files.issues(), "issues")


def _stored(issue: Issue) -> Report:
    """Return the report of an issue; an empty one that is not stored where there is none."""
    report = Report.objects.filter(issue=issue).first() or Report()
    report.issue = issue
    return report


def _file(
    columns: tuple[exports.Column, ...], rows: Iterable[Any], name: str
) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        exports.lines(columns, rows), content_type="text/csv; charset=utf-8"
    )
    file_name = f"report-{name}-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
