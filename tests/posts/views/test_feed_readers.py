"""Discovery of feeds, and conditional requests of feed readers."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.http import http_date

from posts.models import Post
from tests.factories import make_author, make_image, make_post, make_tag
from tests.posts.views.feeds import ALL, SITE, entries, make_article


@pytest.fixture
def post(db: None) -> Post:
    return make_article()


# Requests


@pytest.mark.parametrize("address", [*ALL, "/tags/fire/atom.xml", "/authors/ruth/feed.json"])
def test_a_matching_etag_gets_a_304(client: Client, post: Post, address: str) -> None:
    first = client.get(address)
    for header in (
        {"if-none-match": first["ETag"]},
        {"if-none-match": f'"other", {first["ETag"].removeprefix("W/")}'},
    ):
        again = client.get(address, headers=header)
        assert again.status_code == 304, header
        assert again.content == b""
        assert again["ETag"] == first["ETag"]


@pytest.mark.parametrize("address", ALL)
def test_an_edit_changes_the_etag(client: Client, post: Post, address: str) -> None:
    first = client.get(address)
    fresh = Post.objects.get(pk=post.pk)
    fresh.title = "The thirteenth hour"
    fresh.save()
    again = client.get(address, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 200
    assert "thirteenth" in again.content.decode()


@pytest.mark.parametrize("address", ALL)
def test_if_modified_since_never_hides_a_change(client: Client, post: Post, address: str) -> None:
    older = make_post(title="Withdrawn soon")
    Post.objects.filter(pk=older.pk).update(updated_at=timezone.now() - timedelta(days=1))
    first = client.get(address)
    assert "Last-Modified" not in first
    older.delete()
    for date in (first.get("Date"), http_date(timezone.now().timestamp())):
        again = client.get(address, headers={"if-modified-since": date or ""})
        assert again.status_code == 200
        assert "Withdrawn soon" not in again.content.decode()


@pytest.mark.parametrize("value", ["", "*x", "yesterday", http_date(0), "W/", '"' * 500])
def test_invalid_conditional_headers_get_the_feed(client: Client, post: Post, value: str) -> None:
    for header in ("if-none-match", "if-modified-since"):
        assert client.get("/feeds/atom.xml", headers={header: value}).status_code == 200


@pytest.mark.parametrize("address", [*ALL, "/feeds/", "/tags/fire/rss.xml"])
def test_feeds_allow_only_get_and_head_and_set_no_cookie(
    client: Client, post: Post, address: str
) -> None:
    assert Client(enforce_csrf_checks=True).post(address).status_code == 405
    head = client.head(address)
    assert head.status_code == 200
    assert head.content == b""
    assert not client.get(address).cookies


@pytest.mark.parametrize(
    ("address", "most"),
    # One is for a picture of `post` that the library does not have, and one for corrections.
    [("/feeds/atom.xml", 5), ("/tags/fire/feed.json", 6), ("/authors/ruth/rss.xml", 6)],
)
def test_the_number_of_queries_does_not_grow_with_the_entries(
    client: Client, post: Post, django_assert_max_num_queries: Any, address: str, most: int
) -> None:
    for _ in range(5):
        other = make_post(
            tags=list(post.tags.all()),
            cover=make_image(1600, 900),
            cover_alt="Alt",
            body=f'<p><img src="{make_image(1600, 900).file.url}" alt="x"></p>',
        )
        Post.objects.filter(pk=other.pk).update(author=post.author)
    with django_assert_max_num_queries(most):
        assert len(entries(client, address)) == 6


# Discovery


@pytest.mark.parametrize(
    ("address", "feeds"),
    [
        ("/", ["/feeds/"]),
        ("/articles/the-twelfth-hour/", ["/feeds/"]),
        ("/tags/fire/", ["/tags/fire/", "/feeds/"]),
        ("/authors/ruth/", ["/authors/ruth/", "/feeds/"]),
        ("/weekly-alarm/", ["/feeds/"]),
        ("/subscribe/", ["/feeds/"]),
        ("/feeds/", ["/feeds/"]),
    ],
)
def test_a_page_links_to_its_own_feeds_first(
    client: Client, post: Post, address: str, feeds: list[str]
) -> None:
    html = client.get(address).content.decode()
    found = [
        part.split('"')[0]
        for link in html.split('<link rel="alternate" type="application/')[1:]
        for part in link.split(' href="')[1:2]
    ]
    assert found == [
        f"{SITE}{folder}{name}" for folder in feeds for name in ("atom.xml", "rss.xml", "feed.json")
    ]
    for url in found:
        assert client.get(url.removeprefix(SITE)).status_code == 200


def test_the_feeds_page_lists_every_feed(client: Client, post: Post) -> None:
    make_tag("Unused", slug="unused")
    make_author(name="Silent", slug="silent")
    html = client.get("/feeds/").content.decode()
    for folder in ("/feeds/", "/tags/fire/", "/tags/night/", "/authors/ruth/"):
        for name in ("atom.xml", "rss.xml", "feed.json"):
            assert f'href="{folder}{name}"' in html
    assert "/tags/unused/" not in html
    assert "/authors/silent/" not in html


def test_the_footer_links_to_the_feeds_page(client: Client, post: Post) -> None:
    footer = client.get("/").content.decode().split("<footer")[1]
    assert 'href="/feeds/"' in footer


def test_the_feeds_page_takes_at_most_four_queries(
    client: Client, post: Post, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        make_post(author=make_author(), tags=[make_tag()])
    with django_assert_max_num_queries(4):
        client.get("/feeds/")
