"""The link to the chapter of the editors' guide that explains the page one is on."""

from typing import Any

from django import template
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import guide

register = template.Library()


@register.simple_tag(takes_context=True)
def guide_link(context: dict[str, Any], classes: str = "") -> SafeString:
    """Return the link; static/js/desk/guide.js opens it beside the page."""
    request: HttpRequest = context["request"]
    key = guide.chapter_of(admin.site, request)
    return format_html(
        '<a href="{}" class="{}" data-guide target="_blank">Guide</a>',
        reverse("admin:guide", args=[key]),
        f"guide-link {classes}".strip(),
    )
