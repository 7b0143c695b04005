"""The search page, and the suggestions while somebody types. Both answer a plain GET."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import cache_control

from alarmroom.methods import require_safe
from posts.models import Tag
from posts.models.addresses import REDIRECT_CACHE_CONTROL
from posts.search import finding
from posts.search.query import MAX_CHARACTERS, parse
from posts.search.sql import HITS_PER_PAGE

# Seven digits are enough for the page of any list.
_PAGE = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
_YEAR = re.compile(r"(19|20)[0-9]{2}", re.ASCII)
# So many topics and years are shown at once; more are folded.
SHOWN_CHOICES = 8
_SLUG = re.compile(r"[a-z0-9_-]{1,80}", re.ASCII | re.IGNORECASE)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show what is found. Any query string gives a page."""
    asked = _asked(request.GET)
    query = parse(request.GET.get("q", ""))
    options = {name: asked[name] for name in ("tag", "year", "sort", "page")}
    found = finding.search(query, **options)
    is_narrowed = bool(asked["tag"] or asked["year"])
    with_names = not is_narrowed and found.number == 1
    named = finding.suggest_names(query) if with_names else []
    # Not where a topic or author has the name, or where only the chosen topic or year leaves
    # nothing: then the words may be spelled correctly.
    is_unknown = bool(query) and not (found.total or found.topics or found.years or named)
    instead_of = None
    if is_unknown and not asked["exact"] and (nearer := finding.search_respelled(query, **options)):
        instead_of, query, found = query, nearer.query, nearer
        named = finding.suggest_names(query) if with_names else []
    parameters = {
        "q": query.text,
        "tag": asked["tag"],
        "year": asked["year"],
        "sort": asked["sort"] if asked["sort"] != "relevance" else "",
    }
    # The chosen topic stays in the form where it has no articles, too.
    unlisted_tag = asked["tag"] not in {"", *(topic.value for topic in found.topics)}
    if unlisted_tag and (slug := _slug_now(asked["tag"])):
        number = asked["page"] if asked["page"] > 1 else ""
        again = _address(parameters | {"tag": slug, "page": number})
        moved = HttpResponsePermanentRedirect(f"{request.path}?{again}")
        moved["Cache-Control"] = REDIRECT_CACHE_CONTROL
        return moved
    # For the links to other pages, which need numbers only.
    hits_page = Paginator(range(found.total), HITS_PER_PAGE).get_page(found.number)
    year = str(asked["year"] or "")
    chosen = [label for label in (chosen_label(found.topics, asked["tag"]), year) if label]
    context: dict[str, Any] = {
        "query": query,
        "authors": finding.authors_of(named),
        "topics_named": [one for one in named if one.kind == "topic"],
        "instead_of": instead_of,
        "exactly": urlencode({"q": instead_of.text, "exact": "1"}) if instead_of else "",
        "found": found,
        "hits_page": hits_page,
        "is_narrowed": is_narrowed,
        "chosen": ", ".join(chosen),
        "filters": filters(found, parameters) if found.topics or found.years or is_narrowed else (),
        "max_characters": MAX_CHARACTERS,
        # For links to other pages: the query as it is understood, and nothing else.
        "address": _address(parameters),
        "everywhere": urlencode({"q": query.text}),
    }
    if not found.total:
        context["topics"] = finding.popular_topics()
        if is_unknown and asked["exact"] and (text := finding.respelled(query)):
            context["nearer"] = text
            context["nearer_address"] = urlencode({"q": text})
    response = render(request, "posts/search.html", context)
    patch_cache_control(response, public=True, max_age=60)
    return response


@dataclass(frozen=True)
class Link:
    """A choice among the filters: how many articles it leaves, if that is known."""

    label: str
    count: int | None
    url: str
    is_current: bool


@dataclass(frozen=True)
class Filter:
    """A list of choices, of which the first ones are shown and the others are folded."""

    name: str
    links: list[Link]
    more: list[Link]


def filters(found: finding.SearchResults, asked: dict[str, Any]) -> list[Filter]:
    """Return the filters as lists of links, each of which keeps what the others say."""

    def link(label: str, count: int | None, **change: Any) -> Link:
        [(name, value)] = change.items()
        address = _address(asked | change)
        return Link(label, count, f"?{address}", str(asked[name] or "") == str(value or ""))

    def choices(name: str, of_all: str, listed: list[finding.Choice]) -> tuple[list[Link], ...]:
        links = [link(one.label, one.count, **{name: one.value}) for one in listed]
        if asked[name] and not any(one.is_current for one in links):
            links.insert(0, link(str(asked[name]), 0, **{name: asked[name]}))
        # The one that is chosen is never folded.
        links.sort(key=lambda one: not one.is_current)
        all_of_them = link(of_all, None if asked[name] else found.total, **{name: ""})
        return [all_of_them, *links[:SHOWN_CHOICES]], links[SHOWN_CHOICES:]

    by_date = [link("Best first", None, sort=""), link("Newest first", None, sort="date")]
    return [
        Filter("Topic", *choices("tag", "All topics", found.topics)),
        Filter("Year", *choices("year", "All years", found.years)),
        Filter("Order", by_date, []),
    ]


def chosen_label(choices: list[finding.Choice], value: str) -> str:
    """Return the name of a chosen topic, or its slug if it has no article that was found."""
    return next((choice.label for choice in choices if choice.value == value), value)


@require_safe
@cache_control(public=True, max_age=300)
def suggestions(request: HttpRequest) -> JsonResponse:
    """Return the topics and titles for what is typed so far (static/js/search.js)."""
    found = finding.suggest(request.GET.get("q", ""))
    return JsonResponse(
        {"suggestions": [{"kind": s.kind, "label": s.label, "url": s.url} for s in found]}
    )


def _address(asked: dict[str, Any]) -> str:
    return urlencode({name: value for name, value in asked.items() if value})


def _slug_now(slug: str) -> str:
    """Return the slug that a topic has now, if it had this one before; else "". One query."""
    slugs = set(Tag.objects.known_as(slug).values_list("slug", flat=True))
    return "" if slug in slugs else next(iter(slugs), "")


def _asked(get: QueryDict) -> dict[str, Any]:
    """Return what the query string asks for, with the default for a value that is not valid."""
    number, year, tag = get.get("page", ""), get.get("year", ""), get.get("tag", "")
    return {
        "page": int(number) if _PAGE.fullmatch(number) else 1,
        "year": int(year) if _YEAR.fullmatch(year) else None,
        "tag": tag if _SLUG.fullmatch(tag) else "",
        "sort": "date" if get.get("sort") == "date" else "relevance",
        # Whether to search for what was typed, without correcting it.
        "exact": get.get("exact") == "1",
    }
