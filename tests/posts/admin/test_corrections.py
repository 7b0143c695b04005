"""Corrections of a published article: who adds them, and where readers see them."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django.utils.crypto import get_random_string
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from alarmroom.desk import revisions, roles
from alarmroom.desk.bin import move_to_bin, restore
from alarmroom.desk.models import Act, Revision
from posts.models import Correction, Post
from posts.models.correction import LONGEST_CORRECTION, MOST_CORRECTIONS
from tests.factories import make_post
from tests.posts.admin.desk import change, form, said
from tests.posts.views.feeds import ALL, parsed

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

NASTY = "It was <script>alert(1)</script> ]]> </script> & “forty”.\u2028\x0b"
PLAIN = "It was <script>alert(1)</script> ]]> </script> & “forty”."
ESCAPED = "It was &lt;script&gt;alert(1)&lt;/script&gt; ]]&gt; &lt;/script&gt; &amp; “forty”."


@pytest.fixture
def post(settings: Settings) -> Post:
    settings.KEPT_PAGES_SECONDS = 300
    return make_post(
        title="Night shift",
        slug="night-shift",
        published_at=timezone.now() - timedelta(days=9),
    )


def address(post: Post) -> str:
    return f"/admin/posts/post/{post.pk}/corrections/"


def send(desk: Client, post: Post, text: str = "It was four.", key: str = "") -> HttpResponse:
    return desk.post(address(post), {"text": text, "key": key or get_random_string(32)})


def page(client: Client) -> str:
    return client.get("/articles/night-shift/").content.decode()


def linked(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html)
    assert found
    data: dict[str, Any] = json.loads(found[1])["@graph"][0]
    return data


def in_feed(client: Client, url: str) -> tuple[str, datetime]:
    """Return the text of the newest article, and when it says that it changed."""
    response = client.get(url)
    if url.endswith(".json"):
        item = response.json()["items"][0]
        return item["content_html"], datetime.fromisoformat(item["date_modified"])
    entry = parsed(response).entries[0]
    return entry.content[0].value, datetime.fromisoformat(entry.updated)


def test_readers_feeds_and_engines_are_told_at_once_and_escaped(
    desk: Client, client: Client, post: Post
) -> None:
    assert "corrections" not in page(client)
    before = {url: in_feed(client, url)[1] for url in ALL}
    response = send(desk, post, NASTY)
    assert response.status_code == 302
    assert "Readers see the correction" in said(response)
    html = page(client)
    today = f"{timezone.localtime():%B} {timezone.localtime().day}, {timezone.localtime().year}"
    assert f"{today}</time>: {ESCAPED}</p>" in html
    assert '<a href="#corrections">Corrected <time class="dt-updated"' in html
    assert "Updated <time" not in html
    assert "<script>alert" not in html
    data = linked(html)
    [told] = data["correction"]
    assert (told["@type"], told["text"]) == ("CorrectionComment", PLAIN)
    assert data["dateModified"] >= told["datePublished"] > data["datePublished"]
    for url in ALL:
        text, changed = in_feed(client, url)
        assert text.endswith(f"<p><strong>Correction, {today}:</strong> {ESCAPED}</p>"), url
        assert changed > before[url], url
    assert f": {ESCAPED}</p>" in desk.get(f"/preview/{post.pk}/").content.decode()
    # Taken back, all of it is as before, and the desk still has the words.
    correction = Correction.objects.get()
    desk.post(address(post), {"take_back": correction.pk})
    assert "Corrected" not in page(client)
    assert "correction" not in linked(page(client))
    assert all("Correction" not in in_feed(client, url)[0] for url in ALL)
    assert PLAIN in desk.get(address(post)).context["taken_back"][0].text
    desk.post(address(post), {"take_back": correction.pk})
    kinds = Act.objects.filter(kind=Act.Kind.CORRECTED).order_by("pk")
    details = kinds.values_list("detail", flat=True)
    assert [detail.partition(":")[0] for detail in details] == [
        "Correction",
        "Took back the correction",
    ]
    history = desk.get(f"/admin/posts/post/{post.pk}/history/").content.decode()
    assert history.count("history__kind--corrected") == 2


def test_an_article_without_any_costs_no_query_and_one_with_many_costs_one(
    client: Client, post: Post, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/articles/night-shift/?fresh=1")
    with django_assert_num_queries(3):
        client.get("/articles/night-shift/?fresh=1")
    for number in range(9):
        Correction.objects.create(post=post, text=f"No. {number}", key=str(number))
    client.get("/articles/night-shift/?fresh=1")
    with django_assert_num_queries(4):
        client.get("/articles/night-shift/?fresh=1")


def test_a_form_that_is_sent_twice_makes_one(desk: Client, post: Post) -> None:
    key = get_random_string(32)
    assert send(desk, post, key=key).status_code == 302
    assert send(desk, post, "Other words.", key=key).status_code == 302
    assert Correction.objects.get().text == "It was four."
    assert Act.objects.filter(kind=Act.Kind.CORRECTED).count() == 1
    desk.post(address(post), {"take_back": Correction.objects.get().pk})
    again = send(desk, post, key=key)
    assert "was taken back" in again.content.decode()
    assert not Correction.objects.shown().exists()
    # The form that is shown then makes a new one.
    shown = again.context["form"]
    sent = {"text": shown["text"].value(), "key": shown["key"].value()}
    assert desk.post(address(post), sent).status_code == 302
    assert Correction.objects.shown().get().text == "It was four."


@pytest.mark.parametrize("text", ["", "  \n ", "\x0b", "x" * (LONGEST_CORRECTION + 1)])
def test_what_says_nothing_or_too_much_is_refused(desk: Client, post: Post, text: str) -> None:
    assert send(desk, post, text).status_code == 200
    assert send(desk, post, key="no key").status_code == 200
    assert not Correction.objects.exists()


def test_an_article_takes_only_so_many(desk: Client, post: Post) -> None:
    for number in range(MOST_CORRECTIONS):
        Correction.objects.create(post=post, text="x", key=str(number))
    assert f"It has {MOST_CORRECTIONS} corrections" in send(desk, post).content.decode()


@pytest.mark.parametrize("role", roles.ROLES)
def test_only_who_may_publish_it_corrects_an_article(client: Client, post: Post, role: str) -> None:
    user = User.objects.create(username="somebody", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    post.owner = user
    post.save()
    client.force_login(user)
    may = role in (roles.PUBLISHER, roles.ADMINISTRATOR)
    offered = f'href="{address(post)}"' in client.get(change(post)).content.decode()
    assert offered == may
    assert client.get(address(post)).status_code == (200 if may else 403)
    assert send(client, post).status_code == (302 if may else 403)
    assert Correction.objects.exists() == may
    of_another = Correction.objects.create(post=post, text="x", key="x")
    other_words = {"text": "Other words.", "was": "x"}
    changed = client.post(f"{address(post)}?change={of_another.pk}", other_words)
    assert changed.status_code == (302 if may else 403)
    of_another.refresh_from_db()
    assert of_another.text == ("Other words." if may else "x")
    taken = client.post(address(post), {"take_back": of_another.pk})
    assert taken.status_code == (302 if may else 403)
    of_another.refresh_from_db()
    assert bool(of_another.taken_back_at) == may
    # Not through the address of another article.
    theirs = Correction.objects.create(post=make_post(), text="x", key="x")
    client.post(address(post), {"take_back": theirs.pk})
    client.post(f"{address(post)}?change={theirs.pk}", {"text": "y", "was": "x", "key": "z" * 32})
    theirs.refresh_from_db()
    assert (theirs.taken_back_at, theirs.text) == (None, "x")


def test_what_readers_do_not_see_takes_none_and_keeps_those_it_has(
    desk: Client, client: Client, post: Post
) -> None:
    send(desk, post, "Before.")
    Post.objects.filter(pk=post.pk).withdraw()
    assert "takes no correction" in desk.get(address(post)).content.decode()
    assert "nothing was added" in send(desk, post, "After.").context["form"].errors.as_text()
    gone = client.get("/articles/night-shift/")
    assert gone.status_code == 410
    assert "Before." not in gone.content.decode()
    Post.objects.filter(pk=post.pk).bring_back()
    assert "Before." in page(client)
    draft = make_post(published_at=None)
    assert address(draft) not in desk.get(change(draft)).content.decode()
    send(desk, draft)
    assert Correction.objects.count() == 1


def test_they_go_to_the_bin_with_their_article_and_come_back(
    desk: Client, client: Client, post: Post
) -> None:
    send(desk, post, "Before.")
    [correction] = Correction.objects.values()
    binned = move_to_bin(Post.objects.get(pk=post.pk), None)
    assert not Correction.objects.exists()
    assert client.get("/articles/night-shift/").status_code == 404
    restore(binned, None)
    assert Correction.objects.values().get() == correction
    Post.objects.filter(pk=post.pk).bring_back()
    assert "Before." in page(client)


def test_changes_that_wait_go_on_waiting(desk: Client, client: Client, post: Post) -> None:
    words = {"title": post.title, "slug": post.slug, "summary": post.summary}
    desk.post(change(post), form(**words, body="<p>Not yet.</p>", _continue="1"))
    waiting = revisions.head_of(post).waiting
    assert waiting
    send(desk, post)
    html = page(client)
    assert "It was four." in html
    assert "Not yet." not in html
    assert revisions.head_of(post).waiting == waiting
    preview = desk.get(f"/preview/{post.pk}/").content.decode()
    assert "Not yet." in preview
    assert "It was four." in preview
    desk.post(f"/admin/posts/post/{post.pk}/drop/")
    assert not Revision.objects.of(post).filter(waits=True).exists()
    assert "Answer the call." in page(client)


def test_its_words_are_changed_with_a_line_in_the_log_each_time(
    desk: Client, client: Client, post: Post
) -> None:
    send(desk, post, "There were <four>.")
    correction = Correction.objects.get()
    form = f"{address(post)}?change={correction.pk}"
    shown = desk.get(form).context["form"]
    assert shown["text"].value() == shown["was"].value() == "There were <four>."
    before = Post.objects.get(pk=post.pk).revised_at
    sent = {"text": NASTY, "was": "There were <four>."}
    assert desk.post(form, sent).status_code == 302
    changed = Correction.objects.get()
    assert (changed.text, changed.at) == (PLAIN, correction.at)
    assert f": {ESCAPED}</p>" in page(client)
    assert "four" not in page(client)
    assert all(ESCAPED in in_feed(client, url)[0] for url in ALL)
    after = Post.objects.get(pk=post.pk).revised_at
    assert before and after and after > before
    details = Act.objects.filter(kind=Act.Kind.CORRECTED).order_by("pk")
    assert list(details.values_list("detail", flat=True))[1:] == [
        "A correction that was: There were <four>.",
        f"Changed it to: {PLAIN}",
    ]
    # The same words are no change; what is empty or too long is none either.
    for text in (PLAIN, "", "x" * (LONGEST_CORRECTION + 1)):
        desk.post(form, {"text": text, "was": PLAIN})
    assert details.count() == 3
    desk.post(address(post), {"take_back": correction.pk})
    assert desk.get(form).status_code == 302
    assert "taken back meanwhile" in said(desk.post(form, {"text": "x", "was": PLAIN}))
    assert Correction.objects.get().text == PLAIN


def test_of_two_who_change_it_the_second_sees_the_words_of_the_first(
    desk: Client, post: Post
) -> None:
    send(desk, post, "Four.")
    form = f"{address(post)}?change={Correction.objects.get().pk}"
    desk.post(form, {"text": "Five.", "was": "Four."})
    answer = desk.post(form, {"text": "Six.", "was": "Four."})
    html = answer.content.decode()
    assert "It reads now: “Five.”" in html
    assert "Six.</textarea>" in html
    assert Correction.objects.get().text == "Five."
    shown = answer.context["form"]
    desk.post(form, {"text": shown["text"].value(), "was": shown["was"].value()})
    assert Correction.objects.get().text == "Six."
