"""The tick finishes bodies that came past save(): cleaned first, once, and never over an editor."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Value

from alarmroom import kept
from posts import finishing
from posts.models import Page, Post
from posts.text import body as bodies
from tests.factories import make_post

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

DIRTY = "<div>Answer</div><script>alert(1)</script><p onclick=x>the call.</p>"
CLEAN = "<p>Answer</p><p>the call.</p>"


@pytest.fixture(autouse=True)
def starting_pages(db: None) -> None:
    """The pages that a migration brings are none of these tests' business."""
    Page.objects.all().delete()


def by_an_expression(post: Post) -> None:
    # The database computes it, so the field cannot clean it.
    Post.objects.filter(pk=post.pk).update(body=Value(DIRTY))


def by_sql(post: Post) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE posts_post SET body = %s, served_of = '' WHERE id = %s", [DIRTY, post.pk]
        )


@pytest.mark.parametrize("write", [by_an_expression, by_sql])
def test_an_unclean_body_is_cleaned_and_finished_once(
    write: Callable[[Post], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    post = make_post(body="<p>Old</p>")
    write(post)
    assert Post.objects.get(pk=post.pk).body == DIRTY
    assert Post.objects.get(pk=post.pk).body_html == CLEAN
    dropped: list[str] = []
    monkeypatch.setattr(kept, "drop", lambda *keys: dropped.extend(keys))
    assert finishing.serve_due() == 1
    assert f"article-{post.pk}" in dropped
    found = Post.objects.get(pk=post.pk)
    assert (found.body, found.body_served) == (CLEAN, CLEAN)
    assert found.served_of == bodies.fingerprint(CLEAN)
    dropped.clear()
    assert finishing.serve_due() == 0
    assert dropped == []


def test_an_unclean_page_of_the_site_is_cleaned_and_finished_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = Page.objects.create(title="How we work", body="<p>Old</p>")
    Page.objects.filter(pk=page.pk).update(body=Value(DIRTY))
    assert finishing.serve_due() == 1
    found = Page.objects.get(pk=page.pk)
    assert (found.body, found.body_served) == (CLEAN, CLEAN)
    dropped: list[str] = []
    monkeypatch.setattr(kept, "drop", lambda *keys: dropped.extend(keys))
    assert finishing.serve_due() == 0
    assert dropped == []


def test_an_unclean_body_is_not_stored_over_what_an_editor_saves_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = make_post(body="<p>Old</p>")
    by_an_expression(post)
    serve = finishing.serve

    def meanwhile(body: str) -> bodies.Served:
        finished = serve(body)
        if body == CLEAN:
            editor = Post.objects.get(pk=post.pk)
            editor.body = "<p>The editor's</p>"
            editor.save()
        return finished

    monkeypatch.setattr(finishing, "serve", meanwhile)
    assert finishing.serve_due() == 0
    assert Post.objects.get(pk=post.pk).body_html == "<p>The editor's</p>"


def test_finishing_counts_the_words_again() -> None:
    post = make_post(body="<p>Old</p>")
    Post.objects.filter(pk=post.pk).update(body=Value("<p>one two</p><p>three</p>" * 300))
    assert finishing.serve_due() == 1
    assert Post.objects.get(pk=post.pk).reading_minutes == 4
    assert finishing.serve_due() == 0


def test_a_clean_body_is_not_written_again() -> None:
    # The search index watches the column.
    post = make_post(body="<p>Old</p>")
    Post.objects.filter(pk=post.pk).update(served_of="")
    with connection.execute_wrapper(no_body):
        assert finishing.serve_due() == 1


def no_body(
    execute: Callable[..., object], sql: str, params: object, many: bool, context: object
) -> object:
    assert not (sql.startswith("UPDATE") and '"body" =' in sql)
    return execute(sql, params, many, context)
