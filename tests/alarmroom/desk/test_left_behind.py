"""What an account typed and never saved is not lost when the account goes."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from alarmroom.desk.models import WorkingCopy
from posts.models import Post
from tests.factories import make_editor, make_post
from tests.helpers import at_once
from tests.posts.admin.desk import ADD, change, form

PAGE, TAKE = "/admin/left-behind/", "/admin/left-behind/take/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def type_as(user: User, address: str, **fields: Any) -> WorkingCopy:
    """Type into a form, as its page sends it, and save nothing."""
    client = Client()
    client.force_login(user)
    sent = {**form(**fields), "_tab": f"tab-of-{user.pk}", "_number": "1"}
    path = address.replace("/change/", "/working-copy/").replace("/add/", "/add/working-copy/")
    assert client.post(path, sent).json()["state"] == "kept"
    return WorkingCopy.objects.latest("pk")


def test_the_texts_of_a_deleted_and_of_a_deactivated_account_are_listed(desk: Client) -> None:
    post = make_post(title="Night shift")
    gone, off, here = (make_editor() for _ in range(3))
    type_as(gone, ADD, title="Begun <script>alert(1)</script>", body="<p>Never saved.</p>")
    type_as(off, change(post), body="<p>Half a thought</p>")
    type_as(here, change(post), body="<p>Still writing</p>")
    assert "There are none." in desk.get(PAGE).content.decode()
    gone.delete()
    User.objects.filter(pk=off.pk).update(is_active=False)
    page = desk.get(PAGE).content.decode()
    assert "Begun &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Never saved." in page
    assert "a deleted account" in page
    assert "Half a thought" in page
    assert f"typed by {off.username}" in page
    assert "Still writing" not in page


def test_a_text_is_taken_over_into_its_form_and_nothing_is_changed_by_it(desk: Client) -> None:
    post = make_post(title="Night shift")
    writer = make_editor()
    copy = type_as(writer, change(post), title="Night shift, again", slug=post.slug)
    writer.delete()
    response = desk.post(TAKE, {"copy": copy.pk})
    assert response["Location"] == f"{change(post)}?copy={copy.pk}"
    assert "Night shift, again" in desk.get(response["Location"]).content.decode()
    assert Post.objects.get(pk=post.pk).title == "Night shift"
    # It is no longer there for a second one.
    assert desk.post(TAKE, {"copy": copy.pk})["Location"] == PAGE
    assert "Night shift, again" not in desk.get(PAGE).content.decode()


def test_what_was_typed_for_something_that_is_gone_becomes_a_new_draft(desk: Client) -> None:
    post = make_post()
    writer = make_editor()
    copy = type_as(writer, change(post), title="Outlives its article")
    writer.delete()
    post.delete()
    assert "Outlives its article" in desk.get(PAGE).content.decode()
    where = desk.post(TAKE, {"copy": copy.pk})["Location"]
    assert where == f"{ADD}?copy={copy.pk}"
    assert "Outlives its article" in desk.get(where).content.decode()


def test_only_who_administers_accounts_and_may_see_the_thing_gets_it() -> None:
    post = make_post()
    writer = make_editor()
    copy = type_as(writer, change(post), body="<p>Secret for now</p>")
    User.objects.filter(pk=writer.pk).update(is_active=False)
    client = Client()
    client.force_login(make_editor("posts.change_post", "posts.change_any_post"))
    assert client.get(PAGE).status_code == 403
    assert client.post(TAKE, {"copy": copy.pk}).status_code == 403
    client.force_login(make_editor("auth.change_user"))
    assert "Secret for now" not in client.get(PAGE).content.decode()
    assert client.post(TAKE, {"copy": copy.pk}).status_code == 403
    assert client.post(TAKE, {"copy": "x"}).status_code == 302
    copy.refresh_from_db()
    assert copy.by == writer


def test_a_text_of_an_account_in_use_cannot_be_taken(desk: Client) -> None:
    copy = type_as(make_editor(), ADD)
    assert desk.post(TAKE, {"copy": copy.pk})["Location"] == PAGE
    assert WorkingCopy.objects.get(pk=copy.pk).by_id == copy.by_id


def test_many_texts_take_no_more_queries(desk: Client, django_assert_max_num_queries: Any) -> None:
    posts = [make_post() for _ in range(5)]
    for post in posts:
        writer = make_editor()
        type_as(writer, change(post))
        writer.delete()
    desk.get(PAGE)
    with django_assert_max_num_queries(16):
        assert desk.get(PAGE).content.decode().count("left__line") == 5


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_take_a_text_at_once_do_not_both_get_it() -> None:
    post = make_post()
    writer = make_editor()
    copy = type_as(writer, change(post))
    writer.delete()

    def take(client: Client) -> str:
        return str(client.post(TAKE, {"copy": copy.pk})["Location"])

    clients = [Client(), Client()]
    for client in clients:
        client.force_login(make_editor())
    found = at_once(*[lambda client=client: take(client) for client in clients])  # type: ignore[misc]  # bound now
    assert sorted(where == PAGE for where in found) == [False, True]
