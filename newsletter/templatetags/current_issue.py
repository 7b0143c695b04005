"""`{% load current_issue %}{% current_issue %}`: the newest issue, on the front page."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from alarmroom import kept
from newsletter.models import Issue

register = template.Library()


@register.simple_tag
def current_issue() -> SafeString:
    """Return a link to the newest issue; "" if there is none. At most one query."""
    return kept.remember("issues", _current, part="current")


def _current() -> SafeString:
    issue = Issue.objects.listed().newest_first().first()
    if issue is None:
        return SafeString()
    return render_to_string("newsletter/_current_issue.html", {"issue": issue})
