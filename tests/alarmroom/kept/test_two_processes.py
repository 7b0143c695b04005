"""Two real servers on one data directory, and an editor in a third process.

Each has its pages in memory; what the editor does, both show once they have looked at the
pages' files again.
"""

import http.client
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from alarmroom.kept.answering import UNSEEN_SECONDS
from tests.browser.stack import own_database
from tests.helpers import Interpreter, free_ports, start, wait_for_port
from tests.production import collect_static, environment, migrate

pytestmark = pytest.mark.postgresql

HOST = "www.example.org"
NAMES = """
from datetime import datetime, timedelta
from django.utils import timezone
from newsletter.delivery import starting
from newsletter.models import Issue, IssuePost
from posts.merging import merge
from posts.models import Author, Post, Tag
"""


@dataclass
class Answer:
    status: int
    text: str
    etag: str | None


@dataclass
class Room:
    """The two servers and the editor."""

    ports: list[int]
    editor: Interpreter
    pages: Path

    def edit(self, code: str) -> None:
        self.editor.run(code)
        time.sleep(UNSEEN_SECONDS)

    def ask(self, port: int, path: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path, headers={"Host": HOST, "X-Forwarded-Proto": "https"})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return Answer(response.status, text, response.getheader("ETag"))

    def see(self, path: str) -> Answer:
        """Return what both servers answer, which is the same; they keep it from then on."""
        first, second, *again = [self.ask(port, path) for port in [*self.ports, *self.ports]]
        assert first == second == again[0] == again[1]
        kept = (self.pages / HOST / path.strip("/") / "index.json").exists()
        assert kept == (first.status == 200)
        return first


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    data = tmp_path_factory.mktemp("room")
    ports = free_ports(2)
    name = f"two_processes_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with ExitStack() as stack:
        database = stack.enter_context(own_database(name))
        env = environment(str(data), BEHIND_TLS_PROXY="on", LOG_LEVEL="ERROR", **database)
        migrate(env)
        collect_static(env)
        gunicorn = ["-m", "gunicorn", "--log-level=error", "alarmroom.wsgi"]
        servers = [start(*gunicorn, env={**env, "PORT": str(port)}) for port in ports]
        editor = Interpreter(env)
        stack.callback(editor.stop)
        for process in servers:
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        found = Room(ports, editor, data / "pages")
        editor.run(f"{NAMES}ruth = Author.objects.create(name='Ruth', slug='ruth')")
        for port, server in zip(ports, servers, strict=True):
            wait_for_port(port, server)
        yield found


@pytest.fixture
def article(room: Room) -> str:
    """The address of an article of a day ago, which both servers keep, as all lists do."""
    room.edit(
        """
IssuePost.objects.all().delete()
Post.objects.all().delete()
post = Post(title="Before", slug="kept", summary="Said briefly.", body="<p>Words.</p>", author=ruth)
post.published_at = timezone.now() - timedelta(days=1)
post.save()
"""
    )
    for path in ("/", "/authors/ruth/"):
        assert "Before" in room.see(path).text
    assert room.see("/articles/kept/").status == 200
    return "/articles/kept/"


def test_an_edit_is_seen_by_both(room: Room, article: str) -> None:
    room.edit("post.title = 'After'; post.save()")
    for path in ("/", "/authors/ruth/", article):
        page = room.see(path)
        assert "After" in page.text
        assert "Before" not in page.text


def test_a_draft_that_is_published_is_seen_by_both(room: Room, article: str) -> None:
    room.edit(
        "draft = Post.objects.create(title='New here', slug='new-here', summary='s.',"
        " body='<p>b</p>', author=ruth)"
    )
    assert room.see("/articles/new-here/").status == 404
    assert "New here" not in room.see("/").text
    room.edit("Post.objects.filter(slug='new-here').publish()")
    for path in ("/", "/authors/ruth/", "/articles/new-here/", article):
        assert "New here" in room.see(path).text, path


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("Post.objects.filter(slug='kept').back_to_draft()", 404),
        ("Post.objects.filter(slug='kept').withdraw()", 410),
        ("post.delete()", 404),
        ("Post.objects.filter(slug='kept').delete()", 404),
    ],
)
def test_an_article_that_goes_is_gone_from_both(
    room: Room, article: str, change: str, status: int
) -> None:
    room.edit(change)
    assert room.see(article).status == status
    for path in ("/", "/authors/ruth/"):
        assert "Before" not in room.see(path).text


def test_a_scheduled_article_is_seen_by_both_at_its_moment(room: Room, article: str) -> None:
    before = time.time()
    room.edit(
        "moment = timezone.now() + timedelta(seconds=3);"
        "Post.objects.create(title='Soon', slug='soon', summary='s.', body='<p>b</p>',"
        " author=ruth, published_at=moment)"
    )
    paths = ("/", "/authors/ruth/", article)
    early = [path for path in paths if "Soon" in room.see(path).text]
    assert not early or time.time() > before + 3
    room.edit("import time; time.sleep(max(0, (moment - timezone.now()).total_seconds()) + 0.01)")
    for path in paths:
        assert "Soon" in room.see(path).text, path


def test_a_topic_that_is_renamed_moved_and_merged_is_seen_by_both(room: Room, article: str) -> None:
    room.edit(
        "Tag.objects.all().delete(); fire, smoke = (Tag.objects.create(name=name) for name in"
        " ('Fire', 'Smoke')); post.tags.set([fire, smoke])"
    )
    for path in ("/", "/topics/", "/tags/fire/", article):
        assert "Fire" in room.see(path).text, path
    room.edit("fire.name = 'Flames'; fire.save()")
    for path in ("/", "/topics/", "/tags/fire/", article):
        page = room.see(path)
        assert "Flames" in page.text and "Fire" not in page.text, path
    room.edit("fire.slug = 'flames'; fire.save()")
    assert room.see("/tags/fire/").status == 301
    for path in ("/", "/topics/", "/tags/flames/", article):
        assert "/tags/fire/" not in room.see(path).text, path
    assert room.see("/tags/smoke/").status == 200
    room.edit("merge([smoke.pk], fire.pk)")
    assert room.see("/tags/smoke/").status == 301
    for path in ("/", "/topics/", "/tags/flames/", article):
        assert "Smoke" not in room.see(path).text, path
    assert "Before" in room.see("/tags/flames/").text


def test_an_author_who_has_more_to_say_is_seen_by_both(room: Room, article: str) -> None:
    room.edit("ruth.bio = 'Twelve years at the console.'; ruth.save()")
    for path in ("/authors/ruth/", article):
        assert "Twelve years" in room.see(path).text, path
    room.edit("ruth.bio = ''; ruth.save()")
    for path in ("/authors/ruth/", article):
        assert "Twelve years" not in room.see(path).text, path


def test_an_issue_that_is_sent_is_seen_by_both(room: Room, article: str) -> None:
    for path in ("/", "/weekly-alarm/"):
        assert "Quiet nights" not in room.see(path).text
    assert room.see("/weekly-alarm/12/").status == 404
    room.edit(
        "issue = Issue.objects.create(number=12, subject='Quiet nights', preheader='p');"
        "IssuePost.objects.create(issue=issue, post=post); starting.start(issue)"
    )
    for path in ("/", "/weekly-alarm/", "/weekly-alarm/12/"):
        assert "Quiet nights" in room.see(path).text, path


def test_settings_that_an_editor_saves_are_seen_by_both(room: Room, article: str) -> None:
    assert "For the people who answer" in room.see("/").text
    room.edit(
        "from alarmroom.publication.models import Publication\n"
        "row = Publication.objects.get()\n"
        "row.name, row.tagline = 'The Night Room', 'For those who sit up.'\n"
        "row.save()"
    )
    for path in ("/", article, "/authors/ruth/", "/archive/"):
        page = room.see(path).text
        assert "The Night Room. For those who sit up." in page, path
        assert "The Alarm Room" not in page.replace("The Alarm Room, 100 Main", ""), path
    room.edit("row.name = 'The Alarm Room'\nrow.save()")
    assert "The Night Room" not in room.see(article).text
