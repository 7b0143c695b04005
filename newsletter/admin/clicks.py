"""What the report of an issue says about clicks, and about readers of its web edition."""

from __future__ import annotations

from django.http import HttpRequest

from alarmroom.reads.figures import reads_of
from newsletter.clicks.figures import clicks_of
from newsletter.models import Issue
from newsletter.reports import sections


@sections.section
def clicks(request: HttpRequest, issue: Issue) -> sections.Section | None:
    """How often links were followed. Numbers alone, so whoever may see the issue may see them."""
    found = clicks_of(issue)
    if found is None:
        return None
    return sections.Section("Clicks", "admin/newsletter/report/clicks.html", {"clicks": found})


@sections.section
def web_edition(request: HttpRequest, issue: Issue) -> sections.Section | None:
    if issue.started_at is None:
        return None
    reads = reads_of(f"issue-{issue.pk}")
    return sections.Section(
        "Readers of the web edition", "admin/newsletter/report/web_edition.html", {"reads": reads}
    )
