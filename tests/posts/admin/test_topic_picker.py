"""Topics chosen and made while an article is written: by whom, once, in whatever spelling."""

import json
from typing import Any

import pytest
from django.test import Client

from alarmroom.desk.models import Revision
from posts.merging import merge
from posts.models import Post, Tag
from posts.topics import find_or_make_topic
from tests.factories import make_author, make_editor, make_post, make_tag
from tests.helpers import at_once
from tests.posts.admin.desk import ADD, change, form

NEW, FIND = "/admin/posts/tag/new-topic/", "/admin/posts/tag/topics/"

pytestmark = pytest.mark.django_db


def found(client: Client, typed: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(FIND, {"q": typed}).json()
    return answer


def test_a_topic_is_made_at_once_and_saved_with_the_article(desk: Client) -> None:
    answer = desk.post(NEW, {"name": "  Open \n lines "}).json()
    tag = Tag.objects.get()
    named = {"pk": tag.pk, "name": "Open lines", "slug": "open-lines"}
    assert answer == {"state": "found", **named, "made": True}
    desk.post(ADD, form(tags=[tag.pk], _save="1"))
    assert list(Post.objects.get().tags.all()) == [tag]


@pytest.mark.parametrize("typed", ["open lines", "OPEN LINES", "Open-lines", "Öpen  lines"])
def test_another_case_or_spelling_is_the_same_topic(desk: Client, typed: str) -> None:
    tag = make_tag("Open lines")
    assert desk.post(NEW, {"name": typed}).json()["pk"] == tag.pk
    assert Tag.objects.count() == 1
    # While it is typed, it is not offered to be made.
    assert found(desk, typed.replace("Ö", "O"))["same"] == tag.pk


def test_a_topic_that_was_merged_leads_to_the_one_that_stayed(desk: Client) -> None:
    gone, stays = make_tag("Silent calls"), make_tag("Open lines")
    merge([gone.pk], stays.pk)
    assert desk.post(NEW, {"name": "silent calls"}).json()["pk"] == stays.pk


def test_topics_of_letters_without_an_address_are_told_apart(desk: Client) -> None:
    for name in ("緊急", "消防"):
        assert desk.post(NEW, {"name": name}).json()["made"]
    assert not desk.post(NEW, {"name": "緊急"}).json()["made"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "\x00"])
def test_a_name_that_is_empty_or_too_long_is_refused_in_a_sentence(desk: Client, name: str) -> None:
    response = desk.post(NEW, {"name": name})
    assert response.status_code == 400
    assert Tag.objects.count() == 0


def test_a_script_in_a_name_stays_a_name(desk: Client) -> None:
    name = "</option><script>alert(1)</script>"
    tag = Tag.objects.get(pk=desk.post(NEW, {"name": name}).json()["pk"])
    assert found(desk, "script")["topics"][0]["name"] == name
    page = desk.get(change(make_post(tags=[tag]))).content.decode()
    assert "<script>alert(1)" not in page


def test_what_is_used_most_comes_first_and_only_published_articles_count(desk: Client) -> None:
    rare, common = make_tag("Calls by night"), make_tag("Calls")
    make_tag("Unfit")
    make_post(tags=[common])
    make_post(tags=[rare], published_at=None)
    assert [(one["name"], one["articles"]) for one in found(desk, "call")["topics"]] == [
        ("Calls", 1),
        ("Calls by night", 0),
    ]


def test_whoever_may_not_see_or_add_topics_is_offered_neither() -> None:
    chosen, other = make_tag("Chosen"), make_tag("Not for everybody")
    post = make_post(tags=[chosen])
    client = Client()
    client.force_login(
        make_editor("posts.change_post", "posts.change_any_post", "posts.publish_post")
    )
    page = client.get(change(post)).content.decode()
    assert "Chosen" in page
    assert "Not for everybody" not in page
    assert "data-new-topic" not in page
    assert client.post(NEW, {"name": "Mine"}).status_code == 403
    assert client.get(FIND).status_code == 403
    # A save without those permissions keeps what was chosen.
    client.post(change(post), form(tags=[chosen.pk], _update="1"))
    assert list(Post.objects.get(pk=post.pk).tags.all()) == [chosen]
    assert Tag.objects.filter(pk=other.pk).exists()


def test_many_topics_take_no_more_queries(desk: Client, django_assert_max_num_queries: Any) -> None:
    post = make_post(author=make_author())
    Tag.objects.bulk_create(Tag(name=f"T{n}", slug=f"t{n}") for n in range(600))
    post.tags.set(Tag.objects.all()[:3])
    desk.get(change(post))
    with django_assert_max_num_queries(3):
        found(desk, "t")
    page = desk.get(change(post)).content.decode()
    assert 500 <= page.count('<option value="') <= 510


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_make_the_same_topic_at_once_get_one() -> None:
    first, second = at_once(
        lambda: find_or_make_topic("Night shift")[0].pk,
        lambda: find_or_make_topic("night-shift")[0].pk,
    )
    assert first == second
    assert Tag.objects.count() == 1


def test_working_copies_hold_the_key_of_a_new_topic(desk: Client) -> None:
    post = make_post()
    pk = desk.post(NEW, {"name": "Night shift"}).json()["pk"]
    data = {**form(tags=[pk]), "_tab": "a-tab-of-mine", "_number": "1"}
    address = change(post).replace("/change/", "/working-copy/")
    assert json.loads(desk.post(address, data).content)["state"] == "kept"
    copy = post.pk and desk.get(change(post).replace("/change/", "/newer/")).content.decode()
    assert "Night shift" in str(copy)


def test_a_revision_with_a_topic_that_is_gone_is_restored_without_it(desk: Client) -> None:
    stays, gone = make_tag("Stays"), make_tag("Gone")
    post = make_post(title="Night shift", slug="night-shift", published_at=None)
    desk.post(change(post), form(tags=[stays.pk, gone.pk], _continue="1"))
    revision = Revision.objects.of(post).newest_first()[0]
    desk.post(change(post), form(tags=[], _continue="1"))
    gone.delete()
    restore = change(post).replace("/change/", "/restore/")
    assert desk.post(restore, {"revision": revision.pk}).status_code == 302
    assert list(Post.objects.get(pk=post.pk).tags.all()) == [stays]
    # What is no key at all is an error, as before.
    assert desk.post(change(post), form(tags=["x"], _continue="1")).status_code == 200
