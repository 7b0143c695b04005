"""The archive by year and month, and the page of topics."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts.models import Post
from posts.views.archive import TITLES_PER_PAGE
from posts.views.lists import POSTS_PER_PAGE
from tests.factories import make_author, make_image, make_post, make_tag

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def at(year: int, month: int, day: int = 15, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def html_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_years_and_months_are_listed_newest_first_with_counts(
    client: Client,
) -> None:
    make_post(published_at=at(2024, 3))
    make_post(published_at=at(2025, 3))
    make_post(published_at=at(2025, 3))
    make_post(published_at=at(2025, 7))
    html = html_of(client, "/archive/")
    assert html.index('href="/archive/2025/"') < html.index('href="/archive/2025/07/"')
    assert html.index('href="/archive/2025/07/"') < html.index('href="/archive/2025/03/"')
    assert html.index('href="/archive/2025/03/"') < html.index('href="/archive/2024/"')
    assert "3 articles" in html
    assert "/archive/2025/04/" not in html


def test_every_title_is_listed_under_its_month(client: Client) -> None:
    author, fire = make_author(name="Ruth <b>"), make_tag("Fire")
    make_post(title="In March", slug="march", author=author, published_at=at(2025, 3, 9))
    make_post(title="Late <i>", author=author, tags=[fire], published_at=at(2025, 8, 1, hour=3))
    make_post(title="Draft", published_at=None)
    html = html_of(client, "/archive/").split('class="archive__all"')[1]
    july, march = html.split('href="/archive/2025/03/">March 2025')
    assert 'href="/archive/2025/07/">July 2025' in july, "in New York, it is still July"
    assert "Late &lt;i&gt;" in july and "Fire · Ruth &lt;b&gt;" in july
    assert '<a class="cover-link" href="/articles/march/">In March</a>' in march
    assert "Draft" not in html


def test_a_long_archive_has_pages_that_say_so(client: Client) -> None:
    for number in range(TITLES_PER_PAGE + 1):
        make_post(title=f"Title {number}.", published_at=at(2025, 3) + timedelta(hours=number))
    first, second = html_of(client, "/archive/"), html_of(client, "/archive/?page=2")
    assert "Title 1." in first and "Title 0." not in first
    assert "Title 0." in second and "Title 1." not in second
    assert 'rel="next" href="?page=2"' in first
    assert f"{TITLES_PER_PAGE + 1} articles" in second, "the months are those of all"
    assert "<title>Archive, page 2 · " in second
    assert "by year and month: page 2 of 2." in second


def test_only_published_articles_are_counted(client: Client) -> None:
    make_post(published_at=None)
    make_post(published_at=timezone.now() + timedelta(days=400))
    make_post(published_at=at(2024, 3))
    assert Post.objects.published().withdraw() == 1
    assert "The first articles are being written." in html_of(client, "/archive/")


def test_a_month_begins_at_midnight_of_the_configured_time_zone(client: Client) -> None:
    # In New York, four hours behind UTC, it is still July.
    make_post(title="Late in July", published_at=at(2025, 8, 1, hour=3))
    make_post(title="Early in August", published_at=at(2025, 8, 1, hour=4))
    july, august = html_of(client, "/archive/2025/07/"), html_of(client, "/archive/2025/08/")
    assert "Late in July" in july
    assert "Early in August" not in july
    assert "Early in August" in august
    assert "Late in July" not in august


def test_a_year_ends_at_midnight_of_the_configured_time_zone(client: Client) -> None:
    make_post(title="New Year’s Eve", published_at=at(2025, 1, 1, hour=4))
    assert "New Year’s Eve" in html_of(client, "/archive/2024/12/")
    assert client.get("/archive/2025/").status_code == 404


def test_a_month_links_to_the_months_of_its_year_and_marks_the_current_one(client: Client) -> None:
    make_post(title="In March", published_at=at(2025, 3))
    make_post(title="In July", published_at=at(2025, 7))
    html = html_of(client, "/archive/2025/03/")
    assert "In March" in html
    assert "In July" not in html
    assert 'href="/archive/2025/03/" aria-current="page"' in html
    assert 'href="/archive/2025/07/">' in html
    assert 'href="/archive/2025/"' in html


@pytest.mark.parametrize(
    "address",
    [
        "/archive/2025/04/",  # empty
        "/archive/2023/",
        "/archive/2025/3/",  # one address for each month
        "/archive/2025/003/",
        "/archive/2025/00/",
        "/archive/2025/13/",
        "/archive/0000/",
        "/archive/1899/",
        "/archive/2101/",
        "/archive/9999/12/",
        "/archive/99999999999/",
        "/archive/-2025/",
        "/archive/٢٠٢٥/",
        "/archive/2025/03/01/",
    ],
)
def test_an_empty_or_invalid_month_is_a_404(client: Client, address: str) -> None:
    make_post(published_at=at(2025, 3))
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "address", ["/", "/tags/fire/", "/authors/ruth/", "/archive/2025/", "/archive/2025/03/"]
)
def test_page_2_of_a_list_has_its_own_title_and_description(client: Client, address: str) -> None:
    ruth, fire = make_author(name="Ruth"), make_tag("Fire", description="Of fires.")
    for day in range(POSTS_PER_PAGE + 1):
        make_post(author=ruth, tags=[fire], published_at=at(2025, 3, day + 1))
    said = []
    for page in ("", "?page=2"):
        html = html_of(client, address + page)
        said.append(re.findall(r'<title>(.*?)</title>|name="description" content="(.*?)"', html))
    (title, _), (_, text) = said[1]
    assert "page 2" in title
    assert "age 2 of 2" in text
    assert not set(said[0]) & set(said[1])


def test_topics_show_their_latest_article(client: Client) -> None:
    fire, night = make_tag("Fire"), make_tag("Night")
    cover = make_image(1600, 900)
    make_post(title="Older", tags=[fire], published_at=at(2025, 1))
    make_post(
        title="Newer <b>",
        slug="n",
        tags=[fire, night],
        cover=cover,
        cover_alt="x",
        published_at=at(2025, 2),
    )
    make_post(title="Draft", tags=[fire], published_at=None)
    html = html_of(client, "/topics/")
    assert html.count('href="/articles/n/">Newer &lt;b&gt;</a>') == 2
    assert html.count(cover.file.url) == 2
    assert "Older" not in html and "Draft" not in html


def test_a_topic_and_an_author_show_their_feed(client: Client) -> None:
    make_post(author=make_author(name="Ruth"), tags=[make_tag("Fire")])
    for path, name in (("/tags/fire/", "Fire"), ("/authors/ruth/", "Ruth")):
        html = html_of(client, path)
        head, body = html.split("</head>")
        for file_name in ("atom.xml", "rss.xml", "feed.json"):
            assert f'href="http://localhost:8000{path}{file_name}"' in head
        assert f'1 article · <a href="{path}rss.xml"' in body
        assert f'aria-label="Feed of {name}"' in body


def test_a_month_is_paginated(client: Client) -> None:
    for day in range(POSTS_PER_PAGE + 1):
        make_post(title=f"Day {day:02d}", published_at=at(2025, 3, day + 1))
    html = html_of(client, "/archive/2025/03/?page=2")
    assert "Day 00" in html
    assert "Day 01" not in html
    assert "Page 2 of 2" in html
    assert 'rel="canonical" href="http://localhost:8000/archive/2025/03/?page=2"' in html
    assert "Page 2 of 2" in html_of(client, "/archive/2025/03/?page=1000000000")


def test_topics_in_use_are_listed_with_count_and_description(client: Client) -> None:
    fire = make_tag("Fire", description="The other half of the fireground.")
    make_tag("Unused")
    hidden = make_tag("Hidden")
    make_post(tags=[fire])
    make_post(tags=[fire])
    make_post(tags=[fire, hidden], published_at=None)
    html = html_of(client, "/topics/")
    assert 'href="/tags/fire/"' in html
    assert "The other half of the fireground." in html
    assert "2 articles" in html
    assert "Unused" not in html
    assert "Hidden" not in html


@pytest.mark.parametrize(
    "address", ["/archive/", "/archive/2025/", "/archive/2025/03/", "/topics/"]
)
def test_the_number_of_queries_does_not_grow_with_the_articles(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, address: str
) -> None:
    make_post(published_at=at(2025, 3), tags=[make_tag()])
    # The pages of the footer and the resources, too, which production remembers.
    with django_assert_max_num_queries(6):
        client.get(address)
    for day in range(2 * POSTS_PER_PAGE):
        post = make_post(published_at=at(2025, 3, day + 1), author=make_author(), tags=[make_tag()])
        make_post(published_at=at(2000 + day, 5), tags=[*post.tags.all(), make_tag()])
    with django_assert_max_num_queries(6):
        client.get(address)
