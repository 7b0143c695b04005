"""Actions of a list say what will happen to each of the chosen, and do just that."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from alarmroom.desk.bulk import Plan
from posts.models import Post
from subscribers.models import Subscriber
from tests.factories import make_editor, make_post, make_subscriber
from tests.posts.admin.desk import LIST, act, said

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def ask(desk: Client, action: str, *posts: Post, **more: Any) -> HttpResponse:
    sent = {"action": action, "_selected_action": [post.pk for post in posts], **more}
    return desk.post(LIST, sent)


def press(desk: Client, asked: HttpResponse, **more: Any) -> HttpResponse:
    """Press the button of the page that was shown."""
    plan: Plan = asked.context["plan"]
    asking = [str(one.thing.pk) for one in plan.listed if one.asks]
    sent = {
        "action": asked.context["action"],
        "_selected_action": asked.context["one"],
        "_shown": asked.context["shown"],
        "_asked": asking,
        "_include": asking,
    }
    return desk.post(LIST, {**sent, **more})


def words(asked: HttpResponse) -> dict[str, str]:
    return {str(one.thing): one.words for one in asked.context["plan"].outcomes}


def published() -> set[str]:
    return set(Post.objects.published().values_list("title", flat=True))


def test_the_page_says_what_will_happen_to_each_and_counts_only_that(desk: Client) -> None:
    draft = make_post(title="A draft", published_at=None)
    planned = make_post(title="Planned", published_at=timezone.now() + timedelta(days=2))
    shown = make_post(title="Shown")
    broken = make_post(title="Broken", published_at=None, body="<p>TK</p>")
    asked = ask(desk, "publish_now", draft, planned, shown, broken)
    assert published() == {"Shown"}  # Nothing is done yet.
    said_of = words(asked)
    assert said_of["A draft"] == "Draft → published now."
    assert said_of["Planned"].endswith("It is published now, and the plan is dropped.")
    assert said_of["Shown"] == "Published already. Nothing happens."
    assert "“TK” is still in the text." in said_of["Broken"]
    assert "1 published already" in asked.context["plan"].summary
    # Whoever may override is asked for the reason next; the others are published.
    assert "Publish 3" in asked.content.decode()
    after = press(desk, asked)
    assert "Publish in spite of checks?" in after.content.decode()
    assert published() == {"A draft", "Planned", "Shown"}


def test_what_is_not_included_is_left_as_it_is(desk: Client) -> None:
    planned = make_post(title="Planned", published_at=timezone.now() + timedelta(days=2))
    draft = make_post(title="A draft", published_at=None)
    asked = ask(desk, "publish_now", planned, draft)
    assert "1 article published." in said(press(desk, asked, _include=[]))
    assert published() == {"A draft"}


def test_what_changed_since_it_was_shown_is_told_and_not_done(desk: Client) -> None:
    first, second = make_post(title="First"), make_post(title="Second")
    asked = ask(desk, "withdraw", first, second)
    Post.objects.filter(pk=first.pk).back_to_draft()
    told = said(press(desk, asked))
    assert "“First” (Draft: there is nothing to withdraw.)" in told
    assert "1 article withdrawn." in told
    assert {post.title for post in Post.objects.withdrawn()} == {"Second"}
    # Pressed once more, by Back: nothing is there to do.
    assert "Changed by somebody since you were asked" in said(press(desk, asked))


def test_a_note_of_another_action_or_a_forged_one_shows_the_page_again(desk: Client) -> None:
    post = make_post(published_at=None)
    asked = ask(desk, "back_to_draft", make_post())
    for shown in (asked.context["shown"], "forged", ""):
        page = ask(desk, "publish_now", post, _shown=shown)
        assert page.context["plan"].doing == 1
    assert not Post.objects.get(pk=post.pk).is_published


def test_nobody_does_to_many_what_he_or_she_may_not_do_to_one(client: Client) -> None:
    person = make_editor("posts.view_post", "posts.change_post", "posts.publish_post")
    own, other = make_post(title="Own", published_at=None), make_post(title="Other")
    own.owner = person
    own.save()
    client.force_login(person)
    asked = ask(client, "withdraw", own, other)
    assert words(asked)["Other"] == "Your account may not do this to it."
    assert asked.context["plan"].doing == 0
    press(client, asked)
    assert published() == {"Other"}


def test_readers_are_unsubscribed_after_it_was_said(desk: Client) -> None:
    here = make_subscriber("here@example.org")
    gone = make_subscriber("gone@example.org", state=Subscriber.State.UNSUBSCRIBED)
    address = "/admin/subscribers/subscriber/"
    sent = {"action": "unsubscribe", "_selected_action": [here.pk, gone.pk]}
    asked = desk.post(address, sent)
    assert asked.context["plan"].summary == "1 will be unsubscribed, 1 left already."
    assert Subscriber.objects.confirmed().count() == 1
    desk.post(address, {**sent, "_shown": asked.context["shown"]})
    assert Subscriber.objects.confirmed().count() == 0


def test_a_script_in_a_title_is_text(desk: Client) -> None:
    post = make_post(title="<script>alert(1)</script>")
    page = ask(desk, "withdraw", post).content.decode()
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page


def test_nothing_chosen_is_said_in_plain_words(desk: Client) -> None:
    make_post()
    assert "Choose at least one first." in said(act(desk, "withdraw"))
