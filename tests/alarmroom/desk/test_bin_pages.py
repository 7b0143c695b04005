"""The bin through the addresses of the desk: what it says, who may, and one click back."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from alarmroom.desk import bin
from alarmroom.desk.models import Binned
from newsletter.delivery import starting
from posts.models import Image, Page, Post
from tests.factories import (
    connect,
    make_editor,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_subscriber,
)

pytestmark = pytest.mark.django_db

BIN, RESTORE, EMPTY = "/admin/bin/", "/admin/bin/restore/", "/admin/bin/empty/"
DELETES_ALL = ("posts.delete_post", "posts.change_any_post", "posts.publish_post")
MAKE: dict[str, Any] = {
    "article": lambda: make_post(title="Night shift", published_at=None),
    "page": lambda: make_page("Night shift"),
    "picture": make_image,
    "issue": lambda: make_issue(subject="Night shift"),
    "resource": lambda: make_resource("Night shift"),
}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor(username="dele"))
    return client


def signed_in(*permissions: str) -> Client:
    client = Client()
    client.force_login(make_editor(*permissions))
    return client


def name_of(thing: models.Model) -> str:
    return f"admin:{thing._meta.app_label}_{thing._meta.model_name}"


def list_of(thing: models.Model) -> str:
    return reverse(f"{name_of(thing)}_changelist")


def page_of(thing: models.Model, page: str = "delete") -> str:
    return reverse(f"{name_of(thing)}_{page}", args=[thing.pk])


def move(client: Client, thing: models.Model) -> HttpResponse:
    return client.post(page_of(thing), {"post": "yes"})


def move_selected(client: Client, *things: models.Model, **data: str) -> HttpResponse:
    chosen = {"action": "delete_selected", "_selected_action": [thing.pk for thing in things]}
    return client.post(list_of(things[0]), {**chosen, **data})


def press(client: Client, page: HttpResponse, label: str) -> HttpResponse:
    """Press a button that stands in a message, as a browser does."""
    html = page.content.decode()
    assert '<form id="desk-message" method="post">' in html
    found = re.search(
        r'<button type="submit" form="desk-message" formaction="([^"]*)" name="([^"]*)" '
        rf'value="([^"]*)" class="[^"]*">{label}',
        html,
    )
    assert found, f"There is no button “{label}”."
    return client.post(found[1], {found[2]: found[3]}, follow=True)


def said(response: HttpResponse) -> str:
    return unescape(" ".join(str(message) for message in get_messages(response.wsgi_request)))


def text(response: HttpResponse) -> str:
    return unescape(response.content.decode())


def is_there(thing: models.Model) -> bool:
    return type(thing)._base_manager.filter(pk=thing.pk).exists()


# One click there, one click back


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("how", ["page", "list"])
def test_every_kind_is_moved_and_undone(desk: Client, kind: str, how: str) -> None:
    thing = MAKE[kind]()
    form = text(desk.get(page_of(thing, "change")))
    assert re.search(">Move to the bin…?</a>", form) and ">Delete</a>" not in form
    if how == "page":
        asked = text(desk.get(page_of(thing)))
        response = move(desk, thing)
    else:
        asked = text(move_selected(desk, thing))
        assert is_there(thing)
        response = move_selected(desk, thing, post="yes")
    assert str(thing) in asked and "restored for 30 days" in asked
    assert not is_there(thing)
    page = desk.get(response["Location"])
    assert f"“{thing}” is in the bin." in text(page)
    assert f"“{thing}” is back" in text(press(desk, page, "Undo"))
    assert is_there(thing) and not Binned.objects.exists()
    log = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(log) == ["Moved to the bin.", "Restored from the bin."]


def test_many_are_undone_by_one_click(desk: Client) -> None:
    posts = [make_post() for _ in range(4)]
    connect(posts[0], *posts[1:])
    response = move_selected(desk, *posts, post="yes")
    assert not Post.objects.exists()
    page = desk.get(response["Location"])
    assert "4 articles are in the bin." in text(page)
    press(desk, page, "Undo")
    assert Post.objects.count() == 4
    assert posts[0].related_to.count() == 3


def test_the_second_click_is_told_that_it_was_the_second(desk: Client) -> None:
    post = make_post()
    page = desk.get(move(desk, post)["Location"])
    press(desk, page, "Undo")
    again = press(desk, page, "Undo")
    assert "It is not in the bin any more." in text(again)
    assert Post.objects.filter(pk=post.pk).count() == 1


def test_who_comes_second_learns_who_was_first(desk: Client) -> None:
    post = make_post(title="Night shift")
    move(desk, post)
    other = signed_in("posts.change_post", "posts.change_any_post", "posts.delete_post")
    for page in ("change", "delete", "history"):
        shown = other.get(page_of(post, page), follow=True)
        assert "“Night shift” is in the bin. It was moved there by dele" in text(shown)
    response = move(other, post)
    assert "“Night shift” is in the bin." in said(response)
    press(other, other.get(response["Location"]), "Restore")
    assert is_there(post)


# What is said beforehand


def test_the_page_says_what_goes_with_an_article_and_links_to_it(desk: Client) -> None:
    post = make_post(title="Night shift", slug="first")
    post.slug = "second"
    post.save()
    connect(make_post(title="The other one"), post)
    issue = make_issue(number=12, subject="The week", posts=[post])
    page = text(desk.get(page_of(post)))
    assert "It is published. Readers no longer find it" in page
    assert f'It is in the draft issue <a href="{page_of(issue, "change")}">“#12: The week”</a>' in (
        page
    )
    assert "“The other one”</a> leads on to it" in page
    assert "Its old address “first”" in page
    move(desk, post)
    shown = text(desk.get(BIN))
    assert "It is in the draft issue “#12: The week”, and leaves it." in shown


def test_an_article_in_an_issue_that_is_out_stays_and_the_page_says_what_to_do(
    desk: Client,
) -> None:
    post = make_post()
    issue = make_issue(posts=[post])
    starting.start(issue)
    for response in (desk.get(page_of(post)), move(desk, post)):
        assert "which is out. Withdraw the article instead" in text(response)
        assert "Move to the bin</button>" not in text(response)
    assert is_there(post)


def test_the_action_moves_what_it_can_and_says_why_the_rest_stays(desk: Client) -> None:
    free, held = make_post(title="Free"), make_post(title="Held")
    starting.start(make_issue(posts=[held]))
    page = text(move_selected(desk, free, held))
    assert "Move 1 to the bin" in page and "These stay where they are" in page
    response = move_selected(desk, free, held, post="yes")
    assert "“Held” was not moved to the bin." in said(response)
    assert not is_there(free) and is_there(held)


def test_the_action_takes_a_hundred_at_most(desk: Client) -> None:
    Page.objects.all().delete()
    pages = [make_page() for _ in range(101)]
    response = move_selected(desk, *pages, post="yes")
    assert "Choose at most 100 at a time" in said(response)
    assert Page.objects.count() == 101


def test_a_script_in_a_title_is_shown_as_it_is_written(desk: Client) -> None:
    title = "<script>alert(1)</script>“x” & <b>y</b>"
    post, other = make_post(title=title), make_post(title=title)
    connect(other, post)
    make_issue(subject=title, posts=[post])
    pages = [desk.get(page_of(post)), move_selected(desk, post)]
    moved = move(desk, post)
    pages.append(desk.get(moved["Location"]))
    entry = Binned.objects.get()
    pages += [desk.get(BIN), desk.get(f"/admin/bin/{entry.pk}/delete/"), desk.get(EMPTY)]
    pages.append(desk.get(page_of(post, "change"), follow=True))
    pages.append(press(desk, pages[-1], "Restore"))
    for page in pages:
        html = page.content.decode()
        assert "<script>alert" not in html and "<b>y" not in html
        assert "&lt;script&gt;alert(1)" in html


# Who may


def test_restoring_needs_more_than_seeing(desk: Client) -> None:
    post = make_post(title="Night shift")
    move(desk, post)
    entry = Binned.objects.get()
    for permissions in (["posts.view_post"], ["posts.view_post", "posts.delete_post"]):
        client = signed_in(*permissions)
        page = text(client.get(BIN))
        assert "Night shift" in page and ">Restore<" not in page
        assert client.post(RESTORE, {"entry": entry.pk}).status_code == 403
    for permissions in (["posts.add_post"], ["posts.delete_post"]):
        client = signed_in(*permissions)
        assert client.get(BIN).status_code == 403
        assert client.post(RESTORE, {"entry": entry.pk}).status_code == 403
    # Who may restore other kinds gets the answer that a second click gets.
    client = signed_in("posts.change_page", "posts.view_image")
    for data in ({"entry": entry.pk}, {"act": str(entry.act)}, {"entry": 999_999}):
        response = client.post(RESTORE, data, follow=True)
        assert "It is not in the bin any more." in text(response)
        assert "Night shift" not in text(response)
    assert not is_there(post)


def test_who_may_only_delete_gets_no_undo_and_no_page_of_the_bin() -> None:
    post = make_post(title="Night shift")
    client = signed_in(*DELETES_ALL)
    response = move(client, post)
    assert response["Location"] == "/admin/"
    assert "“Night shift” is in the bin." in said(response) and "Undo" not in said(response)
    assert client.get(BIN).status_code == 403
    assert "/admin/bin/" not in text(client.get("/admin/"))


def test_an_issue_is_not_changed_by_who_may_not_change_it() -> None:
    post = make_post()
    issue = make_issue(subject="Secret subject", posts=[post])
    client = signed_in("posts.view_post", *DELETES_ALL)
    for response in (client.get(page_of(post)), move(client, post)):
        assert "It is in one draft issue, and leaves it. Your account may not" in text(response)
        assert "Secret subject" not in text(response)
    assert "not change that" in text(move_selected(client, post, post="yes"))
    assert is_there(post) and issue.issue_posts.count() == 1


def test_a_cover_is_not_taken_by_who_may_not_change_the_article() -> None:
    image = make_image()
    post = make_post(title="Secret title", cover=image, cover_alt="The floor")
    client = signed_in("posts.view_image", "posts.delete_image")
    page = text(move(client, image))
    assert "It is the cover of one article" in page and "Secret title" not in page
    assert Post.objects.get(pk=post.pk).cover_id == image.pk


def test_the_bin_names_nothing_that_may_not_be_seen(desk: Client) -> None:
    post = make_post(title="Night shift")
    make_issue(subject="Secret subject", posts=[post])
    page = make_page("House rules")
    for thing in (post, page):
        move(desk, thing)
    shown = text(signed_in("posts.view_post").get(BIN))
    assert "Night shift" in shown and "It is in one draft issue" in shown
    assert "Secret subject" not in shown and "House rules" not in shown
    searched = text(signed_in("posts.view_post").get(BIN, {"q": "House"}))
    assert "House rules" not in searched and "Nothing in the bin has" in searched


def test_deleting_for_ever_needs_its_own_permission(desk: Client) -> None:
    move(desk, make_post(title="Night shift"))
    entry = Binned.objects.get()
    address = f"/admin/bin/{entry.pk}/delete/"
    editor = signed_in("posts.view_post", "posts.change_post", "posts.delete_post")
    for client in (editor, signed_in("desk.empty_bin")):
        for path in (address, EMPTY):
            assert client.get(path).status_code == client.post(path).status_code == 403
    assert "for ever…" not in text(editor.get(BIN)) and "Empty the bin" not in text(editor.get(BIN))
    stranger = signed_in("desk.empty_bin", "posts.view_page")
    assert stranger.get(address).status_code == stranger.post(address).status_code == 404
    stranger.post(EMPTY, {"newest": entry.pk})
    assert Binned.objects.exists()
    publisher = signed_in("desk.empty_bin", "posts.view_post")
    assert "cannot be undone" in text(publisher.get(address))
    assert Binned.objects.exists()
    assert "deleted for ever" in text(publisher.post(address, follow=True))
    assert not Binned.objects.exists()
    assert LogEntry.objects.filter(change_message="Deleted for ever from the bin.").count() == 1


def test_emptying_leaves_what_came_in_since_the_page_was_made(desk: Client) -> None:
    for _ in range(3):
        move(desk, make_post())
    page = text(desk.get(EMPTY))
    assert "Delete 3 for ever" in page
    newest = re.search(r'name="newest" value="(\d+)"', page)
    assert newest
    late = make_post()
    move(desk, late)
    for odd in ("", "x", "²", "-1"):
        desk.post(EMPTY, {"newest": odd})
    assert Binned.objects.count() == 4
    desk.post(EMPTY, {"newest": newest[1]})
    assert Binned.objects.get().object_id == late.pk


@pytest.mark.parametrize("data", [{}, {"act": "x"}, {"entry": "x"}, {"act": "'--"}, {"entry": "²"}])
def test_an_odd_form_restores_nothing(desk: Client, data: dict[str, str]) -> None:
    move(desk, make_post())
    assert desk.post(RESTORE, data).status_code == 404
    assert Binned.objects.count() == 1


def test_restoring_is_refused_without_a_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_editor())
    entry = bin.move_to_bin(make_post(), None)
    for path in (RESTORE, EMPTY, f"/admin/bin/{entry.pk}/delete/"):
        assert strict.post(path, {"entry": entry.pk, "newest": entry.pk}).status_code == 403
    assert Binned.objects.count() == 1


# The page of the bin


def test_the_list_says_who_when_and_until_when_and_is_searched_by_title(desk: Client) -> None:
    move(desk, make_post(title="Night shift"))
    move(desk, make_page("House rules"))
    Binned.objects.all().update(at=timezone.now() - timedelta(days=29))
    until = timezone.localtime(timezone.now() + timedelta(days=1))
    page = text(desk.get(BIN))
    assert "moved here by dele" in page
    assert f"{until:%B} {until.day}</time>" in page
    found = text(desk.get(BIN, {"q": "night"}))
    assert "Night shift" in found and "House rules" not in found
    for odd in ("%", "_", "\\", "x" * 5000, "\0"):
        assert desk.get(BIN, {"q": odd, "page": "99999"}).status_code == 200


def test_the_list_takes_the_same_queries_for_one_and_for_many(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        post = make_post()
        connect(make_post(), post)
        bin.move_to_bin(post, make_editor())
    desk.get(BIN)
    with django_assert_max_num_queries(12):
        page = text(desk.get(BIN))
    assert page.count(">Restore</button>") == 12


def test_the_menu_leads_to_the_bin_whoever_may_see_something_in_it(desk: Client) -> None:
    assert 'href="/admin/bin/"' in text(desk.get("/admin/"))
    for permission in ("posts.view_post", "subscribers.change_resource"):
        assert 'href="/admin/bin/"' in text(signed_in(permission).get("/admin/"))
    other = signed_in("posts.view_tag")
    assert 'href="/admin/bin/"' not in text(other.get("/admin/"))


def test_the_tick_empties_it_after_thirty_days(desk: Client) -> None:
    move(desk, make_post())
    call_command("tick")
    assert Binned.objects.count() == 1
    Binned.objects.all().update(at=timezone.now() - timedelta(days=31))
    call_command("tick")
    assert not Binned.objects.exists()


# Readers


def test_readers_find_the_article_once_it_is_published_again(
    desk: Client,
) -> None:
    post = make_post(title="Night shift", slug="night-shift")
    address = post.get_absolute_url()
    assert Client().get(address).status_code == 200
    move(desk, post)
    assert Client().get(address).status_code == 404
    shown = press(desk, desk.get(list_of(post)), "Undo")
    assert "It is a draft now" in text(shown)
    assert Client().get(address).status_code == 404
    again = press(desk, shown, "Publish again, dated")
    assert "Published, dated" in text(again)
    assert Client().get(address).status_code == 200
    assert Post.objects.get(pk=post.pk).published_at == post.published_at


def test_publishing_again_needs_the_permission_to_change_and_an_old_date(desk: Client) -> None:
    post, draft = make_post(), make_post(published_at=None)
    for thing in (post, draft):
        bin.restore(bin.move_to_bin(thing, None), None)
    address = f"/admin/posts/post/{post.pk}/publish-again/"
    for permissions in (["posts.view_post"], ["posts.view_post", "posts.add_post"]):
        assert signed_in(*permissions).post(address).status_code == 403
    assert desk.get(address).status_code == 405
    assert not Post.objects.published().exists()
    desk.post(f"/admin/posts/post/{draft.pk}/publish-again/")
    assert not Post.objects.published().exists()
    desk.post(address)
    assert Post.objects.published().get() == post


def test_a_page_and_a_resource_are_on_the_site_again_at_once(desk: Client) -> None:
    make_subscriber()
    page, resource = make_page("House rules", slug="house"), make_resource("The first ninety days")
    for thing in (page, resource):
        move(desk, thing)
    assert Client().get("/house/").status_code == 404
    assert "The first ninety days" not in text(Client().get("/"))
    for entry in Binned.objects.all():
        desk.post(RESTORE, {"entry": entry.pk})
    assert Client().get("/house/").status_code == 200
    assert "The first ninety days" in text(Client().get("/"))


def test_a_popup_is_told_and_gets_no_message(desk: Client) -> None:
    image = make_image()
    answer = desk.post(f"{page_of(image)}?_popup=1", {"post": "yes", "_popup": "1"})
    assert "popup_response" in text(answer)
    assert not is_there(image) and Binned.objects.of(Image, image.pk).exists()
