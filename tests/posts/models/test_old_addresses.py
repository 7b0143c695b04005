"""A former address redirects once, to the current address."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from posts.models import Author, Page, Post, Tag
from posts.models.addresses import FormerSlug
from tests.factories import make_author, make_editor, make_page, make_post, make_tag
from tests.plans import whole_table_read

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

MAKERS = {
    "/articles/{}/": lambda slug: make_post(slug=slug),
    "/tags/{}/": lambda slug: make_tag(slug=slug),
    "/authors/{}/": lambda slug: make_author(slug=slug),
    "/{}/": lambda slug: make_page(slug=slug),
}


def rename(thing: Post | Tag | Author | Page, slug: str, **changes: object) -> None:
    """Change the slug and other fields of the row, on an instance of its own."""
    fresh = type(thing).objects.get(pk=thing.pk)
    for name, value in {"slug": slug, **changes}.items():
        setattr(fresh, name, value)
    fresh.save()


@pytest.mark.parametrize("address", MAKERS)
def test_every_earlier_address_redirects_at_once_to_the_current_one(
    client: Client, address: str
) -> None:
    thing = MAKERS[address]("first")
    rename(thing, "second")
    rename(thing, "third")
    for former in ("first", "second"):
        response = client.get(address.format(former))
        assert response.status_code == 301
        assert response["Location"] == address.format("third")
    assert client.get(address.format("third")).status_code == 200


@pytest.mark.parametrize("address", MAKERS)
def test_a_slug_in_use_wins_over_its_redirect(client: Client, address: str) -> None:
    thing = MAKERS[address]("first")
    rename(thing, "second")
    rename(thing, "first")
    assert client.get(address.format("first")).status_code == 200
    assert client.get(address.format("second"))["Location"] == address.format("first")
    rename(thing, "second")
    MAKERS[address]("first")
    assert client.get(address.format("first")).status_code == 200


def test_a_former_slug_of_two_articles_leads_to_the_last_one(client: Client) -> None:
    rename(make_post(slug="shift"), "night-shift")
    new = make_post(slug="shift")
    rename(new, "day-shift")
    assert client.get("/articles/shift/")["Location"] == "/articles/day-shift/"
    assert FormerSlug.objects.count() == 1


def test_a_renamed_draft_takes_over_no_redirect(client: Client) -> None:
    rename(make_post(slug="shift"), "night-shift")
    rename(make_post(slug="shift", published_at=None), "day-shift")
    assert client.get("/articles/shift/")["Location"] == "/articles/night-shift/"


def test_unscheduling_and_renaming_in_one_save_keeps_the_former_slug(client: Client) -> None:
    rename(make_post(slug="shift"), "night-shift")
    post = make_post(slug="shift")
    rename(post, "day-shift", published_at=timezone.now() + timedelta(days=1))
    assert FormerSlug.objects.get().post == post


def test_a_slug_made_from_a_title_avoids_former_slugs() -> None:
    rename(make_post(title="Night shift"), "something-else")
    assert make_post(title="Night shift").slug == "night-shift-2"


def test_an_article_may_take_its_own_former_slug_again() -> None:
    post = make_post(title="Night shift")
    rename(post, "something-else")
    rename(post, "")
    assert Post.objects.get(pk=post.pk).slug == "night-shift"
    assert FormerSlug.objects.get().slug == "something-else"


def test_former_slugs_of_articles_topics_and_authors_are_separate(client: Client) -> None:
    rename(make_post(slug="fire"), "fire-2")
    rename(make_tag(slug="fire"), "fire-3")
    assert client.get("/articles/fire/")["Location"] == "/articles/fire-2/"
    assert client.get("/tags/fire/")["Location"] == "/tags/fire-3/"
    assert client.get("/authors/fire/").status_code == 404


def test_saving_an_outdated_instance_leaves_no_dead_address(client: Client) -> None:
    post = make_post(slug="first")
    stale = Post.objects.get(pk=post.pk)
    rename(post, "second")
    stale.title = "Edited elsewhere"
    stale.save()
    assert client.get("/articles/second/")["Location"] == "/articles/first/"


def test_saving_other_fields_stores_no_former_slug() -> None:
    post = Post.objects.get(pk=make_post(slug="first").pk)
    post.slug = "second"
    post.save(update_fields=["title"])
    assert not FormerSlug.objects.exists()
    post.save(update_fields=["slug"])
    assert FormerSlug.objects.get().slug == "first"


@pytest.mark.parametrize("model", [Post, Tag, Author, Page])
def test_bulk_updates_of_slugs_are_refused(model: type[Post | Tag | Author | Page]) -> None:
    with pytest.raises(TypeError, match="Save each one"):
        model.objects.update(slug="x")
    thing = make_tag()
    with pytest.raises(TypeError, match="Save each one"):
        Tag.objects.bulk_update([thing], ["slug"])


def test_a_redirect_keeps_the_query_string_only(client: Client) -> None:
    rename(make_tag(slug="first"), "second")
    asked = "page=2&q=%22%3E%3Cscript%3E&next=//evil.example"
    response = client.get("/tags/first/", QUERY_STRING=asked, HTTP_REFERER="http://evil.example/")
    assert response["Location"] == f"/tags/second/?{asked}"


@pytest.mark.parametrize("query", ["a\r\nSet-Cookie: x=1", "\x00", "é", "\\\\evil.example", " "])
def test_no_query_string_injects_into_the_redirect(client: Client, query: str) -> None:
    rename(make_tag(slug="first"), "second")
    response = client.get("/tags/first/", QUERY_STRING=query)
    assert response.status_code == 301
    assert response["Location"].startswith("/tags/second/")
    assert "\n" not in response["Location"]
    assert not response.has_header("Set-Cookie")


def test_redirects_are_not_cached(client: Client) -> None:
    rename(make_tag(slug="first"), "second")
    assert client.get("/tags/first/")["Cache-Control"] == "no-cache"


def test_the_former_slug_of_a_draft_is_a_404(client: Client) -> None:
    rename(make_post(slug="first", published_at=None), "second")
    assert client.get("/articles/first/").status_code == 404


def test_the_former_slug_of_a_withdrawn_article_is_a_410(client: Client) -> None:
    rename(make_post(slug="first"), "second")
    Post.objects.all().withdraw()
    assert client.get("/articles/first/").status_code == 410


def test_a_draft_with_a_former_slug_does_not_hide_the_redirect(client: Client) -> None:
    rename(make_post(slug="first"), "second")
    make_post(slug="first", published_at=None)
    assert client.get("/articles/first/")["Location"] == "/articles/second/"


def test_deleting_an_article_deletes_its_former_slugs(client: Client) -> None:
    post = make_post(slug="first")
    rename(post, "second")
    post.delete()
    assert client.get("/articles/first/").status_code == 404
    assert not FormerSlug.objects.exists()


def test_the_feeds_of_a_renamed_topic_redirect(client: Client) -> None:
    rename(make_tag(slug="first"), "second")
    response = client.get("/tags/first/atom.xml")
    assert response.status_code == 301
    assert response["Location"] == "/tags/second/atom.xml"


def test_the_database_allows_one_owner_for_each_former_slug() -> None:
    post, tag = make_post(), make_tag()
    FormerSlug.objects.create(slug="x", post=post)
    for wrong in ({"post": make_post()}, {"post": post, "tag": tag}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            FormerSlug.objects.create(slug="x" if "tag" not in wrong else "y", **wrong)
    FormerSlug.objects.create(slug="x", tag=tag)


def test_former_slugs_are_read_only_in_the_admin(client: Client) -> None:
    post = make_post(slug="first", title="Night shift")
    rename(post, "second")
    client.force_login(make_editor())
    page = client.get("/admin/posts/formerslug/").content.decode()
    assert "first" in page
    assert 'href="/articles/second/"' in page
    assert client.get("/admin/posts/formerslug/add/").status_code == 403
    former = FormerSlug.objects.get()
    assert client.post(f"/admin/posts/formerslug/{former.pk}/delete/").status_code == 403
    assert client.post(f"/admin/posts/formerslug/{former.pk}/change/").status_code == 403


def test_an_article_with_former_slugs_can_be_deleted_in_the_admin(client: Client) -> None:
    post = make_post(slug="first")
    rename(post, "second")
    client.force_login(make_editor())
    client.post(f"/admin/posts/post/{post.pk}/delete/", {"post": "yes"})
    assert not Post.objects.exists()


@pytest.mark.usefixtures("new_tables")
@pytest.mark.parametrize(
    "path", ["first/", "second/", "withdrawn/", "nobody/", "first/share.jpg", "nobody/share.jpg"]
)
def test_no_address_scans_the_whole_table(client: Client, path: str) -> None:
    rename(make_post(slug="first"), "second")
    Post.objects.filter(pk=make_post(slug="withdrawn").pk).withdraw()
    make_post()
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/articles/{path}")
    assert whole_table_read(queries, "posts_post") == []
    assert whole_table_read(queries, "posts_formerslug") == []


def test_a_whole_table_scan_is_detected() -> None:
    make_post()
    with CaptureQueriesContext(connection) as queries:
        list(Post.objects.filter(summary="x"))
    assert len(whole_table_read(queries, "posts_post")) == 1
