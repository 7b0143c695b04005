"""The page of a topic."""

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts.views.lists import POSTS_PER_PAGE
from tests.factories import make_post, make_tag

pytestmark = pytest.mark.django_db


def test_a_topic_lists_its_articles_newest_first(client: Client) -> None:
    fire = make_tag("Fire", description="The other half of the fireground.")
    make_post(title="Older", tags=[fire], published_at=timezone.now() - timedelta(days=2))
    make_post(title="Newer", tags=[fire])
    make_post(title="Elsewhere", tags=[make_tag("Police")])
    html = client.get("/tags/fire/").content.decode()
    assert html.index("Newer") < html.index("Older")
    assert "Elsewhere" not in html
    assert "The other half of the fireground." in html


def test_drafts_and_scheduled_articles_are_not_listed(client: Client) -> None:
    fire = make_tag("Fire")
    make_post(title="A draft", tags=[fire], published_at=None)
    make_post(title="Tomorrow", tags=[fire], published_at=timezone.now() + timedelta(days=1))
    html = client.get("/tags/fire/").content.decode()
    assert "A draft" not in html
    assert "Tomorrow" not in html
    assert "There is nothing under this topic yet." in html


def test_an_article_of_two_topics_is_listed_once_under_each(client: Client) -> None:
    fire, police = make_tag("Fire"), make_tag("Police")
    make_post(title="Both", tags=[fire, police])
    assert client.get("/tags/fire/").content.decode().count("Both") == 1


def test_a_card_shows_another_topic_of_the_article_if_there_is_one(client: Client) -> None:
    fire, police = make_tag("Fire"), make_tag("Police")
    make_post(title="Both", tags=[fire, police])
    make_post(title="One", tags=[fire])
    assert eyebrows(client.get("/tags/fire/")) == ["Topic", "Police"]
    assert eyebrows(client.get("/tags/police/")) == ["Topic", "Fire"]


def eyebrows(response: HttpResponse) -> list[str]:
    return re.findall(r'<p class="eyebrow">([^<]*)</p>', response.content.decode())


@pytest.mark.parametrize("asked", ["abc", "0", "-3", "1000000000", "9" * 5000])
def test_any_page_number_gives_a_page(client: Client, asked: str) -> None:
    fire = make_tag("Fire")
    for _ in range(POSTS_PER_PAGE + 1):
        make_post(tags=[fire])
    assert client.get("/tags/fire/", {"page": asked}).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_articles(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fire = make_tag("Fire")
    make_post(tags=[fire])
    # The topic, how many articles, the articles; and where nothing is kept, as
    # here, the sign-up box's resources and the footer's pages.
    with django_assert_num_queries(5):
        client.get("/tags/fire/")
    for _ in range(2 * POSTS_PER_PAGE):
        make_post(tags=[fire, make_tag()])
    with django_assert_num_queries(5):
        client.get("/tags/fire/")
