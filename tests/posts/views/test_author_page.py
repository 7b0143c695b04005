"""The page of an author."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts.views.lists import POSTS_PER_PAGE
from tests.factories import make_author, make_image, make_post, make_tag

pytestmark = pytest.mark.django_db


def test_the_page_shows_the_author_and_their_articles(client: Client) -> None:
    ruth = make_author(
        name="Ruth Halloran", role="Editor", bio="One.\n\nTwo.", photo=make_image(400, 400)
    )
    make_post(title="By Ruth", author=ruth)
    make_post(title="By another", author=make_author())
    html = client.get("/authors/ruth-halloran/").content.decode()
    assert "Editor" in html
    assert "<p>One.</p>" in html
    assert "<p>Two.</p>" in html
    assert 'class="page-head__photo"' in html
    assert "By Ruth" in html
    assert "By another" not in html


def test_drafts_and_scheduled_articles_are_not_listed(client: Client) -> None:
    ruth = make_author(name="Ruth")
    make_post(title="A draft", author=ruth, published_at=None)
    make_post(title="Tomorrow", author=ruth, published_at=timezone.now() + timedelta(days=1))
    html = client.get("/authors/ruth/").content.decode()
    assert "A draft" not in html
    assert "Tomorrow" not in html
    assert "There is no article by Ruth yet." in html


def test_a_bio_is_escaped(client: Client) -> None:
    make_author(name="Ruth", bio="<script>alert(1)</script>")
    assert "<script>alert" not in client.get("/authors/ruth/").content.decode()


@pytest.mark.parametrize("asked", ["abc", "0", "-3", "1000000000", "9" * 5000])
def test_any_page_number_gives_a_page(client: Client, asked: str) -> None:
    ruth = make_author(name="Ruth")
    for _ in range(POSTS_PER_PAGE + 1):
        make_post(author=ruth)
    assert client.get("/authors/ruth/", {"page": asked}).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_articles(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ruth = make_author(name="Ruth", photo=make_image(400, 400))
    make_post(author=ruth)
    # The author, how many articles, the articles; and where nothing is kept, as
    # here, the sign-up box's resources and the footer's pages.
    with django_assert_num_queries(5):
        client.get("/authors/ruth/")
    for _ in range(2 * POSTS_PER_PAGE):
        make_post(author=ruth, tags=[make_tag()])
    with django_assert_num_queries(5):
        client.get("/authors/ruth/")
