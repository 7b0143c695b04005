"""A disk that is really full: SQLite may not add a page, and answers as it does then."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from alarmroom.desk.models import Revision, WorkingCopy
from posts.models import Post
from tests.alarmroom.desk.test_working_copies import type_into
from tests.factories import make_editor, make_post
from tests.posts.admin.desk import change, form

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "<p>" + "The caller hears one voice. " * 20_000 + "</p>"


@contextmanager
def full_disk() -> Iterator[None]:
    with connection.cursor() as cursor:
        [most] = cursor.execute("PRAGMA max_page_count").fetchone()
        [pages] = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA max_page_count = {most}")


def test_a_full_disk_refuses_what_is_typed_and_keeps_what_it_has() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite can be told how many pages it may have.")
    post = make_post(title="As readers see it", body="<p>Before.</p>")
    desk = Client(raise_request_exception=False)
    desk.force_login(make_editor())
    url = change(post)
    assert type_into(desk, url, number=1, **form(title="First words")).status_code == 200
    revisions = Revision.objects.count()
    with full_disk():
        refused = type_into(desk, url, number=2, **form(title="More words", body=LONG))
        # The browser keeps what no answer says is stored, and says so.
        assert refused.status_code >= 500
        assert (
            desk.post(url, {**form(title="More words", body=LONG), "_save": "1"}).status_code >= 500
        )
    copy = WorkingCopy.objects.get()
    assert (copy.number, dict(copy.data)["title"]) == (1, "First words")
    post.refresh_from_db()
    assert (post.title, post.body) == ("As readers see it", "<p>Before.</p>")
    assert Revision.objects.count() == revisions
    # With room again, the same request is stored.
    assert type_into(desk, url, number=2, **form(title="More words", body=LONG)).status_code == 200
    assert dict(WorkingCopy.objects.get().data)["title"] == "More words"
    assert Post.objects.count() == 1
