"""What is answered when there is nothing to show, or no way to."""

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
    """A browser, to which a crash is a page."""
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
def test_a_lost_address_finds_what_its_words_say(client: Client, address: str) -> None:
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
def test_the_words_of_a_lost_address(path: str, words: list[str]) -> None:
    assert errors.asked_for(path) == words


def test_an_endless_address_costs_no_search_and_no_pattern(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for path in ("/" + "." * 8_100 + "a", "/" + "/" * 8_000 + "x", "/a/b" + "-word" * 1_600 + "/"):
        with django_assert_max_num_queries(1):  # The footer, which production remembers.
            assert client.get(path).status_code == 404


def test_no_draft_is_found_by_a_lost_address(client: Client) -> None:
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
def test_a_lost_address_offers_nothing_far_fetched(client: Client, address: str) -> None:
    # Each of these words stands in a text, or is near one that does.
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
def test_who_looks_for_a_file_costs_no_query(
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
def test_a_lost_address_finds_topics_and_authors(
    client: Client, address: str, leads_to: str
) -> None:
    make_post(tags=[make_tag("Fire dispatch")], author=make_author(name="Ruth Halloran"))
    html = client.get(address).content.decode()
    assert f'class="found__link" href="{leads_to}"' in html


def test_where_nothing_is_found_there_are_topics(client: Client) -> None:
    make_post(tags=[make_tag("Fire dispatch")])
    html = client.get("/what-never-was/").content.decode()
    assert "found__link" not in html
    assert '<a class="topic" href="/tags/fire-dispatch/">Fire dispatch</a>' in html


def test_a_lost_address_costs_at_most_eight_queries_more_than_the_footer(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        make_post(title=f"The Twelfth Hour, part {number}")
    for address in ("/articles/the-twelveth-hour/", "/articles/of-what-never-was/", "/lost/"):
        with django_assert_max_num_queries(9):
            client.get(address)


def test_what_was_asked_for_shows_as_words_only(client: Client) -> None:
    html = client.get("/articles/%22%3E%3Cscript%3Ealert(1)%3C/script%3E/").content.decode()
    assert "<script>alert" not in html
    assert '"><' not in html.split('name="q"')[-1].split(">")[0]


def test_the_404_does_without_a_search_that_fails(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("The index is broken.")

    monkeypatch.setattr("posts.search.finding.respelled", broken)
    response = client.get("/articles/the-twelfth-hour/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_the_404_does_without_its_own_template(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("The footer is broken.")

    monkeypatch.setattr("posts.views.errors.render", broken)
    response = client.get("/lost/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


# 500 and 503


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*args: object) -> None:
        raise error

    monkeypatch.setattr("posts.models.PostQuerySet.published", broken)


def test_our_own_mistake_is_a_500_that_says_so(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, RuntimeError("A bug."))
    response = reader.get("/")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "A bug." not in response.content.decode()
    assert not response.has_header("Retry-After")


def test_a_wrong_statement_is_a_500_too(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, OperationalError("no such column: x"))
    assert reader.get("/").status_code == 500


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(
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


def test_a_lost_address_without_a_database_is_a_503_and_not_a_404(
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
def test_only_a_database_that_cannot_be_reached_is_away(
    monkeypatch: pytest.MonkeyPatch, found: Connection, error: Exception | None, away: bool
) -> None:
    monkeypatch.setattr("posts.views.errors.connection", found)
    assert errors.is_away(error) is away


@pytest.mark.parametrize("name", ["400.html", "500.html", "503.html", "lost.html"])
def test_the_pages_for_bad_times_need_nothing_but_themselves(
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
def test_the_pages_for_bad_times_have_the_one_style_that_their_policy_names(
    reader: Client, monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    fail_with(monkeypatch, OperationalError("gone") if status == 503 else RuntimeError("A bug."))
    monkeypatch.setattr(
        "posts.views.errors.is_away", lambda error: isinstance(error, OperationalError)
    )
    response = reader.get("/")
    assert response.status_code == status
    check_page_of_its_own(response)


def check_page_of_its_own(response: HttpResponse) -> None:
    html = response.content.decode()
    [style] = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = response["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}';" in policy
    assert "default-src 'none';" in policy
    assert "unsafe" not in policy
    assert style in loader.get_template("lost.html").render(), "they look alike"


def test_what_django_refuses_to_read_gets_a_page_of_the_site(reader: Client) -> None:
    response = reader.get("/search/?" + "&".join(f"a{number}=1" for number in range(1_100)))
    assert response.status_code == 400
    assert "We cannot read this request" in response.content.decode()
    check_page_of_its_own(response)
