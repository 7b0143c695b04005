"""What an issue's page says about itself to search engines (posts/linked_data.py)."""

from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString

from newsletter.models import Issue
from posts.linked_data import Data, breadcrumbs, publisher, script, whole

NEWSLETTER_NAME = "The Weekly Alarm"


def of_issue(issue: Issue) -> SafeString:
    """Return the data of a sent issue: what it is, and the way to it."""
    archive, path = reverse("newsletter:archive"), issue.get_absolute_url()
    article: Data = {
        "@type": "Article",
        "@id": f"{whole(path)}#article",
        "headline": issue.subject,
        "url": whole(path),
        "mainEntityOfPage": whole(path),
        "image": [whole(static("img/share.png"))],
        "author": {"@id": whole("/#publisher")},
        "publisher": publisher(),
        "position": issue.number,
        "isPartOf": {"@type": "Periodical", "name": NEWSLETTER_NAME, "url": whole(archive)},
        "inLanguage": "en-US",
        "isAccessibleForFree": True,
    }
    if issue.preheader:
        article["description"] = issue.preheader
    if issue.started_at:
        at = issue.started_at.isoformat(timespec="seconds")
        article |= {"datePublished": at, "dateModified": at}
    return script(article, breadcrumbs((NEWSLETTER_NAME, archive), (issue.subject, path)))
