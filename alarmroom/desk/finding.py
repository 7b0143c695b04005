"""The search box of the desk: a few letters find articles, issues, readers, pictures and pages.

The desk knows no room. Each room registers a finder, which looks at permissions itself and returns
a few hits of its kind by one query that stays fast whatever the size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache

from alarmroom.desk.menu import menu_of
from alarmroom.methods import require_safe

LONGEST = 100  # characters
SHORTEST = 2
OF_EACH_KIND = 5
LAST_CHARACTER = chr(0x10FFFF)


@dataclass(frozen=True)
class Found:
    kind: str
    """What it is, as the menu calls it: "Article"."""
    title: str
    url: str
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        about = " · ".join(filter(None, (self.kind, self.detail)))
        return {"label": self.title, "note": about, "url": self.url}


Finder = Callable[[HttpRequest, str], Iterable[Found]]
FINDERS: list[tuple[int, Finder]] = []


def finder(rank: int) -> Callable[[Finder], Finder]:
    """Register a finder; those of a lower rank come first."""

    def register(function: Finder) -> Finder:
        FINDERS.append((rank, function))
        FINDERS.sort(key=lambda each: each[0])
        return function

    return register


def titled[Rows: QuerySet[Any]](rows: Rows, name: str, letters: str) -> Rows:
    """Return the rows with these letters in a field, those that begin with them first."""
    first = Case(
        When(**{f"{name}__istartswith": letters}, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    return rows.filter(**{f"{name}__icontains": letters}).order_by(first, "-pk")[:OF_EACH_KIND]


def begins_with(name: str, letters: str) -> Q:
    """Return a condition that both databases answer by the index of the field.

    PostgreSQL has one for LIKE. SQLite's LIKE ignores capitals, so no index serves it; the range
    is served.
    """
    found = Q(**{f"{name}__startswith": letters})
    if connection.vendor == "sqlite":
        found &= Q(**{f"{name}__gte": letters, f"{name}__lt": letters + LAST_CHARACTER})
    return found


@finder(9)
def lists(request: HttpRequest, letters: str) -> Iterable[Found]:
    """The pages of the desk themselves."""
    menu = menu_of(admin.site, request)
    entries = [entry for section in menu.sections for entry in section.entries]
    for entry in [*entries, *menu.desk, *menu.technical]:
        if letters.lower() in entry.name.lower():
            yield Found("Go to", entry.name, entry.url)


def find(request: HttpRequest, typed: str) -> list[Found]:
    letters = " ".join(typed.replace("\0", "").split())[:LONGEST]
    # A number may be an issue's.
    if len(letters) < SHORTEST and not letters.isdecimal():
        return []
    return [found for _, each in FINDERS for found in each(request, letters)]


@require_safe
@never_cache
def page(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """What was found, as a page; with `format=json`, for the list under the box."""
    typed = request.GET.get("q", "")[:LONGEST]
    found = find(request, typed)
    if request.GET.get("format") == "json":
        return JsonResponse({"found": [each.as_json() for each in found]})
    kinds: dict[str, list[Found]] = {}
    for each in found:
        kinds.setdefault(each.kind, []).append(each)
    context = {
        **site.each_context(request),
        "title": "Search",
        "query": typed,
        "kinds": list(kinds.items()),
        "is_short": len(typed.strip()) < SHORTEST and not found,
        "longest": LONGEST,
    }
    return TemplateResponse(request, "admin/desk/find.html", context)
