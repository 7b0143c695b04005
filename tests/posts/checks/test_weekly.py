"""Each article is checked once a week, and after each change."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from posts.checks.weekly import weekly
from posts.models import CheckResult, Post
from tests.factories import make_post

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

TO_OTHER = '<p>See <a href="/articles/other/">the other one</a>.</p>'


def age(days: int) -> None:
    """Let all of it have happened some days ago."""
    before = timezone.now() - timedelta(days=days)
    CheckResult.objects.update(checked_at=before)
    Post.objects.update(updated_at=before - timedelta(hours=1))


def test_a_link_that_died_after_publication_is_found_within_a_week() -> None:
    other = make_post(slug="other")
    post = make_post(slug="this-one", body=TO_OTHER)
    assert weekly() == 2
    assert not CheckResult.objects.failing().exists()
    Post.objects.filter(pk=other.pk).withdraw()
    assert weekly() == 0
    age(days=8)
    assert weekly() == 1
    [found] = CheckResult.objects.failing()
    assert found.post == post
    assert found.errors == 1
    assert found.first.startswith("Paragraph 1: The link “the other one” leads to an article that")
    # What is mended is no longer reported.
    post.body = "<p>Alone.</p>"
    post.save()
    assert weekly() == 1
    assert not CheckResult.objects.failing().exists()


def test_what_readers_do_not_see_is_checked_for_the_list_and_not_reported() -> None:
    make_post(body="<p>TK</p>", published_at=None)
    make_post(body="<p>TK</p>", published_at=timezone.now() + timedelta(days=1))
    withdrawn = make_post(body="<p>TK</p>")
    Post.objects.filter(pk=withdrawn.pk).withdraw()
    assert weekly() == 2
    assert [found.errors for found in CheckResult.objects.all()] == [1, 1]
    assert not CheckResult.objects.failing().exists()
    make_post(body="<p>TK</p>")
    weekly()
    assert CheckResult.objects.failing().count() == 1
    Post.objects.published().back_to_draft()
    assert CheckResult.objects.failing().count() == 0


def test_many_are_checked_in_several_ticks_with_the_queries_of_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(7):
        make_post(body=TO_OTHER)
    # Which are due; their keys; the articles; the names; what they link to; the results.
    with django_assert_num_queries(6):
        assert weekly(at_once=5) == 5
    assert [weekly(at_once=5), weekly(at_once=5)] == [2, 0]
    assert CheckResult.objects.count() == 7


def test_two_at_once_leave_one_result(monkeypatch: pytest.MonkeyPatch) -> None:
    make_post(body="<p>TK</p>")
    module = import_module("posts.checks.weekly")
    real = module.check_stored

    def meanwhile(posts: Any) -> Any:
        monkeypatch.setattr(module, "check_stored", real)
        assert weekly() == 1
        return real(posts)

    monkeypatch.setattr(module, "check_stored", meanwhile)
    assert weekly() == 1
    assert CheckResult.objects.get().errors == 1
