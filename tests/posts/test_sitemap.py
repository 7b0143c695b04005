"""Sitemaps and robots.txt: search engines find every public page, and nothing personal."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alarmroom import sitemaps
from newsletter.models import Issue
from posts.models import Page, Post
from tests.factories import make_author, make_image, make_issue, make_page, make_post, make_tag
from tests.plans import whole_table_read

pytestmark = pytest.mark.postgresql

SITE = "http://localhost:8000"
NS = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "i": "http://www.google.com/schemas/sitemap-image/1.1",
}
PARTS = ["articles-2025", "articles-2026", "topics", "authors", "pages", "newsletter"]


@pytest.fixture
def publication(db: None) -> Post:
    ruth = make_author(name="Ruth", slug="ruth", photo=make_image(400, 400))
    fire = make_tag("Fire", slug="fire")
    make_post(slug="old", author=ruth, published_at=datetime(2025, 6, 1, tzinfo=UTC))
    post = make_post(
        slug="new",
        author=ruth,
        tags=[fire, make_tag("Night", slug="night")],
        cover=make_image(),
        cover_alt="A window",
        published_at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    issue = make_issue(number=7, posts=[post])
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SENT, started_at=timezone.now())
    make_issue(number=8, posts=[])
    make_post(slug="draft", published_at=None, tags=[make_tag(slug="drafts")])
    make_post(slug="soon", published_at=timezone.now() + timedelta(days=1))
    make_author(slug="silent")
    return post


def read(client: Client, address: str) -> list[tuple[str, str, list[str]]]:
    """Return address, date and pictures of each entry of a sitemap or of the index."""
    response = client.get(address)
    assert response.status_code == 200, address
    assert response["Content-Type"] == "application/xml; charset=utf-8"
    return [
        (
            entry.findtext("s:loc", "", NS),
            entry.findtext("s:lastmod", "", NS),
            [image.text or "" for image in entry.findall("i:image/i:loc", NS)],
        )
        for entry in ElementTree.fromstring(response.content)
    ]


def test_the_index_lists_every_part_with_its_last_change(client: Client, publication: Post) -> None:
    found = {location: changed for location, changed, _ in read(client, "/sitemap.xml")}
    assert list(found) == [f"{SITE}/sitemaps/{name}.xml" for name in PARTS]
    changed = datetime.fromisoformat(found[f"{SITE}/sitemaps/articles-2026.xml"])
    assert changed == publication.updated_at
    old = Post.objects.get(slug="old")
    assert datetime.fromisoformat(found[f"{SITE}/sitemaps/articles-2025.xml"]) == old.updated_at
    house_rules = make_page("House rules")
    found = {location: changed for location, changed, _ in read(client, "/sitemap.xml")}
    last = datetime.fromisoformat(found[f"{SITE}/sitemaps/pages.xml"])
    assert last == house_rules.updated_at


def test_every_address_answers_200_and_is_its_own_canonical(
    client: Client, publication: Post
) -> None:
    for part, _, _ in read(client, "/sitemap.xml"):
        for location, _, _ in read(client, part.removeprefix(SITE)):
            if "/weekly-alarm/7/" in location:
                continue  # It has no content here; tests/newsletter/test_web_edition.py covers it.
            response = client.get(location.removeprefix(SITE))
            assert response.status_code == 200, location
            assert f'rel="canonical" href="{location}"' in response.content.decode()


def test_the_sitemap_lists_exactly_the_public_pages(client: Client, publication: Post) -> None:
    found = {
        location.removeprefix(SITE)
        for part, _, _ in read(client, "/sitemap.xml")
        for location, _, _ in read(client, part.removeprefix(SITE))
    }
    assert found == {
        *("/", "/topics/", "/archive/", "/feeds/", "/weekly-alarm/", "/subscribe/"),
        *("/articles/old/", "/articles/new/", "/tags/fire/", "/tags/night/", "/authors/ruth/"),
        # In the configured time zone it was still May.
        *("/archive/2025/", "/archive/2025/05/", "/archive/2026/", "/archive/2026/05/"),
        "/weekly-alarm/7/",
        *(page.get_absolute_url() for page in Page.objects.all()),
    }


def test_an_article_is_listed_with_its_date_and_cover(client: Client, publication: Post) -> None:
    [(location, changed, images)] = read(client, "/sitemaps/articles-2026.xml")
    assert location == f"{SITE}/articles/new/"
    assert datetime.fromisoformat(changed) == publication.updated_at
    assert images == [f"{SITE}{publication.cover.file.url}"]


def test_the_date_of_a_scheduled_article_is_its_publication(client: Client, db: None) -> None:
    post = make_post(published_at=timezone.now() - timedelta(minutes=1))
    Post.objects.filter(pk=post.pk).update(updated_at=timezone.now() - timedelta(days=3))
    year = post.published_at.astimezone(timezone.get_default_timezone()).year
    [(_, changed, _)] = read(client, f"/sitemaps/articles-{year}.xml")
    assert datetime.fromisoformat(changed) == post.published_at


def test_a_withdrawn_article_is_not_listed(client: Client, publication: Post) -> None:
    Post.objects.filter(pk=publication.pk).withdraw()
    assert f"{SITE}/sitemaps/articles-2026.xml" not in [
        location for location, _, _ in read(client, "/sitemap.xml")
    ]
    assert client.get("/sitemaps/articles-2026.xml").status_code == 404


def test_years_end_at_midnight_of_the_configured_time_zone(client: Client, db: None) -> None:
    make_post(slug="party", published_at=datetime(2026, 1, 1, 4, 59, tzinfo=UTC))
    assert [location for location, _, _ in read(client, "/sitemaps/articles-2025.xml")] == [
        f"{SITE}/articles/party/"
    ]
    assert f"{SITE}/sitemaps/articles-2025.xml" in [
        location for location, _, _ in read(client, "/sitemap.xml")
    ]


def test_a_long_part_is_split(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "ADDRESSES_PER_PART", 3)
    for day in range(1, 8):
        post = make_post(slug=f"day-{day}", published_at=datetime(2026, 3, day, 12, tzinfo=UTC))
        issue = make_issue(number=day, posts=[post])
        Issue.objects.filter(pk=issue.pk).update(
            state=Issue.State.SENT, started_at=post.published_at
        )
    parts = [location for location, _, _ in read(client, "/sitemap.xml")]
    for name, count in (("articles-2026", 7), ("newsletter", 9)):
        names = [f"{SITE}/sitemaps/{name}{end}.xml" for end in ("", "-p2", "-p3")]
        assert [part for part in parts if name in part] == names
        found = [
            location for part in names for location, _, _ in read(client, part.removeprefix(SITE))
        ]
        assert len(found) == len(set(found)) == count


@pytest.mark.parametrize(
    "name",
    [
        *("x", "articles", "articles-1999", "articles-9999", "articles-0000", "articles-2026-p2"),
        *(
            "articles-2026-p1",
            "articles-2026-p0",
            "topics-p99999",
            "topics-p999999999999",
            "topics-",
        ),
        *("Topics", "topics-2026", "articles-٢٠٢٦", "articles-2026 ", "..", "%00", "a" * 3000),
    ],
)
def test_an_unknown_sitemap_is_a_404(client: Client, publication: Post, name: str) -> None:
    assert client.get(f"/sitemaps/{name}.xml").status_code == 404


def test_an_empty_site_has_an_index(client: Client, db: None) -> None:
    parts = [location for location, _, _ in read(client, "/sitemap.xml")]
    assert parts == [f"{SITE}/sitemaps/pages.xml", f"{SITE}/sitemaps/newsletter.xml"]
    for part in parts:
        assert read(client, part.removeprefix(SITE))


@pytest.mark.parametrize("address", ["/sitemap.xml", *(f"/sitemaps/{name}.xml" for name in PARTS)])
def test_the_number_of_queries_does_not_grow_with_the_entries(
    client: Client, publication: Post, django_assert_max_num_queries: Any, address: str
) -> None:
    for _ in range(4):
        make_post(
            author=make_author(photo=make_image()),
            tags=[make_tag()],
            cover=make_image(),
            cover_alt="Alt",
            published_at=publication.published_at,
        )
    most = {"/sitemap.xml": 7, "/sitemaps/pages.xml": 5}.get(address, 4)
    with django_assert_max_num_queries(most):
        read(client, address)


@pytest.mark.usefixtures("new_tables")
def test_the_index_does_not_scan_the_table_of_articles(client: Client, publication: Post) -> None:
    for year in range(2001, 2020):
        make_post(published_at=datetime(year, 3, 1, tzinfo=UTC))
    with CaptureQueriesContext(connection) as queries:
        assert len(read(client, "/sitemap.xml")) == 19 + len(PARTS)
    assert whole_table_read(queries, "posts_post") == []


@pytest.mark.parametrize("address", ["/sitemap.xml", "/sitemaps/pages.xml", "/robots.txt"])
def test_only_get_and_head_are_allowed_and_no_cookie_is_set(
    client: Client, db: None, address: str
) -> None:
    assert client.post(address).status_code == 405
    assert client.head(address).content == b""
    assert not client.get(address).cookies


# robots.txt


def test_robots_txt_disallows_personal_pages_and_search(client: Client, db: None) -> None:
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    robots = RobotFileParser()
    lines = response.content.decode().splitlines()
    assert "Allow: /" in lines
    # Python's parser takes the first rule that fits, RFC 9309 the longest.
    robots.parse([line for line in lines if line != "Allow: /"])
    for path in (
        "/",
        "/articles/x/",
        "/feeds/atom.xml",
        "/static/css/site/base.css",
        "/media/x.jpg",
    ):
        assert robots.can_fetch("*", f"{SITE}{path}"), path
    personal = [
        reverse("admin:index"),
        reverse("posts:preview", args=[1]),
        reverse("posts:image-upload"),
        reverse("subscribers:confirm", args=["key"]),
        reverse("subscribers:unsubscribe", args=["key"]),
        reverse("subscribers:resource", args=["token"]),
        "/search/?q=fire",
    ]
    for path in personal:
        assert not robots.can_fetch("*", f"{SITE}{path}"), path
    assert robots.site_maps() == [f"{SITE}/sitemap.xml"]


def test_addresses_use_site_url_and_not_the_requested_host(
    client: Client, publication: Post
) -> None:
    for address in ("/sitemap.xml", "/sitemaps/articles-2026.xml", "/robots.txt"):
        text = client.get(address, headers={"host": "127.0.0.1"}).content.decode()
        assert "127.0.0.1" not in text
        assert SITE in text
