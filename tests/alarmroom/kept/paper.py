"""A small publication with the keys of its pages, and the time, which a test moves on."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.utils import timezone

from alarmroom import kept
from alarmroom.kept import answering, files, writing
from posts import freshness
from posts.models import Likeness, Page, Post
from tests.alarmroom.kept.site import Site
from tests.factories import connect, make_author, make_post, make_tag

SITE_FEEDS = {"feed", "rss", "json"}
FEEDS = {*SITE_FEEDS, "its feed"}
SITEMAPS = {"sitemap", "sitemap of topics"}
# The one of its topic is touched with the articles that have the topic.
LISTS = {"front", "archive", *SITE_FEEDS, *SITEMAPS}
# The keys of what stands on every page: the box with the free resources, and the footer's menu.
EVERY_PAGE = {"resources", "pages"}


class Clock:
    """The time, which stands still until a test moves it on: no machine is too slow for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        now, seconds, monotonic = timezone.now(), time.time(), time.monotonic()
        monkeypatch.setattr(timezone, "now", lambda: now + self.ahead)
        shifted = {
            "time": lambda: seconds + self.ahead.total_seconds(),
            "monotonic": lambda: monotonic + self.ahead.total_seconds(),
            "time_ns": time.time_ns,
        }
        for module in (kept, files, writing, answering, freshness):
            monkeypatch.setattr(module, "time", SimpleNamespace(**shifted))

    def pass_to(self, moment: datetime) -> None:
        """Let it be just after a moment."""
        self.ahead += moment - timezone.now() + timedelta(milliseconds=1)


class Paper:
    """A small publication, seen from two processes that keep its pages."""

    def __init__(self, commit: Callable) -> None:
        self.commit = commit
        now = timezone.now()
        self.ruth, self.dele = make_author(name="Ruth"), make_author(name="Dele")
        self.fire, self.night = make_tag("Fire"), make_tag("Night")
        self.old = make_post(
            title="Old", author=self.ruth, tags=[self.night], published_at=now - timedelta(days=900)
        )
        self.middle = make_post(
            title="Middle",
            author=self.dele,
            tags=[self.fire],
            published_at=now - timedelta(days=500),
        )
        self.new = make_post(
            title="New", author=self.ruth, tags=[self.fire], published_at=now - timedelta(days=1)
        )
        self.draft = make_post(title="Draft", author=self.ruth, published_at=None)
        self.about = Page.objects.get_or_create(slug="about", defaults={"title": "About"})[0]
        self.sites = [Site(), Site(another=True)]

    @property
    def paths(self) -> dict[str, str]:
        # The archive's months are those of the site's own time zone.
        there = timezone.localtime(self.middle.published_at)
        return {
            "front": "/",
            "old": self.old.get_absolute_url(),
            "middle": self.middle.get_absolute_url(),
            "new": self.new.get_absolute_url(),
            "fire": self.fire.get_absolute_url(),
            "night": self.night.get_absolute_url(),
            "ruth": self.ruth.get_absolute_url(),
            "dele": self.dele.get_absolute_url(),
            "topics": "/topics/",
            "archive": "/archive/",
            "about": "/about/",
            "year": f"/archive/{there:%Y}/",
            "month": f"/archive/{there:%Y/%m}/",
            "feed": "/feeds/atom.xml",
            "rss": "/feeds/rss.xml",
            "json": "/feeds/feed.json",
            "its feed": f"{self.fire.get_absolute_url()}atom.xml",
            "feeds": "/feeds/",
            "issues": "/weekly-alarm/",
            "subscribe": "/subscribe/",
            "sitemap": "/sitemap.xml",
            "sitemap of topics": "/sitemaps/topics.xml",
        }

    @property
    def keys(self) -> dict[str, set[str]]:
        """The keys that each of the pages names (test_pages_and_keys.py finds the same)."""
        fire, night = self.fire.pk, self.night.pk
        ruth, dele = self.ruth.pk, self.dele.pk
        old, middle, new = self.old.pk, self.middle.pk, self.new.pk
        cards = {f"post-{pk}" for pk in (old, middle, new)}
        year = f"year-{timezone.localtime(self.middle.published_at).year}"
        sitemap = {"feeds", "posts", "tags", "pages", "page-dates"}
        return {
            "front": {"posts", "tags", "tag-texts", "issues", *cards, *EVERY_PAGE},
            "old": {*article(old, ruth), f"link-{middle}"},
            "middle": {*article(middle, dele), f"link-{old}", f"link-{new}"},
            "new": {*article(new, ruth), f"link-{middle}"},
            "fire": {f"tag-{fire}", f"tagged-{fire}", *cards - {f"post-{old}"}, *EVERY_PAGE},
            "night": {f"tag-{night}", f"tagged-{night}", f"post-{old}", *EVERY_PAGE},
            "ruth": {f"author-{ruth}", f"by-{ruth}", *cards - {f"post-{middle}"}, *EVERY_PAGE},
            "dele": {f"author-{dele}", f"by-{dele}", f"post-{middle}", *EVERY_PAGE},
            "topics": {"tags", "tag-texts", *cards - {f"post-{middle}"}, *EVERY_PAGE},
            "archive": {"posts", *cards, *EVERY_PAGE},
            "about": {f"page-{self.about.pk}", *EVERY_PAGE},
            "year": {year, f"post-{middle}", *EVERY_PAGE},
            "month": {year, f"post-{middle}", *EVERY_PAGE},
            "feed": {"feeds"},
            "rss": {"feeds"},
            "json": {"feeds"},
            "its feed": {f"feed-tag-{fire}"},
            "feeds": {"tags", "feeds", *EVERY_PAGE},
            "issues": {"issues", *EVERY_PAGE},
            "subscribe": {"issues", *EVERY_PAGE},
            "sitemap": {*sitemap, "issues"},
            "sitemap of topics": sitemap,
        }

    def dropped(self, change: Callable[[], object], *keys: str) -> set[str]:
        """Return which of the keys a change drops."""
        store = kept.page_store()
        before = {key: store.stamp(key) for key in keys}
        with self.commit():
            change()
        return {key for key in keys if store.stamp(key) != before[key]}

    def touched(self, change: Callable[[], object]) -> set[str]:
        """Return the names of the pages that name a key which a change drops."""
        pages = self.keys
        dropped = self.dropped(change, *set().union(*pages.values()))
        return {name for name, keys in pages.items() if keys & dropped}

    def keep(self, *paths: str) -> None:
        """Let both processes keep these pages."""
        for path in paths:
            for site in self.sites:
                assert site.get(path).status == 200, path
                assert not site.get(path).from_django, f"{path} is not kept"

    def gone(self, change: Callable[[], object], *paths: str) -> list[bool]:
        """Return which of these pages a change drops, of both processes that keep them."""
        self.keep(*paths)
        with self.commit():
            change()
        self.sites[1].look_again()
        # Looked at without Django, so that one process does not keep it for the other.
        dropped = [
            [site.application.find(environ(path)) is None for path in paths] for site in self.sites
        ]
        assert dropped[0] == dropped[1]
        return dropped[0]

    def named(self, path: str) -> set[str]:
        """Return the keys that a page names once it is rendered and kept."""
        assert self.sites[0].get(path).status == 200, path
        store = kept.page_store()
        stem = store.path("testserver", path, "")
        return set(json.loads(Path(f"{stem}.json").read_text())["keys"])


def article(pk: int, author: int) -> set[str]:
    """Return the keys of an article's own page, without those of its neighbours."""
    return {f"article-{pk}", f"post-{pk}", f"author-{author}", *EVERY_PAGE}


def environ(path: str) -> dict[str, str]:
    return {
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_HOST": "testserver",
        "REQUEST_METHOD": "GET",
        "wsgi.url_scheme": "http",
    }


def edit(thing: object, **fields: object) -> Callable[[], None]:
    def change() -> None:
        for name, value in fields.items():
            setattr(thing, name, value)
        thing.save()  # type: ignore[attr-defined]  # a model's instance

    return change


def point(post: Post, other: Post, how: str) -> None:
    """Let a post name another under "Connecting the dots"."""
    if how == "picked":
        connect(post, other)
    else:
        Likeness.objects.create(post=post, other=other, score=2.0)
