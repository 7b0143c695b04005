"""The error pages: 404 with suggestions, 400, 500 and 503."""

import hashlib
import re
from base64 import b64encode

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.template import loader
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from posts.views import errors
from tests.factories import make_author, make_post, make_tag

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


@pytest.fixture
def reader(client: Client) -> Client:
    """A client that gets the error page instead of the exception."""
    client.raise_request_exception = False
    return client


# 404


@pytest.mark.parametrize(
    "address",
    [
        "/articles/twelfth-hour/",
        "/articles/the-twelfth-hours/",
        "/articles/the-twelveth-hour/",
        "/2019/03/the-twelfth-hour",
        "/blog/the_twelfth_hour/",
        "/articles/the%20twelfth%20hour/",
        "/the-twelfth-hour-at-work/",
        "/2019/03/the-twelfth-hour.html",
        "/articles/the-twelfth-hour/).",
        "/articles/twelve-hours-of-the-night-shift/",
        "/articles/the-hour-twelfth/",
    ],
)
def test_the_404_page_suggests_articles_by_the_words_of_the_address(
    client: Client, address: str
) -> None:
    make_post(title="The Twelfth Hour", slug="hours-at-night", body="<p>On a night shift.</p>")
    make_post(title="Something else")
    response = client.get(address, follow=True)
    html = response.content.decode()
    assert response.status_code == 404
    assert 'href="/articles/hours-at-night/"' in html
    assert "Something else" not in html
    assert "noindex" in html


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/articles/the-twelfth-hour/).", ["the", "twelfth", "hour"]),
        ("/a/twelfth-hour.HTML”", ["twelfth", "hour"]),
        ("/a/twelfth-hour.aspx/", ["twelfth", "hour"]),
        ("/a/twelfth-hour.html.html", []),
        ("/a/twelfth-hour.php", []),
        ("/a/twelfth-hour" + "/" * 480, ["twelfth", "hour"]),
        # Longer than any address of ours.
        ("/a/twelfth-hour" + "/" * 486, []),
        ("/" + "." * 8_100 + "a", []),
    ],
)
def test_the_words_of_an_unknown_address(path: str, words: list[str]) -> None:
    assert errors.asked_for(path) == words


def test_a_very_long_address_triggers_no_search(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for path in ("/" + "." * 8_100 + "a", "/" + "/" * 8_000 + "x", "/a/b" + "-word" * 1_600 + "/"):
        with django_assert_max_num_queries(1):  # The footer, which production remembers.
            assert client.get(path).status_code == 404


def test_the_404_page_suggests_no_draft(client: Client) -> None:
    make_post(title="The Twelfth Hour", slug="x", published_at=None)
    assert "The Twelfth Hour" not in client.get("/articles/the-twelfth-hour/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/wp-login/",
        "/wp-admin/",
        "/login/",
        "/blog/2019/hello-world/",
        "/xmlrpc/",
        "/administrator/index/",
        "/user/register/",
        "/phpmyadmin/",
        "/articles/calm-voices/",
        "/articles/the-history-of-hospital-budgets/",
    ],
)
def test_the_404_page_suggests_nothing_unlikely(client: Client, address: str) -> None:
    # Each word of the addresses is in the article, or similar to one that is.
    make_post(
        title="The logic of triage",
        body="<p>Hello to the world of 911: log in, register, calm down, and budget hospital beds."
        " Wordpress, users, the admin desk and its index. Voices in history.</p>",
        tags=[make_tag("Calls")],
    )
    html = client.get(address).content.decode()
    assert "found__link" not in html
    assert "Perhaps it is one of these" not in html


@pytest.mark.parametrize("address", ["/wp-login.php", "/.env", "/a/favicon.ico", "/x.y/"])
def test_an_address_of_a_file_takes_no_query(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, address: str
) -> None:
    with django_assert_max_num_queries(1):  # The footer, which production remembers.
        assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/tags/fire/", "/tags/fire-dispatch/"),
        ("/topics/fire-dispach/", "/tags/fire-dispatch/"),
        ("/authors/ruth/", "/authors/ruth-halloran/"),
    ],
)
def test_the_404_page_suggests_topics_and_authors(
    client: Client, address: str, leads_to: str
) -> None:
    make_post(tags=[make_tag("Fire dispatch")], author=make_author(name="Ruth Halloran"))
    html = client.get(address).content.decode()
    assert f'class="found__link" href="{leads_to}"' in html


def test_the_404_page_without_suggestions_lists_topics(client: Client) -> None:
    make_post(tags=[make_tag("Fire dispatch")])
    html = client.get("/what-never-was/").content.decode()
    assert "found__link" not in html
    assert '<a class="topic" href="/tags/fire-dispatch/">Fire dispatch</a>' in html


def test_the_404_page_takes_at_most_nine_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        make_post(title=f"The Twelfth Hour, part {number}")
    for address in ("/articles/the-twelveth-hour/", "/articles/of-what-never-was/", "/lost/"):
        with django_assert_max_num_queries(9):
            client.get(address)


def test_the_requested_address_is_escaped(client: Client) -> None:
    html = client.get("/articles/%22%3E%3Cscript%3Ealert(1)%3C/script%3E/").content.decode()
    assert "<script>alert" not in html
    assert '"><' not in html.split('name="q"')[-1].split(">")[0]


def test_the_404_page_works_when_the_search_fails(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("The index is broken.")

    monkeypatch.setattr("posts.search.finding.respelled", broken)
    response = client.get("/articles/the-twelfth-hour/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_the_404_page_works_when_its_template_fails(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("The footer is broken.")

    monkeypatch.setattr("posts.views.errors.render", broken)
    response = client.get("/lost/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


@pytest.mark.parametrize(
    ("address", "is_near"),
    [
        # The words of a long title that somebody remembers.
        ("/articles/twelth-hour/", True),
        ("/articles/twelfth-hour-scheduling/", True),
        ("/2019/the-twelfth-hour-scheduling-for-the-brain/", True),
        # One or two words of it among others, or a word alone, say nothing.
        ("/articles/hour/", False),
        ("/articles/the-quiet-hour-in-the-brain-room/", False),
        ("/articles/brain-surgery-for-beginners/", False),
        ("/articles/scheduling-holidays/", False),
        ("/articles/what-every-scheduling-brain-needs/", False),
    ],
)
def test_the_404_page_guesses_only_what_is_near(
    client: Client, address: str, is_near: bool
) -> None:
    make_post(
        title="The Twelfth Hour: Scheduling for the Brain You Actually Have", slug="shifts-at-four"
    )
    html = client.get(address).content.decode()
    assert ('class="found__link" href="/articles/shifts-at-four/"' in html) == is_near


# 500 and 503


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*args: object) -> None:
        raise error

    monkeypatch.setattr("posts.models.PostQuerySet.published", broken)


def test_an_exception_gives_the_500_page(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, RuntimeError("A bug."))
    response = reader.get("/")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "A bug." not in response.content.decode()
    assert not response.has_header("Retry-After")


def test_an_sql_error_gives_the_500_page(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, OperationalError("no such column: x"))
    assert reader.get("/").status_code == 500


def test_an_unreachable_database_gives_a_503_with_retry_after(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, OperationalError("gone"))
    monkeypatch.setattr(
        "posts.views.errors.is_away", lambda error: isinstance(error, OperationalError)
    )
    response = reader.get("/")
    assert response.status_code == 503
    assert response["Retry-After"] == "60"
    assert response["Cache-Control"] == "no-store"
    assert "We are back in a moment" in response.content.decode()


def test_an_unknown_address_without_database_is_a_503(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("posts.search.finding.respelled", away)
    monkeypatch.setattr(
        "posts.views.errors.is_away", lambda error: isinstance(error, OperationalError)
    )
    assert reader.get("/lost-one/x-y/").status_code == 503


class Connection:
    """A database connection as errors.is_away() looks at it."""

    def __init__(self, vendor: str, *, open: bool = True, usable: bool = True) -> None:
        self.vendor, self.connection, self.usable = vendor, object() if open else None, usable

    def is_usable(self) -> bool:
        return self.usable


@pytest.mark.parametrize(
    ("found", "error", "away"),
    [
        (Connection("postgresql", open=False), OperationalError("refused"), True),
        (Connection("postgresql", usable=False), OperationalError("terminated"), True),
        (Connection("postgresql", usable=False), InterfaceError("closed"), True),
        (Connection("postgresql"), OperationalError("deadlock detected"), False),
        (Connection("sqlite", open=False), OperationalError("unable to open"), True),
        (Connection("sqlite"), OperationalError("database is locked"), True),
        (Connection("sqlite"), OperationalError("disk I/O error"), True),
        (Connection("sqlite"), OperationalError("no such table: x"), False),
        (Connection("sqlite", open=False), RuntimeError("a bug"), False),
        (Connection("sqlite", open=False), None, False),
    ],
)
def test_only_an_unreachable_database_counts_as_away(
    monkeypatch: pytest.MonkeyPatch, found: Connection, error: Exception | None, away: bool
) -> None:
    monkeypatch.setattr("posts.views.errors.connection", found)
    assert errors.is_away(error) is away


@pytest.mark.parametrize("name", ["400.html", "500.html", "503.html", "lost.html"])
def test_static_error_pages_are_self_contained(
    name: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        html = loader.get_template(name).render()
    assert html.startswith("<!doctype html>")
    assert "<h1>" in html
    for other in ("<link", "<script", "src=", "url(", "@import", "{{", "{%", "{#"):
        assert other not in html
    # nginx answers with the file as it is.
    assert html == (settings.BASE_DIR / "templates" / name).read_text()


@pytest.mark.parametrize(("name", "status"), [("500.html", 500), ("503.html", 503)])
def test_static_error_pages_allow_only_their_own_style(
    reader: Client, monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    fail_with(monkeypatch, OperationalError("gone") if status == 503 else RuntimeError("A bug."))
    monkeypatch.setattr(
        "posts.views.errors.is_away", lambda error: isinstance(error, OperationalError)
    )
    response = reader.get("/")
    assert response.status_code == status
    assert_policy_allows_only_the_inline_style(response)


def assert_policy_allows_only_the_inline_style(response: HttpResponse) -> None:
    html = response.content.decode()
    [style] = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = response["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}';" in policy
    assert "default-src 'none';" in policy
    assert "unsafe" not in policy
    assert style in loader.get_template("lost.html").render(), "the same style as the 404 page"


def test_a_bad_request_gets_the_400_page(reader: Client) -> None:
    response = reader.get("/search/?" + "&".join(f"a{number}=1" for number in range(1_100)))
    assert response.status_code == 400
    assert "We cannot read this request" in response.content.decode()
    assert_policy_allows_only_the_inline_style(response)
