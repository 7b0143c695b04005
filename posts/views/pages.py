"""The pages about the publication itself, which editors write: /about/, /privacy/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarmroom import kept
from alarmroom.methods import require_safe
from posts.models import Page
from posts.models.addresses import find_or_moved
from posts.pictures.element import first_at_once


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """A page, or a redirect from an address that it had before."""
    found = find_or_moved(request, Page.objects.all(), slug)
    if isinstance(found, HttpResponse):
        return found
    response = render(
        request, "posts/page.html", {"page": found, "body": first_at_once(found.body_html)}
    )
    return kept.keep(response, f"page-{found.pk}", *kept.EVERY_PAGE)
