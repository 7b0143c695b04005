"""A prepared query gives the same rows as its queryset, on both databases."""

from datetime import timedelta

import pytest
from django.db.models import CharField, DateTimeField, F, IntegerField
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from alarmroom.prepared import Param, Prepared, PreparedUpdate
from posts.models import Post
from tests.factories import make_author, make_image, make_post

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

BY_TITLE = Prepared(
    lambda: (
        Post.objects.filter(
            title=Param("title", CharField()), published_at__lte=Param("now", DateTimeField())
        )
        .select_related("author__photo", "cover")
        .order_by("pk")
    )
)

RETITLE = PreparedUpdate(
    lambda: Post.objects.filter(title=Param("old", CharField())),
    title=Param("new", CharField()),
    reading_minutes=F("reading_minutes") + Param("longer", IntegerField()),
    published_at=Param("at", DateTimeField()),
)


def test_instances_with_related_rows_are_loaded_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    author = make_author(photo=make_image())
    posts = [make_post(title="100% %s 'x'", author=author) for _ in range(2)]
    make_post(title="Another")
    for _ in range(2):
        with django_assert_num_queries(1):
            found = BY_TITLE.all(title="100% %s 'x'", now=timezone.now())
            assert found == posts
            assert found[0].author.photo == author.photo
            assert found[0].cover is None
            assert found[0].published_at == posts[0].published_at


def test_other_values_give_other_rows() -> None:
    post = make_post(title="This one")
    assert BY_TITLE.first(title="This one", now=timezone.now()) == post
    assert BY_TITLE.first(title="That one", now=timezone.now()) is None
    assert BY_TITLE.first(title="This one", now=timezone.now() - timedelta(days=1)) is None


def test_a_loaded_instance_can_be_saved() -> None:
    make_post(title="Old")
    found = BY_TITLE.first(title="Old", now=timezone.now())
    assert found
    found.title = "New"
    found.save()
    assert Post.objects.get().title == "New"


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        BY_TITLE.all(title="x")


def test_a_query_with_prefetch_is_refused() -> None:
    with pytest.raises(TypeError):
        Prepared(lambda: Post.objects.prefetch_related("tags")).all()


def test_columns_can_be_read_without_an_instance() -> None:
    post = make_post(title="Columns")
    row = BY_TITLE.rows(title="Columns", now=timezone.now())[0]
    assert BY_TITLE.column(row, "id") == post.pk
    assert BY_TITLE.column(row, "body") == post.body
    assert BY_TITLE.instance(row) == post
    assert hash(row) == hash(BY_TITLE.rows(title="Columns", now=timezone.now())[0])


def test_a_result_is_computed_again_only_for_another_row(
    settings: Settings,
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    post = make_post(title="Once")
    made: list[str] = []

    def make(post: Post) -> str:
        made.append(post.summary)
        return post.summary

    def each() -> list[str]:
        return BY_TITLE.each(make, title="Once", now=timezone.now())

    assert each() == each() == [post.summary]
    assert len(made) == 1
    Post.objects.update(summary="Another")
    assert each() == ["Another"]
    settings.KEPT_PAGES_SECONDS = 0
    assert each() == each() == ["Another"]
    assert len(made) == 4


def test_an_update_changes_matching_rows_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first, second, other = (make_post(title=title) for title in ("One", "One", "Other"))
    minutes, now = first.reading_minutes, timezone.now()
    for old, new in (("One", "100% %s 'x'"), ("100% %s 'x'", "Two")):
        with django_assert_num_queries(1):
            assert RETITLE.run(old=old, new=new, longer=2, at=now) == 2
        assert set(Post.objects.values_list("pk", "title")) == {
            (first.pk, new),
            (second.pk, new),
            (other.pk, "Other"),
        }
    first.refresh_from_db()
    assert first.reading_minutes == minutes + 4
    assert first.published_at == now


def test_an_update_without_matching_rows_changes_nothing() -> None:
    make_post(title="One")
    assert RETITLE.run(old="Two", new="Three", longer=1, at=None) == 0
    assert Post.objects.get().title == "One"


def test_an_update_with_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        RETITLE.run(old="One")
