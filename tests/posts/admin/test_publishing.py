"""Publishing in the admin: now, scheduled, backdated, in bulk, and back to draft."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from posts.models import Post
from tests.factories import make_editor, make_post
from tests.posts.admin.desk import ADD, act, change, errors, form, said, when

pytestmark = pytest.mark.django_db


def at_noon(moment: datetime) -> datetime:
    """The same day at noon, which is never in the hour that the end of daylight saving repeats."""
    return timezone.localtime(moment).replace(hour=12)


def test_scheduling_says_when_the_article_will_be_published(desk: Client, client: Client) -> None:
    moment = at_noon(timezone.now() + timedelta(days=400))
    response = desk.post(ADD, form(**when(moment)))
    assert "It will publish by itself on" in said(response)
    assert f"{timezone.localtime(moment):%Y}" in said(response)
    assert client.get("/articles/night-shift/").status_code == 404


def test_a_past_date_publishes_at_once_under_that_date(desk: Client, client: Client) -> None:
    moment = at_noon(timezone.now() - timedelta(days=4000))
    response = desk.post(ADD, form(**when(moment)))
    assert "Published, dated" in said(response)
    assert client.get("/articles/night-shift/").status_code == 200


def test_the_publish_button_publishes_now(desk: Client, client: Client) -> None:
    post = make_post(slug="night-shift", published_at=timezone.now() + timedelta(days=3))
    sent = form(_publish="Publish now", **when(post.published_at))
    assert "Published, dated" in said(desk.post(change(post), sent))
    assert client.get("/articles/night-shift/").status_code == 200


def test_the_publish_button_keeps_an_earlier_date(desk: Client) -> None:
    old = timezone.now().replace(microsecond=0) - timedelta(days=300)
    post = make_post(published_at=old)
    desk.post(change(post), form(_publish="Publish now", **when(old)))
    post.refresh_from_db()
    assert post.published_at == old


@pytest.mark.parametrize("ahead", [-5, 5])
def test_saving_and_going_on_publishes_and_schedules_nothing(desk: Client, ahead: int) -> None:
    """Ctrl+S sends `_continue`: whatever date stands in the form, a draft stays one."""
    post = make_post(published_at=None)
    date = at_noon(timezone.now() + timedelta(days=ahead))
    response = desk.post(change(post), form(title="Saved", _continue="1", **when(date)))
    assert "was not set as its date" in said(response)
    post.refresh_from_db()
    assert (post.title, post.published_at) == ("Saved", None)
    # The button that says so sets it.
    desk.post(change(post), form(_save="1", **when(date)))
    post.refresh_from_db()
    assert post.published_at == date.replace(second=date.second, microsecond=0)


def test_a_scheduled_article_is_moved_by_a_save_but_not_published(desk: Client) -> None:
    soon, later = (at_noon(timezone.now() + timedelta(days=days)) for days in (3, 6))
    soon, later = soon.replace(microsecond=0), later.replace(microsecond=0)
    post = make_post(published_at=soon)
    desk.post(change(post), form(_continue="1", **when(later)))
    post.refresh_from_db()
    assert post.published_at == later
    past = at_noon(timezone.now() - timedelta(days=3))
    desk.post(change(post), form(_continue="1", **when(past)))
    post.refresh_from_db()
    assert post.published_at == later


@pytest.mark.parametrize("hour", [5, 6])
def test_an_article_of_the_repeated_hour_keeps_its_moment(desk: Client, hour: int) -> None:
    # In New York it is 1:30 in both cases.
    night = datetime(2025, 11, 2, hour, 30, 7, 8, tzinfo=UTC)
    post = make_post(title="Nihgt", published_at=night)
    assert desk.post(change(post), form(title="Night", **when(night))).status_code == 302
    post.refresh_from_db()
    assert (post.title, post.published_at) == ("Night", night)
    # A time that is typed again is ambiguous.
    other = form(published_at_0="2025-11-02", published_at_1="01:45:00")
    assert "published_at" in errors(desk.post(change(post), other))


def test_clearing_the_date_unpublishes_an_article(desk: Client, client: Client) -> None:
    post = make_post(slug="night-shift")
    assert "Saved as a draft" in said(desk.post(change(post), form()))
    assert client.get("/articles/night-shift/").status_code == 404


@pytest.mark.parametrize(
    ("date", "time"),
    [("someday", "9:00"), ("2026-13-40", "9:00"), ("2026-01-01", ""), ("9999-12-31", "23:59:59"),
     ("0001-01-01", "00:00:00")],
)  # fmt: skip
def test_an_invalid_date_is_an_error_and_stays_in_the_form(
    desk: Client, date: str, time: str
) -> None:
    response = desk.post(ADD, form(published_at_0=date, published_at_1=time))
    assert "published_at" in errors(response)
    assert f'value="{date}"' in response.content.decode()


@pytest.mark.parametrize(
    ("img", "message"),
    [
        ('<img src="/media/images/a.jpg">', "has no alternative text"),
        ('<img src="/media/images/a.jpg" alt=" ">', "has no alternative text"),
        ('<img src="https://elsewhere.example/a.jpg" alt="A">', "lies on another website"),
        ('<img src="//elsewhere.example/a.jpg" alt="A">', "lies on another website"),
    ],
)
def test_a_picture_without_alt_text_or_from_another_site_prevents_publishing(
    desk: Client, img: str, message: str
) -> None:
    response = desk.post(ADD, form(body=f"<p>Typed.{img}</p>", _publish="Publish now"))
    [problem] = errors(response)["body"]
    assert message in problem
    assert "a.jpg" in problem
    assert "Typed." in response.content.decode()
    # A draft is saved, with a warning.
    assert message in said(desk.post(ADD, form(body=f"<p>{img}</p>")))


def test_an_own_picture_with_alternative_text_is_published(desk: Client) -> None:
    body = '<p><img src="/media/images/a.jpg" alt="A console at night"></p>'
    assert desk.post(ADD, form(body=body, _publish="Publish now")).status_code == 302


# Several at once


def test_several_articles_are_published_at_once(desk: Client) -> None:
    draft = make_post(published_at=None, body="<p>a</p>")
    planned = make_post(published_at=timezone.now() + timedelta(days=3))
    assert "2 articles published" in said(act(desk, "publish_now", draft, planned, make_post()))
    assert Post.objects.published().count() == 3


def test_bulk_publishing_skips_an_article_with_a_picture_without_alt_text(
    client: Client,
) -> None:
    may = ("posts.change_post", "posts.change_any_post", "posts.publish_post")
    client.force_login(make_editor(*may))
    good = make_post(published_at=None)
    bad = make_post(title="Bare", published_at=None, body='<p><img src="/media/a.jpg"></p>')
    told = said(act(client, "publish_now", good, bad))
    assert "“Bare” was not published" in told
    assert "1 article published" in told
    assert list(Post.objects.drafts()) == [bad]


def test_several_articles_go_back_to_draft(desk: Client) -> None:
    assert "2 articles taken off the site" in said(
        act(desk, "back_to_draft", make_post(), make_post(), make_post(published_at=None))
    )
    assert not Post.objects.published().exists()


def test_repeating_an_action_says_that_nothing_was_left_to_do(desk: Client) -> None:
    post = make_post()
    assert "on the site already" in said(act(desk, "publish_now", post))
    act(desk, "back_to_draft", post)
    assert "drafts already" in said(act(desk, "back_to_draft", post))


def test_publishing_needs_the_permission_to_change() -> None:
    client = Client()
    client.force_login(make_editor("posts.view_post"))
    post = make_post(published_at=None)
    act(client, "publish_now", post)
    assert not Post.objects.published().exists()
    assert client.post(change(post), form(_publish="1")).status_code == 403
