"""The preview of an article as an item of the next issue, by the code that renders the mail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP as Source
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from alarmroom.methods import allow
from newsletter.mail.rendering import RenderError, render_item
from newsletter.models import Issue, IssuePost
from posts.models import Post
from posts.views.preview import CSP, never_kept, shown

SEE_ISSUES = ("newsletter.view_issue", "newsletter.change_issue")


@allow("GET", "HEAD", "POST")
@never_kept
@csp_override({**CSP, "style-src": [Source.SELF, Source.UNSAFE_INLINE]})
@xframe_options_sameorigin
def preview(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A mail with this article: as it stands in the next issue, or as it would without a blurb."""
    seen = shown(request, pk)
    row = _in_next_issue(seen.post) if any(map(request.user.has_perm, SEE_ISSUES)) else None
    number = row.issue.number if row else Issue.objects.newest_first().values("number").first()
    if isinstance(number, dict):
        number = number["number"] + 1
    # The subject and the introduction are another text, with a preview of its own.
    issue = Issue(number=number or 1, subject="The next issue")
    item = IssuePost(issue=issue, post=seen.post, blurb=row.blurb if row else "")
    try:
        html = render_item(issue, item, row.position or 1 if row else 1)
    except RenderError as error:
        return render(request, "admin/posts/post/as_nothing.html", {"why": str(error)})
    return HttpResponse(html)


def _in_next_issue(post: Post) -> IssuePost | None:
    rows = IssuePost.objects.filter(post=post.pk, issue__state__in=Issue.OPEN_STATES)
    return rows.select_related("issue").order_by("issue__number").first()
