"""The tick cleans and finishes bodies that were written without save(), without losing edits."""

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

UNCLEAN = "<div>Answer</div><script>alert(1)</script><p onclick=x>the call.</p>"
CLEANED = "<p>Answer</p><p>the call.</p>"


@pytest.fixture(autouse=True)
def starting_pages(db: None) -> None:
    """Delete the pages that a migration creates."""
    Page.objects.all().delete()


def by_an_expression(post: Post) -> None:
    # The database computes it, so the field cannot clean it.
    Post.objects.filter(pk=post.pk).update(body=Value(UNCLEAN))


def by_sql(post: Post) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE posts_post SET body = %s, served_of = '' WHERE id = %s", [UNCLEAN, post.pk]
        )


@pytest.mark.parametrize("write", [by_an_expression, by_sql])
def test_an_uncleaned_body_is_cleaned_and_finished_once(
    write: Callable[[Post], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    post = make_post(body="<p>Old</p>")
    write(post)
    assert Post.objects.get(pk=post.pk).body == UNCLEAN
    assert Post.objects.get(pk=post.pk).body_html == CLEANED
    dropped: list[str] = []
    monkeypatch.setattr(kept, "drop", lambda *keys: dropped.extend(keys))
    assert finishing.serve_due() == 1
    assert f"article-{post.pk}" in dropped
    found = Post.objects.get(pk=post.pk)
    assert (found.body, found.body_served) == (CLEANED, CLEANED)
    assert found.served_of == bodies.fingerprint(CLEANED)
    dropped.clear()
    assert finishing.serve_due() == 0
    assert dropped == []


def test_an_uncleaned_page_is_cleaned_and_finished_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = Page.objects.create(title="How we work", body="<p>Old</p>")
    Page.objects.filter(pk=page.pk).update(body=Value(UNCLEAN))
    assert finishing.serve_due() == 1
    found = Page.objects.get(pk=page.pk)
    assert (found.body, found.body_served) == (CLEANED, CLEANED)
    dropped: list[str] = []
    monkeypatch.setattr(kept, "drop", lambda *keys: dropped.extend(keys))
    assert finishing.serve_due() == 0
    assert dropped == []


def test_finishing_does_not_overwrite_a_concurrent_save(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = make_post(body="<p>Old</p>")
    by_an_expression(post)
    serve = finishing.serve

    def serve_then_save(body: str) -> bodies.Served:
        finished = serve(body)
        if body == CLEANED:
            editor = Post.objects.get(pk=post.pk)
            editor.body = "<p>The editor's</p>"
            editor.save()
        return finished

    monkeypatch.setattr(finishing, "serve", serve_then_save)
    assert finishing.serve_due() == 0
    assert Post.objects.get(pk=post.pk).body_html == "<p>The editor's</p>"


def test_finishing_updates_the_reading_time() -> None:
    post = make_post(body="<p>Old</p>")
    Post.objects.filter(pk=post.pk).update(body=Value("<p>one two</p><p>three</p>" * 300))
    assert finishing.serve_due() == 1
    assert Post.objects.get(pk=post.pk).reading_minutes == 4
    assert finishing.serve_due() == 0


def test_a_body_that_is_already_clean_is_not_written() -> None:
    # Writing the column would update the search index.
    post = make_post(body="<p>Old</p>")
    Post.objects.filter(pk=post.pk).update(served_of="")
    with connection.execute_wrapper(refuse_updates_of_body):
        assert finishing.serve_due() == 1


def refuse_updates_of_body(
    execute: Callable[..., object], sql: str, params: object, many: bool, context: object
) -> object:
    assert not (sql.startswith("UPDATE") and '"body" =' in sql)
    return execute(sql, params, many, context)
