"""Kept pages: rendered once, answered before Django, the same for everybody."""

import json
import re
import time
from datetime import timedelta
from itertools import count, repeat
from pathlib import Path

import pytest
from django.utils import timezone

from alarmroom import kept
from tests.alarmroom.kept import urls
from tests.alarmroom.kept.site import Site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counting_site")]


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


def test_signing_in_changes_nothing_about_a_public_page(site: Site) -> None:
    first = site.get()
    assert site.get(HTTP_COOKIE="sessionid=abc").body == first.body


def test_a_full_disk_costs_speed_and_not_the_page(site: Site, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert site.get().status == 200
    assert site.get().status == 200


@pytest.mark.parametrize("what", ["mkdir", "symlink_to", "write_bytes", "replace"])
@pytest.mark.parametrize("after", range(6))
def test_a_page_that_a_full_disk_takes_in_part_is_not_kept_at_all(
    site: Site, settings, monkeypatch, what: str, after: int
) -> None:
    """Or it would be found by readers, and not by what drops it."""
    once, does = count(), getattr(Path, what)

    def full(self: Path, *given: object, **named: object) -> object:
        if next(once) >= after:
            raise OSError(28, "No space left on device")
        return does(self, *given, **named)

    monkeypatch.setattr(Path, what, full)
    assert site.get("/pages/one/").status == 200
    monkeypatch.undo()
    kept.page_store().drop(["one"])
    assert site.get("/pages/one/").from_django
    names = [file.name for file in settings.KEPT_PAGES_ROOT.rglob("index*")]
    assert all(re.fullmatch(r"index\.(json|html(\.br|\.gz)?)", name) for name in names)


# Their files


def test_files_of_two_versions_are_never_mixed(site: Site, settings) -> None:
    site.get()
    [html] = settings.KEPT_PAGES_ROOT.rglob("*.html")
    html.write_bytes(b"half written")
    assert Site().get().from_django


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
