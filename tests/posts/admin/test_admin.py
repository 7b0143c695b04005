"""The admin of articles: what its lists show, what cannot be deleted, and who has access."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts import copying
from posts.models import Author, Tag
from posts.models.image import Image
from tests.factories import make_author, make_image, make_post, make_tag, picture_file
from tests.posts.admin.desk import ADD, LIST, change, errors

pytestmark = pytest.mark.django_db


# The list


def test_the_list_shows_state_and_link_of_each_article(desk: Client) -> None:
    draft = make_post(title="A draft", published_at=None)
    make_post(title="A plan", published_at=timezone.now() + timedelta(days=3))
    make_post(title="A piece")
    page = desk.get(LIST).content.decode()
    for state in ("Draft", "Scheduled", "Published"):
        assert f">{state}</span>" in page
    assert f'href="{change(draft)}"' in page
    # Drafts come first, then scheduled and then published articles, on every database.
    assert page.index("A draft") < page.index("A plan") < page.index("A piece")


@pytest.mark.parametrize("state", ["draft", "scheduled", "published"])
def test_the_list_can_be_filtered_by_state(desk: Client, state: str) -> None:
    make_post(title="In draft", published_at=None)
    make_post(title="In scheduled", published_at=timezone.now() + timedelta(days=3))
    make_post(title="In published")
    page = desk.get(LIST, {"state": state}).content.decode()
    assert [name for name in ("draft", "scheduled", "published") if f"In {name}" in page] == [state]


def test_the_list_can_be_filtered_by_tag_author_and_search(desk: Client) -> None:
    tag = make_tag("Training")
    make_post(title="Tagged", tags=[tag])
    author = make_author()
    make_post(title="Signed", author=author)
    make_post(title="Wellness", summary="A word on sleep.")
    for query, title in [
        ({"topic": tag.slug}, "Tagged"),
        ({"author": author.pk}, "Signed"),
        ({"q": "sleep"}, "Wellness"),
    ]:
        found = desk.get(LIST, query).context["cl"].result_list
        assert [post.title for post in found] == [title]


def test_the_number_of_queries_does_not_grow_and_no_body_is_loaded(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def queries() -> list[str]:
        with django_assert_num_queries(8) as captured:
            desk.get(LIST)
        return [query["sql"] for query in captured.captured_queries]

    tag = make_tag()
    make_post(tags=[tag])
    desk.get(LIST)
    few = queries()
    for _ in range(20):
        make_post(tags=[tag], author=make_author(), cover=make_image(8, 8), cover_alt="A")
    assert len(queries()) == len(few)
    assert not [sql for sql in queries() if '"body"' in sql]


# Reading, deleting


def test_a_published_article_links_to_the_site_and_a_draft_to_its_preview(desk: Client) -> None:
    shown, draft = make_post(), make_post(published_at=None)
    page = desk.get(change(shown)).content.decode()
    assert f'href="{shown.get_absolute_url()}"' in page
    page = desk.get(change(draft)).content.decode()
    assert reverse("posts:preview", args=[draft.pk]) in page
    assert "Read it on the site" not in page


def test_an_author_with_articles_cannot_be_deleted(desk: Client) -> None:
    post = make_post()
    desk.post(f"/admin/posts/author/{post.author_id}/delete/", {"post": "yes"})
    assert Author.objects.count() == 1


# Topics, authors, the library


@pytest.mark.parametrize(
    ("model", "make"),
    [(Tag, lambda: make_tag("Training")), (Author, lambda: make_author(name="Training"))],
)
def test_topics_and_authors_count_articles_and_suggest_free_slugs(
    desk: Client, model: Any, make: Any
) -> None:
    made = make()
    make_post(**({"tags": [made]} if model is Tag else {"author": made}))
    base = f"/admin/posts/{model._meta.model_name}/"
    column = "published" if model is Tag else "articles"
    assert f'class="field-{column}">1</td>' in desk.get(base).content.decode()
    response = desk.post(f"{base}add/", {"name": "Other", "slug": "training", "bio": ""})
    assert "training-2" in errors(response)["slug"][0]


def test_a_picture_is_stored_in_the_library_once(desk: Client) -> None:
    source = picture_file(name="floor.png", colour=(9, 9, 99))
    assert desk.post("/admin/posts/image/add/", {"upload": source, "title": ""}).status_code == 302
    image = Image.objects.get()
    assert (image.title, image.width, image.height) == ("floor", 60, 40)
    source.seek(0)
    response = desk.post("/admin/posts/image/add/", {"upload": source, "title": "Again"})
    assert "This picture is here already" in errors(response)["upload"][0]
    assert "Again" in response.content.decode()


def test_the_file_of_a_stored_picture_cannot_be_replaced(desk: Client) -> None:
    image = make_image(30, 20)
    name = image.file.name
    url = f"/admin/posts/image/{image.pk}/change/"
    assert "upload" not in desk.get(url).context["adminform"].form.fields
    sent = {"title": "Night", "alt": "A floor", "upload": picture_file(), "file": "evil.html"}
    desk.post(url, sent)
    image.refresh_from_db()
    assert (image.title, image.file.name) == ("Night", name)


def test_a_file_that_is_no_picture_is_refused(desk: Client) -> None:
    sent = {"upload": SimpleUploadedFile("a.png", b"no"), "title": "Typed"}
    response = desk.post("/admin/posts/image/add/", sent)
    assert "not a picture we can read" in errors(response)["upload"][0]
    assert "Typed" in response.content.decode()


def test_the_library_takes_constant_queries_and_shows_missing_files(
    desk: Client, django_assert_max_num_queries: Any
) -> None:
    make_image(30, 20)
    with django_assert_max_num_queries(20) as few:
        desk.get("/admin/posts/image/")
    lost = make_image(500, 20)
    lost.file.storage.delete(lost.file.name)
    assert not copying.make(lost.pk)
    for height in range(21, 31):
        make_image(30, height)
    with django_assert_max_num_queries(len(few)):
        page = desk.get("/admin/posts/image/").content.decode()
    assert page.count("The file cannot be read") == 1


@pytest.mark.parametrize("url", [LIST, ADD, "/admin/posts/tag/", "/admin/posts/image/add/"])
def test_an_anonymous_visitor_is_sent_to_the_login_page(client: Client, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")
