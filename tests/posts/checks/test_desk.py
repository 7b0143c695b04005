"""Checks on the desk: beside the text, and before readers see it, by every way and role."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from alarmroom.desk.models import Revision, WorkingCopy
from posts.models import Post, Spelling
from tests.factories import make_editor, make_image, make_post, make_tag
from tests.posts.admin.desk import ADD, act, change, errors, form, said, when

pytestmark = pytest.mark.django_db

MAY = (
    *("posts.view_post", "posts.add_post", "posts.change_post"),
    *("posts.change_any_post", "posts.publish_post"),
)
REASON = "The sheriff’s office asked for it by noon."
TK = "<p>The standard has TK pages.</p>"
NEW = "/admin/posts/post/add/checks/"


def of(post: Post) -> str:
    return f"/admin/posts/post/{post.pk}/checks/"


def signed_in(*permissions: str) -> Client:
    client = Client()
    client.force_login(make_editor(*permissions))
    return client


@pytest.fixture
def editor() -> Client:
    return signed_in(*MAY)


@pytest.fixture
def publisher() -> Client:
    return signed_in(*MAY, "posts.override_checks")


# Beside the text


def test_the_list_names_what_is_typed_and_not_what_is_stored(editor: Client) -> None:
    post = make_post(body=TK)
    page = editor.post(of(post), form(body="<p>See <a href='/about'>here</a> [NAME].</p>"))
    text = page.content.decode()
    assert page.status_code == 200
    assert "TK" not in text
    assert "A link is called “here”." in text
    assert 'data-text="here"' in text
    assert "“[NAME]” waits to be filled in." in text
    assert 'data-line="1 to fix, 4 to look at"' in text
    assert Post.objects.get().body == TK
    assert not Revision.objects.exists()
    assert not WorkingCopy.objects.exists()


def test_a_new_article_is_checked_before_its_first_save(editor: Client) -> None:
    text = editor.post(NEW, form(title="", author="", body="")).content.decode()
    for message in ("Give the article a title.", "Choose whose article it is.", "Write the text."):
        assert message in text
    assert not Post.objects.exists()


def test_a_page_that_is_empty_is_not_called_wrong(editor: Client) -> None:
    text = editor.post(NEW, form(title="", summary=" ", author="", body="")).content.decode()
    assert 'data-line=""' in text and "listed here while you write" in text
    assert "Give the article a title." not in text
    text = editor.post(NEW, form(title="", summary="", author="", body="<p>W</p>")).content.decode()
    assert "Give the article a title." in text


def test_scripts_in_a_text_are_shown_as_text(editor: Client) -> None:
    attack = '"><script>alert(1)</script>'
    Spelling.objects.create(wrong="script", right=attack[:80])
    given = form(
        title=f"TK {attack}",
        body=f"<p>[add {attack.replace('<', '&lt;')}] <a href='/x\"onclick=alert(1)'>here</a></p>"
        f"<p><img src='https://x.example/\"onerror=alert(1)' alt=''></p>",
        slug='"><script>',
    )
    text = editor.post(NEW, given).content.decode()
    assert "<script" not in text
    assert "alert(1)" in text
    assert ' onerror="' not in text and '"onerror' not in text and '"onclick' not in text


@pytest.mark.parametrize(
    "odd",
    [
        {"cover": "x"},
        {"cover": "9" * 30},
        {"cover": "²"},
        {"published_at_0": "x", "published_at_1": "y"},
        {"related_to-TOTAL_FORMS": "x"},
        {"related_to-TOTAL_FORMS": "999999999"},
        {"body": "\x00<p>\ud800".encode("utf-8", "replace").decode()},
        {"slug": "../../" * 100},
        {"title": "a" * 100_000},
    ],
)
def test_odd_values_are_answered(editor: Client, odd: dict[str, str]) -> None:
    assert editor.post(NEW, form(**odd)).status_code == 200
    assert editor.post(NEW, odd).status_code == 200


def test_whoever_may_not_change_an_article_gets_no_answer(client: Client) -> None:
    post = make_post(body=TK)
    there, nowhere = of(post), "/admin/posts/post/987654/checks/"
    assert client.post(there).status_code == 302
    viewer = signed_in("posts.view_post")
    # An article that is there, and one that is not, are refused alike.
    assert viewer.post(there, form()).status_code == 403
    assert viewer.post(nowhere, form()).status_code == 403
    assert viewer.post(NEW, form()).status_code == 403
    writer = signed_in("posts.change_post", "posts.change_any_post")
    assert writer.post(there, form()).status_code == 200
    assert writer.post(nowhere, form()).status_code == 404
    assert writer.post(NEW, form()).status_code == 403


def test_a_get_is_refused_and_a_token_is_needed(editor: Client) -> None:
    post = make_post()
    assert editor.get(of(post)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_editor())
    assert strict.post(of(post), form()).status_code == 403


def test_at_most_eight_queries(
    editor: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    post = make_post()
    given = form(
        [{"related": make_post().pk, "position": n} for n in range(5)],
        cover=make_image(60, 40).pk,
        tags=[make_tag().pk for _ in range(5)],
        body="<p>"
        + "".join(
            f'<a href="{href}">x y</a>'
            for href in (
                "/articles/a/",
                "/tags/b/",
                "/authors/c/",
                "/d/",
                "/weekly-alarm/1/",
                "https://a.example/",
            )
        )
        + "</p>",
    )
    with django_assert_max_num_queries(8):
        text = editor.post(of(post), given).content.decode()
    assert "To fix before publishing" in text
    assert "The cover is 60 pixels wide." in text


def test_a_text_that_is_too_long_to_keep_is_not_checked(editor: Client) -> None:
    answer = editor.post(NEW, form(body="a" * 2_500_001))
    assert answer.status_code == 413
    assert "characters long" in answer.content.decode()


# Before readers see it


def publish(client: Client, post: Post | None, way: str, **fields: Any) -> HttpResponse:
    """Try to give an article to readers in one of the ways of the form."""
    sent: dict[str, Any] = {"body": TK, **fields}
    if way == "publish":
        sent["_publish"] = "Publish now"
    elif way == "date":
        sent |= when(timezone.now() - timedelta(days=2))
    elif way == "schedule":
        sent |= when(timezone.now() + timedelta(days=2))
    elif way == "update":
        assert post and post.published_at
        sent |= {"_update": "1", **when(post.published_at)}
    if post:
        sent["slug"] = post.slug
    return client.post(change(post) if post else ADD, form(**sent))


WAYS = ["publish", "date", "schedule"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_new", [True, False])
def test_an_error_stops_each_way_of_the_form(editor: Client, way: str, is_new: bool) -> None:
    post = None if is_new else make_post(published_at=None)
    response = publish(editor, post, way, _override_reason=REASON)
    assert errors(response) == {
        "body": ["Paragraph 1: “TK” is still in the text. Fill in what was to come."]
    }
    assert "The standard has TK pages." in response.content.decode()
    assert "_override_reason" not in response.content.decode()
    assert not Post.objects.exclude(published_at=None).exists()


def test_an_error_stops_an_update_and_not_a_change_that_waits(editor: Client) -> None:
    post = make_post()
    assert "body" in errors(publish(editor, post, "update"))
    assert Post.objects.get().body == "<p>Answer the call.</p>"
    kept = form(body=TK, slug=post.slug, _continue="", **when(post.published_at))
    assert editor.post(change(post), kept).status_code == 302
    assert Post.objects.get().body == "<p>Answer the call.</p>"
    assert Revision.objects.get(waits=True).content["fields"]["body"] == TK


def test_a_plain_save_of_a_scheduled_article_is_stopped(editor: Client) -> None:
    post = make_post(published_at=timezone.now() + timedelta(days=2))
    sent = form(body=TK, slug=post.slug, _save="Save", **when(post.published_at))
    assert "body" in errors(editor.post(change(post), sent))


def test_a_draft_is_saved_with_any_error(editor: Client) -> None:
    assert editor.post(ADD, form(body=TK, _save="")).status_code == 302
    assert Post.objects.get().body == TK


def test_each_error_is_said_at_its_field(editor: Client) -> None:
    cover = make_image(60, 40)
    sent = form(
        title="TK",
        summary="Lorem ipsum",
        body="<p>Fine.</p><p><a href='/articles/none/'>This one</a></p><p>[NAME]</p>",
        cover=cover.pk,
        cover_alt="img_1234.jpg",
        _publish="1",
    )
    found = errors(editor.post(ADD, sent))
    assert sorted(found) == ["body", "cover_alt", "summary", "title"]
    assert [text.partition(":")[0] for text in found["body"]] == ["Paragraph 3", "Paragraph 2"]


def test_warnings_stop_nothing(editor: Client) -> None:
    sent = form(
        title="A title that is far too long for any list of search results to show all of it",
        body="<h4>Deep</h4><p><strong>Bold</strong></p><p><a href='/topics/'>here</a></p>",
        _publish="1",
    )
    assert editor.post(ADD, sent).status_code == 302
    assert Post.objects.published().exists()


# Overriding


@pytest.mark.parametrize("way", WAYS)
def test_a_publisher_is_asked_for_a_reason_and_goes_on_with_one(
    publisher: Client, way: str
) -> None:
    response = publish(publisher, None, way)
    assert "body" in errors(response)
    assert 'name="_override_reason"' in response.content.decode()
    response = publish(publisher, None, way, _override_reason=" too short ")
    assert "9 of 10 characters" in errors(response)["_override_reason"][0]
    assert not Post.objects.exists()
    assert publish(publisher, None, way, _override_reason=REASON).status_code == 302
    post = Post.objects.get()
    assert post.published_at is not None
    revision = Revision.objects.of(post).newest_first()[0]
    assert revision.note == f"Published in spite of checks: {REASON}"
    assert revision.by == LogEntry.objects.first().user
    logged = [entry.get_change_message() for entry in LogEntry.objects.all()]
    assert f"Published in spite of checks: {REASON} (“TK” is still in the text.)" in logged


@pytest.mark.parametrize(
    ("way", "verb", "button"),
    [
        ("publish", "Publish", "_publish"),
        ("date", "Publish", "_save"),
        ("schedule", "Schedule", "_save"),
        ("update", "Update", "_update"),
    ],
)
def test_the_question_names_the_act_and_shows_the_words_of_each_error(
    publisher: Client, way: str, verb: str, button: str
) -> None:
    post = make_post() if way == "update" else None
    body = f"<p>{'Calls wait. ' * 9}It has TK &lt;b&gt; pages{', and on' * 20}.</p>"
    page = publish(publisher, post, way, body=body, _save="").content.decode()
    assert f"{verb} in spite of 1 check?" in page
    assert f'name="{button}" value="1" data-override-do>{verb} in spite of this<' in page
    assert "“…wait. Calls wait. Calls wait. It has <mark>TK</mark> &lt;b&gt; pages, and on" in page
    assert "…”</p>" in page


def test_the_question_is_asked_only_where_a_reason_is_enough(publisher: Client) -> None:
    for wrong in ({"title": " "}, {"slug": "not a slug"}, {"cover": "999999"}):
        page = publish(publisher, None, "publish", **wrong).content.decode()
        assert "data-problems" in page
        assert "data-override" not in page


def test_who_may_not_override_is_told_what_to_do(editor: Client) -> None:
    page = publish(editor, None, "publish").content.decode()
    assert "The checks stop it from being published." in page
    assert "data-override" not in page
    assert "The checks stop" not in publish(editor, None, "publish", body="").content.decode()


def test_an_update_is_overridden_once_and_asks_again(publisher: Client) -> None:
    post = make_post()
    assert publish(publisher, post, "update", _override_reason=REASON).status_code == 302
    assert Post.objects.get().body == TK
    assert "body" in errors(publish(publisher, Post.objects.get(), "update", title="Other"))


def test_a_reason_without_an_error_is_not_noted(publisher: Client) -> None:
    publish(publisher, None, "publish", body="<p>Fine.</p>", _override_reason=REASON)
    assert not Revision.objects.exclude(note="").exists()
    assert "in spite" not in str([entry.change_message for entry in LogEntry.objects.all()])


def test_what_the_database_refuses_is_overridden_by_nobody(publisher: Client) -> None:
    cover = make_image(60, 40)
    sent = {"title": " ", "summary": "", "cover": cover.pk, "cover_alt": ""}
    found = errors(publish(publisher, None, "publish", **sent, _override_reason=REASON))
    assert {"title", "summary", "cover_alt"} <= set(found)
    assert not Post.objects.exists()


def test_a_long_reason_fits_into_the_note(publisher: Client) -> None:
    refused = publish(publisher, None, "publish", _override_reason="w" * 241)
    assert "at most 240" in errors(refused)["_override_reason"][0]
    assert "w" * 241 in refused.content.decode()
    publish(publisher, None, "publish", _override_reason="w" * 240)
    assert Revision.objects.get().note.endswith("w" * 240)


# From the list


def drafts() -> tuple[Post, Post]:
    good = make_post(title="Good", published_at=None)
    return good, make_post(title="Bad", published_at=None, body=TK)


def test_the_action_publishes_what_has_no_error(editor: Client) -> None:
    told = said(act(editor, "publish_now", *drafts()))
    assert "“Bad” was not published. Paragraph 1: “TK” is still in the text." in told
    assert "1 article published." in told
    assert [post.title for post in Post.objects.published()] == ["Good"]


def test_the_action_asks_a_publisher_for_a_reason(publisher: Client) -> None:
    good, bad = drafts()
    page = act(publisher, "publish_now", good, bad)
    assert page.status_code == 200
    text = page.content.decode()
    assert "Publish in spite of checks?" in text and "“TK” is still in the text." in text
    assert [post.title for post in Post.objects.published()] == ["Good"]
    sent = {"action": "publish_now", "_selected_action": [bad.pk], "_override_reason": "short"}
    page = publisher.post("/admin/posts/post/", sent)
    assert "5 of 10 characters" in page.content.decode()
    assert not Post.objects.get(pk=bad.pk).is_published
    publisher.post("/admin/posts/post/", {**sent, "_override_reason": REASON})
    assert Post.objects.get(pk=bad.pk).is_published
    [revision] = Revision.objects.of(bad).filter(kind=Revision.Kind.PUBLISHED)
    assert revision.note == f"Published in spite of checks: {REASON}"
    logged = LogEntry.objects.filter(object_id=str(bad.pk))
    assert REASON in logged.get().get_change_message()


def test_a_reason_is_nothing_without_the_permission(editor: Client) -> None:
    _, bad = drafts()
    sent = {"action": "publish_now", "_selected_action": [bad.pk], "_override_reason": REASON}
    response = editor.post("/admin/posts/post/", sent)
    assert "was not published" in said(response)
    assert not Post.objects.get(pk=bad.pk).is_published


def test_the_permission_alone_publishes_nothing() -> None:
    _, bad = drafts()
    client = signed_in("posts.view_post", "posts.override_checks")
    sent = {"action": "publish_now", "_selected_action": [bad.pk], "_override_reason": REASON}
    client.post("/admin/posts/post/", sent)
    assert publish(client, bad, "publish", _override_reason=REASON).status_code == 403
    assert not Post.objects.get(pk=bad.pk).is_published


def test_bringing_back_is_publishing(editor: Client, publisher: Client) -> None:
    post = make_post(title="Bad", body=TK)
    Post.objects.withdraw()
    assert "“Bad” was not brought back." in said(act(editor, "bring_back", post))
    assert Post.objects.withdrawn().exists()
    sent = {"action": "bring_back", "_selected_action": [post.pk], "_override_reason": REASON}
    publisher.post("/admin/posts/post/", sent)
    assert Post.objects.get().is_published


def test_publishing_again_what_came_from_the_bin_is_publishing(
    editor: Client, publisher: Client
) -> None:
    post = make_post(title="Bad", body=TK)
    before = post.published_at
    Post.objects.update(published_at=None, was_published_at=before)
    address = f"/admin/posts/post/{post.pk}/publish-again/"
    assert "“Bad” was not published." in said(editor.post(address))
    page = publisher.post(address).content.decode()
    assert f'action="{address}"' in page
    assert not Post.objects.published().exists()
    publisher.post(address, {"_override_reason": REASON})
    assert Post.objects.get().published_at == before
    assert Revision.objects.of(post).newest_first()[0].note.endswith(REASON)


def test_a_script_in_a_title_is_text_on_the_page_that_asks(publisher: Client) -> None:
    bad = make_post(title="<script>alert(1)</script>", published_at=None, body=TK)
    text = act(publisher, "publish_now", bad).content.decode()
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text


def test_the_action_takes_the_same_queries_for_many(
    editor: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    bad = [make_post(published_at=None, body=TK, title=f"Bad {n}") for n in range(30)]
    # Two requests: the page that says what will happen, and its button.
    with django_assert_max_num_queries(45):
        act(editor, "publish_now", *bad)
