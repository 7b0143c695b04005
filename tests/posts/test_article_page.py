from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.factories import connect, make_author, make_image, make_post, make_resource, make_tag

pytestmark = pytest.mark.django_db


def test_an_article_shows_all_that_belongs_to_it(client: Client) -> None:
    make_post(
        slug="night-shift",
        title="The night shift",
        summary="What the dark does.",
        body="<p>" + "word " * 500 + "</p>",
        published_at=datetime(2026, 3, 4, 9, tzinfo=timezone.get_current_timezone()),
        author=make_author(
            name="Ruth Halloran", role="Editor", bio="Writes at night.", photo=make_image(400, 400)
        ),
        cover=make_image(1600, 900),
        cover_alt="A lit window",
        cover_caption="The room at four",
        cover_credit="Photo: J. Doe",
        tags=[make_tag("Fire dispatch")],
    )
    html = client.get("/articles/night-shift/").content.decode()
    assert "<h1" in html
    assert "What the dark does." in html
    assert '<a href="/authors/ruth-halloran/">Ruth Halloran</a>' in html
    assert "Editor" in html
    assert "Writes at night." in html
    assert '<time datetime="2026-03-04T09:00:00-0500">March 4, 2026</time>' in html
    assert "3 minutes to read" in html
    assert 'width="1600" height="900" alt="A lit window"' in html
    assert "The room at four" in html
    assert "Photo: J. Doe" in html
    assert 'href="/tags/fire-dispatch/"' in html
    assert '<div class="prose">' in html


@pytest.mark.parametrize("when", [None, timedelta(days=1), timedelta(seconds=30)])
def test_a_stranger_gets_no_draft_and_no_scheduled_article(
    client: Client, when: timedelta | None
) -> None:
    make_post(slug="secret", published_at=when and timezone.now() + when)
    assert client.get("/articles/secret/").status_code == 404


def test_an_editor_does_not_get_a_draft_at_its_public_address_either(
    admin_client: Client,
) -> None:
    make_post(slug="secret", published_at=None)
    assert admin_client.get("/articles/secret/").status_code == 404


def test_related_posts_stand_in_the_editors_order_under_connecting_the_dots(
    client: Client,
) -> None:
    post = make_post(slug="night-shift")
    second, first = make_post(title="Second pick"), make_post(title="First pick")
    draft = make_post(title="A draft pick", published_at=None)
    connect(post, first, draft, second)
    html = client.get("/articles/night-shift/").content.decode()
    related = html.split("Connecting the dots</h2>")[1]
    assert related.index("First pick") < related.index("Second pick")
    assert "A draft pick" not in html


def test_without_related_posts_there_is_no_empty_heading(client: Client) -> None:
    post = make_post(slug="night-shift")
    connect(post, make_post(published_at=None))
    assert "Connecting the dots" not in client.get("/articles/night-shift/").content.decode()


def test_a_related_post_does_not_point_back(client: Client) -> None:
    post, other = make_post(), make_post(slug="other")
    connect(post, other)
    assert "Connecting the dots" not in client.get("/articles/other/").content.decode()


def test_the_end_connects_then_invites_to_subscribe_then_to_share(client: Client) -> None:
    post = make_post(slug="night-shift")
    connect(post, make_post())
    html = client.get("/articles/night-shift/").content.decode()
    places = [
        html.index(mark)
        for mark in ("Connecting the dots", 'class="signup__form"', "an agency leader or a trainer")
    ]
    assert places == sorted(places)


def test_sharing_works_by_plain_links(client: Client) -> None:
    make_post(slug="night-shift", title="Radio & “fire”? 100%", summary="One\nTwo & three")
    html = client.get("/articles/night-shift/").content.decode()
    url = quote("http://localhost:8000/articles/night-shift/", safe="")
    title = quote("Radio & “fire”? 100%", safe="")
    assert (
        f'href="mailto:?subject={title}&amp;body=One%0ATwo%20%26%20three%0D%0A%0D%0A{url}"' in html
    )
    assert f'href="https://www.linkedin.com/sharing/share-offsite/?url={url}"' in html
    assert f'href="https://www.facebook.com/sharer/sharer.php?u={url}"' in html
    assert f'href="https://x.com/intent/post?url={url}&amp;text={title}"' in html


def test_what_needs_script_to_share_is_hidden_until_the_script_is_there(client: Client) -> None:
    make_post(slug="night-shift")
    html = client.get("/articles/night-shift/").content.decode()
    assert '<li hidden><button class="share__link" type="button" data-share-native>' in html
    assert '<li hidden><button class="share__link" type="button" data-share-copy>' in html


def test_other_sites_are_shown_the_title_the_dek_and_a_picture_of_them(client: Client) -> None:
    make_post(
        slug="night-shift",
        title='Say "copy"',
        summary="What the dark does.",
        cover=make_image(),
        cover_alt="A lit window",
    )
    html = client.get("/articles/night-shift/").content.decode()
    assert '<meta property="og:title" content="Say &quot;copy&quot;">' in html
    assert '<meta property="og:description" content="What the dark does.">' in html
    picture = "http://localhost:8000/articles/night-shift/share.jpg?v="
    assert f'<meta property="og:image" content="{picture}' in html
    assert 'http://localhost:8000/articles/night-shift/">' in html


def test_the_number_of_queries_does_not_grow_with_what_is_connected(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    photo = make_image(400, 400)
    cover = make_image()
    author = make_author(photo=photo, bio="Writes.")
    tags = [make_tag(), make_tag()]

    def make() -> object:
        return make_post(author=author, tags=tags, cover=cover, cover_alt="A console")

    make_resource()
    post = make_post(
        slug="night-shift", author=author, tags=tags, cover=cover, cover_alt="A console"
    )
    connect(post, make())
    # The article, its tags, the related posts, their tags, and the box's resources.
    with django_assert_num_queries(5):
        client.get("/articles/night-shift/")
    connect(post, *(make() for _ in range(8)))
    with django_assert_num_queries(5):
        client.get("/articles/night-shift/")


def test_the_address_ends_in_a_slash(client: Client) -> None:
    make_post(slug="night-shift")
    response = client.get("/articles/night-shift")
    assert response.status_code == 301
    assert response["Location"] == "/articles/night-shift/"
