"""Rules of the model Post that hold for every way of saving."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from posts.models import Post, RelatedPost, reading_minutes
from tests.factories import make_image, make_post

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def test_a_slug_is_made_from_the_title_and_is_unique() -> None:
    assert make_post(title="Night Shift!").slug == "night-shift"
    assert make_post(title="Night shift").slug == "night-shift-2"
    assert make_post(title="???").slug == "post"
    assert len(make_post(title="a" * 200).slug) <= 200


def test_the_words_of_a_script_are_not_counted() -> None:
    words = "<p>" + "word " * 500 + "</p>"
    for body in (words, f"<script>{'word ' * 5000}</script>{words}"):
        post = make_post(body=body)
        assert Post.objects.get(pk=post.pk).reading_minutes == 3


def test_the_reading_time_is_at_least_a_minute() -> None:
    assert reading_minutes("") == 1


def test_saving_a_post_of_a_list_query_neither_loads_nor_saves_its_body() -> None:
    made = make_post(body="<p>word </p>" * 300)
    post = Post.objects.for_listing().get()
    post.title = "New"
    with CaptureQueriesContext(connection) as queries:
        post.save()
    assert not [query for query in queries.captured_queries if '"body"' in query["sql"]]
    made.refresh_from_db()
    assert (made.title, made.reading_minutes) == ("New", 2)


def test_publishing_changes_drafts_and_scheduled_posts_only() -> None:
    old = timezone.now() - timedelta(days=300)
    published = make_post(published_at=old)
    make_post(published_at=None)
    make_post(published_at=timezone.now() + timedelta(days=3))
    assert Post.objects.all().publish() == 2
    assert Post.objects.published().count() == 3
    published.refresh_from_db()
    assert published.published_at == old
    assert Post.objects.all().publish() == 0


def test_back_to_draft_changes_published_and_scheduled_posts() -> None:
    make_post()
    make_post(published_at=timezone.now() + timedelta(days=3))
    make_post(published_at=None)
    assert Post.objects.all().back_to_draft() == 2
    assert Post.objects.drafts().count() == 3


def test_the_database_refuses_a_cover_without_alternative_text() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_post(cover=make_image())
    make_post(cover=make_image(), cover_alt="A console")
    assert Post.objects.get().cover_alt == "A console"


def test_the_database_refuses_a_post_related_to_itself_or_twice() -> None:
    post, other = make_post(), make_post()
    with pytest.raises(IntegrityError), transaction.atomic():
        RelatedPost.objects.create(post=post, related=post)
    RelatedPost.objects.create(post=post, related=other)
    with pytest.raises(IntegrityError), transaction.atomic():
        RelatedPost.objects.create(post=post, related=other)
    # The opposite direction is a relation of its own.
    RelatedPost.objects.create(post=other, related=post)
    assert RelatedPost.objects.count() == 2
