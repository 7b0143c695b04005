"""What is changed is rendered anew, and nothing else is."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import OperationalError, close_old_connections
from django.utils import timezone

from alarmroom import kept
from alarmroom.kept import answering, files, writing
from newsletter import delivery
from newsletter.management.commands import tick
from newsletter.models import Issue
from posts import freshness, merging, search, views
from posts.models import Author, Likeness, Page, Post, RelatedPost, Tag
from subscribers.models import Resource
from tests.factories import (
    connect,
    make_author,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_tag,
)
from tests.kept.site import Site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept_settings(settings) -> Iterator[None]:
    settings.KEPT_PAGES_SECONDS = 600
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


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
            "year": f"/archive/{self.middle.published_at:%Y}/",
            "month": f"/archive/{self.middle.published_at:%Y/%m}/",
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


def environ(path: str) -> dict[str, str]:
    return {
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_HOST": "testserver",
        "REQUEST_METHOD": "GET",
        "wsgi.url_scheme": "http",
    }


@pytest.fixture
def paper(django_capture_on_commit_callbacks) -> Paper:
    return Paper(lambda: django_capture_on_commit_callbacks(execute=True))


def edit(thing: object, **fields: object) -> Callable[[], None]:
    def change() -> None:
        for name, value in fields.items():
            setattr(thing, name, value)
        thing.save()  # type: ignore[attr-defined]

    return change


FEEDS = {"feed", "rss", "json", "its feed"}
SITEMAPS = {"sitemap", "sitemap of topics"}
LISTS = {"front", "archive", *FEEDS, *SITEMAPS}


def test_a_text_that_is_edited_is_new_in_its_article_and_in_the_feed(paper: Paper) -> None:
    touched = paper.touched(edit(paper.new, body="<p>Better words.</p>"))
    assert touched == {"new", "feeds", *FEEDS, *SITEMAPS}


def test_a_new_title_is_new_wherever_it_is_shown(paper: Paper) -> None:
    touched = paper.touched(edit(paper.new, title="Newer"))
    assert touched >= {"new", "middle", "front", "fire", "ruth", "feed"}
    assert not touched & {"old", "night", "dele", "topics", "about", "issues", "subscribe"}


def test_an_article_that_is_published_is_listed_at_once(paper: Paper) -> None:
    paper.draft.tags.add(paper.night)
    touched = paper.touched(edit(paper.draft, published_at=timezone.now()))
    assert touched >= {"front", "archive", "feed", "night", "ruth", "topics", "new"}
    assert not touched & {"old", "middle", "fire", "dele", "about", "issues", "subscribe"}
    assert b"Draft" in paper.sites[1].get("/").body


def test_an_article_published_from_the_list_of_the_desk_is_listed_at_once(paper: Paper) -> None:
    drafts = Post.objects.filter(pk=paper.draft.pk)
    assert paper.touched(drafts.publish) >= LISTS


def test_an_article_taken_back_is_gone_at_once(paper: Paper) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    touched = paper.touched(posts.back_to_draft)
    assert touched >= LISTS | {"middle", "fire", "dele", "old", "new", "topics"}
    assert paper.sites[0].get(paper.paths["middle"]).status == 404


@pytest.mark.parametrize("how", ["the object", "the desk, in bulk"])
def test_an_article_that_is_deleted_is_gone_at_once(paper: Paper, how: str) -> None:
    path = paper.paths["middle"]
    posts = Post.objects.filter(pk=paper.middle.pk)
    touched = paper.touched(paper.middle.delete if how == "the object" else posts.delete)
    assert touched >= LISTS | {"middle", "fire", "dele", "old", "new"}
    assert paper.sites[0].get(path).status == 404


def test_a_draft_that_is_edited_touches_nothing(paper: Paper) -> None:
    assert paper.touched(edit(paper.draft, title="Still a draft")) == set()


def test_a_scheduled_article_appears_at_its_moment(paper: Paper, clock: Clock) -> None:
    moment = timezone.now() + timedelta(minutes=2)
    assert paper.touched(edit(paper.draft, published_at=moment)) >= LISTS
    site = paper.sites[0]
    assert b"Draft" not in site.get("/").body
    assert not site.get("/").from_django
    clock.pass_to(moment)
    assert b"Draft" in site.get("/").body
    assert not site.get("/").from_django, "and it is kept again"
    assert b"Draft" in paper.sites[1].get(paper.paths["new"]).body, "as the next article"


def test_of_two_scheduled_articles_each_appears_at_its_moment(paper: Paper, clock: Clock) -> None:
    first, second = (timezone.now() + timedelta(minutes=minutes) for minutes in (1, 2))
    with paper.commit():
        make_post(title="Sooner", author=paper.ruth, published_at=first)
        make_post(title="Later", author=paper.ruth, published_at=second)
    site = paper.sites[0]
    shown = []
    for moment in (timezone.now(), first, second):
        clock.pass_to(moment)
        page = site.get("/")
        assert not site.get("/").from_django
        shown.append((b"Sooner" in page.body, b"Later" in page.body))
    assert shown == [(False, False), (True, False), (True, True)]


def test_a_page_whose_rendering_began_before_a_moment_does_not_outlive_it(
    paper: Paper, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        edit(paper.draft, published_at=moment)()
    render = views.render

    def slow(*args):
        response = render(*args)
        clock.pass_to(moment)
        return response

    with monkeypatch.context() as patch:
        patch.setattr(views, "render", slow)
        assert b"Draft" not in paper.sites[0].get("/").body
    assert b"Draft" in paper.sites[0].get("/").body


def test_the_counts_of_topics_are_new_at_a_scheduled_moment(paper: Paper, clock: Clock) -> None:
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        paper.draft.tags.add(paper.fire)
        edit(paper.draft, published_at=moment)()
    site = paper.sites[0]

    def counted() -> dict[str, int]:
        found = re.findall(r'href="/tags/([a-z]+)/"[^0-9]*?(\d+)', site.get("/").body.decode())
        return {slug: int(count) for slug, count in found}

    assert counted() == {"fire": 2, "night": 1}
    popular = {choice.label: choice.count for choice in search.popular_topics()}
    clock.pass_to(moment)
    assert counted() == {"fire": 3, "night": 1}
    later = {choice.label: choice.count for choice in search.popular_topics()}
    assert (popular["Fire"], later["Fire"]) == (2, 3)


@pytest.mark.parametrize("how", ["picked", "alike"])
def test_an_older_article_is_connected_to_what_is_published_now(paper: Paper, how: str) -> None:
    point(paper.old, paper.draft, how)
    change = Post.objects.filter(pk=paper.draft.pk).publish
    assert "old" in paper.touched(change)
    assert b"Draft" in paper.sites[1].get(paper.paths["old"]).body


@pytest.mark.parametrize("how", ["picked", "alike"])
def test_an_older_article_is_connected_at_a_scheduled_moment(
    paper: Paper, clock: Clock, how: str
) -> None:
    point(paper.old, paper.draft, how)
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        edit(paper.draft, published_at=moment)()
    site, path = paper.sites[0], paper.paths["old"]
    assert b"Draft" not in site.get(path).body
    assert not site.get(path).from_django
    sooner = timezone.now() + timedelta(minutes=1)
    with paper.commit():
        edit(paper.draft, published_at=sooner)()
    assert b"Draft" not in site.get(path).body
    clock.pass_to(sooner)
    assert b"Draft" in site.get(path).body
    assert not site.get(path).from_django


@pytest.mark.parametrize("when", ["before the tick rests", "while the tick rests"])
def test_the_tick_sweeps_at_a_scheduled_moment(
    paper: Paper, clock: Clock, settings, when: str
) -> None:
    # On the second, as editors schedule.
    moment = timezone.now().replace(microsecond=0) + timedelta(seconds=90)
    files = settings.KEPT_PAGES_ROOT / "testserver"
    site = paper.sites[0]
    site.get("/subscribe/")
    there: dict[datetime, bool] = {}

    def schedule() -> None:
        with paper.commit():
            edit(paper.draft, published_at=moment)()
        site.get("/")

    def pause(seconds: float) -> None:
        assert seconds > 0
        clock.ahead += timedelta(seconds=seconds + 0.001)
        if when == "while the tick rests" and len(there) == 20:
            schedule()
        there[timezone.now()] = (files / "index.html").exists()

    if when == "before the tick rests":
        schedule()
    freshness.rest(240, pause)
    late = [now - moment for now, found in there.items() if found and now > moment]
    assert max(late) < timedelta(milliseconds=50), "nginx shows the old list no longer"
    assert any(found for now, found in there.items() if now < moment)
    assert (files / "subscribe/index.html").exists(), "what ends later stays"


def test_the_tick_that_slept_past_a_scheduled_moment_sweeps_when_it_wakes(
    paper: Paper, clock: Clock, settings
) -> None:
    moment = timezone.now() + timedelta(seconds=90)
    with paper.commit():
        edit(paper.draft, published_at=moment)()
    paper.sites[0].get("/")
    front = settings.KEPT_PAGES_ROOT / "testserver/index.html"
    assert front.exists()
    there: list[bool] = []

    def pause(seconds: float) -> None:
        # The machine is suspended during the third look, as a laptop is.
        clock.ahead += timedelta(seconds=120 if len(there) == 2 else seconds)
        there.append(front.exists())

    freshness.rest(150, pause)
    assert there[:4] == [True, True, True, False]


def test_the_tick_sweeps_at_a_moment_that_comes_while_it_sweeps_or_before_it_rests(
    paper: Paper, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = timezone.now()
    moments = [began + timedelta(seconds=seconds) for seconds in (2, 30, 32)]
    with paper.commit():
        for post, moment in zip((paper.draft, paper.new, paper.middle), moments, strict=True):
            edit(post, published_at=moment)()
    clock.ahead += timedelta(seconds=5)  # The tick had something else to do after its own sweep.
    sweeps: list[float] = []

    def sweep(shelf: files.Shelf) -> None:
        sweeps.append(round((timezone.now() - began).total_seconds()))
        clock.ahead += timedelta(seconds=3)

    def pause(seconds: float) -> None:
        clock.ahead += timedelta(seconds=seconds + 0.001)

    monkeypatch.setattr(files.Shelf, "sweep", sweep)
    freshness.rest(50, pause, since=began)
    assert sweeps == [5, 30, 33]


def test_a_second_page_comes_with_the_scheduled_article_that_needs_it(
    paper: Paper, clock: Clock
) -> None:
    for _ in range(views.POSTS_PER_PAGE - 3):
        make_post(author=paper.ruth)
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        edit(paper.draft, published_at=moment)()
    site = paper.sites[0]
    assert b"?page=2" not in site.get("/").body
    clock.pass_to(moment)
    assert b"?page=2" in site.get("/").body


def test_a_page_is_shown_when_nobody_can_say_what_is_scheduled(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(after: datetime) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(views.freshness, "next_moment", away)
    answers = [paper.sites[0].get(paper.paths["old"]) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].from_django, "but it is not kept"


def test_the_tick_rests_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(freshness, "_moments", away)
    pauses: list[float] = []
    freshness.rest(60, pauses.append)
    assert len(pauses) == 1
    assert 59 < pauses[0] <= 60


def test_the_tick_rests_between_two_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    def rest(seconds: float, *, since: datetime) -> None:
        rests.append(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr(freshness, "rest", rest)
    # The test's own connection must outlive the round, which has no finished tasks to prune.
    monkeypatch.setattr(tick, "close_old_connections", lambda: None)
    monkeypatch.setattr(tick, "PRUNES", False)
    call_command("tick", forever=True, interval=7)
    assert rests == [7]


def point(post: Post, other: Post, how: str) -> None:
    """Let a post name another under "Connecting the dots"."""
    if how == "picked":
        connect(post, other)
    else:
        Likeness.objects.create(post=post, other=other, score=2.0)


def test_a_topic_that_is_renamed_is_new_wherever_it_stands(paper: Paper) -> None:
    touched = paper.touched(edit(paper.night, name="Night shift"))
    assert touched >= {"night", "old", "topics", "front", "ruth", "feed"}
    assert not touched & {"new", "fire", "dele", "about", "issues", "subscribe"}


def test_a_topic_that_is_given_to_an_article(paper: Paper) -> None:
    touched = paper.touched(lambda: paper.new.tags.add(paper.night))
    assert touched >= {"new", "night", "fire", "front", "topics", "ruth"}
    assert not touched & {"old", "dele", "about", "issues", "subscribe"}


def test_a_topic_that_is_deleted(paper: Paper) -> None:
    touched = paper.touched(paper.night.delete)
    assert touched >= {"night", "old", "topics", "front"}
    assert not touched & {"new", "fire", "dele", "about"}


def test_an_author_with_another_name(paper: Paper) -> None:
    touched = paper.touched(edit(paper.dele, name="Dele M."))
    assert touched >= {"dele", "middle", "front", "fire"}
    assert not touched & {"night", "topics", "about", "issues", "subscribe"}


def test_the_photo_that_is_taken_from_an_author(paper: Paper) -> None:
    with paper.commit():
        edit(paper.dele, photo=make_image())()
    touched = paper.touched(edit(paper.dele, photo=None))
    assert touched >= {"dele", "middle", "feed"}
    assert not touched & {"night", "topics", "about", "issues", "subscribe"}
    assert b"<img" not in paper.sites[1].get(paper.paths["dele"]).body


def test_a_pick_of_related_articles(paper: Paper) -> None:
    assert paper.touched(lambda: connect(paper.old, paper.new)) == {"old"}
    assert paper.touched(RelatedPost.objects.get().delete) == {"old"}


def test_a_page_of_its_own_and_the_footer(paper: Paper) -> None:
    touched = paper.touched(edit(paper.about, title="About us"))
    assert touched == set(paper.paths) - FEEDS, "the footer names it everywhere"


def test_a_page_that_is_made_or_deleted_changes_the_footer(paper: Paper) -> None:
    assert paper.touched(lambda: make_page("House rules")) == set(paper.paths) - FEEDS
    assert b"House rules" in paper.sites[1].get("/").body
    rules = Page.objects.get(title="House rules")
    assert paper.touched(rules.delete) == set(paper.paths) - FEEDS
    assert b"House rules" not in paper.sites[1].get("/").body


def test_a_focal_point_is_new_wherever_the_picture_stands(paper: Paper) -> None:
    image = make_image()
    with paper.commit():
        edit(paper.middle, cover=image, cover_alt="A console")()
    touched = paper.touched(edit(image, focal_x=10))
    assert touched >= {"middle", "front", "fire", "dele", "year", "month"}
    assert not touched & {"night", "topics", "about", "issues", "subscribe"}
    for path in ("/", paper.paths["dele"]):
        assert b"focus-x1" in paper.sites[1].get(path).body


def test_the_photo_and_the_bio_of_an_author(paper: Paper) -> None:
    photo = make_image()
    bio = "Twelve years at the console."
    for change in (edit(paper.dele, bio=bio), edit(paper.dele, photo=photo)):
        touched = paper.touched(change)
        assert touched >= {"dele", "middle"}
        assert not touched & {"night", "topics", "about", "issues", "subscribe"}
    page = paper.sites[1].get(paper.paths["dele"]).body
    assert b"Twelve years" in page and b"<img" in page


def test_two_topics_that_become_one(paper: Paper) -> None:
    paths = paper.paths
    touched = paper.touched(lambda: merging.merge([paper.night.pk], paper.fire.pk))
    assert touched >= {"night", "fire", "old", "topics", "front", "ruth", "feeds", *FEEDS}
    assert not touched & {"about", "issues", "subscribe"}
    site = paper.sites[1]
    assert site.get(paths["night"]).status == 301
    assert b"Old" in site.get(paths["fire"]).body


def test_an_article_that_is_withdrawn_and_brought_back(paper: Paper) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    shown = LISTS | {"middle", "fire", "dele", "old", "new", "topics", "year", "month", "feeds"}
    assert paper.touched(posts.withdraw) >= shown
    site, path = paper.sites[1], paper.paths["middle"]
    assert site.get(path).status == 410
    assert b"Middle" not in site.get("/").body
    # These have nothing to show meanwhile, and are not kept as such.
    away = {name for name, path in paper.paths.items() if site.get(path).status != 200}
    assert away == {"middle", "year", "month"}
    with paper.commit():
        posts.bring_back()
    assert {site.get(path).status for path in paper.paths.values()} == {200}
    # These count, and name no article.
    for name in shown - {"topics", "archive", "feeds", *SITEMAPS}:
        assert b"Middle" in site.get(paper.paths[name]).body, name


def test_an_article_under_another_date(paper: Paper) -> None:
    before = paper.paths
    touched = paper.touched(
        edit(paper.middle, published_at=paper.old.published_at - timedelta(days=400))
    )
    assert touched >= LISTS | {"middle", "old", "new", "fire", "dele", "year", "month"}
    site = paper.sites[1]
    assert site.get(before["year"]).status == site.get(before["month"]).status == 404
    assert b"Middle" in site.get(paper.paths["year"]).body


def test_a_scheduled_article_that_is_put_off(paper: Paper, clock: Clock) -> None:
    soon, later = (timezone.now() + timedelta(minutes=minutes) for minutes in (2, 4))
    with paper.commit():
        edit(paper.draft, published_at=soon)()
    assert paper.touched(edit(paper.draft, published_at=later)) >= LISTS
    site = paper.sites[0]
    for moment, found in ((soon, False), (later, True)):
        site.get("/")
        clock.pass_to(moment)
        assert (b"Draft" in site.get("/").body) == found
        assert not site.get("/").from_django


def test_an_article_at_another_address(paper: Paper) -> None:
    path = paper.paths["middle"]
    touched = paper.touched(edit(paper.middle, slug="elsewhere"))
    assert touched >= LISTS - {"archive"} | {"middle", "old", "new", "fire", "dele", "year"}
    site = paper.sites[1]
    assert site.get(path).headers["Location"] == "/articles/elsewhere/"
    assert b"/articles/elsewhere/" in site.get("/").body


def test_the_feeds_page_names_a_topic_and_an_author_at_their_moment(
    paper: Paper, clock: Clock
) -> None:
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        newcomer = make_author(name="Newcomer")
        paper.draft.tags.add(make_tag("Fresh"))
        edit(paper.draft, author=newcomer, published_at=moment)()
    site = paper.sites[0]
    assert b"Newcomer" not in site.get("/feeds/").body
    assert not site.get("/feeds/").from_django
    clock.pass_to(moment)
    page = site.get("/feeds/").body
    assert b"Newcomer" in page and b"Fresh" in page


def test_a_free_resource_stands_in_every_box(paper: Paper) -> None:
    pages = set(paper.paths) - {*FEEDS, *SITEMAPS}
    assert paper.touched(make_resource) == pages
    resource = Resource.objects.get()
    assert paper.touched(edit(resource, title="Another name")) == pages
    assert paper.touched(resource.delete) == pages


def test_an_issue_that_is_sent_is_in_the_archive_and_on_the_front_page(paper: Paper) -> None:
    issue = make_issue(posts=[paper.new])
    assert paper.touched(lambda: delivery.start(issue)) == {"issues", "front", "sitemap"}
    issue = Issue.objects.get()
    assert paper.touched(lambda: delivery.cancel(issue)) == {"issues", "front", "sitemap"}


def test_an_article_of_the_newest_issue_has_its_new_title_there(paper: Paper) -> None:
    issue = make_issue(posts=[paper.old])
    with paper.commit():
        delivery.start(issue)
    touched = paper.touched(edit(paper.old, title="Older than ever"))
    assert touched >= {"issues", "front"}
    for path in ("/", "/weekly-alarm/"):
        page = paper.sites[1].get(path).body
        assert b"Older than ever" in page
        assert b"Old<" not in page
    assert "issues" not in paper.touched(edit(paper.new, title="Newer than ever"))


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "feed.json"])
def test_a_feed_is_kept_for_readers_who_ask_with_an_old_version(paper: Paper, name: str) -> None:
    site, path = paper.sites[0], f"/feeds/{name}"
    for _ in range(2):
        answer = site.get(path, HTTP_IF_NONE_MATCH='W/"old"', HTTP_ACCEPT_ENCODING="gzip")
        assert answer.status == 200
    assert not answer.from_django
    assert "gzip" in answer.headers["Content-Encoding"]
    date = answer.headers["Last-Modified"]
    for known in ({"HTTP_IF_MODIFIED_SINCE": date}, {"HTTP_IF_NONE_MATCH": answer.headers["ETag"]}):
        again = site.get(path, **known)
        assert again.status == 304 and not again.from_django


def test_bulk_ways_touch_everything(paper: Paper) -> None:
    post = Post(title="Bulk", slug="bulk", summary="s", body="<p>b</p>", author=paper.ruth)
    assert paper.touched(lambda: Post.objects.bulk_create([post])) == set(paper.paths)


def test_update_is_seen(paper: Paper) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    assert paper.touched(lambda: posts.update(title="Updated")) >= LISTS | {"middle", "fire"}


def test_what_no_reader_sees_touches_nothing(paper: Paper) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    assert paper.touched(lambda: posts.update(likeness_due=True)) == set()
    assert paper.touched(lambda: Author.objects.create(name="New here")) == set()
    unused = paper.touched(lambda: Tag.objects.create(name="Unused"))
    assert unused <= {"topics", "front", "feeds", *SITEMAPS}
