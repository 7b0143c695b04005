"""What a browser gets: compressed as it likes, 304 for what it has, no body for HEAD."""

import gzip
from itertools import repeat

import brotli
import pytest

from tests.alarmroom.kept import urls
from tests.alarmroom.kept.site import Site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counting_site")]


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
        ("gzip;q=0.8, br;q=0.1", "gzip"),
        ("gzip;q=0.5, br;q=0.5", "br"),
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
