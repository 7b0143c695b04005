"""`{% load current_issue %}{% current_issue %}`: the newest issue, on the front page."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from alarmroom import kept
from newsletter.models import Issue
from posts import freshness

register = template.Library()


@register.simple_tag
def current_issue() -> SafeString:
    """Return the newest issue and its articles; "" if there is none. At most two queries."""
    # The key "posts", because it shows the articles' titles as they are now.
    until = freshness.next_moment()
    return kept.remember(("issues", "posts"), _current, part="current", until=until)


def _current() -> SafeString:
    issue = Issue.objects.listed().newest_first().first()
    if issue is None:
        return SafeString()
    entries = [entry for entry in issue.contents() if entry.post.is_published]
    context = {"issue": issue, "posts": entries, "NEWSLETTER_NAME": "The Weekly Alarm"}
    return render_to_string("newsletter/_current_issue.html", context)
