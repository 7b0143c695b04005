"""What is changed is seen at once, and nothing else is rendered anew."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone

from newsletter import delivery
from newsletter.models import Issue
from posts.models import Author, Page, Post, RelatedPost, Tag
from tests.factories import connect, make_author, make_issue, make_post, make_resource, make_tag
from tests.kept.test_kept_pages import Site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept_settings(settings, tmp_path: Path) -> Iterator[None]:
    settings.KEPT_PAGES_SECONDS = 600
    settings.KEPT_PAGES_ROOT = tmp_path / "pages"
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


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
        self.sites = [Site(), Site()]

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
            "feed": "/feeds/atom.xml",
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


SITEMAPS = {"sitemap", "sitemap of topics"}
LISTS = {"front", "archive", "feed", *SITEMAPS}


def test_a_text_that_is_edited_is_new_in_its_article_and_in_the_feed(paper: Paper) -> None:
    touched = paper.touched(edit(paper.new, body="<p>Better words.</p>"))
    assert touched == {"new", "feed", *SITEMAPS}


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


def test_a_scheduled_article_appears_at_its_moment(paper: Paper) -> None:
    moment = timezone.now() + timedelta(seconds=5)
    assert paper.touched(edit(paper.draft, published_at=moment)) >= LISTS
    site = paper.sites[0]
    assert b"Draft" not in site.get("/").body
    assert not site.get("/").from_django
    time.sleep(max(0, (moment - timezone.now()).total_seconds()) + 0.05)
    assert b"Draft" in site.get("/").body
    assert b"Draft" in paper.sites[1].get(paper.paths["new"]).body, "as the next article"


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


def test_a_pick_of_related_articles(paper: Paper) -> None:
    assert paper.touched(lambda: connect(paper.old, paper.new)) == {"old"}
    assert paper.touched(RelatedPost.objects.get().delete) == {"old"}


def test_a_page_of_its_own_and_the_footer(paper: Paper) -> None:
    touched = paper.touched(edit(paper.about, title="About us"))
    assert touched == set(paper.paths) - {"feed"}, "the footer names it everywhere"


def test_a_free_resource_stands_in_every_box(paper: Paper) -> None:
    assert paper.touched(make_resource) == set(paper.paths) - {"feed", *SITEMAPS}


def test_an_issue_that_is_sent_is_in_the_archive_and_on_the_front_page(paper: Paper) -> None:
    issue = make_issue(posts=[paper.new])
    assert paper.touched(lambda: delivery.start(issue)) == {"issues", "front", "sitemap"}
    issue = Issue.objects.get()
    assert paper.touched(lambda: delivery.cancel(issue)) == {"issues", "front", "sitemap"}


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
    assert unused <= {"topics", "front", *SITEMAPS}
