"""No request of a stranger to a public address causes a server error.

The addresses are taken from the URL configuration, so a new one is tested automatically.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from newsletter.models import Content, Issue
from tests.factories import (
    make_author,
    make_issue,
    make_page,
    make_pending,
    make_post,
    make_resource,
    make_tag,
)

pytestmark = pytest.mark.postgresql

# The admin redirects strangers to the login page, and has its own tests.
NOT_PUBLIC = ("admin/", "dev/")
# What the publication below has at the addresses with a parameter.
EXISTING = {
    "articles/<slug:slug>": "night-shift",
    "tags/<slug:slug>": "fire",
    "authors/<slug:slug>": "ruth",
    "<slug:slug>": "house-rules",
}
PLACEHOLDERS = {
    "<int:number>": "7",
    "<slug:slug>": "night-shift",
    "<issue_number:number>": "7",
    "<issue_number:issue>": "7",
    "<int:pk>": "1",
    "<year:year>": "2025",
    "<month:month>": "03",
    "<str:file_name>": "atom.xml",
}
ODD = {
    "nothing": "unknown",
    "zero": "0",
    "negative": "-1",
    "huge": "9" * 30,
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "emoji": "\U0001f6a8",
    "right to left": "\u202eexe",
    "null": "a\x00b",
    "line break": "a\r\nSet-Cookie: x=1",
    "markup": '"><script>alert(1)</script>',
    "quote": "' OR 1=1 --",
    "dots": "..",
    "backslash": "\\\\evil.example",
    "space": " ",
    "percent": "%",
    "long": "a" * 8000,
}
QUERIES = {
    "page zero": "page=0",
    "page huge": "page=1000000000",
    "page of letters": "page=abc",
    "page negative": "page=-1",
    "page of odd digits": "page=%D9%A3",
    "page last": "page=last",
    "page of many digits": "page=" + "9" * 5000,
    "page twice": "page=1&page=x",
    "nonsense": "&&==&%&;",
    "null": "q=%00&page=%00",
    "not unicode": "q=%ff%fe&page=%ff",
    "markup": "q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "operators": "q=%22%20OR%20-%20*%20NEAR(%20:%20^",
    "long": "q=" + "x" * 8000,
    "deep": "a" + "[]" * 3000 + "=1",
    "wrong values": "tag=%00&year=abc&sort=%F0%9F%9A%A8&q=shift&page=0",
    "wrong numbers": "year=99999999999&q=shift&page=-5",
}


def routes(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if route.startswith(NOT_PUBLIC):
            continue
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


ROUTES = sorted(set(routes(get_resolver().url_patterns)))
PARAMETER = re.compile(r"<(?:\w+:)?\w+>")


def address_of(route: str, odd: str = "") -> str:
    """Return an address of a route that is there, or with an odd value in its last parameter."""
    for there, value in EXISTING.items():
        if not odd and route.startswith(there):
            route = PARAMETER.sub(value, route, count=1)
    *first, last = PARAMETER.findall(route) or [""]
    for parameter in first:
        route = route.replace(parameter, PLACEHOLDERS.get(parameter, "x"))
    return "/" + (
        route.replace(last, quote(odd or PLACEHOLDERS.get(last, "x"), safe="")) if last else route
    )


@pytest.fixture(autouse=True)
def publication(db: None, client: Client) -> None:
    # Return an exception as a response with status 500, which the tests check.
    client.raise_request_exception = False
    make_page("House rules")
    post = make_post(
        slug="night-shift", author=make_author(slug="ruth"), tags=[make_tag(slug="fire")]
    )
    make_post(published_at=timezone.datetime(2025, 3, 5, tzinfo=timezone.UTC))
    make_resource()
    make_pending()
    issue = make_issue(number=7, posts=[post])
    Content.objects.create(issue=issue, mime=b"", sha256="0" * 64, web_html="<p>x</p>", text="")
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SENT, sent_at=timezone.now())


def check(response, asked: str) -> None:
    """Check what must hold for every response to a stranger."""
    assert response.status_code < 500, asked[:200]
    assert not response.cookies, asked[:200]
    assert "Set-Cookie" not in response.headers, asked[:200]
    if "Location" in response.headers:
        there = urlsplit(response["Location"])
        assert not there.netloc, response["Location"][:200]
        assert not there.path.startswith(("//", "/\\", "\\")), response["Location"][:200]
    if response["Content-Type"].startswith("text/html") and not response.streaming:
        html = response.content.decode()
        assert "<script>alert" not in html, asked[:200]


def test_a_method_that_nobody_knows_is_refused_before_it_is_looked_for(client: Client) -> None:
    for path in ("/no-such-page/", "/static/css/site/base.css"):
        response = client.put(path)
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_the_routes_are_those_of_the_site() -> None:
    assert {"", "articles/<slug:slug>/", "weekly-alarm/<issue_number:number>/"} <= set(ROUTES)
    assert len(ROUTES) > 20


@pytest.mark.parametrize("route", [route for route in ROUTES if PARAMETER.search(route)])
def test_an_odd_address_is_answered(client: Client, route: str) -> None:
    for odd in ODD.values():
        address = address_of(route, odd)
        check(client.get(address), address)
        check(client.get(address.rstrip("/"), {"page": "2"}), address)


@pytest.mark.parametrize("route", ROUTES)
def test_an_odd_query_is_answered(client: Client, route: str) -> None:
    address = address_of(route)
    for query in QUERIES.values():
        check(client.get(address, QUERY_STRING=query), f"{address}?{query}")


@pytest.mark.parametrize("route", ROUTES)
def test_an_unknown_method_is_405(client: Client, route: str) -> None:
    address = address_of(route)
    allowed = ""
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X"):
        # Also without the final slash: there is no redirect to an address that answers 405.
        for path in {address, address.rstrip("/") or "/"}:
            response = client.generic(method, path)
            check(response, f"{method} {path}")
            assert response.status_code == 405
        allowed = client.generic(method, address)["Allow"]
        assert allowed in {"GET, HEAD", "GET, HEAD, POST", "POST"}
    for method in ("GET", "HEAD", "POST"):
        # An allowed method may still fail: wrong data, or no such page.
        refused = client.generic(method, address).status_code == 405
        assert refused == (method not in allowed.split(", ")), method


@pytest.mark.parametrize("route", ROUTES)
def test_head_says_what_get_says_without_the_body(client: Client, route: str) -> None:
    address = address_of(route)
    get, head = client.get(address), client.head(address)
    assert head.status_code == get.status_code
    assert head["Content-Type"] == get["Content-Type"]
    assert head.content == b""


@pytest.mark.parametrize("route", [route for route in ROUTES if route.endswith("/")])
def test_a_missing_slash_at_the_end_is_added_here(client: Client, route: str) -> None:
    address = address_of(route)
    response = client.get(address.rstrip("/"), {"page": "2"})
    assert response.status_code in {301, 404}
    if response.status_code == 301:
        assert response["Location"] == f"{address}?page=2"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "//evil.example/",
        "///evil.example/about",
        "/\\evil.example",
        "/%5cevil.example/",
        "/%2f%2fevil.example",
        "/%2F/evil.example/..",
        "//evil.example/%2e%2e",
        "/https:/evil.example",
        "/.//evil.example",
        "/articles//evil.example",
        "/tags/..//evil.example/",
        "/%09//evil.example",
        "/%0d%0aLocation:%20http://evil.example/",
    ],
)
def test_no_address_leads_to_another_site(client: Client, address: str) -> None:
    check(client.generic("GET", address), address)
    environ = client._base_environ() | {"PATH_INFO": address, "SCRIPT_NAME": ""}
    check(client.request(**environ), address)


@pytest.mark.parametrize("host", ["evil.example", "localhost@evil.example", "evil.example:80"])
def test_no_foreign_host_is_answered_or_redirected_to(client: Client, host: str) -> None:
    response = client.get("/about", HTTP_HOST=host)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert host not in response.content.decode()


@pytest.mark.parametrize("address", ["/preview/1/", "/admin/", "/admin/login/", "/"])
@pytest.mark.parametrize("key", ['"aaaaaaaaaaaaaaaaaaaa\\000"', "a" * 31 + "é", "a" * 5000])
def test_a_malformed_session_cookie_is_ignored(client: Client, address: str, key: str) -> None:
    """A quoted cookie may contain any byte, and PostgreSQL refuses a NUL."""
    response = client.get(address, HTTP_COOKIE=f"sessionid={key}")
    assert response.status_code in {200, 302, 404}


def test_bytes_that_are_no_unicode_are_answered(client: Client) -> None:
    for address in ("/articles/\xff\xfe/", "/\xff/", "/tags/\xc3\x28/", "/\xed\xa0\x80/"):
        environ = client._base_environ() | {"PATH_INFO": address}
        assert client.request(**environ).status_code == 404
