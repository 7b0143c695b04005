"""Tells the list of articles in which issue each of them ran."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from newsletter.models import Issue, IssuePost
from posts.models import Post
from posts.ran_in import Ran, Source


def find(request: HttpRequest, pks: list[int]) -> dict[int, list[Ran]]:
    """Return the issues of articles; of those that are not out, only to whom may see them."""
    rows = IssuePost.objects.filter(post__in=pks).exclude(issue__state=Issue.State.CANCELLED)
    if not (may_view := request.user.has_perm("newsletter.view_issue")):
        rows = rows.filter(issue__state__in=Issue.OUT_STATES)
    found: dict[int, list[Ran]] = {}
    for post, issue, number, state in rows.order_by("-issue__number").values_list(
        "post", "issue", "issue__number", "issue__state"
    ):
        url = reverse("admin:newsletter_issue_change", args=[issue]) if may_view else ""
        ran = Ran(f"No. {number}", url, state in Issue.OUT_STATES)
        found.setdefault(post, []).append(ran)
    return found


def without(posts: QuerySet[Post]) -> QuerySet[Post]:
    out = IssuePost.objects.filter(post=OuterRef("pk"), issue__state__in=Issue.OUT_STATES)
    return posts.filter(~Exists(out))


SOURCE = Source(find, without)
