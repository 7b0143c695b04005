"""A kept page is gone when it is wrong: what it shows was dropped, or its time is over."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from alarmroom import kept
from alarmroom.kept import answering
from alarmroom.kept.answering import UNSEEN_SECONDS
from tests.alarmroom.kept import urls
from tests.alarmroom.kept.paper import Clock
from tests.alarmroom.kept.site import Site
from tests.helpers import shell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counting_site")]


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


def test_dropping_a_key_drops_the_pages_that_named_it_and_no_other(site: Site, commit) -> None:
    one, two = site.get("/pages/one/"), site.get("/pages/two/")
    with commit():
        kept.drop("one")
    assert site.get("/pages/one/").body != one.body
    again = site.get("/pages/two/")
    assert again.body == two.body and not again.from_django


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
    urls.moment = timezone.now() + timedelta(seconds=30)
    site.get("/brief/"), site.get("/brief/")
    [page] = site.application.pages.values()
    clocks.pass_by(page.expires - clocks.wall - UNSEEN_SECONDS / 2)
    assert not site.get("/brief/").from_django
    clocks.pass_by(UNSEEN_SECONDS * 0.6)
    assert site.get("/brief/").from_django


def test_what_is_remembered_while_something_is_dropped_gets_into_no_kept_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = kept.page_store()
    page = f"{store.root}/testserver/index"
    store.write(f"{page}-a", b"a", [("ETag", "a")], ["a"], time.time() + 60, store.drops())
    assert kept.remember("b", lambda: "old") == "old"
    seen: list[tuple[int, str]] = []
    unlink = os.unlink

    def render_meanwhile(path: str) -> None:
        # Another thread begins with a page while this one removes the first that must go.
        seen.append((store.drops(), kept.remember("b", lambda: "new")))
        unlink(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", render_meanwhile)
        store.drop(["a", "b"])
    drops, value = seen[0]
    store.write(page, value.encode(), [("ETag", "b")], ["b"], time.time() + 60, drops)
    assert not Path(f"{page}.html").exists() or Path(f"{page}.html").read_text() == "new"


def test_a_full_disk_keeps_no_page_from_being_dropped(site: Site, commit, monkeypatch) -> None:
    other = Site(another=True)
    first = site.get("/pages/one/")
    assert kept.remember("one", lambda: "old") == "old"

    def unless_there(does: Callable) -> Callable:
        def full(self: Path, *given: object, **named: object) -> object:
            if not self.exists():
                raise OSError(28, "No space left on device")
            return does(self, *given, **named)

        return full

    for what in ("touch", "mkdir", "write_bytes", "symlink_to"):
        monkeypatch.setattr(Path, what, unless_there(getattr(Path, what)))
    drops = kept.page_store().drops()
    # "two" was never asked for: nothing of it is there, and there is no room for it.
    with commit():
        kept.drop("two", "one")
    assert kept.page_store().drops() != drops
    for process in (site, other):
        answer = process.get("/pages/one/")
        assert answer.from_django and answer.body != first.body
    assert kept.remember("one", lambda: "new") == "new"
    # Nobody could tell that what is remembered now has been dropped.
    assert kept.remember("two", lambda: "once") == "once"
    assert kept.remember("two", lambda: "again") == "again"


def test_a_page_stays_when_something_is_dropped_that_it_showed_once(site: Site, commit) -> None:
    store = kept.page_store()
    store.write(
        f"{store.root}/testserver/pages/one/index",
        b"a page that shows two things",
        [("ETag", "a")],
        ["one", "two"],
        time.time() + 60,
        store.drops(),
    )
    with commit():
        kept.drop("one")
    # Rendered anew, it shows one of them.
    site.get("/pages/one/")
    with commit():
        kept.drop("two")
    assert not site.get("/pages/one/").from_django
    with commit():
        kept.drop("one")
    assert site.get("/pages/one/").from_django


def test_a_page_is_no_older_than_the_oldest_of_what_is_remembered_in_it(
    site: Site, clock: Clock
) -> None:
    """Another host sees a change after KEPT_PAGES_SECONDS, and not after three times as many."""
    start = timezone.now()
    kept.remember("menu", lambda: "menu 0")
    clock.pass_to(start + timedelta(seconds=40))
    assert site.get("/composed/").body == b"menu 0, footer 1, page 2"
    clock.pass_to(start + timedelta(seconds=59))
    assert site.get("/composed/").body == b"menu 0, footer 1, page 2"
    clock.pass_to(start + timedelta(seconds=61))
    assert site.get("/composed/").body == b"menu 3, footer 4, page 5"


def test_a_drop_of_a_real_other_process_is_seen(site: Site, settings) -> None:
    first = site.get("/pages/one/")
    shell(
        "from alarmroom import kept; kept.page_store().drop(['one'])",
        env={**os.environ, "KEPT_PAGES_ROOT": str(settings.KEPT_PAGES_ROOT)},
    )
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
    urls.during.append(lambda: kept.page_store().drop(["anything"]))
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
    assert kept.page_store().sweep() == 2


def test_a_page_lives_until_its_moment(site: Site, clock: Clock) -> None:
    urls.moment = timezone.now() + timedelta(seconds=30)
    first = site.get("/brief/")
    assert site.get("/brief/").body == first.body
    clock.pass_to(urls.moment)
    assert site.get("/brief/").body != first.body


def test_a_page_that_is_too_old_is_rendered_again_and_swept(
    site: Site, settings, clock: Clock
) -> None:
    first = site.get()
    clock.pass_to(timezone.now() + timedelta(seconds=settings.KEPT_PAGES_SECONDS))
    assert site.get().body != first.body
    clock.pass_to(timezone.now() + timedelta(seconds=settings.KEPT_PAGES_SECONDS + 1))
    assert kept.page_store().sweep() == 1
    assert not list(settings.KEPT_PAGES_ROOT.rglob("*.html"))


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
