"""A site of one counter: each rendering of a page shows another number."""

from datetime import datetime
from itertools import count

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.views.decorators.cache import cache_control

from alarmroom import kept

rendered = count(1)
moment: datetime | None = None  # At which the brief page ends.
during = []  # Called while a page is being rendered.


def page(request: HttpRequest, name: str = "front") -> HttpResponse:
    for call in during:
        call()
    text = f"<p>{name} {next(rendered)}</p>" + "long enough to be worth compressing " * 40
    return kept.keep(HttpResponse(text), "everything", name)


def turned(request: HttpRequest) -> HttpResponse:
    """A list of three pages, which shows the last one for any number beyond."""
    number = min(int(request.GET.get("page", 1)), 3)
    return kept.keep(HttpResponse(f"{next(rendered)}: page {number}"), "turned", page=number)


def brief(request: HttpRequest) -> HttpResponse:
    return kept.keep(HttpResponse(f"brief {next(rendered)}"), "brief", until=lambda began: moment)


def dated(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(f"dated {next(rendered)}", content_type="application/atom+xml")
    response["Last-Modified"] = "Sun, 06 Nov 1994 08:49:37 GMT"
    return kept.keep(response, "dated")


@cache_control(public=True, max_age=60)
def found(request: HttpRequest) -> HttpResponse:
    """Public, and as many of them as there are questions."""
    return HttpResponse(f"found {request.GET.get('q')} " * 200)


@cache_control(private=True)
def own(request: HttpRequest) -> HttpResponse:
    return HttpResponse("somebody's own, with a secret " * 200)


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"plain {next(rendered)}")


def cookie(request: HttpRequest) -> HttpResponse:
    response = kept.keep(HttpResponse("a cookie"), "cookie")
    response.set_cookie("who", "you")
    return response


@cache_control(public=True, max_age=60)
def elsewhere(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return HttpResponseRedirect("/plain/")


def composed(request: HttpRequest) -> HttpResponse:
    """A page with a menu that is remembered, in a footer that is."""

    def menu() -> str:
        return kept.remember("menu", lambda: f"menu {next(rendered)}")

    footer = kept.remember("footer", lambda: f"{menu()}, footer {next(rendered)}")
    return kept.keep(HttpResponse(f"{footer}, page {next(rendered)}"), "composed")


def missing(request: HttpRequest) -> HttpResponse:
    return kept.keep(HttpResponse(f"missing {next(rendered)}", status=404), "missing")


urlpatterns = [
    path("", page),
    path("brief/", brief),
    path("plain/", plain),
    path("turned/", turned),
    path("cookie/", cookie),
    path("elsewhere/", elsewhere),
    path("composed/", composed),
    path("dated/", dated),
    path("feed.json", dated),
    path("found/", found),
    path("own/", own),
    path("missing/", missing),
    path("pages/<str:name>/", page),
]


def lost(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("lost", status=404)


handler404 = lost
