"""What the head of a page tells search engines, link previews and other programs."""

import json
from collections import defaultdict
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db.models import Value
from django.test import Client
from django.test.html import Element, parse_html
from django.urls import reverse

from posts.linked_data import script
from posts.models import Post
from tests.factories import make_author, make_image, make_post, make_tag

SITE = "http://localhost:8000"
NASTY = "</script><script>alert(1)</script> & \"Fire\" <!-- 'x' \u2028"


class Head(HTMLParser):
    """The meta elements, links and data blocks of a page, and what is wrong with its JSON."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.meta: dict[str, list[str]] = {}
        self.links: list[dict[str, str | None]] = []
        self.data: list[Any] = []
        self.scripts = 0
        self.in_data = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "meta" and (name := found.get("property") or found.get("name")):
            self.meta.setdefault(name, []).append(found.get("content") or "")
        elif tag == "link":
            self.links.append(found)
        elif tag == "script":
            self.scripts += 1
            self.in_data = found.get("type") == "application/ld+json"

    def handle_data(self, data: str) -> None:
        if self.in_data:
            self.data.append(json.loads(data))
            self.in_data = False

    def of_type(self, name: str) -> dict[str, Any]:
        """Return the one thing of a schema.org type."""
        things = [thing for block in self.data for thing in block.get("@graph", [block])]
        [found] = [thing for thing in things if thing["@type"] == name]
        return found


def head(client: Client, address: str) -> Head:
    response = client.get(address)
    assert response.status_code == 200
    return Head(response.content.decode())


@pytest.fixture
def post(db: None) -> Post:
    author = make_author(
        name="Ruth Álvarez", slug="ruth", role="Trainer", photo=make_image(400, 400)
    )
    return make_post(
        title="The twelfth hour",
        slug="hour",
        summary="What fatigue does to a voice.",
        author=author,
        tags=[make_tag("Fatigue", slug="fatigue"), make_tag("Night", slug="night")],
        cover=make_image(1600, 900),
        cover_alt="A lit window",
    )


PAGES = ["/", "/articles/hour/", "/tags/fatigue/", "/authors/ruth/", "/topics/", "/archive/"]
PAGES += ["/feeds/", "/weekly-alarm/", "/subscribe/"]


@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_each_link_preview_tag_once(
    client: Client, post: Post, address: str
) -> None:
    found = head(client, address)
    for name in (
        *("og:title", "og:description", "og:url", "og:type", "og:site_name", "og:locale"),
        *("og:image", "og:image:alt", "og:image:width", "og:image:height"),
        *("twitter:card", "description"),
    ):
        [value] = found.meta[name]
        assert value.strip(), name
    [canonical] = [link["href"] for link in found.links if link.get("rel") == "canonical"]
    assert found.meta["og:url"] == [canonical] == [f"{SITE}{address}"]
    assert found.meta["og:image"][0].startswith(f"{SITE}/")
    assert found.meta["twitter:card"] == ["summary_large_image"]
    assert found.meta["og:description"] == found.meta["description"]


@pytest.mark.parametrize("address", PAGES)
def test_the_preview_image_exists_with_the_stated_size(
    client: Client, post: Post, address: str
) -> None:
    found = head(client, address)
    assert (found.meta["og:image:width"], found.meta["og:image:height"]) == (["1200"], ["630"])
    picture = found.meta["og:image"][0].removeprefix(SITE)
    if not picture.startswith("/static/"):
        assert client.get(picture).status_code == 200


def test_the_preview_of_an_article_has_its_own_values(client: Client, post: Post) -> None:
    found = head(client, "/articles/hour/")
    assert found.meta["og:type"] == ["article"]
    assert found.meta["og:title"] == ["The twelfth hour"]
    assert found.meta["og:description"] == ["What fatigue does to a voice."]
    assert found.meta["og:image"][0].startswith(f"{SITE}/articles/hour/share.jpg?v=")
    assert found.meta["article:author"] == [f"{SITE}/authors/ruth/"]
    assert found.meta["article:tag"] == ["Fatigue", "Night"]
    assert found.meta["author"] == ["Ruth Álvarez"]


def test_the_address_of_the_preview_image_changes_with_the_title(
    client: Client, post: Post
) -> None:
    before = head(client, "/articles/hour/").meta["og:image"]
    fresh = Post.objects.get(pk=post.pk)
    fresh.title = "The thirteenth hour"
    fresh.save()
    assert head(client, "/articles/hour/").meta["og:image"] != before


# Linked data


def test_the_linked_data_of_the_front_page_has_publisher_and_search(
    client: Client, post: Post, settings: Any
) -> None:
    settings.SITE_PROFILES = ["https://social.example/@alarm"]
    found = head(client, "/")
    site = found.of_type("WebSite")
    template = site["potentialAction"]["target"]["urlTemplate"]
    assert template == f"{SITE}{reverse('posts:search')}?q={{search_term_string}}"
    assert (
        client.get(template.removeprefix(SITE).format(search_term_string="hour")).status_code == 200
    )
    publisher = found.of_type("Organization")
    assert publisher["sameAs"] == ["https://social.example/@alarm"]
    assert site["publisher"]["@id"] == publisher["@id"]


def test_the_linked_data_of_an_article_has_author_dates_and_breadcrumbs(
    client: Client, post: Post
) -> None:
    found = head(client, "/articles/hour/")
    article = found.of_type("Article")
    assert article["headline"] == "The twelfth hour"
    assert article["url"] == article["mainEntityOfPage"] == f"{SITE}/articles/hour/"
    assert article["author"]["name"] == "Ruth Álvarez"
    assert article["author"]["jobTitle"] == "Trainer"
    assert article["publisher"]["name"] == "The Alarm Room"
    assert article["datePublished"] <= article["dateModified"]
    assert article["keywords"] == ["Fatigue", "Night"]
    assert all(image.startswith(f"{SITE}/") for image in article["image"])
    way = found.of_type("BreadcrumbList")["itemListElement"]
    assert [(step["position"], step["name"], step["item"]) for step in way] == [
        (1, "The Alarm Room", f"{SITE}/"),
        (2, "Fatigue", f"{SITE}/tags/fatigue/"),
        (3, "The twelfth hour", f"{SITE}/articles/hour/"),
    ]


def test_author_and_topic_pages_have_linked_data(client: Client, post: Post) -> None:
    person = head(client, "/authors/ruth/").of_type("ProfilePage")["mainEntity"]
    assert (person["@type"], person["name"]) == ("Person", "Ruth Álvarez")
    assert head(client, "/tags/fatigue/").of_type("CollectionPage")["name"] == "Fatigue"


def test_article_and_author_page_describe_the_same_person(client: Client, post: Post) -> None:
    person = head(client, "/authors/ruth/").of_type("ProfilePage")["mainEntity"]
    assert head(client, "/articles/hour/").of_type("Article")["author"] == person


@pytest.mark.parametrize("address", ["/articles/hour/", "/tags/fatigue/", "/authors/ruth/"])
def test_text_cannot_close_the_script_element_of_the_linked_data(
    client: Client, post: Post, address: str
) -> None:
    before = head(client, address).scripts
    # As an expression: the fields would remove the line separator.
    nasty = Value(NASTY)
    Post.objects.filter(pk=post.pk).update(title=nasty, summary=nasty)
    type(post.author).objects.filter(pk=post.author_id).update(name=nasty, role=nasty)
    post.tags.all().update(description=nasty)
    found = head(client, address)
    assert found.scripts == before
    assert NASTY in json.dumps(found.data, ensure_ascii=False).replace('\\"', '"')
    assert "<script>alert" not in client.get(address).content.decode()


def test_the_escaped_linked_data_is_valid_json() -> None:
    block = script({"name": NASTY})
    inner = block.removeprefix('<script type="application/ld+json">').removesuffix("</script>")
    assert not set("<>&\u2028") & set(inner)
    assert json.loads(inner)["name"] == NASTY


def test_a_preview_of_a_draft_has_no_linked_data(admin_client: Client, post: Post) -> None:
    Post.objects.filter(pk=post.pk).update(published_at=None)
    found = head(admin_client, f"/preview/{post.pk}/")
    assert found.data == []
    assert found.meta["robots"] == ["noindex"]


# rel=me and microformats


def test_site_profiles_are_linked_with_rel_me(client: Client, post: Post, settings: Any) -> None:
    assert not [link for link in head(client, "/").links if link.get("rel") == "me"]
    settings.SITE_PROFILES = ["https://social.example/@alarm", "https://b.example/?a=1&b=2"]
    found = [link["href"] for link in head(client, "/").links if link.get("rel") == "me"]
    assert found == settings.SITE_PROFILES


def properties(root: Element) -> dict[str, list[Any]]:
    """Return the properties of a microformat, without those of nested microformats.

    A value is an address, a moment, a text, or the properties of what stands inside
    (https://microformats.org/wiki/microformats2-parsing).
    """
    found: dict[str, list[Any]] = defaultdict(list)

    def look(element: Element) -> None:
        for child in element.children:
            if not isinstance(child, Element):
                continue
            attributes = {name: value or "" for name, value in child.attributes}
            names = attributes.get("class", "").split()
            inner = properties(child) if any(name.startswith("h-") for name in names) else None
            text = " ".join("".join(map(str, child.children)).split())
            for name in names:
                prefix, _, word = name.partition("-")
                if prefix == "u":
                    found[word].append(attributes.get("href") or attributes.get("src"))
                elif prefix == "dt":
                    found[word].append(attributes["datetime"])
                elif prefix in {"p", "e"}:
                    found[word].append(text if inner is None else inner)
            if inner is None:
                look(child)

    look(root)
    return dict(found)


def entry_of(html: str) -> dict[str, list[Any]]:
    """Return the properties of a page's only h-entry."""
    start = html.index('<article class="article h-entry"')
    assert html.count("h-entry") == 1
    root = parse_html(html[start : html.index("</article>", start) + len("</article>")])
    assert isinstance(root, Element)
    return properties(root)


def test_an_article_is_an_h_entry_with_its_address_picture_and_author(
    client: Client, post: Post
) -> None:
    found = entry_of(client.get("/articles/hour/").content.decode())
    assert found["name"] == [post.title]
    assert found["summary"] == [post.summary]
    assert found["url"] == [f"{SITE}/articles/hour/"]
    assert post.cover
    assert found["featured"] == [post.cover.file.url]
    assert datetime.fromisoformat(found["published"][0]) == post.published_at.replace(microsecond=0)
    assert len(found["content"]) == 1
    assert found["category"] == sorted(tag.name for tag in post.tags.all())
    [author] = found["author"]
    assert author["name"] == [post.author.name]
    assert author["url"] == [post.author.get_absolute_url()]
    assert post.author.photo
    assert author["photo"] == [post.author.photo.file.url]


def test_the_h_entry_of_a_draft_has_no_address(admin_client: Client, post: Post) -> None:
    Post.objects.filter(pk=post.pk).update(published_at=None)
    assert "url" not in entry_of(admin_client.get(f"/preview/{post.pk}/").content.decode())
