"""What an issue's page says about itself to search engines (posts/linked_data.py)."""

from django.urls import reverse
from django.utils.safestring import SafeString

from alarmroom.facts import facts
from alarmroom.site_url import absolute_url
from newsletter.models import Issue
from posts.linked_data import Data, breadcrumbs, publisher, script

NEWSLETTER_NAME = "The Weekly Alarm"


def of_issue(issue: Issue) -> SafeString:
    """Return the data of a sent issue, and its breadcrumbs."""
    archive, path = reverse("newsletter:archive"), issue.get_absolute_url()
    article: Data = {
        "@type": "Article",
        "@id": f"{absolute_url(path)}#article",
        "headline": issue.subject,
        "url": absolute_url(path),
        "mainEntityOfPage": absolute_url(path),
        "image": [facts().share_picture_url],
        "author": {"@id": absolute_url("/#publisher")},
        "publisher": publisher(),
        "position": issue.number,
        "isPartOf": {"@type": "Periodical", "name": NEWSLETTER_NAME, "url": absolute_url(archive)},
        "inLanguage": "en-US",
        "isAccessibleForFree": True,
    }
    if issue.preheader:
        article["description"] = issue.preheader
    if issue.started_at:
        at = issue.started_at.isoformat(timespec="seconds")
        article |= {"datePublished": at, "dateModified": at}
    return script(article, breadcrumbs((NEWSLETTER_NAME, archive), (issue.subject, path)))
