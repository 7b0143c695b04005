"""The search page, a plain GET, and what it suggests while somebody types."""

import re
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

# A hundred million articles are enough; longer numbers are nobody's page.
_PAGE = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
_YEAR = re.compile(r"(19|20)[0-9]{2}", re.ASCII)
_SLUG = re.compile(r"[a-z0-9_-]{1,80}", re.ASCII | re.IGNORECASE)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show what is found; whatever is asked, in whatever shape, gives a page."""
    asked = _asked(request.GET)
    query = parse(request.GET.get("q", ""))
    how = {name: asked[name] for name in ("tag", "year", "sort", "page")}
    found = finding.search(query, **how)
    is_narrowed = bool(asked["tag"] or asked["year"])
    named = [] if is_narrowed or found.number > 1 else finding.named(query)
    # What is a name, or only under a choice leaves nothing, may be spelled all right.
    is_unknown = bool(query) and not (found.total or found.topics or found.years or named)
    instead_of = None
    if is_unknown and not asked["exact"] and (nearer := finding.search_respelled(query, **how)):
        instead_of, query, found = query, nearer.query, nearer
    kept = {
        "q": query.text,
        "tag": asked["tag"],
        "year": asked["year"],
        "sort": asked["sort"] if asked["sort"] != "relevance" else "",
    }
    # What was chosen stays chosen, also when nothing is left under it.
    unlisted_tag = asked["tag"] not in {"", *(topic.value for topic in found.topics)}
    if unlisted_tag and (slug := _slug_now(asked["tag"])):
        number = asked["page"] if asked["page"] > 1 else ""
        again = _address(kept | {"tag": slug, "page": number})
        moved = HttpResponsePermanentRedirect(f"{request.path}?{again}")
        moved["Cache-Control"] = REDIRECT_CACHE_CONTROL
        return moved
    # The numbers of the pages, for which the hits themselves are not needed.
    turned = Paginator(range(found.total), HITS_PER_PAGE).get_page(found.number)
    context: dict[str, Any] = {
        "query": query,
        "named": named,
        "instead_of": instead_of,
        "exactly": urlencode({"q": instead_of.text, "exact": "1"}) if instead_of else "",
        "found": found,
        "turned": turned,
        "asked": asked | {"year": str(asked["year"] or "")},
        "is_narrowed": is_narrowed,
        "unlisted_tag": unlisted_tag,
        "unlisted_year": str(asked["year"] or "") not in {"", *(y.value for y in found.years)},
        "max_characters": MAX_CHARACTERS,
        # To go on with page= or to drop a choice: what was asked, and nothing else.
        "address": _address(kept),
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
    """Return what the address asks for; what makes no sense counts as not asked."""
    number, year, tag = get.get("page", ""), get.get("year", ""), get.get("tag", "")
    return {
        "page": int(number) if _PAGE.fullmatch(number) else 1,
        "year": int(year) if _YEAR.fullmatch(year) else None,
        "tag": tag if _SLUG.fullmatch(tag) else "",
        "sort": "date" if get.get("sort") == "date" else "relevance",
        # Whether it is meant as it is spelled.
        "exact": get.get("exact") == "1",
    }
