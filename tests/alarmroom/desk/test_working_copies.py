"""What is typed and not saved: stored by the form's own address, shown again, never lost."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from alarmroom.desk import copies
from alarmroom.desk.models import WorkingCopy
from newsletter.models import Issue
from posts.models import Post
from tests.factories import make_editor, make_issue, make_post, make_tag
from tests.posts.admin.desk import change, form

pytestmark = pytest.mark.django_db

TAB = "tab-0123456789"


@pytest.fixture
def editor() -> User:
    return make_editor()


@pytest.fixture
def desk(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


def hidden(response: HttpResponse) -> dict[str, str]:
    """The hidden fields of our own in a form."""
    page = response.content.decode()
    pattern = r'<input type="hidden" name="(_\w+)" value="([^"]*)">'
    return {name: unescape(value) for name, value in re.findall(pattern, page)}


def type_into(desk: Client, url: str, *, number: int = 1, tab: str = TAB, **fields: Any) -> Any:
    """Send what a tab has typed to the address that the form names; return the answer."""
    page = desk.get(url)
    address = re.search(r'data-working-copy="([^"]*)"', page.content.decode())
    assert address
    sent = {**hidden(page), "_tab": tab, "_number": number, **fields}
    return desk.post(address[1], sent)


def fields_of(response: HttpResponse) -> dict[str, Any]:
    bound = response.context["adminform"].form
    return {name: bound[name].value() for name in bound.fields}


def test_what_is_typed_is_stored_and_changes_nothing(desk: Client, editor: User) -> None:
    post = make_post(title="As readers see it")
    answer = type_into(desk, change(post), **form(title="Half a tit"))
    assert answer.json()["state"] == "kept"
    assert answer.json()["number"] == 1
    post.refresh_from_db()
    assert post.title == "As readers see it"
    copy = WorkingCopy.objects.get()
    assert copy.by == editor
    assert ["title", "Half a tit"] in copy.data
    assert not [name for name, _ in copy.data if name.startswith("_") or "csrf" in name]


def test_a_form_shows_the_copy_again_without_judging_it(desk: Client) -> None:
    tag, other = make_tag("Wellness"), make_post(title="Picked")
    post = make_post()
    make_post()
    typed = form(
        [{"related": other.pk, "position": 1}],
        title="",
        body="<p>Not saved</p>",
        tags=[tag.pk],
        published_at_0="soon",
        published_at_1="9 am",
    )
    type_into(desk, change(post), **typed)
    page = desk.get(change(post), {"copy": WorkingCopy.objects.get().pk})
    shown = fields_of(page)
    assert shown["title"] == ""
    assert shown["body"] == "<p>Not saved</p>"
    assert shown["tags"] == [str(tag.pk)]
    assert shown["published_at"] == ["soon", "9 am", None]
    assert "Picked" in page.content.decode()
    assert "errorlist" not in page.content.decode()
    assert "errornote" not in page.content.decode()


def test_a_copy_that_is_shown_again_is_saved_whole_and_settled(desk: Client) -> None:
    first, second = make_post(title="First"), make_post(title="Second")
    post = make_post(published_at=None)
    desk.post(change(post), form([{"related": first.pk, "position": 1}], slug=post.slug))
    kept = post.related_to.get()
    rows = [
        {"id": kept.pk, "post": post.pk, "related": first.pk, "position": 2},
        {"related": second.pk, "position": 1},
    ]
    type_into(desk, change(post), **form(rows, title="Typed", slug=post.slug))
    page = desk.get(change(post), {"copy": WorkingCopy.objects.get().pk})
    sent = {**as_browser(page), **hidden(page), "_tab": "tab-9876543210", "_save": "Save"}
    assert desk.post(change(post), sent).status_code == 302
    post.refresh_from_db()
    assert post.title == "Typed"
    assert [row.related for row in post.related_to.order_by("position")] == [second, first]
    assert not WorkingCopy.objects.open().exists()


def as_browser(page: HttpResponse) -> dict[str, Any]:
    """What a browser would send of a form that it shows."""
    shown = page.context["adminform"].form
    data: dict[str, Any] = dict(shown.data.lists())
    return {name: values if len(values) > 1 else values[0] for name, values in data.items()}


def test_an_older_change_that_arrives_late_is_not_stored(desk: Client) -> None:
    post = make_post()
    type_into(desk, change(post), number=7, **form(title="Newer"))
    answer = type_into(desk, change(post), number=6, **form(title="Older"))
    assert answer.json()["number"] == 7
    assert ["title", "Newer"] in WorkingCopy.objects.get().data


def test_a_change_that_arrives_after_the_save_is_told_so_and_stores_nothing(desk: Client) -> None:
    post = make_post(published_at=None)
    page = desk.get(change(post))
    desk.post(change(post), {**form(slug=post.slug), **hidden(page), "_tab": TAB})
    answer = type_into(desk, change(post), number=99, **form(title="Late"))
    assert answer.json()["state"] == "settled"
    assert not WorkingCopy.objects.open().exists()


def test_a_form_for_something_new_is_kept_until_it_is_made(desk: Client) -> None:
    add = "/admin/posts/post/add/"
    answer = type_into(desk, add, **form(title="Never saved"))
    assert answer.json() == {
        "state": "kept",
        "number": 1,
        "at": answer.json()["at"],
        "others": [],
        "changed": False,
    }
    copy = WorkingCopy.objects.get()
    page = desk.get(add, {"copy": copy.pk})
    assert fields_of(page)["title"] == "Never saved"
    sent = {**as_browser(page), **hidden(page), "_tab": "tab-of-the-second", "_save": ""}
    assert desk.post(add, sent).status_code == 302
    assert not WorkingCopy.objects.open().exists()
    late = type_into(desk, add, number=5, **form(title="Late"))
    assert late.json()["change"] == change(Post.objects.get())


def test_an_add_form_that_is_sent_twice_makes_one_object(desk: Client) -> None:
    # Saved, then Back, changed, and saved again.
    first, second = make_post(), make_post()
    page = desk.get("/admin/newsletter/issue/add/")
    sent = {
        "number": "",
        "subject": "The week",
        "preheader": "",
        "intro": "",
        "issue_posts-TOTAL_FORMS": 1,
        "issue_posts-INITIAL_FORMS": 0,
        "issue_posts-0-post": first.pk,
        "issue_posts-0-position": "1",
        "issue_posts-0-blurb": "Read it.",
        **hidden(page),
    }
    url = "/admin/newsletter/issue/add/"
    assert desk.post(url, sent).status_code == 302
    again = {
        **sent,
        "subject": "The week on the floor",
        "issue_posts-TOTAL_FORMS": 2,
        "issue_posts-1-post": second.pk,
        "issue_posts-1-position": "2",
        "issue_posts-1-blurb": "",
    }
    assert desk.post(url, again).status_code == 302
    issue = Issue.objects.get()
    assert issue.subject == "The week on the floor"
    assert [row.post for row in issue.issue_posts.all()] == [first, second]


def test_a_form_of_another_account_is_kept_for_nobody(desk: Client) -> None:
    post = make_post()
    address = f"/admin/posts/post/{post.pk}/working-copy/"
    answer = desk.post(address, {"_tab": TAB, "_number": "1", "_account": "0", **form()})
    assert answer.status_code == 401
    assert not WorkingCopy.objects.exists()


def test_nobody_else_reads_or_sets_aside_a_copy(desk: Client, client: Client) -> None:
    post = make_post()
    type_into(desk, change(post), **form(title="Private"))
    copy = WorkingCopy.objects.get()
    client.force_login(make_editor())
    page = client.get(change(post), {"copy": copy.pk})
    assert "Private" not in page.content.decode()
    client.post(f"/admin/posts/post/{post.pk}/set-aside/", {"copy": copy.pk})
    copy.refresh_from_db()
    assert copy.set_aside_at is None


@pytest.mark.parametrize("what", ["working-copy", "presence", "newer", "set-aside", "take-up"])
def test_who_may_not_change_a_thing_gets_no_answer_about_it(client: Client, what: str) -> None:
    post = make_post()
    client.force_login(make_editor("posts.view_post", "posts.add_page", "posts.change_page"))
    address = f"/admin/posts/post/{post.pk}/{what}/"
    for response in (client.get(address), client.post(address, {"_tab": TAB, "_number": "1"})):
        assert response.status_code in (403, 405)
        assert post.title not in response.content.decode()
    assert not WorkingCopy.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"_tab": ""},
        {"_tab": "x" * 41},
        {"_tab": "<script>alert"},
        {"_number": ""},
        {"_number": "-1"},
        {"_number": "9" * 30},
        {"_number": "²"},
    ],
)
def test_a_request_without_a_tab_or_number_is_refused(desk: Client, fields: Any) -> None:
    post = make_post()
    sent = {"_tab": TAB, "_number": "1", **form(), **fields}
    answer = desk.post(f"/admin/posts/post/{post.pk}/working-copy/", sent)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_answer_names_who_else_is_writing(desk: Client, client: Client) -> None:
    post = make_post()
    other = make_editor(first_name="Dele", last_name="Marchetti")
    client.force_login(other)
    type_into(client, change(post), **form(title="Dele’s"))
    answer = type_into(desk, change(post), tab="tab-of-the-first", **form(title="Mine"))
    [found] = answer.json()["others"]
    assert found["name"] == "Dele Marchetti"
    assert found["initials"] == "DM"
    assert found["self"] is False
    type_into(desk, change(post), tab="tab-of-the-second", **form(title="Mine too"))
    answer = desk.get(f"/admin/posts/post/{post.pk}/presence/", {"tab": "tab-of-the-first"})
    assert [each["self"] for each in answer.json()["others"]] == [True, False]
    # The browser knows which of its own tabs are still open.
    assert [each["tabs"] for each in answer.json()["others"]] == [["tab-of-the-second"], []]


def test_who_has_not_typed_for_long_is_not_named(desk: Client, client: Client) -> None:
    post = make_post()
    client.force_login(make_editor())
    type_into(client, change(post), **form(title="Then"))
    WorkingCopy.objects.update(changed_at=timezone.now() - copies.PRESENT - timedelta(seconds=1))
    answer = type_into(desk, change(post), tab="tab-of-the-first", **form(title="Now"))
    assert answer.json()["others"] == []


def test_the_answer_says_that_the_object_was_saved_meanwhile(desk: Client) -> None:
    post = make_post(published_at=None)
    page = desk.get(change(post))
    sent = {**form(title="Mine"), **hidden(page), "_tab": TAB}
    address = f"/admin/posts/post/{post.pk}/working-copy/"
    assert desk.post(address, {**sent, "_number": 1}).json()["changed"] is False
    desk.post(change(post), form(title="Another tab’s", slug=post.slug))
    answer = desk.post(address, {**sent, "_number": 2}).json()
    assert answer["changed"] is True
    assert answer["saved"]["name"].startswith("editor")


def test_a_deleted_object_is_said_to_be_gone(desk: Client) -> None:
    post = make_post()
    address = f"/admin/posts/post/{post.pk}/working-copy/"
    Post.objects.all().delete()
    answer = desk.post(address, {"_tab": TAB, "_number": "1", **form()})
    assert answer.status_code == 410
    assert answer.json()["state"] == "gone"


def test_a_copy_is_kept_thirty_days_after_it_was_set_aside(desk: Client) -> None:
    post = make_post()
    type_into(desk, change(post), **form(title="Set aside"))
    copy = WorkingCopy.objects.get()
    desk.post(f"/admin/posts/post/{post.pk}/set-aside/", {"copy": copy.pk})
    copies.delete_outdated(timezone.now() + timedelta(days=29))
    assert WorkingCopy.objects.filter(pk=copy.pk).exists()
    desk.post(f"/admin/posts/post/{post.pk}/take-up/", {"copy": copy.pk})
    copies.delete_outdated(timezone.now() + timedelta(days=400))
    assert WorkingCopy.objects.filter(pk=copy.pk).exists(), "What is not saved stays."
    desk.post(f"/admin/posts/post/{post.pk}/set-aside/", {"copy": copy.pk})
    copies.delete_outdated(timezone.now() + timedelta(days=31))
    assert not WorkingCopy.objects.exists()


def offered(desk: Client, add_or_change: str, **query: str) -> str:
    """The panel about texts that were never saved; nothing if there is none."""
    address = re.search(r'data-newer="([^"]*)"', desk.get(add_or_change).content.decode())
    assert address
    return desk.get(address[1], query).content.decode()


@pytest.mark.parametrize("new", [False, True])
def test_a_text_that_is_gone_on_with_is_offered_once(desk: Client, new: bool) -> None:
    url = "/admin/posts/post/add/" if new else change(make_post())
    type_into(desk, url, **form(title="In the first tab"))
    first = WorkingCopy.objects.get()
    assert "In the first tab" in offered(desk, url)
    page = desk.get(url, {"copy": first.pk})
    # It says what it shows, with the way back.
    assert "data-brought-back" in page.content.decode()
    assert f'data-instead="{url}"' in page.content.decode()
    # Only looked at: nothing has changed.
    first.refresh_from_db()
    assert first.set_aside_at is None
    second = {"tab": "tab-9876543210", "_copy": str(first.pk)}
    type_into(desk, url, **second, **form(title="Gone on with"))
    panel = offered(desk, url)
    assert "Gone on with" in panel
    assert "Bring back" in panel and panel.count("Bring back") == 1
    # The first is kept, and is found where one looks for it.
    where = panel if new else desk.get(url.replace("change", "history")).content.decode()
    assert f"?copy={first.pk}" in where
    # Its own tab is open after all, and somebody types there.
    type_into(desk, url, number=2, **form(title="In the first tab again"))
    assert offered(desk, url).count("Bring back") == 2


def test_a_save_settles_every_text_that_led_to_it(desk: Client) -> None:
    add = "/admin/posts/post/add/"
    type_into(desk, add, **form(title="First"))
    first = WorkingCopy.objects.get()
    tab = {"_tab": "tab-9876543210", "_copy": str(first.pk)}
    type_into(desk, add, tab=tab["_tab"], _copy=tab["_copy"], **form(title="Second"))
    page = desk.get(add, {"copy": first.pk})
    assert desk.post(add, {**form(title="Second"), **hidden(page), **tab}).status_code == 302
    assert not WorkingCopy.objects.filter(settled_at=None).exists()
    assert offered(desk, add) == ""


def test_nobody_sets_a_text_of_somebody_else_aside_by_naming_it(
    desk: Client, client: Client
) -> None:
    post = make_post()
    type_into(desk, change(post), **form(title="Mine"))
    copy = WorkingCopy.objects.get()
    client.force_login(make_editor())
    type_into(client, change(post), tab="tab-of-another", _copy=str(copy.pk), **form(title="His"))
    copy.refresh_from_db()
    assert copy.set_aside_at is None


def test_a_million_characters_are_kept_and_shown_again(desk: Client) -> None:
    post = make_post()
    body = "<p>" + "Answer the call. " * 58_000 + "</p>"
    answer = type_into(desk, change(post), **form(body=body))
    assert answer.json()["state"] == "kept"
    page = desk.get(change(post), {"copy": WorkingCopy.objects.get().pk})
    assert fields_of(page)["body"] == body


def test_an_issue_in_work_is_kept_with_its_articles(desk: Client) -> None:
    issue = make_issue()
    url = f"/admin/newsletter/issue/{issue.pk}/change/"
    row = issue.issue_posts.get()
    rows = {
        "issue_posts-TOTAL_FORMS": 2,
        "issue_posts-INITIAL_FORMS": 1,
        "issue_posts-0-id": row.pk,
        "issue_posts-0-issue": issue.pk,
        "issue_posts-0-post": row.post_id,
        "issue_posts-0-position": "1",
        "issue_posts-0-blurb": "Typed and not saved.",
        "issue_posts-1-post": "",
        "issue_posts-1-position": "",
        "issue_posts-1-blurb": "No article yet.",
    }
    type_into(desk, url, number=1, **{"subject": "Typed", "preheader": "", "intro": ""}, **rows)
    page = desk.get(url, {"copy": WorkingCopy.objects.get().pk}).content.decode()
    assert "Typed and not saved." in page
    assert "No article yet." in page
