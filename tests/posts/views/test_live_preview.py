"""The preview of what a form holds, saved or not."""

import pytest
from django.test import Client

from posts.models import Post
from tests.factories import make_author, make_editor, make_image, make_post, make_tag
from tests.posts.admin.desk import change, form

pytestmark = pytest.mark.django_db


def test_it_shows_what_is_typed_and_saves_nothing(desk: Client) -> None:
    tag, author, cover = make_tag("Wellness"), make_author(name="Kim Reyes"), make_image()
    picked, draft = make_post(title="Picked"), make_post(title="Not out", published_at=None)
    post = make_post(title="Saved", published_at=None)
    rows = [{"related": picked.pk, "position": 1}, {"related": draft.pk, "position": 2}]
    data = form(
        rows,
        title="Typed <b>",
        summary="A dek",
        body="<h2>First</h2><p>Words.</p><script>alert(1)</script>",
        author=author.pk,
        tags=[tag.pk],
        cover=cover.pk,
        cover_alt="A console",
        cover_credit="Ruth",
    )
    page = desk.post(f"/preview/{post.pk}/", data).content.decode()
    assert '<h1 class="article__title p-name">Typed &lt;b&gt;</h1>' in page
    for shown in ("A dek", "Wellness", "Kim Reyes", 'alt="A console"', "Words.", "Picked"):
        assert shown in page
    assert "Not out" not in page
    assert "alert(1)" not in page
    post.refresh_from_db()
    assert post.title == "Saved"


def test_a_form_that_is_not_valid_is_shown_as_far_as_it_is(desk: Client) -> None:
    post = make_post()
    data = form(title="", summary="", author="", body="<p>All there is.</p>", published_at_0="x")
    page = desk.post(f"/preview/{post.pk}/", data).content.decode()
    assert "Untitled" in page
    assert "No author yet" in page
    assert "All there is." in page


def test_what_was_never_saved_is_shown_too(desk: Client) -> None:
    page = desk.post("/preview/new/", form(title="Brand new")).content.decode()
    assert "Brand new" in page
    assert Post.objects.count() == 0


def test_changes_that_wait_are_shown(desk: Client) -> None:
    post = make_post(title="As readers see it")
    desk.post(change(post), form(title="In work", slug=post.slug, _continue=""))
    assert "In work" in desk.get(f"/preview/{post.pk}/").content.decode()


def test_the_page_may_stand_in_a_frame_of_the_desk_and_runs_nothing(desk: Client) -> None:
    response = desk.post(f"/preview/{make_post().pk}/", form())
    policy = response["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "sandbox allow-same-origin" in policy
    assert "allow-scripts" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Cache-Control"] == "no-store, private"


def test_who_may_only_view_sends_no_form(client: Client) -> None:
    post = make_post()
    client.force_login(make_editor("posts.view_post"))
    assert client.get(f"/preview/{post.pk}/").status_code == 200
    assert client.post(f"/preview/{post.pk}/", form()).status_code == 404
    assert client.post("/preview/new/", form()).status_code == 404


def test_a_form_of_a_stranger_is_not_shown(client: Client) -> None:
    post = make_post()
    assert client.post(f"/preview/{post.pk}/", form()).status_code == 404
    assert client.post("/preview/new/", form()).status_code == 404
