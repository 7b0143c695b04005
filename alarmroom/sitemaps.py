"""robots.txt and the sitemaps (sitemaps.org), which tell search engines which pages there are.

Each app lists its pages as sections; `alarmroom/urls.py` puts them together. A sitemap is split
into parts of limited size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from alarmroom import kept
from alarmroom.methods import require_safe
from alarmroom.site_url import absolute_url

# The protocol allows 50,000 addresses and 50 MB. A part of this size is rendered quickly.
ADDRESSES_PER_PART = 2_000
XML = "application/xml; charset=utf-8"
CACHE_CONTROL = "public, max-age=3600"


@dataclass(frozen=True)
class Entry:
    """A page in a sitemap: its path, when it last changed, and the pictures on it."""

    path: str
    changed: datetime | None = None
    images: tuple[str, ...] = ()

    @property
    def location(self) -> str:
        return absolute_url(self.path)

    @property
    def image_locations(self) -> list[str]:
        return [absolute_url(image) for image in self.images]


@dataclass(frozen=True)
class Part:
    """Pages of one kind that share a sitemap, or several if they are many."""

    name: str
    """The name in the sitemap's address: `articles-2026`, `topics`."""
    count: int
    changed: datetime | None


@dataclass(frozen=True)
class Section:
    """All pages of one kind."""

    pattern: re.Pattern[str]
    """Matches the names of this section's parts only."""
    parts: Callable[[], Iterable[Part]]
    """Returns the parts that have pages, in a few queries."""
    entries: Callable[[str, slice], Sequence[Entry]]
    """Returns a slice of a part's pages, always in the same order; none for an unknown part."""
    keys: tuple[str, ...] = ()
    """The keys under which a sitemap of these pages is kept (alarmroom/kept/)."""
    until: Callable[[datetime], datetime | None] = lambda _: None
    """Returns when the next page is scheduled to appear after a given moment, or None."""


@require_safe
def index(request: HttpRequest, sections: Sequence[Section]) -> HttpResponse:
    """The list of the sitemaps."""
    found = [
        (f"{part.name}-p{page}" if page > 1 else part.name, part.changed)
        for section in sections
        for part in section.parts()
        for page in range(1, ceil(part.count / ADDRESSES_PER_PART) + 1)
    ]
    sitemaps = [
        {"location": absolute_url(reverse("sitemap", kwargs={"name": name})), "changed": changed}
        for name, changed in found
    ]
    return render_sitemap(request, "sitemap_index.xml", {"sitemaps": sitemaps}, sections)


@require_safe
def sitemap(request: HttpRequest, name: str, sections: Sequence[Section]) -> HttpResponse:
    """One sitemap; Http404 where there is none."""
    match = re.fullmatch(r"([a-z]+(?:-[0-9]{4})?)(?:-p([1-9][0-9]{0,4}))?", name)
    part, page = (match[1], int(match[2] or 1)) if match else ("", 1)
    if match and match[2] == "1":
        raise Http404  # The first page has no number in its address.
    start = (page - 1) * ADDRESSES_PER_PART
    for section in sections:
        if section.pattern.fullmatch(part):
            entries = section.entries(part, slice(start, start + ADDRESSES_PER_PART))
            if entries:
                return render_sitemap(request, "sitemap.xml", {"entries": entries}, [section])
    raise Http404


def render_sitemap(
    request: HttpRequest, template: str, context: dict[str, object], sections: Sequence[Section]
) -> HttpResponse:
    response = render(request, template, context, content_type=XML)
    # A sitemap is not a page, so search engines should not list it.
    response["X-Robots-Tag"] = "noindex"
    keys = dict.fromkeys(key for section in sections for key in section.keys)

    def until(began: datetime) -> datetime | None:
        moments = (section.until(began) for section in sections)
        return min((moment for moment in moments if moment), default=None)

    return kept.keep(response, *keys, until=until)


# Personal pages, and search results. Not by `reverse()`, because some of them need a key.
DISALLOWED = (
    "/admin/",
    "/desk/",
    "/preview/",
    "/search/",
    "/c/",
    "/confirm/",
    "/unsubscribe/",
    "/resources/",
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """robots.txt (RFC 9309): everything is allowed except DISALLOWED."""
    lines = [
        "User-agent: *",
        "Allow: /",
        *(f"Disallow: {path}" for path in DISALLOWED),
        "",
        f"Sitemap: {absolute_url(reverse('sitemap-index'))}",
        "",
    ]
    response = HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = CACHE_CONTROL
    return response
