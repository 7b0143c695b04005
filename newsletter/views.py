"""The web edition: the pages of sent issues, with nothing personal in them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from alarmroom import kept
from alarmroom.methods import require_safe
from alarmroom.paging import Paginator
from newsletter.linked_data import of_issue
from newsletter.models import Issue
from posts import freshness
from posts.models.body import images_in
from posts.pictures.element import one_at_once
from posts.text.body import with_pictures

ISSUES_PER_PAGE = 20


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """What the newsletter is, with a sample, and all sent issues, newest first."""
    issues = (
        Issue.objects.listed().newest_first().only("number", "subject", "preheader", "started_at")
    )
    page = Paginator(issues, ISSUES_PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"page": page, "issues": page.object_list}
    keys, until = {"issues", *kept.EVERY_PAGE}, None
    if page.number == 1 and page.object_list:
        sample, entries = page[0], page[0].contents()
        sample_posts = [entry for entry in entries if entry.post.is_published]
        # The list below leaves out the issue that is shown as the sample.
        context |= {"sample": sample, "sample_posts": sample_posts, "issues": page.object_list[1:]}
        if any(entry.post.is_scheduled for entry in entries):
            until = freshness.next_moment
        # The page shows the articles' titles and summaries as they are now.
        keys |= {f"post-{entry.post_id}" for entry in entries}
    response = render(request, "newsletter/archive.html", context)
    return kept.keep(response, *keys, until=until, page=page.number)


@require_safe
def issue(request: HttpRequest, number: int) -> HttpResponse:
    """One sent issue as it was frozen when it was sent, without personal links.

    Its pictures are shown in the copies that exist now. Two queries, or one without pictures.
    """
    issue = get_object_or_404(Issue.objects.published().select_related("content"), number=number)
    text = issue.content.web_html
    images = images_in(text)
    text = one_at_once(with_pictures(text, images))
    context = {"issue": issue, "text": text, "linked_data": of_issue(issue)}
    response = render(request, "newsletter/issue.html", context)
    keys = (f"image-{image.pk}" for image in images.values())
    return kept.keep(response, f"issue-{issue.pk}", *keys, *kept.EVERY_PAGE)
