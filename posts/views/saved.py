"""The reading list: it is on the reader's own device, so the page is the same for everybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarmroom import kept
from alarmroom.methods import require_safe


@require_safe
def saved(request: HttpRequest) -> HttpResponse:
    return kept.keep(render(request, "posts/saved.html"), *kept.EVERY_PAGE)
