"""Publishing at the desk: now, at a moment, in the past, several at once, and taking back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from posts.models import Post
from tests.factories import make_editor, make_post
from tests.posts.admin.desk import ADD, act, change, errors, form, said, when

pytestmark = pytest.mark.django_db


def at_noon(moment: datetime) -> datetime:
    """The same day at noon: in the hour that comes twice, the form would ask which."""
    return timezone.localtime(moment).replace(hour=12)


def test_publishing_in_the_future_says_when_it_will_happen(desk: Client, client: Client) -> None:
    moment = at_noon(timezone.now() + timedelta(days=400))
    response = desk.post(ADD, form(**when(moment)))
    assert "It will publish by itself on" in said(response)
    assert f"{timezone.localtime(moment):%Y}" in said(response)
    assert client.get("/articles/night-shift/").status_code == 404


def test_publishing_in_the_past_is_backdating(desk: Client, client: Client) -> None:
    moment = at_noon(timezone.now() - timedelta(days=4000))
    response = desk.post(ADD, form(**when(moment)))
    assert "Published, dated" in said(response)
    assert client.get("/articles/night-shift/").status_code == 200


def test_the_publish_button_publishes_now(desk: Client, client: Client) -> None:
    post = make_post(slug="night-shift", published_at=timezone.now() + timedelta(days=3))
    sent = form(_publish="Publish now", **when(post.published_at))
    assert "Published, dated" in said(desk.post(change(post), sent))
    assert client.get("/articles/night-shift/").status_code == 200


def test_the_publish_button_leaves_an_old_date_alone(desk: Client) -> None:
    old = timezone.now().replace(microsecond=0) - timedelta(days=300)
    post = make_post(published_at=old)
    desk.post(change(post), form(_publish="Publish now", **when(old)))
    post.refresh_from_db()
    assert post.published_at == old


@pytest.mark.parametrize("hour", [5, 6])
def test_an_article_of_the_hour_that_comes_twice_is_saved_as_it_is(desk: Client, hour: int) -> None:
    # In New York it is half past one both times.
    night = datetime(2025, 11, 2, hour, 30, 7, 8, tzinfo=UTC)
    post = make_post(title="Nihgt", published_at=night)
    assert desk.post(change(post), form(title="Night", **when(night))).status_code == 302
    post.refresh_from_db()
    assert (post.title, post.published_at) == ("Night", night)
    # Typed anew, it could be either.
    other = form(published_at_0="2025-11-02", published_at_1="01:45:00")
    assert "published_at" in errors(desk.post(change(post), other))


def test_emptying_the_date_takes_an_article_off_the_site(desk: Client, client: Client) -> None:
    post = make_post(slug="night-shift")
    assert "Saved as a draft" in said(desk.post(change(post), form()))
    assert client.get("/articles/night-shift/").status_code == 404


@pytest.mark.parametrize(
    ("date", "time"),
    [("tomorrow", "9:00"), ("2026-13-40", "9:00"), ("2026-01-01", ""), ("9999-12-31", "23:59:59"),
     ("0001-01-01", "00:00:00")],
)  # fmt: skip
def test_a_date_that_is_none_is_an_error_and_is_kept(desk: Client, date: str, time: str) -> None:
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
def test_a_picture_that_readers_would_miss_keeps_a_text_from_being_published(
    desk: Client, img: str, message: str
) -> None:
    response = desk.post(ADD, form(body=f"<p>Typed.{img}</p>", _publish="Publish now"))
    [problem] = errors(response)["body"]
    assert message in problem
    assert "a.jpg" in problem
    assert "Typed." in response.content.decode()
    # A draft may wait for it, and says so.
    assert message in said(desk.post(ADD, form(body=f"<p>{img}</p>")))


def test_a_picture_of_ours_with_words_is_published(desk: Client) -> None:
    body = '<p><img src="/media/images/a.jpg" alt="A console at night"></p>'
    assert desk.post(ADD, form(body=body, _publish="Publish now")).status_code == 302


# Several at once


def test_several_articles_are_published_at_once(desk: Client) -> None:
    draft = make_post(published_at=None, body="<p>a</p>")
    planned = make_post(published_at=timezone.now() + timedelta(days=3))
    assert "2 articles published" in said(act(desk, "publish_now", draft, planned, make_post()))
    assert Post.objects.published().count() == 3


def test_an_article_with_a_picture_that_readers_would_miss_is_not_published_with_the_others(
    desk: Client,
) -> None:
    good = make_post(published_at=None)
    bad = make_post(title="Bare", published_at=None, body='<p><img src="/media/a.jpg"></p>')
    told = said(act(desk, "publish_now", good, bad))
    assert "“Bare” was not published" in told
    assert "1 article published" in told
    assert list(Post.objects.drafts()) == [bad]


def test_several_articles_go_back_to_draft(desk: Client) -> None:
    assert "2 articles taken off the site" in said(
        act(desk, "back_to_draft", make_post(), make_post(), make_post(published_at=None))
    )
    assert not Post.objects.published().exists()


def test_acting_twice_says_that_nothing_was_left_to_do(desk: Client) -> None:
    post = make_post()
    assert "on the site already" in said(act(desk, "publish_now", post))
    act(desk, "back_to_draft", post)
    assert "drafts already" in said(act(desk, "back_to_draft", post))


def test_who_may_only_look_publishes_nothing() -> None:
    client = Client()
    client.force_login(make_editor("posts.view_post"))
    post = make_post(published_at=None)
    act(client, "publish_now", post)
    assert not Post.objects.published().exists()
    assert client.post(change(post), form(_publish="1")).status_code == 403
