"""An article with every field of a feed, and feeds as feed readers parse them."""

from datetime import timedelta
from typing import Any
from xml.dom import minidom

import feedparser
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from posts.models import Post
from tests.factories import make_author, make_image, make_post, make_tag

SITE = "http://localhost:8000"
XML = ["/feeds/atom.xml", "/feeds/rss.xml"]
ALL = [*XML, "/feeds/feed.json"]


def make_article() -> Post:
    """An article with every field of a feed, revised after its publication."""
    author = make_author(name="Ruth Álvarez", slug="ruth", photo=make_image(400, 400))
    return make_post(
        title="The twelfth hour",
        slug="the-twelfth-hour",
        summary="What fatigue does to a voice.",
        body=(
            '<p>See <a href="/tags/fire/">fire</a> and '
            '<a href="https://example.org/?a=1&amp;b=2">a study</a>.</p>'
            '<figure><img src="/media/images/x.jpg" alt="A console" width="10" height="5"></figure>'
            '<p>Type src="/x" &lt;img src="/y"&gt; here.</p>'
        ),
        author=author,
        tags=[make_tag("Fire", slug="fire"), make_tag("Night")],
        cover=make_image(),
        cover_alt="A lit window",
        cover_credit="J. Doe",
        published_at=timezone.now() - timedelta(days=3),
        revised_at=timezone.now() - timedelta(days=1),
    )


def parsed(response: HttpResponse) -> Any:
    """Return the feed as feedparser reads it; fail if it has an error."""
    assert response.status_code == 200
    minidom.parseString(response.content)  # Strict, where feedparser forgives.
    found = feedparser.parse(
        response.content,
        response_headers={"content-type": response["Content-Type"]},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    assert not found.bozo, found.get("bozo_exception")
    return found


def entries(client: Client, address: str) -> list[tuple[str, str]]:
    """Return the id and title of each entry of a feed of any format."""
    response = client.get(address)
    if address.endswith(".json"):
        return [(item["id"], item["title"]) for item in response.json()["items"]]
    return [(entry.id, entry.title) for entry in parsed(response).entries]
