"""Which addresses are kept, and what never is: a stranger fills no disk, and sees nobody's own."""

import pytest

from tests.alarmroom.kept.site import Site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counting_site")]


@pytest.mark.parametrize(
    ("query", "is_kept"),
    [
        ("", True),
        ("page=2", True),
        ("page=3", True),
        ("page=1", False),
        ("page=02", False),
        ("page=2&x=1", False),
        ("x=1", False),
        ("page=%32", False),
    ],
)
def test_only_plain_queries_are_kept(site: Site, query: str, is_kept: bool) -> None:
    site.get("/turned/", query)
    assert site.get("/turned/", query).from_django != is_kept


@pytest.mark.parametrize(
    "tracking",
    [
        "utm_source=x&utm_medium=mail&utm_campaign=",
        "fbclid=IwAR0_-abc.%20%3Cscript%3E",
        "gclid=1&gclid=2",
        "mc_cid=a&mc_eid=b",
    ],
)
def test_what_tracks_readers_is_no_part_of_an_address(site: Site, tracking: str) -> None:
    first = site.get("/turned/", tracking)
    assert first.from_django
    plain, tracked = site.get("/turned/"), site.get("/turned/", tracking)
    assert not plain.from_django and not tracked.from_django
    assert plain.body == tracked.body == first.body
    second = site.get("/turned/", "page=2")
    for query in (f"page=2&{tracking}", f"{tracking}&page=2"):
        assert site.get("/turned/", query).body == second.body
    assert site.get("/turned/", f"{tracking}&x=1").from_django
    assert site.get("/turned/", f"x{tracking}").from_django


def test_a_stranger_who_thinks_of_numbers_fills_no_disk(site: Site, settings) -> None:
    for number in range(1, 30):
        assert site.get("/turned/", f"page={number}").status == 200
        assert site.get("/", f"page={number}").status == 200
    stored = {file.stem for file in settings.KEPT_PAGES_ROOT.rglob("*.html")}
    assert stored == {"page=2", "page=3"}


def test_a_stranger_who_thinks_of_hosts_fills_no_disk(site: Site, settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "Other.example", ".wild.example", "[::1]"]
    settings.SITE_URL = "http://testserver:8000"
    for host in (
        *(f"testserver:{port}" for port in (1, 80, 443, 65000)),
        *("testserver.", "TESTSERVER", "other.example.", "other.example:80"),
        *("a.wild.example", "b.wild.example", "wild.example", "[::1]:9"),
    ):
        assert site.get(HTTP_HOST=host).status == 200, host
    assert [*settings.KEPT_PAGES_ROOT.rglob("*.json")] == []
    for host in ("testserver", "testserver:8000", "other.example", "[::1]"):
        site.get(HTTP_HOST=host)
        assert not site.get(HTTP_HOST=host).from_django, host


def test_any_host_is_let_in_by_a_star_and_none_of_them_is_kept(site: Site, settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://www.example.org"
    site.get(HTTP_HOST="a.example"), site.get(HTTP_HOST="www.example.org")
    assert site.get(HTTP_HOST="a.example").from_django
    assert not site.get(HTTP_HOST="www.example.org").from_django


@pytest.mark.parametrize(
    "path",
    [
        "/pages/..%2f..%2fetc/",
        "/pages/../x/",
        "/pages/.keys/",
        "/pages/a b/",
        "/pages/\u00e9/",
        "//",
    ],
)
def test_odd_paths_never_become_files(site: Site, settings, path: str) -> None:
    site.get(path), site.get(path)
    root = settings.KEPT_PAGES_ROOT
    stored = [str(file.relative_to(root)) for file in root.rglob("*.html")]
    assert not [name for name in stored if ".." in name or name.startswith(".keys")]


def test_an_address_without_its_slash_is_another_one(site: Site) -> None:
    site.get("/pages/one/")
    assert site.get("/pages/one").status == 301


def test_a_host_that_is_not_ours_gets_nothing(site: Site) -> None:
    site.get()
    assert site.get(HTTP_HOST="evil.example").status == 400
    assert site.get(HTTP_HOST="../testserver").status == 400


def test_each_host_has_its_own_pages(site: Site) -> None:
    assert site.get().body != site.get(HTTP_HOST="other.example").body


@pytest.mark.parametrize("path", ["/plain/", "/missing/"])
def test_what_is_not_marked_or_not_found_is_not_kept(site: Site, path: str) -> None:
    assert site.get(path).body != site.get(path).body


def test_an_answer_with_a_cookie_is_nobody_elses(site: Site, settings) -> None:
    assert "private" in site.get("/cookie/").headers["Cache-Control"]
    # An old session's cookie is deleted: that answer must not be kept either.
    answer = site.get(HTTP_COOKIE="sessionid=forged")
    assert "private" in answer.headers["Cache-Control"]
    assert not list(settings.KEPT_PAGES_ROOT.rglob("*.html"))
    # And so must one that is no page: a picture, or the way to one.
    answer = site.get("/elsewhere/", HTTP_COOKIE="sessionid=forged")
    assert "Set-Cookie" in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_go_to_django(site: Site, method: str) -> None:
    site.get()
    assert site.get(method=method).from_django


def test_a_page_that_was_asked_for_in_plain_http_is_not_kept_for_those_who_ask_safely(
    settings,
) -> None:
    """As a proxy's own look at the site is, where the proxy redirects all others."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 3600
    site = Site()
    assert "Strict-Transport-Security" not in site.get().headers
    safe = [site.get(HTTP_X_FORWARDED_PROTO="https") for _ in range(2)]
    assert all("Strict-Transport-Security" in answer.headers for answer in safe)
    assert [answer.from_django for answer in safe] == [True, False]


def test_plain_http_is_left_to_django_where_https_is_demanded(settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    site = Site()
    site.get(HTTP_X_FORWARDED_PROTO="https")
    assert not site.get(HTTP_X_FORWARDED_PROTO="https").from_django
    assert site.get(HTTP_X_FORWARDED_PROTO="http").status == 301
    assert site.get().status == 301


def test_nothing_is_kept_with_zero_seconds(settings) -> None:
    settings.KEPT_PAGES_SECONDS = 0
    site = Site()
    assert site.get().body != site.get().body
    assert [*settings.KEPT_PAGES_ROOT.rglob("*.json")] == []
