"""The desk: what editors do every day, and what they get for a slip."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from posts.library import Image
from posts.models import Author, Post, Tag
from tests.factories import (
    connect,
    make_author,
    make_editor,
    make_image,
    make_issue,
    make_post,
    make_tag,
    picture_file,
)

pytestmark = pytest.mark.django_db
ADD = "/admin/posts/post/add/"
LIST = "/admin/posts/post/"


@pytest.fixture
def desk() -> Client:
    """An editor who may do everything, signed in."""
    client = Client()
    client.force_login(make_editor())
    return client


def change(post: Post) -> str:
    return f"/admin/posts/post/{post.pk}/change/"


def form(related: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    """The desk's form as it is sent, of an article with all that it needs."""
    rows = related or []
    sent: dict[str, Any] = {
        "title": "Night shift",
        "slug": "night-shift",
        "summary": "What the night is like.",
        "body": "<p>Answer the call.</p>",
        "cover": "",
        "cover_alt": "",
        "cover_caption": "",
        "cover_credit": "",
        "published_at_0": "",
        "published_at_1": "",
        "related_to-TOTAL_FORMS": len(rows),
        "related_to-INITIAL_FORMS": sum("id" in row for row in rows),
        "related_to-MIN_NUM_FORMS": 0,
        "related_to-MAX_NUM_FORMS": 1000,
        **fields,
    }
    for number, row in enumerate(rows):
        for name, value in {"position": 0, "post": "", **row}.items():
            sent[f"related_to-{number}-{name}"] = value
    if "author" not in sent:
        sent["author"] = (Author.objects.first() or make_author()).pk
    return sent


def when(moment: Any) -> dict[str, str]:
    local = timezone.localtime(moment)
    return {"published_at_0": f"{local:%Y-%m-%d}", "published_at_1": f"{local:%H:%M:%S}"}


def said(response: HttpResponse) -> str:
    """All that the messages after an action say."""
    return unescape(" ".join(str(message) for message in get_messages(response.wsgi_request)))


def errors(response: HttpResponse) -> dict[str, list[str]]:
    assert response.status_code == 200, "The form was accepted."
    found: dict[str, list[str]] = dict(response.context["adminform"].form.errors)
    return found


def row_errors(response: HttpResponse) -> list[dict[str, list[str]]]:
    assert response.status_code == 200, "The form was accepted."
    found: list[dict[str, list[str]]] = response.context["inline_admin_formsets"][0].formset.errors
    return found


# Writing


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
def test_what_is_missing_is_said_at_its_field_and_the_rest_is_kept(
    desk: Client, field: str
) -> None:
    sent = form(**{"title": "A title", "summary": "A dek.", "body": "<p>A body.</p>", field: ""})
    response = desk.post(ADD, sent)
    assert list(errors(response)) == [field]
    page = unescape(response.content.decode())
    for name in {"title", "summary", "body"} - {field}:
        assert sent[name] in page
    assert not Post.objects.exists()


def test_a_text_full_of_attacks_is_stored_clean(desk: Client) -> None:
    desk.post(ADD, form(body='<p onclick="x()">a</p><script>alert(1)</script>'))
    assert Post.objects.get().body == "<p>a</p>"


def test_two_megabytes_of_word_are_saved(desk: Client) -> None:
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


def test_a_slug_taken_in_the_same_instant_is_a_form_error_too(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = admin.ModelAdmin.changeform_view
    faster: list[Post] = []

    def beaten_once(*args: Any, **kwargs: Any) -> HttpResponse:
        if not faster:
            # We looked, and all was free; then somebody else saved, and the database refused us.
            faster.append(make_post(title="Faster", slug="night-shift"))
            raise IntegrityError
        return view(*args, **kwargs)

    monkeypatch.setattr(admin.ModelAdmin, "changeform_view", beaten_once)
    response = desk.post(ADD, form(title="Typed title"))
    assert "“Faster” has this address already" in errors(response)["slug"][0]
    assert "Typed title" in response.content.decode()


def test_saving_the_same_form_twice_makes_one_article(desk: Client) -> None:
    sent = form()
    assert desk.post(ADD, sent).status_code == 302
    assert "slug" in errors(desk.post(ADD, sent))
    assert Post.objects.count() == 1


# Publishing


def test_publishing_in_the_future_says_when_it_will_happen(desk: Client, client: Client) -> None:
    moment = timezone.now() + timedelta(days=400)
    response = desk.post(ADD, form(**when(moment)))
    assert "It will publish by itself on" in said(response)
    assert f"{timezone.localtime(moment):%Y}" in said(response)
    assert client.get("/articles/night-shift/").status_code == 404


def test_publishing_in_the_past_is_backdating(desk: Client, client: Client) -> None:
    moment = timezone.now() - timedelta(days=4000)
    response = desk.post(ADD, form(**when(moment)))
    assert "Published, dated" in said(response)
    assert client.get("/articles/night-shift/").status_code == 200


def test_the_publish_button_publishes_now(desk: Client, client: Client) -> None:
    post = make_post(slug="night-shift", published_at=timezone.now() + timedelta(days=3))
    sent = form(_publish="Publish now", **when(post.published_at))
    assert "Published, dated" in said(desk.post(change(post), sent))
    assert client.get("/articles/night-shift/").status_code == 200


def test_the_publish_button_leaves_an_old_date_alone(desk: Client) -> None:
    old = timezone.now().replace(microsecond=0) - timedelta(days=300)
    post = make_post(published_at=old)
    desk.post(change(post), form(_publish="Publish now", **when(old)))
    post.refresh_from_db()
    assert post.published_at == old


def test_emptying_the_date_takes_an_article_off_the_site(desk: Client, client: Client) -> None:
    post = make_post(slug="night-shift")
    assert "Saved as a draft" in said(desk.post(change(post), form()))
    assert client.get("/articles/night-shift/").status_code == 404


@pytest.mark.parametrize(
    ("date", "time"),
    [("tomorrow", "9:00"), ("2026-13-40", "9:00"), ("2026-01-01", ""), ("9999-12-31", "23:59:59"),
     ("0001-01-01", "00:00:00")],
)  # fmt: skip
def test_a_date_that_is_none_is_an_error_and_is_kept(desk: Client, date: str, time: str) -> None:
    response = desk.post(ADD, form(published_at_0=date, published_at_1=time))
    assert "published_at" in errors(response)
    assert f'value="{date}"' in response.content.decode()


@pytest.mark.parametrize(
    ("img", "message"),
    [
        ('<img src="/media/images/a.jpg">', "has no alternative text"),
        ('<img src="/media/images/a.jpg" alt=" ">', "has no alternative text"),
        ('<img src="https://elsewhere.example/a.jpg" alt="A">', "lies on another website"),
        ('<img src="//elsewhere.example/a.jpg" alt="A">', "lies on another website"),
    ],
)
def test_a_picture_that_readers_would_miss_keeps_a_text_from_being_published(
    desk: Client, img: str, message: str
) -> None:
    response = desk.post(ADD, form(body=f"<p>Typed.{img}</p>", _publish="Publish now"))
    [problem] = errors(response)["body"]
    assert message in problem
    assert "a.jpg" in problem
    assert "Typed." in response.content.decode()
    # A draft may wait for it, and says so.
    assert message in said(desk.post(ADD, form(body=f"<p>{img}</p>")))


def test_a_picture_of_ours_with_words_is_published(desk: Client) -> None:
    body = '<p><img src="/media/images/a.jpg" alt="A console at night"></p>'
    assert desk.post(ADD, form(body=body, _publish="Publish now")).status_code == 302


# The cover


def test_an_uploaded_cover_joins_the_library(desk: Client) -> None:
    sent = form(cover_file=picture_file(name="Dispatch_floor.png"), cover_alt="The floor")
    assert desk.post(ADD, sent).status_code == 302
    post = Post.objects.get()
    assert post.cover == Image.objects.get()
    assert post.cover is not None
    assert post.cover.title == "Dispatch floor"
    assert post.cover.uploaded_by is not None
    assert desk.get(change(post)).content.decode().count('class="thumbnail"') == 1


def test_a_cover_without_words_is_an_error_at_the_field_and_nothing_is_lost(desk: Client) -> None:
    sent = form(cover_file=picture_file(), cover_caption="Typed caption")
    response = desk.post(ADD, sent)
    assert list(errors(response)) == ["cover_alt"]
    page = response.content.decode()
    assert "Typed caption" in page
    # Browsers never fill in a file field again, so the picture is in the library by now.
    image = Image.objects.get()
    assert f'<option value="{image.pk}" selected' in page
    sent = form(cover=image.pk, cover_alt="The floor")
    assert desk.post(ADD, sent).status_code == 302
    assert Post.objects.get().cover == image


def test_a_chosen_cover_without_words_is_an_error_too(desk: Client) -> None:
    assert list(errors(desk.post(ADD, form(cover=make_image().pk)))) == ["cover_alt"]


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


def test_without_the_permission_no_cover_is_uploaded_but_one_can_be_chosen() -> None:
    client = Client()
    client.force_login(
        make_editor("posts.add_post", "posts.view_post", "posts.view_image", "posts.view_author")
    )
    assert "cover_file" not in client.get(ADD).content.decode()
    sent = form(cover_file=picture_file(), cover=make_image().pk, cover_alt="The floor")
    before = Image.objects.count()
    assert client.post(ADD, sent).status_code == 302
    assert Image.objects.count() == before


# Connecting the dots


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


def test_related_posts_left_at_nought_come_in_the_order_of_the_rows(desk: Client) -> None:
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
    assert row_errors(desk.post(ADD, form([{"related": related}])))[0]


# The list


def test_the_list_says_where_each_article_stands_and_where_to_read_it(desk: Client) -> None:
    draft = make_post(title="A draft", published_at=None)
    make_post(title="A plan", published_at=timezone.now() + timedelta(days=3))
    shown = make_post(title="A piece")
    page = desk.get(LIST).content.decode()
    for state in ("Draft", "Scheduled", "Published"):
        assert f">{state}</span>" in page
    assert reverse("posts:preview", args=[draft.pk]) in page
    assert shown.get_absolute_url() in page
    # Drafts are today's work, then what is to come, then what is out; on every database.
    assert page.index("A draft") < page.index("A plan") < page.index("A piece")


@pytest.mark.parametrize("state", ["draft", "scheduled", "published"])
def test_the_list_shows_one_state(desk: Client, state: str) -> None:
    make_post(title="In draft", published_at=None)
    make_post(title="In scheduled", published_at=timezone.now() + timedelta(days=3))
    make_post(title="In published")
    page = desk.get(LIST, {"state": state}).content.decode()
    assert [name for name in ("draft", "scheduled", "published") if f"In {name}" in page] == [state]


def test_the_list_is_narrowed_by_tag_author_and_words(desk: Client) -> None:
    tag = make_tag("Training")
    make_post(title="Tagged", tags=[tag])
    author = make_author()
    make_post(title="Signed", author=author)
    make_post(title="Wellness", summary="A word on sleep.")
    for query, title in [
        ({"tags__id__exact": tag.pk}, "Tagged"),
        ({"author__id__exact": author.pk}, "Signed"),
        ({"q": "sleep"}, "Wellness"),
    ]:
        found = desk.get(LIST, query).context["cl"].result_list
        assert [post.title for post in found] == [title]


def test_the_list_takes_the_same_queries_for_many_and_loads_no_body(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def queries() -> list[str]:
        with django_assert_num_queries(6) as captured:
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


def test_the_article_page_loads_its_own_body_and_no_other(
    desk: Client, django_assert_max_num_queries: Any
) -> None:
    post = make_post(tags=[make_tag(), make_tag()])
    connect(post, make_post(), make_post(), make_post())
    with django_assert_max_num_queries(20) as queries:
        desk.get(change(post))
    bodies = [query["sql"] for query in queries.captured_queries if '"body"' in query["sql"]]
    assert len(bodies) == 1


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


def act(desk: Client, action: str, *posts: Post) -> HttpResponse:
    return desk.post(LIST, {"action": action, "_selected_action": [post.pk for post in posts]})


def test_several_articles_are_published_at_once(desk: Client) -> None:
    draft = make_post(published_at=None, body="<p>a</p>")
    planned = make_post(published_at=timezone.now() + timedelta(days=3))
    assert "2 articles published" in said(act(desk, "publish_now", draft, planned, make_post()))
    assert Post.objects.published().count() == 3


def test_an_article_with_a_picture_that_readers_would_miss_is_not_published_with_the_others(
    desk: Client,
) -> None:
    good = make_post(published_at=None)
    bad = make_post(title="Bare", published_at=None, body='<p><img src="/media/a.jpg"></p>')
    told = said(act(desk, "publish_now", good, bad))
    assert "“Bare” was not published" in told
    assert "1 article published" in told
    assert list(Post.objects.drafts()) == [bad]


def test_several_articles_go_back_to_draft(desk: Client) -> None:
    assert "2 articles taken off the site" in said(
        act(desk, "back_to_draft", make_post(), make_post(), make_post(published_at=None))
    )
    assert not Post.objects.published().exists()


def test_acting_twice_says_that_nothing_was_left_to_do(desk: Client) -> None:
    post = make_post()
    assert "on the site already" in said(act(desk, "publish_now", post))
    act(desk, "back_to_draft", post)
    assert "drafts already" in said(act(desk, "back_to_draft", post))


def test_who_may_only_look_publishes_nothing() -> None:
    client = Client()
    client.force_login(make_editor("posts.view_post"))
    post = make_post(published_at=None)
    act(client, "publish_now", post)
    assert not Post.objects.published().exists()
    assert client.post(change(post), form(_publish="1")).status_code == 403


# Reading, deleting


def test_a_published_article_links_to_the_site_and_a_draft_to_its_preview(desk: Client) -> None:
    shown, draft = make_post(), make_post(published_at=None)
    page = desk.get(change(shown)).content.decode()
    assert f'href="{shown.get_absolute_url()}"' in page
    assert "/preview/" not in page
    page = desk.get(change(draft)).content.decode()
    assert reverse("posts:preview", args=[draft.pk]) in page
    assert "View on site" not in page


def test_an_article_in_an_issue_cannot_be_deleted(desk: Client) -> None:
    post = make_post()
    make_issue(posts=[post])
    page = desk.post(f"/admin/posts/post/{post.pk}/delete/", {"post": "yes"}).content.decode()
    assert "would require deleting the following protected" in page
    assert Post.objects.filter(pk=post.pk).exists()


def test_an_author_with_articles_and_a_cover_in_use_cannot_be_deleted(desk: Client) -> None:
    post = make_post(cover=make_image(), cover_alt="The floor")
    for url in (f"author/{post.author_id}", f"image/{post.cover_id}"):
        desk.post(f"/admin/posts/{url}/delete/", {"post": "yes"})
    assert Author.objects.count() == Image.objects.count() == 1


# Topics, authors, the library


@pytest.mark.parametrize(
    ("model", "make"),
    [(Tag, lambda: make_tag("Training")), (Author, lambda: make_author(name="Training"))],
)
def test_topics_and_authors_count_their_articles_and_find_free_slugs(
    desk: Client, model: Any, make: Any
) -> None:
    made = make()
    make_post(**({"tags": [made]} if model is Tag else {"author": made}))
    base = f"/admin/posts/{model._meta.model_name}/"
    assert '<td class="field-articles">1</td>' in desk.get(base).content.decode()
    response = desk.post(f"{base}add/", {"name": "Other", "slug": "training", "bio": ""})
    assert "training-2" in errors(response)["slug"][0]


def test_a_picture_joins_the_library_once(desk: Client) -> None:
    source = picture_file(name="floor.png", colour=(9, 9, 99))
    assert desk.post("/admin/posts/image/add/", {"upload": source, "title": ""}).status_code == 302
    image = Image.objects.get()
    assert (image.title, image.width, image.height) == ("floor", 60, 40)
    source.seek(0)
    response = desk.post("/admin/posts/image/add/", {"upload": source, "title": "Again"})
    assert "The library has this picture already, as “floor”" in errors(response)["upload"][0]
    assert "Again" in response.content.decode()


def test_a_picture_in_the_library_only_changes_its_title(desk: Client) -> None:
    image = make_image(30, 20)
    name = image.file.name
    url = f"/admin/posts/image/{image.pk}/change/"
    assert "upload" not in desk.get(url).context["adminform"].form.fields
    desk.post(url, {"title": "Night", "upload": picture_file(), "file": "evil.html"})
    image.refresh_from_db()
    assert (image.title, image.file.name) == ("Night", name)


def test_what_is_no_picture_does_not_join_the_library(desk: Client) -> None:
    sent = {"upload": SimpleUploadedFile("a.png", b"no"), "title": "Typed"}
    response = desk.post("/admin/posts/image/add/", sent)
    assert "not a picture we can read" in errors(response)["upload"][0]
    assert "Typed" in response.content.decode()


def test_the_library_takes_the_same_queries_for_many_and_survives_a_lost_file(
    desk: Client, django_assert_max_num_queries: Any
) -> None:
    make_image(30, 20)
    with django_assert_max_num_queries(20) as few:
        desk.get("/admin/posts/image/")
    lost = make_image(500, 20)
    lost.file.storage.delete(lost.file.name)
    for height in range(21, 31):
        make_image(30, height)
    with django_assert_max_num_queries(len(few)):
        page = desk.get("/admin/posts/image/").content.decode()
    assert "The file is missing." in page
    assert page.count('class="thumbnail"') == 11


@pytest.mark.parametrize("url", [LIST, ADD, "/admin/posts/tag/", "/admin/posts/image/add/"])
def test_a_stranger_is_asked_to_sign_in(client: Client, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")
