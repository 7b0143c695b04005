"""The newest issue as a picture of the mail, beside the form that subscribes to it.

The picture is made of HTML with the issue's own words, so it is true of every issue, follows the
dark, can be read aloud, and is no file that somebody must remember to make again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Min
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from newsletter.models import Issue, IssuePost
from posts import freshness
from posts.pictures import places
from posts.pictures.element import markup
from posts.text.plain import text_of
from subscribers.sample import Sample

OPENING = 30  # words of the introduction
TITLES = 5


def newest() -> Sample:
    """Return the sample of the newest issue. Three queries."""
    return of(Issue.objects.listed().newest_first().first(), **how_many())


def how_many() -> dict[str, Any]:
    """Return the number of issues that are out, and when the first one was. One query."""
    return Issue.objects.listed().aggregate(count=Count("pk"), since=Min("started_at"))


def of(issue: Issue | None, *, count: int, since: datetime | None) -> Sample:
    """Return the sample of an issue; without one, it is empty. One query."""
    if issue is None:
        # It must be shown as soon as there is one.
        return Sample(SafeString(), SafeString(), ("issues",), None)
    entries = _entries(issue)
    shown = [entry for entry in entries if entry.post.is_published]
    cover = next((entry.post.cover for entry in shown if entry.post.cover), None)
    picture = render(
        "sample",
        issue=issue,
        opening=Truncator(text_of(issue.intro)).words(OPENING, truncate="…").replace(",…", "…"),
        titles=[entry.post.title for entry in shown[:TITLES]],
        more=max(0, len(shown) - TITLES),
        cover=markup(cover, places.SAMPLE, eager=True) if cover else "",
    )
    return Sample(
        picture,
        render("proof", count=count, since=since),
        # The articles' titles and covers are those of now.
        ("issues", *(f"post-{entry.post_id}" for entry in entries)),
        freshness.next_moment if any(entry.post.is_scheduled for entry in entries) else None,
    )


def render(name: str, **context: object) -> SafeString:
    context["NEWSLETTER_NAME"] = "The Weekly Alarm"
    return render_to_string(f"newsletter/_{name}.html", context)


def _entries(issue: Issue) -> list[IssuePost]:
    entries = issue.issue_posts.select_related("post__cover")
    shown = ("post__title", "post__slug", "post__published_at")
    cover = ("file", "width", "height", "renditions", "focal_x", "focal_y", "sha256")
    return list(entries.only("issue", *shown, *(f"post__cover__{name}" for name in cover)))
