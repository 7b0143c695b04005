"""Kept pages: rendered once, answered before Django, gone when they are wrong."""

import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, repeat
from pathlib import Path
from types import SimpleNamespace
from wsgiref.util import setup_testing_defaults

import brotli
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone

from alarmroom import kept
from alarmroom.kept import answering
from alarmroom.kept.answering import UNSEEN_SECONDS, KeptPages
from alarmroom.kept.files import Shelf
from tests.kept import urls

pytestmark = pytest.mark.django_db


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    from_django: bool


class Site:
    """One process of the site: its WSGI application, and whether Django was asked.

    The test's own process, in which `kept.drop` drops, or `another` one.
    """

    def __init__(self, *, another: bool = False) -> None:
        self.asked = False
        self.django = WSGIHandler()
        self.application = KeptPages(self.handle)
        if another:
            self.application.shelf = Shelf(self.application.shelf.root)

    def look_again(self) -> None:
        """Let UNSEEN_SECONDS pass."""
        for page in self.application.pages.values():
            page.until = 0

    def handle(self, environ, start_response):
        self.asked = True
        return self.django(environ, start_response)

    def get(self, path: str = "/", query: str = "", method: str = "GET", **environ: str) -> Answer:
        self.asked = False
        said = {}

        def start_response(status, headers, exc_info=None):
            said.update(status=int(status.split()[0]), headers=dict(headers))

        given = {
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": method,
            "HTTP_HOST": "testserver",
            **environ,
        }
        setup_testing_defaults(given)
        body = b"".join(self.application(given, start_response))
        return Answer(said["status"], said["headers"], body, self.asked)


@pytest.fixture(autouse=True)
def kept_settings(settings) -> Iterator[None]:
    settings.KEPT_PAGES_SECONDS = 60
    settings.ROOT_URLCONF = "tests.kept.urls"
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    # As Django's own test client does: the test's transaction must outlive a request.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    urls.during.clear()
    urls.rendered = count(1)
    urls.moment = None


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def commit(django_capture_on_commit_callbacks) -> Callable:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_a_page_is_rendered_once(site: Site) -> None:
    first, second = site.get(), site.get()
    assert first.from_django and not second.from_django
    assert first.body == second.body
    assert second.status == 200


def test_a_kept_page_has_every_header_of_the_first_answer(site: Site) -> None:
    first, second = site.get(), site.get()
    differing = {"Vary"}  # Said by each in its own spelling
    assert {k: v for k, v in first.headers.items() if k not in differing} == {
        k: v for k, v in second.headers.items() if k not in differing | {"Content-Length"}
    } | (
        {"Content-Length": first.headers["Content-Length"]}
        if "Content-Length" in first.headers
        else {}
    )
    assert second.headers["Content-Length"] == str(len(second.body))
    assert "default-src 'none'" in second.headers["Content-Security-Policy"]
    assert second.headers["Vary"] == "Accept-Encoding"
    assert "stale-while-revalidate" in second.headers["Cache-Control"]
    assert "Set-Cookie" not in second.headers


def test_another_process_answers_from_the_same_files(site: Site) -> None:
    first = site.get()
    other = Site()
    assert other.get().body == first.body
    assert not other.asked


def test_dropping_a_key_drops_the_pages_that_named_it_and_no_other(site: Site, commit) -> None:
    one, two = site.get("/pages/one/"), site.get("/pages/two/")
    with commit():
        kept.drop("one")
    assert site.get("/pages/one/").body != one.body
    again = site.get("/pages/two/")
    assert again.body == two.body and not again.from_django


class Clocks:
    """What time it is for the pages in memory: it passes when a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.steady = time.time(), time.monotonic()
        clocks = SimpleNamespace(time=lambda: self.wall, monotonic=lambda: self.steady)
        monkeypatch.setattr(answering, "time", clocks)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def test_another_process_sees_a_drop_when_it_looks_at_the_file_again(
    site: Site, commit, clocks: Clocks
) -> None:
    other = Site(another=True)
    for one in (site, other):
        one.get("/pages/one/"), one.get("/pages/one/")
    with commit():
        kept.drop("one")
    assert not other.get("/pages/one/").from_django, "it does not look at the file each time"
    clocks.pass_by(UNSEEN_SECONDS)
    assert other.get("/pages/one/").from_django


def test_the_process_that_drops_sees_it_at_once(site: Site, commit, clocks: Clocks) -> None:
    site.get("/pages/one/"), site.get("/pages/one/")
    with commit():
        kept.drop("one")
    assert site.get("/pages/one/").from_django


def test_a_clock_that_is_set_back_keeps_no_page_in_memory(commit, clocks: Clocks) -> None:
    other = Site(another=True)
    other.get("/pages/one/"), other.get("/pages/one/")
    with commit():
        kept.drop("one")
    clocks.pass_by(UNSEEN_SECONDS)
    clocks.wall -= 3600
    assert other.get("/pages/one/").from_django


def test_a_page_in_memory_ends_at_its_moment_too(site: Site, clocks: Clocks) -> None:
    site.get("/brief/"), site.get("/brief/")
    [page] = site.application.pages.values()
    clocks.pass_by(page.expires - clocks.wall - UNSEEN_SECONDS / 2)
    assert not site.get("/brief/").from_django
    clocks.pass_by(UNSEEN_SECONDS * 0.6)
    assert site.get("/brief/").from_django


def test_what_is_remembered_while_something_is_dropped_gets_into_no_kept_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = kept.shelf()
    page = f"{shelf.root}/testserver/index"
    shelf.store(f"{page}-a", b"a", [("ETag", "a")], ["a"], time.time() + 60, shelf.drops())
    assert kept.remember("b", lambda: "old") == "old"
    seen: list[tuple[int, str]] = []
    remove = Shelf._remove

    def render_meanwhile(stem: str) -> None:
        # Another thread begins with a page while this one removes the first that must go.
        seen.append((shelf.drops(), kept.remember("b", lambda: "new")))
        remove(stem)

    monkeypatch.setattr(Shelf, "_remove", staticmethod(render_meanwhile))
    shelf.drop(["a", "b"])
    [(drops, value)] = seen
    shelf.store(page, value.encode(), [("ETag", "b")], ["b"], time.time() + 60, drops)
    assert not Path(f"{page}.html").exists() or Path(f"{page}.html").read_text() == "new"


def test_a_drop_of_a_real_other_process_is_seen(site: Site, settings) -> None:
    first = site.get("/pages/one/")
    code = "import django; django.setup(); from alarmroom import kept; kept.shelf().drop(['one'])"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "alarmroom.settings",
        "DEBUG": "on",
        "ENV_FILE": "",
        "KEPT_PAGES_ROOT": str(settings.KEPT_PAGES_ROOT),
    }
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    time.sleep(UNSEEN_SECONDS)
    assert site.get("/pages/one/").body != first.body


def test_nothing_is_dropped_when_the_transaction_is_rolled_back(site: Site, commit) -> None:
    first = site.get("/pages/one/")
    with commit() as callbacks, pytest.raises(ZeroDivisionError), transaction.atomic():
        kept.drop("one")
        raise ZeroDivisionError
    assert callbacks == []
    assert site.get("/pages/one/").body == first.body


def test_a_page_that_was_overtaken_while_it_was_rendered_is_not_kept(site: Site) -> None:
    urls.during.append(lambda: kept.shelf().drop(["anything"]))
    site.get()
    urls.during.clear()
    assert site.get().from_django, "the first rendering may show what is no longer true"
    assert not site.get().from_django


def test_everything_can_be_dropped(site: Site, commit) -> None:
    site.get("/pages/one/"), site.get("/")
    with commit():
        kept.drop_everything()
    assert site.get("/pages/one/").from_django
    assert site.get("/").from_django


def test_a_page_whose_address_ends_like_a_file_is_dropped_and_swept_as_well(
    site: Site, commit, settings
) -> None:
    site.get("/feed.json"), site.get()
    assert not site.get("/feed.json").from_django
    with commit():
        kept.drop_everything()
    assert not list(settings.KEPT_PAGES_ROOT.rglob("*.html"))
    assert site.get("/feed.json").from_django and site.get().from_django
    for meta in settings.KEPT_PAGES_ROOT.rglob("*.json"):
        os.utime(meta, (0, 0))  # They ended long ago.
    assert kept.shelf().sweep() == 2


def test_a_page_lives_until_its_moment(site: Site) -> None:
    first = site.get("/brief/")
    assert site.get("/brief/").body == first.body
    time.sleep(0.35)
    assert site.get("/brief/").body != first.body


def test_a_page_that_is_too_old_is_rendered_again_and_swept(site: Site, settings) -> None:
    settings.KEPT_PAGES_SECONDS = 0.2
    first = site.get()
    time.sleep(0.25)
    assert site.get().body != first.body
    time.sleep(0.25)
    assert kept.shelf().sweep() == 1
    assert not list(settings.KEPT_PAGES_ROOT.rglob("*.html"))


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
    assert not settings.KEPT_PAGES_ROOT.exists()
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


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_go_to_django(site: Site, method: str) -> None:
    site.get()
    assert site.get(method=method).from_django


def test_head_has_the_headers_and_no_body(site: Site) -> None:
    site.get()
    page, head = site.get(), site.get(method="HEAD")
    assert not head.from_django
    assert (head.headers, head.body) == (page.headers, b"")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("br;q=0.0", ""),
        ("identity", ""),
        ("", ""),
        ("BR", "br"),
    ],
)
def test_a_page_is_compressed_as_the_browser_likes(site: Site, accepted: str, coding: str) -> None:
    plain = site.get().body
    answer = site.get(HTTP_ACCEPT_ENCODING=accepted)
    assert answer.headers.get("Content-Encoding", "") == coding
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert unpack(answer.body) == plain
    assert answer.headers["Content-Length"] == str(len(answer.body))


def test_a_browser_that_has_the_page_gets_304(site: Site) -> None:
    etag = site.get().headers["ETag"]
    for known in (etag, f'"other", {etag}', "*", etag.removeprefix("W/")):
        answer = site.get(HTTP_IF_NONE_MATCH=known)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert "Content-Length" not in answer.headers
        assert "Content-Security-Policy" in answer.headers
    assert site.get(HTTP_IF_NONE_MATCH='"another"').status == 200


@pytest.mark.parametrize(("path", "query"), [("/", "x=1"), ("/found/", "q=night")])
def test_a_public_answer_that_is_not_kept_is_compressed_and_has_a_304(
    site: Site, path: str, query: str
) -> None:
    urls.rendered = repeat(1)
    plain = site.get(path, query)
    assert "Accept-Encoding" in plain.headers["Vary"]
    for accepted, unpack in (("gzip, br", brotli.decompress), ("gzip", gzip.decompress)):
        packed = site.get(path, query, HTTP_ACCEPT_ENCODING=accepted)
        assert packed.from_django
        assert packed.headers["Content-Encoding"] == accepted.rpartition(" ")[2]
        assert packed.headers["Content-Length"] == str(len(packed.body))
        assert unpack(packed.body) == plain.body
        assert packed.headers["ETag"] == plain.headers["ETag"]
    again = site.get(path, query, HTTP_IF_NONE_MATCH=plain.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == plain.headers["ETag"]
    assert not {"Content-Type", "Content-Length", "Content-Encoding"} & again.headers.keys()
    assert site.get(path, query, HTTP_IF_NONE_MATCH='"another"').status == 200


def test_the_first_answer_of_a_page_that_is_kept_is_compressed_too(site: Site) -> None:
    first = site.get(HTTP_ACCEPT_ENCODING="br")
    second = site.get(HTTP_ACCEPT_ENCODING="br")
    assert first.from_django and not second.from_django
    assert brotli.decompress(first.body) == brotli.decompress(second.body)


def test_what_is_somebodys_own_is_never_compressed(site: Site) -> None:
    # A secret beside words of a stranger's choice could be guessed by the length (BREACH).
    answer = site.get("/own/", HTTP_ACCEPT_ENCODING="gzip, br")
    assert "Content-Encoding" not in answer.headers
    assert "ETag" not in answer.headers


def test_a_page_is_kept_for_whoever_asks_with_an_old_version(site: Site) -> None:
    assert site.get("/dated/", HTTP_IF_NONE_MATCH='"old"').status == 200
    again = site.get("/dated/", HTTP_IF_NONE_MATCH='"old"')
    assert again.status == 200 and not again.from_django
    assert site.get("/dated/", HTTP_IF_NONE_MATCH=again.headers["ETag"]).status == 304


@pytest.mark.parametrize("kept_for", [0, 60])
def test_a_date_is_known_when_it_is_the_same(settings, kept_for: int) -> None:
    settings.KEPT_PAGES_SECONDS = kept_for
    site = Site()
    date = site.get("/dated/").headers["Last-Modified"]
    known = site.get("/dated/", HTTP_IF_MODIFIED_SINCE=date)
    assert known.status == 304
    assert known.from_django != bool(kept_for)
    other = "Sun, 06 Nov 2044 08:49:37 GMT"
    assert site.get("/dated/", HTTP_IF_MODIFIED_SINCE=other).status == 200
    # The tag says more than the date.
    both = {"HTTP_IF_MODIFIED_SINCE": date, "HTTP_IF_NONE_MATCH": '"old"'}
    assert site.get("/dated/", **both).status == 200
    assert site.get(HTTP_IF_MODIFIED_SINCE=date).status == 200


def test_plain_http_is_left_to_django_where_https_is_demanded(settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    site = Site()
    site.get(HTTP_X_FORWARDED_PROTO="https")
    assert not site.get(HTTP_X_FORWARDED_PROTO="https").from_django
    assert site.get(HTTP_X_FORWARDED_PROTO="http").status == 301
    assert site.get().status == 301


def test_a_full_disk_costs_speed_and_not_the_page(site: Site, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert site.get().status == 200
    assert site.get().status == 200


def test_files_of_two_versions_are_never_mixed(site: Site, settings) -> None:
    site.get()
    [html] = settings.KEPT_PAGES_ROOT.rglob("*.html")
    html.write_bytes(b"half written")
    assert Site().get().from_django


def test_nothing_is_kept_with_zero_seconds(settings) -> None:
    settings.KEPT_PAGES_SECONDS = 0
    site = Site()
    assert site.get().body != site.get().body
    assert not settings.KEPT_PAGES_ROOT.exists()


def test_signing_in_changes_nothing_about_a_public_page(site: Site) -> None:
    first = site.get()
    assert site.get(HTTP_COOKIE="sessionid=abc").body == first.body


# What a process remembers


def test_what_is_remembered_is_loaded_once_until_its_key_is_dropped(commit) -> None:
    loads = []

    def load() -> int:
        loads.append(1)
        return len(loads)

    assert [kept.remember("menu", load) for _ in range(3)] == [1, 1, 1]
    with commit():
        kept.drop("other")
    assert kept.remember("menu", load) == 1
    with commit():
        kept.drop("menu")
    assert kept.remember("menu", load) == 2


def test_what_is_remembered_is_loaded_anew_when_everything_is_dropped(commit) -> None:
    loads = count(1)
    assert [kept.remember("never dropped", lambda: next(loads)) for _ in range(2)] == [1, 1]
    with commit():
        kept.drop_everything()
    assert kept.remember("never dropped", lambda: next(loads)) == 2


def test_versions_of_a_page_that_end_at_one_moment_are_told_apart(
    site: Site, commit, settings
) -> None:
    urls.moment = timezone.now() + timedelta(seconds=30)
    site.get("/brief/")
    [page] = settings.KEPT_PAGES_ROOT.rglob("*.json")
    files = [page.with_suffix(ending) for ending in (".json", ".html", ".html.gz", ".html.br")]
    before = [file.stat() for file in files]
    with commit():
        kept.drop("brief")
    site.get("/brief/")
    after = [file.stat() for file in files]
    for one, other in zip(before, after, strict=True):
        # nginx knows a version by time and size, a process by time and number.
        assert one.st_mtime_ns != other.st_mtime_ns
    now = time.time()
    for one, other in zip(before[1:], after[1:], strict=True):
        assert int(one.st_mtime) != int(other.st_mtime)
        assert max(one.st_mtime, other.st_mtime) < now, "no Last-Modified lies in the future"
    seconds = {stat.st_mtime_ns // 1_000_000_000 for stat in (before[0], after[0])}
    assert seconds == {int(urls.moment.timestamp())}


def test_the_same_page_rendered_again_is_the_same_version(site: Site, commit, settings) -> None:
    urls.rendered = repeat(1)
    site.get()
    [html] = settings.KEPT_PAGES_ROOT.rglob("*.html")
    before = html.stat()
    with commit():
        kept.drop("everything")
    assert site.get().from_django
    assert html.stat().st_mtime_ns == before.st_mtime_ns


def test_the_headers_on_disk_are_those_of_the_page(site: Site, settings) -> None:
    etag = site.get().headers["ETag"]
    [meta] = settings.KEPT_PAGES_ROOT.rglob("*.json")
    written = json.loads(meta.read_bytes())
    assert dict(written["headers"])["ETag"] == etag
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', etag)
