"""The history says when the schedule published an article, once, at the very moment."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from alarmroom.desk.models import Act, Revision
from posts.models import Post
from posts.scheduling import record_published
from tests.factories import make_post
from tests.helpers import at_once
from tests.posts.admin.desk import change, form, when

pytestmark = pytest.mark.django_db


def scheduled(desk: Client) -> Post:
    """An article that was scheduled on the desk, and whose moment has passed since."""
    post = make_post(published_at=None, title="Night shift", slug="night-shift")
    later = timezone.now() + timedelta(hours=2)
    desk.post(change(post), {**form(**when(later)), "_save": "1"})
    post.refresh_from_db()
    assert post.is_scheduled
    assert record_published() == 0  # Not before its moment.
    past = timezone.now() - timedelta(minutes=5)
    Post.objects.filter(pk=post.pk).update(published_at=past)
    revision = Revision.objects.of(post).newest_first()[0]
    revision.content["state"]["published_at"] = past.isoformat()
    revision.save()
    Revision.objects.of(post).update(at=F("at") - timedelta(hours=3))
    post.refresh_from_db()
    return post


def kinds(post: Post) -> list[str]:
    return list(Revision.objects.of(post).newest_first().values_list("kind", flat=True))


def test_the_line_is_written_once_with_the_moment_itself(desk: Client) -> None:
    post = scheduled(desk)
    assert record_published() == 1
    assert record_published() == 0
    newest = Revision.objects.of(post).newest_first()[0]
    assert (newest.kind, newest.at, newest.by) == ("published", post.published_at, None)
    page = desk.get(change(post).replace("/change/", "/history/")).content.decode()
    assert "by the schedule" in page
    assert Act.objects.filter(kind=Act.Kind.PUBLISHED, detail="By its schedule.").count() == 1


def test_what_somebody_decided_since_then_gets_no_line(desk: Client) -> None:
    post = scheduled(desk)
    desk.post(change(post), {**form(title="Mended", **when(post.published_at)), "_update": "1"})
    assert kinds(post)[0] == "updated"
    assert record_published() == 0
    make_post()  # Never saved on the desk.
    assert record_published() == 0


def test_changes_that_wait_go_on_waiting(desk: Client) -> None:
    post = scheduled(desk)
    desk.post(change(post), {**form(title="Waits", **when(post.published_at)), "_save": "1"})
    assert record_published() == 1
    assert Revision.objects.of(post).filter(waits=True).count() == 1
    assert "Waits" in desk.get(change(post)).content.decode()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_write_one_line(desk: Client) -> None:
    post: Any = scheduled(desk)
    assert sorted(at_once(record_published, record_published)) == [0, 1]
    assert kinds(post).count("published") == 1
