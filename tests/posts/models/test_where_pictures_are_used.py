"""Which texts show a picture stands in rows that every way of writing a text keeps true."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from alarmroom.desk import bin
from newsletter.models import Content, Issue
from posts import finishing
from posts.models import FormerFile, Page, PictureUse, Post
from posts.models.image import Image
from tests.factories import make_author, make_image, make_issue, make_page, make_post
from tests.posts.models.test_library import body_with

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def shown_in(image: Image) -> list[str]:
    return sorted(str(thing) for thing in Image.objects.get(pk=image.pk).shown_in())


def rows() -> set[tuple[int, int]]:
    return set(PictureUse.objects.values_list("image_id", "object_id"))


def by_save(post: Post, body: str) -> None:
    again = Post.objects.get(pk=post.pk)
    again.body = body
    again.save()


def by_save_of_the_body(post: Post, body: str) -> None:
    Post(pk=post.pk, body=body).save(update_fields=["body"])


def by_update(post: Post, body: str) -> None:
    Post.objects.filter(pk=post.pk).update(body=body)


def by_bulk_update(post: Post, body: str) -> None:
    again = Post.objects.get(pk=post.pk)
    again.body = body
    Post.objects.bulk_update([again], ["body"])


WAYS = [by_save, by_save_of_the_body, by_update, by_bulk_update]


@pytest.mark.parametrize("write", WAYS)
def test_every_way_of_writing_a_text_keeps_the_rows_true(
    write: Callable[[Post, str], None],
) -> None:
    before, after = make_image(), make_image()
    post = make_post(title="Night shift", body=body_with(before))
    assert rows() == {(before.pk, post.pk)}
    write(post, body_with(after))
    # At once, whether the rows are written or the text is still to be finished.
    assert shown_in(after) == ["Night shift"]
    with pytest.raises(ProtectedError):
        Image.objects.get(pk=after.pk).delete()
    finishing.serve_due()
    assert rows() == {(after.pk, post.pk)}
    assert shown_in(before) == []
    assert list(Image.objects.unused()) == [before]


def test_texts_of_before_get_their_rows_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image()
    posts = [make_post(body=body_with(image)) for _ in range(3)]
    # As a release without these rows left them.
    PictureUse.objects.all().delete()
    for model in (Post, Page):
        model._base_manager.all().update(served_of="7.2:" + "0" * 32)
    assert len(shown_in(image)) == 3
    finishing.serve_due(seconds=0)  # A run that ends at once does no harm.
    finishing.serve_due()
    assert rows() == {(image.pk, post.pk) for post in posts}


def test_a_text_in_the_bin_uses_nothing_and_comes_back_with_its_rows() -> None:
    image = make_image()
    post = make_post(title="Night shift", body=body_with(image))
    entry = bin.move_to_bin(post, None)
    assert rows() == set()
    bin.restore(entry, None)
    assert shown_in(image) == ["Night shift"]
    assert rows() == {(image.pk, post.pk)}


def test_a_picture_that_comes_back_after_its_text_is_shown_there_again() -> None:
    image = make_image()
    post = make_post(title="Night shift", body=body_with(image))
    text = bin.move_to_bin(post, None)
    picture = bin.move_to_bin(Image.objects.get(pk=image.pk), None)
    bin.restore(text, None)
    bin.restore(picture, None)
    assert shown_in(image) == ["Night shift"]
    finishing.serve_due()
    assert rows() == {(image.pk, post.pk)}


def test_an_issue_that_is_out_keeps_its_pictures() -> None:
    image = make_image()
    issue = make_issue()
    content = Content.objects.create(
        issue=issue,
        mime=b"x",
        sha256="0",
        web_html=f'<img src="{image.file.url}" alt="x">',
        text="",
    )
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SENT)
    assert shown_in(image) == [str(issue)]
    assert Content.note_pictures() == 1
    assert Content.note_pictures() == 0
    content.refresh_from_db()
    assert content.pictures_noted
    assert rows() == {(image.pk, issue.pk)}
    assert shown_in(image) == [str(issue)]


def test_where_pictures_are_used_is_one_query_for_many() -> None:
    covered, within, portrait, unused = (make_image() for _ in range(4))
    make_post(cover=covered, cover_alt="x", body=body_with(within) + body_with(covered))
    make_page(body=body_with(within))
    make_author(photo=portrait)
    with CaptureQueriesContext(connection) as queries:
        counts = {image.pk: image.uses_count for image in Image.objects.with_uses()}
        assert list(Image.objects.unused()) == [unused]
    assert counts == {covered.pk: 2, within.pk: 2, portrait.pk: 1, unused.pk: 0}
    assert len(queries) == 2


def test_a_text_of_one_picture_is_saved_in_few_queries() -> None:
    image = make_image()
    post = make_post(body=body_with(image))
    Post.objects.get(pk=post.pk)
    with CaptureQueriesContext(connection) as queries:
        by_save(post, body_with(image) + "<p>More.</p>")
    uses = [query for query in queries if "posts_pictureuse" in query["sql"]]
    assert len(uses) == 1


def test_a_former_file_stands_for_its_picture() -> None:
    image = make_image()
    name = "images/2026/01/former.jpg"
    image.past = [{"file": name, "sha256": "1" * 64, "source_sha256": "2" * 64, "renditions": {}}]
    image.save()
    FormerFile.list_those_of(image)
    post = make_post(body=f'<p><img src="/media/{name}" alt="A console"></p>')
    assert rows() == {(image.pk, post.pk)}
    assert image.file.url in Post.objects.get(pk=post.pk).body_html
    assert Image.objects.same_as("2" * 64) == Image.objects.same_as("1" * 64) == image
