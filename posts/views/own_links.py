"""Sends a numbered link on to the present address of the article or page."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from alarmroom.methods import require_safe
from posts.models.addresses import REDIRECT_CACHE_CONTROL
from posts.models.own_links import addresses_of


@require_safe
def to_article(request: HttpRequest, number: int) -> HttpResponse:
    return _sent_on("article", number)


@require_safe
def to_page(request: HttpRequest, number: int) -> HttpResponse:
    return _sent_on("page", number)


def _sent_on(kind: str, number: int) -> HttpResponse:
    found = addresses_of([(kind, number)])
    if not found:
        raise Http404
    response = HttpResponseRedirect(found[kind, number])
    response["Cache-Control"] = REDIRECT_CACHE_CONTROL
    return response
