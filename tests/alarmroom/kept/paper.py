"""A small publication, all of its pages kept, and the time, which a test moves on."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
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


class Clock:
    """The time, which a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        now = timezone.now
        monkeypatch.setattr(timezone, "now", lambda: now() + self.ahead)
        shifted = {
            "time": lambda: time.time() + self.ahead.total_seconds(),
            "monotonic": lambda: time.monotonic() + self.ahead.total_seconds(),
            "time_ns": time.time_ns,
        }
        for module in (kept, files, writing, answering, freshness):
            monkeypatch.setattr(module, "time", SimpleNamespace(**shifted))

    def pass_to(self, moment: datetime) -> None:
        """Let it be just after a moment."""
        self.ahead += moment - timezone.now() + timedelta(milliseconds=1)


class Paper:
    """A small publication, all of its pages kept, seen from two processes."""

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

    def touched(self, change: Callable[[], object]) -> set[str]:
        """Return the names of the pages that a change lets every process render anew."""
        paths = self.paths
        for path in paths.values():
            for site in self.sites:
                assert site.get(path).status == 200, path
                assert not site.get(path).from_django, f"{path} is not kept"
        with self.commit():
            change()
        self.sites[1].look_again()
        # Looked at without Django, so that one process does not keep it for the other.
        gone = [
            {name for name, path in paths.items() if site.application.find(environ(path)) is None}
            for site in self.sites
        ]
        assert gone[0] == gone[1]
        return gone[0]

    def gone(self, change: Callable[[], object], *paths: str) -> list[bool]:
        """Return which of some more pages a change drops, of every process that keeps them."""
        for path in paths:
            for site in self.sites:
                assert site.get(path).status == 200
                assert not site.get(path).from_django, f"{path} is not kept"
        with self.commit():
            change()
        self.sites[1].look_again()
        dropped = [
            [site.application.find(environ(path)) is None for path in paths] for site in self.sites
        ]
        assert dropped[0] == dropped[1]
        return dropped[0]


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
