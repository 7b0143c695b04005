"""The feeds in Atom, RSS and JSON: every new article in full."""

import json
from calendar import timegm
from datetime import datetime, timedelta
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.utils import timezone

from posts.models import Post
from posts.views.feed_entries import absolute
from tests.factories import make_author, make_image, make_post, make_tag, with_copies
from tests.posts.views.feeds import ALL, SITE, XML, entries, make_article, parsed

NASTY = 'Fire & <script>\x0b\x1f\x85 \ufffe\U0001f692 ]]> "Ångström" &#11; \u202e消防'

# JSON Feed 1.1 as https://www.jsonfeed.org/version/1.1/ has it.
URL = {"type": "string", "pattern": "^https?://[^\\s]+$"}
DATE = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}
AUTHORS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "url": URL, "avatar": URL},
        "minProperties": 1,
        "additionalProperties": False,
    },
}
JSON_FEED: dict[str, Any] = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string", "minLength": 1},
        "home_page_url": URL,
        "feed_url": URL,
        "description": {"type": "string"},
        "icon": URL,
        "favicon": URL,
        "authors": AUTHORS,
        "language": {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Z]{2})?$"},
        "items": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["id"],
                "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "url": URL,
                    "title": {"type": "string"},
                    "summary": {"type": "string"},
                    "content_html": {"type": "string"},
                    "image": URL,
                    "banner_image": URL,
                    "date_published": DATE,
                    "date_modified": DATE,
                    "authors": AUTHORS,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "language": {"type": "string"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


@pytest.fixture
def post(db: None) -> Post:
    return make_article()


def full_text(client: Client, address: str) -> str:
    """Return the whole text of the newest article of a feed of any format."""
    response = client.get(address)
    if address.endswith(".json"):
        return response.json()["items"][0]["content_html"]
    return parsed(response).entries[0].content[0].value


@pytest.mark.parametrize(
    ("address", "version"), [("/feeds/atom.xml", "atom10"), ("/feeds/rss.xml", "rss20")]
)
def test_an_xml_feed_has_every_field_of_an_article(
    client: Client, post: Post, address: str, version: str
) -> None:
    found = parsed(client.get(address))
    assert found.version == version
    assert found.feed.title == "The Alarm Room"
    assert found.feed.link == f"{SITE}/"
    assert {"rel": "self", "href": f"{SITE}{address}"}.items() <= next(
        link for link in found.feed.links if link.rel == "self"
    ).items()
    assert found.feed.language == "en-us"
    logo = found.feed.logo if version == "atom10" else found.feed.image.href
    assert logo.startswith(f"{SITE}/static/img/touch-icon")
    [entry] = found.entries
    assert entry.title == "The twelfth hour"
    assert entry.link == f"{SITE}/articles/the-twelfth-hour/"
    assert entry.author == "Ruth Álvarez"
    assert [tag.term for tag in entry.tags] == ["Fire", "Night"]
    assert entry.summary == "What fatigue does to a voice."
    assert abs(timegm(entry.published_parsed) - post.published_at.timestamp()) < 1
    assert abs(timegm(entry.updated_parsed) - post.revised_at.timestamp()) < 1
    [enclosure] = entry.enclosures
    assert enclosure.type == "image/jpeg"
    assert int(enclosure.length) == post.cover.file.size
    assert enclosure.href == f"{SITE}{post.cover.file.url}"
    [media] = entry.media_content
    assert (media["width"], media["height"]) == ("1600", "900")
    assert "A console" in entry.content[0].value


def test_the_json_feed_is_valid_and_has_every_field_of_an_article(
    client: Client, post: Post
) -> None:
    response = client.get("/feeds/feed.json")
    assert response["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = response.json()
    jsonschema.validate(feed, JSON_FEED)
    assert feed["feed_url"] == f"{SITE}/feeds/feed.json"
    assert feed["home_page_url"] == f"{SITE}/"
    [item] = feed["items"]
    assert item["url"] == f"{SITE}/articles/the-twelfth-hour/"
    assert item["image"] == item["banner_image"] == f"{SITE}{post.cover.file.url}"
    assert item["authors"] == [
        {
            "name": "Ruth Álvarez",
            "url": f"{SITE}/authors/ruth/",
            "avatar": f"{SITE}{post.author.photo.file.url}",
        }
    ]
    assert item["tags"] == ["Fire", "Night"]
    assert datetime.fromisoformat(item["date_published"]) == post.published_at
    assert datetime.fromisoformat(item["date_modified"]) == post.revised_at


def test_the_schema_refuses_an_invalid_feed(client: Client, post: Post) -> None:
    feed = client.get("/feeds/feed.json").json()
    feed["items"][0]["url"] = "/articles/the-twelfth-hour/"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(feed, JSON_FEED)


@pytest.mark.parametrize("address", ALL)
def test_the_full_text_has_absolute_addresses_and_no_scripts(
    client: Client, post: Post, address: str
) -> None:
    text = full_text(client, address)
    assert text.startswith(f'<figure><img src="{SITE}{post.cover.file.url}" alt="A lit window"')
    assert f'<a href="{SITE}/tags/fire/">' in text
    assert f'<a href="{SITE}/articles/the-twelfth-hour/#s-hard">' in text
    assert '<a href="https://example.org/?a=1&amp;b=2">' in text
    assert f'src="{SITE}/media/images/x.jpg"' in text
    assert 'Type src="/x" &lt;img src="/y"&gt; here.' in text  # Words, not addresses.
    assert "<script" not in text
    assert "style=" not in text


@pytest.mark.parametrize("address", ALL)
def test_footnotes_are_numbered_and_link_to_the_page(
    client: Client, db: None, address: str
) -> None:
    make_post(
        slug="notes",
        body="<p>One.[^a] Two.[^b] One more.[^a]</p><p>[^a]: First.</p><p>[^b]: Second.</p>",
    )
    text, page = full_text(client, address), f"{SITE}/articles/notes/"
    assert "[^" not in text
    assert f'<a id="noteref-1" href="{page}#note-1"' in text
    assert f'<li id="note-2"><p>Second. <a class="notes__back" href="{page}#noteref-2"' in text
    for target in ("note-1", "noteref-1", "noteref-1-2"):
        assert text.count(f'id="{target}"') == 1
        assert f'id="{target}"' in client.get("/articles/notes/").content.decode()


@pytest.mark.parametrize("address", ALL)
def test_a_section_says_in_a_feed_what_it_is(client: Client, db: None, address: str) -> None:
    make_post(body='<section class="key-points"><ul><li>Listen.</li></ul></section>')
    assert "<strong>Key points</strong></p><ul><li>Listen." in full_text(client, address)


@pytest.mark.parametrize("address", ALL)
def test_a_link_to_a_heading_leads_to_its_anchor_on_the_page(
    client: Client, db: None, address: str
) -> None:
    make_post(slug="long", body='<h2 id="why">Why</h2><p>See <a href="#why">why</a>.</p>')
    assert f'<a href="{SITE}/articles/long/#s-why">' in full_text(client, address)
    assert 'id="s-why"' in client.get("/articles/long/").content.decode()


@pytest.mark.parametrize("address", ALL)
def test_a_picture_in_the_text_is_a_copy_of_limited_size(
    client: Client, db: None, address: str
) -> None:
    image, small = with_copies(make_image(2400, 1200)), make_image(300, 100)
    make_post(
        body=f'<figure><img src="{image.file.url}" alt="A &quot;map&quot;" width="2400"></figure>'
        f'<p><img src="{small.file.url}" alt="" width="150"></p>'
    )
    text = full_text(client, address)
    assert (
        f'src="{SITE}/media/renditions/2/{image.sha256[:24]}-1200.jpg" alt="A &quot;map&quot;"'
        ' width="1200" height="600">'
    ) in text
    # Its copies are not made yet.
    assert f'<img src="{SITE}{small.file.url}" alt="" width="150" height="50">' in text


def test_an_invalid_link_becomes_plain_text() -> None:
    assert absolute('<a href="http://[">x</a>', f"{SITE}/") == "<a>x</a>"
    assert absolute('<a href="mailto:a@b.org">x</a>', SITE) == '<a href="mailto:a@b.org">x</a>'


@pytest.mark.parametrize("address", ALL)
def test_control_characters_and_markup_in_titles_do_not_break_a_feed(
    client: Client, db: None, address: str
) -> None:
    author = make_author(name=NASTY, slug="nasty")
    post = make_post(slug="nasty", author=author, tags=[make_tag(NASTY[:60], slug="nasty")])
    # Without save(), as an import might write it.
    Post.objects.filter(pk=post.pk).update(title=NASTY, summary=NASTY)
    for path in (address, address.replace("/feeds/", "/tags/nasty/")):
        [(_, title)] = entries(client, path)
        assert title.startswith("Fire & <script>")
        assert "\U0001f692" in title
        assert not any(ord(character) < 32 for character in title)


@pytest.mark.parametrize("address", XML)
def test_a_summary_is_escaped(client: Client, post: Post, address: str) -> None:
    Post.objects.filter(pk=post.pk).update(summary="Fire & <b>rescue</b>: 3 < 5")
    [entry] = parsed(client.get(address)).entries
    assert entry.summary == "Fire &amp; &lt;b&gt;rescue&lt;/b&gt;: 3 &lt; 5"


def test_only_a_revision_changes_the_modification_date(client: Client, post: Post) -> None:
    def updated() -> str:
        return client.get("/feeds/feed.json").json()["items"][0]["date_modified"]

    before = updated()
    fresh = Post.objects.get(pk=post.pk)
    fresh.title = "A corrected comma"
    fresh.save()
    assert updated() == before
    fresh = Post.objects.get(pk=post.pk)
    fresh.revised_at = timezone.now()
    fresh.save()
    assert updated() > before


@pytest.mark.parametrize("address", ALL)
def test_unpublished_articles_are_in_no_feed(client: Client, db: None, address: str) -> None:
    fire, ruth = make_tag("Fire", slug="fire"), make_author(slug="ruth")
    make_post(title="Draft", published_at=None, tags=[fire], author=ruth)
    make_post(
        title="Soon", published_at=timezone.now() + timedelta(hours=1), tags=[fire], author=ruth
    )
    gone = make_post(title="Withdrawn", tags=[fire], author=ruth)
    Post.objects.filter(pk=gone.pk).withdraw()
    make_post(title="Here", tags=[fire], author=ruth)
    for folder in ("/feeds/", "/tags/fire/", "/authors/ruth/"):
        found = entries(client, address.replace("/feeds/", folder))
        assert [title for _, title in found] == ["Here"]


@pytest.mark.parametrize("address", ALL)
def test_a_feed_has_the_newest_twenty_articles(client: Client, db: None, address: str) -> None:
    now = timezone.now()
    for number in range(22):
        make_post(title=f"Number {number}", published_at=now - timedelta(days=number))
    found = entries(client, address)
    assert [title for _, title in found] == [f"Number {number}" for number in range(20)]


@pytest.mark.parametrize("address", ALL)
def test_a_topic_and_an_author_have_feeds_of_their_own(
    client: Client, post: Post, address: str
) -> None:
    make_post(title="Something else", author=make_author(slug="somebody-else"))
    assert len(entries(client, address)) == 2
    for folder in ("/tags/fire/", "/authors/ruth/"):
        path = address.replace("/feeds/", folder)
        [(_, title)] = entries(client, path)
        assert title == "The twelfth hour"
        assert f"{SITE}{path}" in client.get(path).content.decode()


@pytest.mark.parametrize("address", ALL)
def test_an_article_keeps_its_id_when_its_address_changes(
    client: Client, post: Post, address: str
) -> None:
    [(before, _)] = entries(client, address)
    fresh = Post.objects.get(pk=post.pk)
    fresh.slug, fresh.title = "fatigue", "Fatigue"
    fresh.save()
    [(after, title)] = entries(client, address)
    assert title == "Fatigue"
    assert before == after
    assert before.startswith("tag:localhost,")


@pytest.mark.parametrize(
    "address",
    ["/feeds/atom", "/feeds/atom.xml/", "/feeds/x.xml", "/tags/no/atom.xml", "/authors/no/rss.xml"],
)
def test_an_unknown_feed_is_a_404(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", ALL)
def test_the_feed_of_an_empty_topic_is_empty_and_stable(
    client: Client, db: None, address: str
) -> None:
    make_tag("Quiet", slug="quiet")
    path = address.replace("/feeds/", "/tags/quiet/")
    first, second = client.get(path), client.get(path)
    assert first.content == second.content
    assert entries(client, path) == []


def test_a_missing_cover_file_gives_an_enclosure_of_length_zero(client: Client, post: Post) -> None:
    post.cover.file.storage.delete(post.cover.file.name)
    [entry] = parsed(client.get("/feeds/rss.xml")).entries
    assert entry.enclosures[0].length == "0"


@pytest.mark.parametrize("address", ALL)
def test_links_and_pictures_are_percent_encoded(client: Client, db: None, address: str) -> None:
    make_post(
        body='<p><a href="/a b/ü?q=“x”">a</a> <a href="https://bücher.example/">b</a> '
        '<a href="&#x2028;javascript:alert(1)">c</a></p>'
        '<figure><img src="https://cdn.example/a b.jpg" alt="x"></figure>'
    )
    content = client.get(address).content.decode()
    assert f"{SITE}/a%20b/%C3%BC?q=%E2%80%9Cx%E2%80%9D" in content
    assert "https://xn--bcher-kva.example/" in content
    assert "https://cdn.example/a%20b.jpg" in content
    assert "javascript:" not in content


def test_the_json_feed_is_utf_8(client: Client, post: Post) -> None:
    content = client.get("/feeds/feed.json").content
    assert "Ruth Álvarez".encode() in content
    assert json.loads(content)["items"][0]["authors"][0]["name"] == "Ruth Álvarez"
