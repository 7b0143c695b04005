"""The page of an article."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import segno
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from posts import likeness
from posts.models import Post
from tests.factories import connect, make_author, make_image, make_post, make_resource, make_tag

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def test_an_article_shows_all_of_its_parts(client: Client) -> None:
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
    assert 'href="/authors/ruth-halloran/">Ruth Halloran</a>' in html
    assert "Editor" in html
    assert "Writes at night." in html
    assert 'datetime="2026-03-04T09:00:00-05:00">March 4, 2026</time>' in html
    assert "<span>3 min</span>" in html
    assert 'width="1600" height="900" alt="A lit window"' in html
    assert "The room at four" in html
    assert "Photo: J. Doe" in html
    assert 'href="/tags/fire-dispatch/"' in html
    assert '<div class="prose e-content">' in html


@pytest.mark.parametrize("when", [None, timedelta(days=1), timedelta(seconds=30)])
def test_drafts_and_scheduled_articles_are_a_404(client: Client, when: timedelta | None) -> None:
    make_post(slug="secret", published_at=when and timezone.now() + when)
    assert client.get("/articles/secret/").status_code == 404


def test_the_public_address_of_a_draft_is_a_404_for_editors(
    admin_client: Client,
) -> None:
    make_post(slug="secret", published_at=None)
    assert admin_client.get("/articles/secret/").status_code == 404


def test_related_posts_are_shown_in_the_order_set_by_the_editor(
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


def test_the_relation_is_shown_in_one_direction(client: Client) -> None:
    post, other = make_post(), make_post(slug="other")
    connect(post, other)
    assert "Connecting the dots" not in client.get("/articles/other/").content.decode()


def test_the_end_of_an_article_has_its_order(client: Client) -> None:
    author = make_author(role="Editor", bio="Writes at night.")
    post = make_post(slug="night-shift", author=author)
    connect(post, make_post())
    html = client.get("/articles/night-shift/").content.decode()
    end = ('class="tape"', ">Pass it on<", 'class="about"', ">Connecting the dots<")
    places = [html.index(mark) for mark in (*end, 'class="signup__form"', 'class="colophon')]
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


def test_sharing_buttons_that_need_a_script_are_hidden_in_the_html(client: Client) -> None:
    make_post(slug="night-shift")
    html = client.get("/articles/night-shift/").content.decode()
    assert '<li hidden><button class="share__link" type="button" data-share-native>' in html
    assert '<li hidden><button class="share__link" type="button" data-share-copy>' in html


def test_open_graph_has_title_description_and_image(client: Client) -> None:
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


@pytest.mark.parametrize("kept_for", [0, 300])
def test_the_number_of_queries_does_not_grow_with_related_rows(
    client: Client,
    settings: Settings,
    django_assert_num_queries: DjangoAssertNumQueries,
    kept_for: int,
) -> None:
    # Where nothing is kept, the sign-up box's resources and the footer's pages are two more.
    settings.KEPT_PAGES_SECONDS = kept_for
    queries = 3 if kept_for else 5
    author = make_author(photo=make_image(400, 400), bio="Writes.")
    tags, cover = [make_tag(), make_tag()], make_image()

    def make(**fields: Any) -> Post:
        return make_post(author=author, tags=tags, cover=cover, cover_alt="A console", **fields)

    make_resource()
    post = make(slug="night-shift")
    connect(post, make())
    client.get("/articles/night-shift/?fresh=1")
    # The article with its neighbours, its topics, and what is connected.
    with django_assert_num_queries(queries):
        client.get("/articles/night-shift/?fresh=1")
    connect(post, *(make() for _ in range(8)))
    likeness.compare_due()
    client.get("/articles/night-shift/?fresh=1")
    with django_assert_num_queries(queries):
        client.get("/articles/night-shift/?fresh=1")


def test_the_previous_and_next_article_are_linked(client: Client) -> None:
    moment = timezone.now() - timedelta(days=5)
    names = ["first", "second", "third", "fourth"]
    for number, name in enumerate(names):
        # Articles of the same moment are in the order of their creation.
        day = timedelta(days=0 if number in (1, 2) else number - 1)
        make_post(slug=name, title=name.title(), published_at=moment + day)
    make_post(slug="coming", published_at=timezone.now() + timedelta(hours=1))
    make_post(slug="draft", published_at=None)
    seen = {}
    for name in names:
        html = client.get(f"/articles/{name}/").content.decode()
        seen[name] = tuple(
            found[1]
            if (found := re.search(f'rel="{way}" href="/articles/([a-z]+)/"', html))
            else ""
            for way in ("prev", "next")
        )
    assert seen == {
        "first": ("", "second"),
        "second": ("first", "third"),
        "third": ("second", "fourth"),
        "fourth": ("third", ""),
    }


def test_the_contents_are_listed_from_three_headings(client: Client) -> None:
    make_post(slug="short", body="<h2>One</h2><p>x</p><h2>Two</h2>")
    make_post(slug="long", body="<h2>One</h2><h3>Half</h3><h2>Two</h2>")
    assert "data-contents" not in client.get("/articles/short/").content.decode()
    html = client.get("/articles/long/").content.decode()
    assert '<nav aria-label="In this article"><ol><li><a href="#s-one">One</a><ol>' in html
    assert '<h2 id="s-one">One</h2>' in html


def test_a_revision_is_shown_from_a_later_day_on(client: Client) -> None:
    # At noon, so that a second later is the same day.
    published = timezone.localtime().replace(hour=12) - timedelta(days=9)
    post = make_post(slug="night-shift", published_at=published)
    assert "Updated" not in client.get("/articles/night-shift/").content.decode()
    Post.objects.filter(pk=post.pk).update(revised_at=published + timedelta(seconds=1))
    assert "Updated" not in client.get("/articles/night-shift/").content.decode()
    day_later = timezone.localtime(published + timedelta(days=2))
    Post.objects.filter(pk=post.pk).update(revised_at=day_later)
    html = client.get("/articles/night-shift/").content.decode()
    assert f'<span>Updated <time class="dt-updated" datetime="{day_later:%Y-%m-%d}' in html


def test_metadata_dates_follow_the_revision_and_not_the_last_save(client: Client) -> None:
    published = timezone.now() - timedelta(days=9)
    post = make_post(slug="night-shift", published_at=published)

    def metadata_dates() -> set[datetime]:
        html = client.get("/articles/night-shift/").content.decode()
        found = re.findall(r'(?:article:modified_time" content=|dateModified":)"([^"]+)"', html)
        assert len(found) == 2
        return {datetime.fromisoformat(moment) for moment in found}

    # The time of the last save is not published.
    assert metadata_dates() == {published.replace(microsecond=0)}
    revised = published + timedelta(days=2)
    Post.objects.filter(pk=post.pk).update(revised_at=revised)
    assert metadata_dates() == {revised.replace(microsecond=0)}


def test_the_checkbox_in_the_form_sets_the_revision(admin_client: Client) -> None:
    post = make_post(title="Night", published_at=timezone.now() - timedelta(days=9))
    page = admin_client.get(f"/admin/posts/post/{post.pk}/change/")
    assert "Tell readers that the text changed" in page.content.decode()
    form = page.context["adminform"].form
    sent = {
        name: form[name].value() or ""
        for name in form.fields
        if name not in ("cover_file", "tags", "published_at", "tell_readers")
    }
    when = timezone.localtime(post.published_at)
    sent |= {
        "published_at_0": f"{when:%Y-%m-%d}",
        "published_at_1": f"{when:%H:%M:%S}",
        "related_to-TOTAL_FORMS": "0",
        "related_to-INITIAL_FORMS": "0",
    }
    assert admin_client.post(f"/admin/posts/post/{post.pk}/change/", sent).status_code == 302
    post.refresh_from_db()
    assert post.revised_at is None
    sent["tell_readers"] = "on"
    assert admin_client.post(f"/admin/posts/post/{post.pk}/change/", sent).status_code == 302
    post.refresh_from_db()
    assert post.was_revised


def test_the_form_of_a_draft_has_no_revision_checkbox(admin_client: Client) -> None:
    post = make_post(published_at=None)
    page = admin_client.get(f"/admin/posts/post/{post.pk}/change/").content.decode()
    assert "Tell readers" not in page


# Printing


def test_the_printed_page_has_a_qr_code_of_its_address(client: Client) -> None:
    make_post(slug="night-shift")
    html = client.get("/articles/night-shift/").content.decode()
    assert 'class="on-paper__address">http://localhost:8000/articles/night-shift/<' in html
    found = re.search(
        r'<svg viewBox="0 0 (\d+) \1" class="on-paper__code"><path stroke="#000" '
        r'stroke-dasharray="([\d ]+)" d="M0 .5((?:h\1v1h-\1v1)*)h\1"/></svg>',
        html,
    )
    assert found
    size = int(found[1])
    assert found[3].count("v1") == size - 1
    # Dashes and gaps in turn, along a line that goes to and fro.
    cells = [at % 2 == 0 for at, run in enumerate(map(int, found[2].split())) for _ in range(run)]
    rows = [cells[at : at + size] for at in range(0, len(cells), size + 1)]
    assert not any(cells[size :: size + 1]), "between two rows nothing is drawn"
    drawn = [row[::-1] if odd % 2 else row for odd, row in enumerate(rows)]
    address = segno.make_qr("http://localhost:8000/articles/night-shift/", error="m")
    assert drawn == [list(map(bool, row)) for row in address.matrix]


def test_the_preview_of_a_draft_has_no_qr_code(admin_client: Client) -> None:
    post = make_post(slug="secret", published_at=None)
    html = admin_client.get(f"/preview/{post.pk}/").content.decode()
    assert "on-paper__address" in html
    assert "on-paper__code" not in html


def test_an_address_without_slash_redirects(client: Client) -> None:
    make_post(slug="night-shift")
    response = client.get("/articles/night-shift")
    assert response.status_code == 301
    assert response["Location"] == "/articles/night-shift/"


def test_the_articles_before_and_after_repeat_nothing_of_the_related_ones(client: Client) -> None:
    now = timezone.now()
    older, post, newer = (
        make_post(title=title, published_at=now - timedelta(days=days))
        for title, days in (("Older", 3), ("This one", 2), ("Newer", 1))
    )
    html = client.get(post.get_absolute_url()).content.decode()
    assert 'rel="prev"' in html
    assert 'rel="next"' in html
    connect(post, older)
    html = client.get(post.get_absolute_url()).content.decode()
    assert html.count(f'href="{older.get_absolute_url()}"') == 1
    assert 'rel="prev"' not in html
    assert f'rel="next" href="{newer.get_absolute_url()}"' in html
