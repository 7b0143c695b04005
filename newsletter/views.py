"""The web edition: every sent issue, the same for everybody."""

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
        shown = [entry for entry in entries if entry.post.is_published]
        # What is shown as the sample needs not stand below it once more.
        context |= {"sample": sample, "sample_posts": shown, "issues": page.object_list[1:]}
        if any(entry.post.is_scheduled for entry in entries):
            until = freshness.next_moment
        # Their titles and summaries stand there as they are now.
        keys |= {f"post-{entry.post_id}" for entry in entries}
    response = render(request, "newsletter/archive.html", context)
    return kept.keep(response, *keys, until=until, page=page.number)


@require_safe
def issue(request: HttpRequest, number: int) -> HttpResponse:
    """One sent issue as it was frozen when it was sent, without personal links.

    Its pictures come in the copies that there are today. Two queries, one without pictures.
    """
    issue = get_object_or_404(Issue.objects.published().select_related("content"), number=number)
    text = issue.content.web_html
    images = images_in(text)
    text = one_at_once(with_pictures(text, images))
    context = {"issue": issue, "text": text, "linked_data": of_issue(issue)}
    response = render(request, "newsletter/issue.html", context)
    shown = (f"image-{image.pk}" for image in images.values())
    return kept.keep(response, f"issue-{issue.pk}", *shown, *kept.EVERY_PAGE)
