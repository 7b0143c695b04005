"""The pages about the publication, which editors write."""

import importlib

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from alarmroom import kept
from posts.models import Page
from posts.models.addresses import reserved_slugs
from posts.models.page import footer_pages
from posts.text import html
from tests.factories import make_editor, make_page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_starting_pages(db: None) -> None:
    Page.objects.all().delete()


def test_a_page_is_served_at_the_top_level_with_its_text(client: Client) -> None:
    make_page("House rules", summary="In short.", body="<h2>First</h2><p>Be kind.</p>")
    content = client.get("/house-rules/").content.decode()
    assert '<h1 class="page-head__title">House rules</h1>' in content
    assert "Be kind." in content
    assert '<meta name="description" content="In short.">' in content


def test_the_footer_links_to_visible_pages_in_their_order(client: Client) -> None:
    make_page("Second", position=2)
    make_page("First", position=1)
    make_page("Hidden", show_in_footer=False)
    footer = client.get("/topics/").content.decode().split("<footer")[1]
    assert footer.index("/first/") < footer.index("/second/")
    assert "/hidden/" not in footer
    assert client.get("/hidden/").status_code == 200


def test_the_footer_takes_no_query_until_a_page_changes(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    make_page("About")
    kept.drop("pages")
    assert footer_pages() == [("About", "/about/")]
    with django_assert_num_queries(0):
        assert footer_pages() == [("About", "/about/")]


def test_a_page_takes_at_most_five_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        make_page()
    make_page("About")
    with django_assert_max_num_queries(5):
        client.get("/about/")


RESERVED = (
    "admin archive articles authors confirm desk dev feeds media preview resources static "
    "subscribe tags topics unsubscribe weekly-alarm"
)


@pytest.mark.parametrize("slug", RESERVED.split())
def test_a_page_cannot_take_a_reserved_slug(slug: str) -> None:
    assert slug in reserved_slugs()
    with pytest.raises(ValidationError, match=f"/{slug}/ is an address of the site itself"):
        Page(title="X", slug=slug, body="<p>x</p>").full_clean()


def test_a_slug_made_from_a_title_avoids_reserved_slugs() -> None:
    assert make_page("Archive").slug == "archive-2"


def test_the_body_is_cleaned_on_save() -> None:
    make_page(body="<p onclick='x'>Hi<script>x</script></p>")
    assert Page.objects.get().body == "<p>Hi</p>"


# In the admin


def test_the_form_of_a_page_has_the_rich_text_editor(client: Client) -> None:
    client.force_login(make_editor())
    form = client.get("/admin/posts/page/add/")
    assert "ckeditor.js" in form.content.decode()
    assert "'unsafe-inline'" in form["Content-Security-Policy"]
    data = {"title": "Imprint", "slug": "", "summary": "", "body": "<p>Us.</p>", "position": "5"}
    client.post("/admin/posts/page/add/", data)
    assert client.get("/imprint/").status_code == 200


def test_the_form_refuses_a_reserved_slug_and_keeps_the_input(client: Client) -> None:
    client.force_login(make_editor())
    data = {"title": "Ours", "slug": "admin", "body": "<p>Typed.</p>", "position": "0"}
    response = client.post("/admin/posts/page/add/", data)
    content = response.content.decode()
    assert "is an address of the site itself. Choose another one" in content
    assert "Typed." in content
    assert not Page.objects.exists()


def test_the_order_is_set_in_the_list(client: Client) -> None:
    client.force_login(make_editor())
    page = make_page("About", slug="about")
    data = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(page.pk),
        "form-0-position": "7",
        "_save": "Save",
    }
    client.post("/admin/posts/page/", data)
    page.refresh_from_db()
    assert (page.position, page.show_in_footer) == (7, False)
    assert page.body == "<p>Who we are.</p>"


# The texts that every site starts with


@pytest.fixture
def migration():
    return importlib.import_module("posts.migrations.0005_starting_pages")


def migrate(step) -> None:
    class Editor:
        pass

    Editor.connection = connection
    step(apps, Editor)


def test_the_migration_creates_the_starting_pages(client: Client, migration) -> None:
    migrate(migration.create)
    for slug in ("about", "contact", "privacy", "accessibility"):
        response = client.get(f"/{slug}/")
        assert response.status_code == 200
        assert "{address}" not in response.content.decode()
    assert "hello@localhost" in client.get("/contact/").content.decode()
    for page in Page.objects.all():
        assert html.clean(page.body) == page.body


def test_the_migration_neither_replaces_nor_removes_edited_pages(migration) -> None:
    make_page("About", slug="about", body="<p>Ours.</p>")
    migrate(migration.create)
    assert Page.objects.get(slug="about").body == "<p>Ours.</p>"
    migrate(migration.remove_untouched)
    assert [page.slug for page in Page.objects.all()] == ["about"]


def test_the_reading_list_is_the_same_for_everybody(client: Client) -> None:
    response = client.get("/saved/")
    html = response.content.decode()
    assert response.status_code == 200
    assert "public" in response["Cache-Control"]
    assert not response.cookies
    assert '<meta name="robots" content="noindex">' in html
    assert "This browser keeps nothing" in html, "until a script says otherwise"
    assert client.post("/saved/").status_code == 405


def test_the_privacy_page_says_what_a_browser_remembers(client: Client, migration) -> None:
    migrate(migration.create)
    privacy = importlib.import_module("posts.migrations.0025_privacy_of_returning_readers")
    for change, times in (
        (privacy.say, 1),
        (privacy.say, 1),
        (privacy.take_back, 0),
        (privacy.take_back, 0),
        (privacy.say, 1),
    ):
        migrate(change)
        assert Page.objects.get(slug="privacy").body.count("/saved/") == times
    html = client.get("/privacy/").content.decode()
    assert "It stays on your device and is never sent to us" in html
    assert 'href="/saved/"' in html
    # What an editor wrote anew is left alone.
    Page.objects.filter(slug="privacy").update(body="<p>Ours.</p>")
    migrate(privacy.say)
    assert Page.objects.get(slug="privacy").body == "<p>Ours.</p>"


def test_the_privacy_page_says_how_reads_are_counted(client: Client, migration) -> None:
    migrate(migration.create)
    privacy = importlib.import_module("posts.migrations.0029_privacy_of_counted_reads")
    for change, times in (
        (privacy.say, 1),
        (privacy.say, 1),
        (privacy.take_back, 0),
        (privacy.say, 1),
    ):
        migrate(change)
        page = Page.objects.get(slug="privacy")
        assert page.body.count("then the secret is destroyed") == times
        assert html.clean(page.body) == page.body
    Page.objects.filter(slug="privacy").update(body="<p>Ours.</p>")
    migrate(privacy.say)
    assert Page.objects.get(slug="privacy").body == "<p>Ours.</p>"


def test_the_privacy_page_says_what_links_of_an_issue_count(client: Client, migration) -> None:
    migrate(migration.create)
    privacy = importlib.import_module("posts.migrations.0030_privacy_of_counted_clicks")
    for change, says in ((privacy.say, True), (privacy.take_back, False), (privacy.say, True)):
        migrate(change)
        page = Page.objects.get(slug="privacy")
        assert ("drawn by chance for that mail" in page.body) == says
        assert ("no links that count" in page.body) != says
        assert html.clean(page.body) == page.body
