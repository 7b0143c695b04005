"""The front page."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from posts.models.image import Image
from posts.views.lists import POSTS_PER_PAGE
from tests.factories import make_author, make_image, make_issue, make_post, make_tag, with_copies
from tests.posts.views.test_public_pages import show_as_sent

pytestmark = pytest.mark.django_db


def test_the_newest_article_is_the_lead_with_its_cover(client: Client) -> None:
    cover = make_image()
    make_post(title="Older", published_at=timezone.now() - timedelta(days=2))
    make_post(title="Newest", cover=cover, cover_alt="A console")
    html = client.get("/").content.decode()
    lead = html.split('<article class="lead">')[1].split("</article>")[0]
    assert "Newest" in lead
    assert cover.sha256[:24] in lead
    assert "Older" not in lead
    assert "Older" in html


def test_the_lead_is_not_listed_twice(client: Client) -> None:
    make_post(title="Only once")
    make_post(title="Older", published_at=timezone.now() - timedelta(days=2))
    assert client.get("/").content.decode().count("Only once") == 1


def test_drafts_and_scheduled_articles_are_not_listed(client: Client) -> None:
    make_post(title="A draft", published_at=None)
    make_post(title="Tomorrow", published_at=timezone.now() + timedelta(days=1))
    html = client.get("/").content.decode()
    assert "A draft" not in html
    assert "Tomorrow" not in html


def test_a_scheduled_article_is_listed_from_its_publication(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_post(title="Tomorrow", published_at=timezone.now() + timedelta(days=1))
    assert "Tomorrow" not in client.get("/").content.decode()
    later = timezone.now() + timedelta(days=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert "Tomorrow" in client.get("/").content.decode()


def test_an_empty_site_shows_a_placeholder(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert "The first articles are being written." in response.content.decode()


def test_only_topics_with_published_articles_are_listed(client: Client) -> None:
    make_post(tags=[make_tag("Fire")])
    make_post(tags=[make_tag("Unpublished")], published_at=None)
    make_tag("Empty")
    html = client.get("/").content.decode()
    assert 'href="/tags/fire/"' in html
    assert "Unpublished" not in html
    assert "Empty" not in html


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("1", 1),
        ("2", 2),
        ("3", 3),
        ("abc", 1),
        ("", 1),
        ("0", 1),
        ("-1", 1),
        ("1000000000", 3),
        ("9" * 5000, 1),
        ("2.5", 1),
        ("%00", 1),
        ("２", 2),
    ],
)
def test_any_page_number_gives_a_page(client: Client, asked: str, shown: int) -> None:
    for _ in range(2 * POSTS_PER_PAGE + 1):
        make_post()
    response = client.get("/", {"page": asked})
    assert response.status_code == 200
    assert f"Page {shown} of 3" in response.content.decode()


def test_every_article_is_on_exactly_one_page(client: Client) -> None:
    same_moment = timezone.now() - timedelta(hours=1)
    posts = [make_post(published_at=same_moment) for _ in range(2 * POSTS_PER_PAGE + 5)]
    pages = [client.get("/", {"page": number}).content.decode() for number in (1, 2, 3)]
    for post in posts:
        link = f'href="{post.get_absolute_url()}"'
        assert sum(page.count(link) for page in pages) == 1


def test_later_pages_have_their_own_canonical_and_links_both_ways(client: Client) -> None:
    for _ in range(3 * POSTS_PER_PAGE):
        make_post()
    html = client.get("/", {"page": "2", "utm_source": "x"}).content.decode()
    assert '<link rel="canonical" href="http://localhost:8000/?page=2">' in html
    # The first page has one address.
    assert html.count('rel="prev" href="."') == 2
    assert html.count('rel="next" href="?page=3"') == 2
    html = client.get("/", {"page": "3"}).content.decode()
    assert html.count('rel="prev" href="?page=2"') == 2


def test_the_number_of_queries_does_not_grow_with_the_articles(
    client: Client, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    cover = make_image()
    tags = [make_tag(), make_tag()]
    show_as_sent(make_issue(posts=[make_post(tags=tags, cover=cover, cover_alt="A console")]))
    client.get("/?fresh=1")
    # The articles only. Their number, the parts of every page, the topics and the current issue
    # are cached.
    with django_assert_num_queries(1):
        client.get("/?fresh=1")
    for _ in range(2 * POSTS_PER_PAGE):
        make_post(tags=tags, cover=cover, cover_alt="A console")
    with django_assert_num_queries(1):
        client.get("/?fresh=1")


def test_the_number_of_pages_is_updated_after_publishing(
    client: Client, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    tag, author = make_tag(), make_author()
    addresses = ["/?fresh=1", f"/tags/{tag.slug}/?fresh=1", f"/authors/{author.slug}/?fresh=1"]

    def publish(count: int) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(count):
                make_post(tags=[tag], author=author)

    publish(POSTS_PER_PAGE)
    for address in addresses:
        assert "?page=2" not in client.get(address).content.decode(), address
    publish(1)
    for address in addresses:
        assert "?page=2" in client.get(address).content.decode(), address


def test_each_topic_shows_its_number_of_published_articles(client: Client) -> None:
    fire = make_tag("Fire")
    for _ in range(3):
        make_post(tags=[fire])
    make_post(tags=[fire], published_at=None)
    html = client.get("/").content.decode()
    assert 'Fire</a> <span class="topic__count">3<span class="visually-hidden"> articles' in html


def test_each_topic_shows_its_latest_title(client: Client) -> None:
    fire, calls = make_tag("Fire"), make_tag("Calls")
    now = timezone.now()
    make_post(title="Old fire", tags=[fire], published_at=now - timedelta(days=3))
    make_post(title="New fire", tags=[fire], published_at=now - timedelta(days=2))
    make_post(title="Tomorrow", tags=[fire], published_at=now + timedelta(days=1))
    make_post(title="A call", tags=[calls], published_at=now - timedelta(days=1))
    topics = client.get("/").content.decode().split('<nav class="topics"')[1]
    assert topics.index("A call</a>") < topics.index("New fire</a>")
    assert "Old fire" not in topics
    assert "Tomorrow" not in topics


def test_start_here_is_what_editors_put_under_that_topic(
    client: Client, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    assert 'class="start"' not in client.get("/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        start = make_tag("Start here")
    fire = make_tag("Wildfire")
    assert 'class="start"' not in client.get("/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(5):
            days = timedelta(days=number + 1)
            make_post(
                title=f"First {number}", tags=[start, fire], published_at=timezone.now() - days
            )
        make_post(title="Not published", tags=[start], published_at=None)
    html = client.get("/").content.decode()
    section = html.split('class="start"')[1].split("</section>")[0]
    assert [f"First {number}</a>" in section for number in range(5)] == [True] * 4 + [False]
    assert "Not published" not in section
    # It says nothing of an article, so no card and no list of topics names it.
    assert section.count("Wildfire") == 4
    assert html.count("Start here") == 1
    with django_capture_on_commit_callbacks(execute=True):
        start.description = "What we hand to every new supervisor."
        start.save()
    assert "What we hand to every" in client.get("/").content.decode()


def test_the_newest_issue_stands_below_the_first_story(client: Client) -> None:
    make_post(), make_post()
    show_as_sent(make_issue(subject="An old one", posts=[]))
    show_as_sent(make_issue(subject="The newest one", posts=[]))
    make_issue(subject="Still a draft")
    html = client.get("/").content.decode()
    invitation = html.split('<div class="invite">')[1].split('<div class="front__seconds">')[0]
    assert 'action="/subscribe/"' in invitation
    assert "The newest one</a>" in invitation
    assert "An old one" not in html
    assert "Still a draft" not in html


def test_without_a_sent_issue_there_is_no_panel(client: Client) -> None:
    make_issue()
    assert 'class="current"' not in client.get("/").content.decode()


def test_a_later_page_is_only_a_list(client: Client) -> None:
    show_as_sent(make_issue(posts=[]))
    for _ in range(POSTS_PER_PAGE + 1):
        make_post()
    html = client.get("/", {"page": "2"}).content.decode()
    assert 'class="current"' not in html
    assert '<article class="lead' not in html


def test_title_and_summary_are_escaped(client: Client) -> None:
    make_post(title="<script>alert(1)</script> & co", summary="<img src=x onerror=alert(1)>")
    html = client.get("/").content.decode()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in html


def test_pictures_are_offered_in_several_widths(client: Client) -> None:
    make_post(cover=with_copies(make_image(1000, 600)), cover_alt="A console")
    html = client.get("/").content.decode()
    assert 'type="image/avif"' in html
    assert " 480w, " in html
    assert " 1000w" in html


def test_a_small_picture_is_not_scaled_up(client: Client) -> None:
    make_post(cover=make_image(300, 200), cover_alt="A console")
    html = client.get("/").content.decode()
    assert "srcset" not in html
    assert 'width="300" height="200"' in html


@pytest.mark.parametrize("damage", ["lost", "broken"])
def test_a_missing_picture_file_does_not_break_the_page(client: Client, damage: str) -> None:
    cover: Image = make_image()
    make_post(title="Still here", cover=cover, cover_alt="A console")
    if damage == "lost":
        cover.file.storage.delete(cover.file.name)
    else:
        with open(cover.file.path, "wb") as file:
            file.write(b"not a picture")
    response = client.get("/")
    assert response.status_code == 200
    assert "Still here" in response.content.decode()
