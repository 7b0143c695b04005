"""Which articles an article could lead on to, and which lead to it, as its page asks."""

from typing import Any

import pytest
from django.test import Client

from posts.models import Post, RelatedPost
from tests.factories import connect, make_editor, make_post, make_tag
from tests.posts.admin.desk import change, form

pytestmark = pytest.mark.django_db


def asked(client: Client, post: Post | None, **given: Any) -> dict[str, Any]:
    address = f"/admin/posts/post/{post.pk}/related/" if post else "/admin/posts/post/add/related/"
    answer: dict[str, Any] = client.get(address, given).json()
    return answer


def titles(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["title"] for entry in entries]


def test_a_draft_gets_suggestions_by_its_topics_and_words(desk: Client) -> None:
    rare, common = make_tag(), make_tag()
    for number in range(4):
        make_post(title=f"Common {number}", tags=[common])
    close = make_post(title="Silent calls at night", tags=[rare])
    make_post(title="A draft of the same", tags=[rare], published_at=None)
    for post in (None, make_post(published_at=None)):
        found = asked(desk, post, title="Silent calls", tag=[rare.pk, common.pk])["suggested"]
        assert titles(found)[0] == close.title
        assert len(found) == 5
        assert "A draft of the same" not in titles(found)
    # What is chosen already is not suggested.
    found = asked(desk, None, title="Silent calls", tag=[rare.pk], besides=[close.pk])["suggested"]
    assert close.title not in titles(found)


def test_odd_keys_are_ignored(desk: Client) -> None:
    given = {"tag": ["x", "-1", "9" * 40, "١"], "besides": ["", "9" * 20], "title": "x" * 5000}
    assert asked(desk, None, **given) == {"state": "found", "suggested": [], "linked": []}


def test_linked_from_names_texts_that_link_here_and_articles_that_chose_it(desk: Client) -> None:
    post = make_post(slug="open-lines")
    post.slug = "open-lines-again"
    post.save()
    both = make_post(title="Both", body='<p><a href="/articles/open-lines-again/">x</a></p>')
    connect(both, post)
    make_post(title="By its old address", body='<p><a href="/articles/open-lines/#a">x</a></p>')
    make_post(title="Another", body='<p><a href="/articles/open-lines-again-and-again/">x</a></p>')
    make_post(title="By its number", body=f'<p><a href="/to/article/{post.pk}/">x</a></p>')
    notes = {one["title"]: one["note"] for one in asked(desk, post)["linked"]}
    assert notes == {
        "Both": "in its text and as related",
        "By its old address": "in its text",
        "By its number": "in its text",
    }


def test_whoever_may_not_change_it_gets_nothing_of_it() -> None:
    post = make_post()
    linking = make_post(title="A draft of others", published_at=None)
    connect(linking, post)
    client = Client()
    client.force_login(make_editor("posts.view_post"))
    assert client.get(f"/admin/posts/post/{post.pk}/related/").status_code == 403
    client.force_login(make_editor("posts.add_post"))
    assert asked(client, None)["linked"] == []


def test_many_articles_take_no_more_queries(
    desk: Client, django_assert_max_num_queries: Any
) -> None:
    tag = make_tag()
    posts = [make_post(tags=[tag]) for _ in range(12)]
    for other in posts[1:]:
        connect(other, posts[0])
    with django_assert_max_num_queries(14):
        asked(desk, posts[0], title="Night", tag=[tag.pk])


def test_rows_are_saved_in_the_order_of_their_numbers(desk: Client) -> None:
    """As the cards are sent: rows stay where they are, and their numbers say the order."""
    post, first, second, third = (make_post() for _ in range(4))
    connect(post, first, second)
    one, two = RelatedPost.objects.order_by("pk")
    rows: list[dict[str, Any]] = [
        {"id": one.pk, "post": post.pk, "related": first.pk, "position": 3},
        {"id": two.pk, "post": post.pk, "related": second.pk, "position": 2},
        {"related": third.pk, "position": 1},
        {"related": "", "position": 0},  # Added and removed again.
    ]
    desk.post(change(post), form(rows, _update="1"))
    assert list(post.connected()) == [third, second, first]
