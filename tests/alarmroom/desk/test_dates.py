"""Days and times on the desk are written in one style."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import timezone

from alarmroom.desk import dates
from tests.factories import make_editor, make_post

NOW = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def test_the_year_stands_only_if_it_is_not_this_one(now: None) -> None:
    assert dates.moment(datetime(2026, 11, 27, 19, 2, tzinfo=UTC)) == "November 27, 14:02"
    assert dates.moment(datetime(2025, 1, 2, 5, 0, tzinfo=UTC)) == "January 2, 2025, 00:00"
    # By the site's clock, and not by UTC's.
    assert dates.day(datetime(2027, 1, 1, 3, tzinfo=UTC)) == "December 31"
    assert dates.weekday(datetime(2026, 11, 27, 3, tzinfo=UTC)) == "Thursday, November 26"
    soon = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
    assert dates.moment_with_zone(soon) == "Tuesday, December 1, 09:00 EST"


def test_templates_have_the_same_words(now: None) -> None:
    page = Template("{% load dates %}{{ at|day }} {{ at|clock }} {{ at|time_element }}")
    shown = page.render(Context({"at": datetime(2026, 11, 27, 19, 2, tzinfo=UTC)}))
    assert shown == (
        'November 27 14:02 <time datetime="2026-11-27T19:02:00+00:00">November 27, 14:02</time>'
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/admin/posts/post/", "/admin/posts/post/{}/change/", "/admin/posts/post/{}/history/"],
)
def test_no_page_has_a_clock_of_twelve_hours(client: Client, address: str) -> None:
    client.force_login(make_editor())
    post: Any = make_post(published_at=datetime(2025, 3, 4, 20, 5, tzinfo=UTC))
    page = client.get(address.format(post.pk)).content.decode()
    assert "March 4, 2025" in page or "history" in address
    assert "p.m." not in page
    assert "a.m." not in page
