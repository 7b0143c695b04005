"""Exporting a list: asked first, streamed, no live formulas, logged, only what one may see."""

import csv
import io
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from alarmroom.desk import exports
from alarmroom.desk.models import Act
from newsletter.models import Issue
from subscribers.models import Subscriber
from tests.factories import (
    make_author,
    make_editor,
    make_issue,
    make_post,
    make_subscriber,
    make_tag,
)

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

ARTICLES = "/admin/posts/post/export/"
READERS = "/admin/subscribers/subscriber/export/"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def rows(response: HttpResponse) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.streaming
    text = b"".join(response).decode()  # type: ignore[call-overload]  # a streaming response
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_articles_as_the_list_shows_them(desk: Client) -> None:
    author = make_author(name="Ruth, “R.” Halloran")
    post = make_post(
        title='A "title", in\nlines', author=author, tags=[make_tag("B"), make_tag("A")]
    )
    make_issue(number=39, posts=[post], state=Issue.State.CANCELLED)
    make_post(title="A draft", published_at=None)
    asked = desk.get(f"{ARTICLES}?state=published")
    assert "Export 1 article?" in asked.content.decode()
    assert Act.objects.filter(kind=Act.Kind.EXPORTED).count() == 0
    [row] = rows(desk.post(f"{ARTICLES}?state=published"))
    assert row["Title"] == post.title
    assert (row["State"], row["Author"], row["Topics"]) == ("Published", author.name, "A, B")
    act = Act.objects.get(kind=Act.Kind.EXPORTED)
    assert (act.label, act.detail) == ("Articles", "1 article (Published)")
    assert len(rows(desk.post(ARTICLES))) == 2
    assert rows(desk.post("/admin/newsletter/issue/export/"))[0]["Number"] == "39"


@pytest.mark.parametrize("sign", exports.LIVE)
def test_no_cell_is_a_formula(sign: str) -> None:
    assert exports.cell(f"{sign}1+1").startswith("'")  # type: ignore[attr-defined]  # a text
    assert exports.cell(f"  {sign}1+1").startswith("'")  # type: ignore[attr-defined]  # a text
    assert exports.cell(f"a{sign}") == f"a{sign}"
    assert exports.cell(-3) == -3


def test_a_title_that_is_a_formula_stays_a_text(desk: Client) -> None:
    make_post(title='=HYPERLINK("https://evil.example","Click")')
    [row] = rows(desk.post(ARTICLES))
    assert row["Title"] == '\'=HYPERLINK("https://evil.example","Click")'


def test_readers_need_a_permission_of_their_own(client: Client) -> None:
    make_subscriber("reader@example.org")
    client.force_login(make_editor("subscribers.view_subscriber"))
    assert client.get(READERS).status_code == 403
    assert client.post(READERS).status_code == 403
    page = client.get("/admin/subscribers/subscriber/").content.decode()
    assert "Export" not in page
    client.force_login(make_editor("subscribers.view_subscriber", "subscribers.export_subscriber"))
    assert (
        f'href="{READERS}?q=reader"'
        in client.get("/admin/subscribers/subscriber/?q=reader").content.decode()
    )
    [row] = rows(client.post(READERS))
    assert (row["Address"], row["State"]) == ("reader@example.org", "Subscribed")
    # What was searched for may be an address, so the log does not name it.
    rows(client.post(f"{READERS}?q=reader"))
    assert Act.objects.latest("pk").detail == "1 reader (found by a search)"


def test_a_writer_exports_only_what_he_or_she_may_see(client: Client) -> None:
    writer = make_editor("posts.change_post")
    make_post(title="Of others", published_at=None)
    own = make_post(title="Own", published_at=None)
    own.owner = writer
    own.save()
    client.force_login(writer)
    assert [row["Title"] for row in rows(client.post(ARTICLES))] == ["Own"]


def test_many_rows_take_the_same_queries_and_come_in_pieces(
    desk: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 200)
    Subscriber.objects.bulk_create(
        Subscriber(address=f"reader-{n}@example.org") for n in range(1500)
    )
    response = desk.post(READERS)
    with django_assert_max_num_queries(3):
        assert len(rows(response)) == 1500


def test_an_export_is_filtered_by_nothing_that_a_list_is_not(desk: Client) -> None:
    assert desk.get(f"{ARTICLES}?author__user__password=1").status_code == 400
