"""Addresses that people and feed readers try, and what they lead to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse

from alarmroom.methods import require_safe
from posts.models.addresses import REDIRECT_CACHE_CONTROL

# As other publishing programs call them. The names in posts/urls.py say where each leads.
FEEDS = {
    "feed/": "rss.xml",
    "rss/": "rss.xml",
    "rss.xml": "rss.xml",
    "feed.xml": "rss.xml",
    "atom.xml": "atom.xml",
    "feed.json": "feed.json",
}


@require_safe
def feed(request: HttpRequest, file_name: str) -> HttpResponse:
    """Lead to a feed of the whole site, in the format that the address promises."""
    return _lead_to(reverse("posts:site-feed", args=[file_name]))


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """/articles/, for whoever shortens the address of an article: where the menu leads, too."""
    return _lead_to(reverse("posts:front"))


@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    """/tags/, for whoever shortens the address of a topic."""
    return _lead_to(reverse("posts:topics"))


def _lead_to(path: str) -> HttpResponse:
    moved = HttpResponsePermanentRedirect(path)
    moved["Cache-Control"] = REDIRECT_CACHE_CONTROL
    return moved
