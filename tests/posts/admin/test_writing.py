"""The form of an article: required fields, cover, related articles. No error loses any input."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from posts.models import Author, Post
from posts.models.image import Image
from tests.factories import (
    connect,
    make_author,
    make_editor,
    make_image,
    make_post,
    make_tag,
    picture_file,
)
from tests.posts.admin.desk import ADD, act, change, errors, form, row_errors, said, when
from tests.posts.admin.members import member, signed_in

pytestmark = pytest.mark.django_db


def test_an_article_needs_only_title_dek_text_and_author(desk: Client) -> None:
    response = desk.post(ADD, form(slug=""))
    assert response.status_code == 302
    post = Post.objects.get()
    assert (post.slug, post.body, post.published_at) == (
        "night-shift",
        "<p>Answer the call.</p>",
        None,
    )
    assert "Saved as a draft: only the desk sees it" in said(response)
    assert reverse("posts:preview", args=[post.pk]) in said(response)


def test_the_slug_is_made_from_the_title_while_it_is_typed(desk: Client) -> None:
    page = unescape(desk.get(ADD).content.decode())
    assert '"dependency_ids": ["#id_title"]' in page


@pytest.mark.parametrize("field", ["title", "summary", "body", "author"])
@pytest.mark.parametrize("how", ["now", "later"])
def test_publishing_without_a_value_is_an_error_at_its_field_and_the_rest_stays(
    desk: Client, field: str, how: str
) -> None:
    sent = form(
        **{"title": "A title", "summary": "A dek.", "body": "<p>A body.</p>", field: ""},
        **({"_publish": "1"} if how == "now" else when(timezone.now() + timedelta(days=400))),
    )
    response = desk.post(ADD, sent)
    assert list(errors(response)) == [field]
    page = unescape(response.content.decode())
    for name in {"title", "summary", "body"} - {field}:
        assert sent[name] in page
    # A list on top names the field, and leads to it.
    [(_, control, sentence)] = response.context["desk"].problems
    assert control == f"id_{field}"
    assert f'<a href="#{control}">' in page
    assert sentence in page
    assert not Post.objects.exists()


@pytest.mark.parametrize("field", ["title", "summary", "body", "author"])
def test_a_draft_is_saved_without_any_of_them(desk: Client, field: str) -> None:
    response = desk.post(ADD, form(**{field: ""}))
    assert response.status_code == 302
    assert "Saved as a draft" in said(response)
    assert Post.objects.drafts().count() == 1


def test_an_empty_form_is_a_draft(desk: Client, client: Client) -> None:
    make_author(name="Ruth Halloran")
    empty = form(title="", slug="", summary="", body="", author="")
    response = desk.post(ADD, {**empty, "_continue": "1"})
    post = Post.objects.get()
    today = timezone.localtime(post.created_at)
    assert post.title == f"Untitled, {today:%B} {today.day}"
    assert "under the name of Ruth Halloran" in said(response)
    assert client.get(post.get_absolute_url()).status_code == 404
    # Its title is not shown as if somebody had written it, and a later one makes the address.
    page = desk.get(change(post)).context["adminform"].form
    assert page.initial["title"] == page.initial["slug"] == ""
    first = (post.title, post.slug)
    assert desk.post(change(post), empty).status_code == 302
    post.refresh_from_db()
    assert (post.title, post.slug) == first
    desk.post(change(post), form(title="Named\n at last", slug=""))
    post.refresh_from_db()
    assert (post.title, post.slug) == ("Named at last", "named-at-last")
    # What nobody named is not published, neither by its own form nor from the list.
    desk.post(ADD, empty)
    nameless = Post.objects.latest("pk")
    assert nameless.is_untitled
    assert "title" in errors(desk.post(change(nameless), form(title="", _publish="1")))
    assert "was not published. Give the article a title." in said(
        act(desk, "publish_now", nameless)
    )
    assert not Post.objects.published().exists()


def test_the_author_of_a_form_is_the_one_whose_name_or_articles_the_account_has() -> None:
    make_author(name="Aaron First")
    editor = make_editor(first_name="Dele", last_name="Marchetti")
    client = Client()
    client.force_login(editor)

    def offered() -> object:
        return client.get(ADD).context["adminform"].form.initial.get("author")

    assert offered() is None
    last = make_author(name="Zoe Last")
    client.post(ADD, form(author=last.pk))
    assert offered() == last.pk
    own = make_author(name="Dele Marchetti")
    assert offered() == own.pk


def test_the_first_draft_of_a_new_site_needs_no_author(desk: Client) -> None:
    assert not Author.objects.exists()
    assert desk.post(ADD, {**form(author=""), "author": ""}).status_code == 302
    assert Post.objects.get().author == Author.objects.get()


def test_scripts_and_handlers_are_removed_before_storing(desk: Client) -> None:
    desk.post(ADD, form(body='<p onclick="x()">a</p><script>alert(1)</script>'))
    assert Post.objects.get().body == "<p>a</p>"


def test_two_megabytes_of_word_markup_are_saved(desk: Client) -> None:
    paragraph = "<p class=MsoNormal style='mso-x:1'><span lang=EN-US>Word<o:p></o:p></span></p>"
    body = paragraph * (2_000_000 // len(paragraph) + 1)
    assert desk.post(ADD, form(body=body)).status_code == 302
    assert Post.objects.get().body == "<p>Word</p>" * body.count("Word<")


def test_a_taken_slug_is_an_error_that_names_a_free_one(desk: Client) -> None:
    make_post(title="Day shift", slug="night-shift")
    make_post(slug="night-shift-2")
    response = desk.post(ADD, form(title="Kept title"))
    [message] = errors(response)["slug"]
    assert "“Day shift” has this address already" in message
    assert "night-shift-3" in message
    assert "Kept title" in response.content.decode()
    assert desk.post(ADD, form(slug="night-shift-3")).status_code == 302


def test_a_slug_taken_during_the_save_is_a_form_error(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = admin.ModelAdmin.changeform_view
    rivals: list[Post] = []

    def view_after_a_rival_save(*args: Any, **kwargs: Any) -> HttpResponse:
        if not rivals:
            # The slug was free when the form was checked; then another editor saved first.
            rivals.append(make_post(title="Faster", slug="night-shift"))
            raise IntegrityError
        return view(*args, **kwargs)

    monkeypatch.setattr(admin.ModelAdmin, "changeform_view", view_after_a_rival_save)
    response = desk.post(ADD, form(title="Typed title"))
    assert "“Faster” has this address already" in errors(response)["slug"][0]
    assert "Typed title" in response.content.decode()


def test_a_title_that_is_there_already_gets_another_address_by_itself(desk: Client) -> None:
    make_post(title="Day shift", slug="night-shift")
    assert desk.post(ADD, form(title="Night shift")).status_code == 302
    post = Post.objects.get(title="Night shift")
    assert post.slug == "night-shift-2"
    assert "has night-shift-2" in said(desk.get(change(post)))
    # The address of an article that readers know is changed by nobody's title.
    seen = make_post(title="Evening", slug="evening")
    response = desk.post(change(seen), form(title="Night shift", slug="night-shift"))
    assert "“Day shift” has this address already" in errors(response)["slug"][0]


def test_a_taken_address_does_not_name_a_draft_that_one_may_not_see() -> None:
    make_post(title="Not yet public", slug="night-shift", published_at=None)
    writer = signed_in(member("Writer"))
    [message] = errors(writer.post(ADD, form(title="Another title")))["slug"]
    assert message.startswith("Another article has this address already")


def test_saving_the_same_form_twice_makes_one_article(desk: Client) -> None:
    sent = {**form(), "_form_key": "key-0123456789"}
    assert desk.post(ADD, sent).status_code == 302
    assert desk.post(ADD, sent).status_code == 302
    assert Post.objects.count() == 1


def test_the_change_page_loads_no_other_body(
    desk: Client, django_assert_max_num_queries: Any
) -> None:
    post = make_post(tags=[make_tag(), make_tag()])
    connect(post, make_post(), make_post(), make_post())
    with django_assert_max_num_queries(20) as queries:
        desk.get(change(post))
    bodies = [query["sql"] for query in queries.captured_queries if '"body"' in query["sql"]]
    assert len(bodies) == 1


# The cover


def test_an_uploaded_cover_is_stored_in_the_library(desk: Client) -> None:
    sent = form(cover_file=picture_file(name="Dispatch_floor.png"), cover_alt="The floor")
    assert desk.post(ADD, sent).status_code == 302
    post = Post.objects.get()
    assert post.cover == Image.objects.get()
    assert post.cover is not None
    assert post.cover.title == "Dispatch floor"
    assert post.cover.uploaded_by is not None
    assert desk.get(change(post)).content.decode().count('class="thumbnail"') == 1


def test_a_published_cover_needs_alternative_text_and_nothing_is_lost(desk: Client) -> None:
    sent = form(cover_file=picture_file(), cover_caption="Typed caption", _publish="1")
    response = desk.post(ADD, sent)
    assert list(errors(response)) == ["cover_alt"]
    page = response.content.decode()
    assert "Typed caption" in page
    # Browsers never restore a file field, so the picture is stored in the library already.
    image = Image.objects.get()
    assert f'<option value="{image.pk}" selected' in page
    sent = form(cover=image.pk, cover_alt="The floor")
    assert desk.post(ADD, sent).status_code == 302
    assert Post.objects.get().cover == image


@pytest.mark.postgresql
def test_a_draft_may_have_a_cover_without_alternative_text_and_readers_never_get_it(
    desk: Client,
) -> None:
    sent = form(cover=make_image().pk)
    assert list(errors(desk.post(ADD, {**sent, "_publish": "1"}))) == ["cover_alt"]
    assert desk.post(ADD, sent).status_code == 302
    post = Post.objects.get()
    told = said(act(desk, "publish_now", post))
    assert "was not published. The cover has no alternative text." in told
    assert "Say what the cover shows" in told and "on the site already" not in told
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.publish()
    # Published, withdrawn, and its words taken away: it does not come back without them.
    desk.post(change(post), {**sent, "cover_alt": "The floor", "_publish": "1"})
    act(desk, "withdraw", post)
    assert desk.post(change(post), sent).status_code == 302
    assert "was not brought back. The cover has no alternative text." in said(
        act(desk, "bring_back", post)
    )
    assert not Post.objects.published().exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no picture", "not a picture we can read"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG is not accepted"),
        (bytes(2_000_000), "the limit is 1 MB"),
    ],
)
def test_a_cover_that_is_no_picture_is_an_error_and_the_form_is_kept(
    desk: Client, settings: Settings, content: bytes, message: str
) -> None:
    settings.IMAGE_MAX_BYTES = 1_000_000
    upload = SimpleUploadedFile("cover.svg", content)
    response = desk.post(ADD, form(cover_file=upload, cover_alt="Typed words"))
    assert message in errors(response)["cover_file"][0]
    page = response.content.decode()
    assert "Night shift" in page
    assert "Typed words" in page
    assert "Answer the call." in page
    assert not Image.objects.exists()


def test_without_permission_a_cover_can_be_chosen_but_not_uploaded() -> None:
    client = Client()
    client.force_login(
        make_editor("posts.add_post", "posts.view_post", "posts.view_image", "posts.view_author")
    )
    assert "cover_file" not in client.get(ADD).content.decode()
    sent = form(cover_file=picture_file(), cover=make_image().pk, cover_alt="The floor")
    before = Image.objects.count()
    assert client.post(ADD, sent).status_code == 302
    assert Image.objects.count() == before


# Related articles


def test_related_posts_keep_the_order_they_were_given(desk: Client) -> None:
    first, second, third = make_post(), make_post(), make_post()
    rows = [
        {"related": first.pk, "position": 3},
        {"related": second.pk, "position": 1},
        {"related": third.pk, "position": ""},
    ]
    assert desk.post(ADD, form(rows, _publish="1")).status_code == 302
    post = Post.objects.get(slug="night-shift")
    assert list(post.connected()) == [second, third, first]


def test_related_posts_without_position_take_the_order_of_the_rows(desk: Client) -> None:
    posts = [make_post(), make_post(), make_post()]
    desk.post(ADD, form([{"related": post.pk} for post in posts]))
    post = Post.objects.get(slug="night-shift")
    assert [row.related for row in post.related_to.all()] == posts
    assert [row.position for row in post.related_to.all()] == [1, 2, 3]


def test_a_post_related_to_itself_is_an_error_at_its_row(desk: Client) -> None:
    post = make_post()
    rows = [{"related": post.pk, "post": post.pk}]
    found = row_errors(desk.post(change(post), form(rows, title="Kept title")))
    assert "An article cannot be its own related post." in str(found[0])
    assert not post.related_to.exists()


@pytest.mark.parametrize("new", [True, False])
def test_a_related_post_picked_twice_is_an_error_at_its_row(desk: Client, new: bool) -> None:
    post, other = make_post(), make_post()
    rows = [{"related": other.pk}, {"related": other.pk}]
    response = desk.post(ADD if new else change(post), form(rows, slug="new"))
    assert "is picked twice" in str(row_errors(response)[1]["related"])
    assert Post.objects.count() == 2


def test_a_related_post_already_there_cannot_be_added_again(desk: Client) -> None:
    post, other = make_post(), make_post()
    connect(post, other)
    [row] = post.related_to.all()
    rows = [
        {"id": row.pk, "post": post.pk, "related": other.pk},
        {"post": post.pk, "related": other.pk},
    ]
    assert "is picked twice" in str(row_errors(desk.post(change(post), form(rows)))[1])


@pytest.mark.parametrize("related", ["999999", "-1"])
def test_a_related_post_that_does_not_exist_is_an_error(desk: Client, related: Any) -> None:
    [found] = row_errors(desk.post(ADD, form([{"related": related}])))
    assert list(found) == ["related"]


def test_choosing_a_related_post_loads_no_bodies(
    desk: Client, django_assert_max_num_queries: Any
) -> None:
    make_post(title="Night shift")
    query = {
        "term": "night",
        "app_label": "posts",
        "model_name": "relatedpost",
        "field_name": "related",
    }
    with django_assert_max_num_queries(10) as queries:
        found = desk.get("/admin/autocomplete/", query).json()["results"]
    assert [result["text"] for result in found] == ["Night shift"]
    assert not [query for query in queries.captured_queries if '"body"' in query["sql"]]
