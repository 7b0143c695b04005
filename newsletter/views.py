"""The web edition: the pages of sent issues, with nothing personal in them."""

import calendar
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from alarmroom import kept
from alarmroom.facts import facts
from alarmroom.methods import require_safe
from alarmroom.paging import Paginator
from alarmroom.site_url import absolute_url
from newsletter import sample
from newsletter.linked_data import of_issue
from newsletter.models import Issue
from posts.models.body import images_in
from posts.pictures.element import one_at_once
from posts.text.body import with_pictures

ISSUES_PER_PAGE = 20


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """What the newsletter is, with its form and a sample, and all sent issues, newest first."""
    issues = Issue.objects.listed().newest_first()
    known = sample.how_many()
    paginator = Paginator(
        issues.only("number", "subject", "preheader", "intro", "started_at"), ISSUES_PER_PAGE
    )
    paginator.count = known["count"]
    page = paginator.get_page(request.GET.get("page"))
    newest = page.object_list[0] if page.number == 1 and known["count"] else None
    shown = sample.of(newest, **known)
    context = {
        "page": page,
        "issues": page.object_list,
        "form": None,
        "sample": shown,
        "weekday": calendar.day_name[facts().issue_weekday],
    }
    response = render(request, "newsletter/archive.html", context)
    keys = {*shown.keys, *kept.EVERY_PAGE}
    return kept.keep(response, *sorted(keys), until=shown.until, page=page.number)


@require_safe
def issue(request: HttpRequest, number: int) -> HttpResponse:
    """One sent issue as it was frozen when it was sent, without personal links.

    Its pictures are shown in the copies that exist now. Three queries, or two without pictures.
    """
    issue = get_object_or_404(Issue.objects.published().select_related("content"), number=number)
    text = issue.content.web_html
    images = images_in(text)
    text = one_at_once(covers_unlinked(with_pictures(text, images)))
    url = absolute_url(issue.get_absolute_url())
    context = {
        "issue": issue,
        "text": text,
        "linked_data": of_issue(issue),
        "published_time": published_time(issue),
        **Issue.objects.beside(issue),
        "share_url": quote(url, safe=""),
        "share_title": quote(issue.subject, safe=""),
        "share_summary": quote(issue.preheader or issue.subject, safe=""),
    }
    response = render(request, "newsletter/issue.html", context)
    keys = (f"image-{image.pk}" for image in images.values())
    # The next issue, when it is out, and a cancelled one.
    name = f"issue-{issue.pk}"
    return kept.keep(response, name, "issues", *keys, *kept.EVERY_PAGE, counts=name)


def published_time(issue: Issue) -> str:
    at = issue.started_at
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


def covers_unlinked(html: str) -> str:
    """Return an issue's text with its covers out of their links.

    Each article is linked by its title. A cover that is a link to the same place, too, would be
    read out once more, with all that it shows.
    """
    first, *rest = html.split('<a class="issue-post__cover"')
    parts = [first]
    for piece in rest:
        _, _, inside = piece.partition(">")
        picture, end, after = inside.partition("</a>")
        parts.append(f'<div class="issue-post__cover">{picture}</div>{after}' if end else inside)
    return "".join(parts)
