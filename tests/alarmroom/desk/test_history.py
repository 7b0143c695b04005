"""Revisions: one for each deliberate act, compared in words, brought back as a draft."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk import revisions
from alarmroom.desk.models import Revision, WorkingCopy
from newsletter.models import Issue
from posts.models import Post, RelatedPost
from tests.alarmroom.desk.test_two_people import opened, rows_of, sent
from tests.factories import (
    make_author,
    make_editor,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_tag,
)
from tests.posts.admin.desk import act, change, said

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/posts/post/{}/"


@pytest.fixture
def editor() -> User:
    return make_editor(first_name="Ruth", last_name="Halloran")


@pytest.fixture
def desk(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


def kinds(thing: Any) -> list[str]:
    return [str(each.kind) for each in Revision.objects.of(thing).newest_first()]


def save(desk: Client, post: Post, *, button: str = "_continue", **fields: Any) -> Any:
    """Open the form of an article as it is now, change fields, and press a button."""
    page = desk.get(change(post))
    shown = page.context["adminform"].form
    now = {name: shown[name].value() for name in ("title", "slug", "summary", "body")}
    held = opened(desk, change(post))
    moment = {}
    if post.published_at:
        local = timezone.localtime(post.published_at)
        moment = {"published_at_0": f"{local:%Y-%m-%d}", "published_at_1": f"{local:%H:%M:%S}"}
    return desk.post(change(post), {**sent(post, **now), **moment, **held, button: "", **fields})


def test_each_deliberate_save_is_a_revision_of_the_whole(desk: Client, editor: User) -> None:
    tag, other, cover = make_tag("Wellness"), make_post(), make_image()
    post = make_post(published_at=None, title="Before", body="<p>Old.</p>")
    rows = rows_of([{"related": other.pk, "position": 1}])
    answer = save(
        desk,
        post,
        title="After",
        tags=[tag.pk],
        cover=cover.pk,
        cover_alt="A console",
        _note="Numbers checked.",
        **rows,
    )
    assert answer.status_code == 302
    newest, found = Revision.objects.of(post).newest_first()
    assert (newest.by, newest.note, newest.kind) == (editor, "Numbers checked.", "saved")
    assert newest.content["fields"]["title"] == "After"
    assert newest.content["fields"]["tags"] == [tag.pk]
    assert newest.content["fields"]["cover"] == cover.pk
    assert newest.content["rows"] == {"related_to": [{"related": other.pk}]}
    assert (found.kind, found.content["fields"]["title"]) == ("found", "Before")


def test_a_save_that_changes_nothing_is_no_revision(desk: Client) -> None:
    post = make_post(published_at=None)
    save(desk, post, title="Changed")
    post.refresh_from_db()
    save(desk, post)
    assert kinds(post) == ["saved", "found"]


@pytest.mark.parametrize("kind", ["post", "page", "author", "resource", "issue"])
def test_a_note_is_typed_beside_the_form_and_stands_in_the_history(desk: Client, kind: str) -> None:
    """Also beside a text that has not changed, and after a crash."""
    make = {
        "post": lambda: make_post(published_at=None),
        "page": make_page,
        "author": make_author,
        "resource": make_resource,
        "issue": make_issue,
    }
    thing = make[kind]()
    where = f"admin:{thing._meta.app_label}_{thing._meta.model_name}"
    url = reverse(f"{where}_change", args=[thing.pk])
    assert 'name="_note" value=""' in desk.get(url).content.decode()
    typed = {"_tab": "tab-0123456789", "_number": "1", "_note": 'Seen by "legal" <b>'}
    desk.post(reverse(f"{where}_working_copy", args=[thing.pk]), typed)
    copy = WorkingCopy.objects.get()
    page = desk.get(url, {"copy": copy.pk}).content.decode()
    assert 'value="Seen by &quot;legal&quot; &lt;b&gt;"' in page
    if kind != "post":
        return
    save(desk, thing, _note="Seen by legal")
    save(desk, Post.objects.get(pk=thing.pk), _note="Seen twice")
    save(desk, Post.objects.get(pk=thing.pk))
    notes = Revision.objects.of(thing).newest_first().values_list("note", flat=True)
    assert list(notes)[:2] == ["Seen twice", "Seen by legal"]


def test_what_changed_the_object_past_the_desk_is_not_lost(desk: Client) -> None:
    post = make_post(published_at=None)
    save(desk, post, title="On the desk")
    Post.objects.filter(pk=post.pk).update(title="By a command")
    save(desk, Post.objects.get(pk=post.pk), title="On the desk again")
    titles = [each.content["fields"]["title"] for each in Revision.objects.of(post).newest_first()]
    assert titles[:2] == ["On the desk again", "By a command"]


def test_publishing_and_withdrawing_are_revisions(desk: Client) -> None:
    post = make_post(published_at=None)
    act(desk, "publish_now", post)
    act(desk, "withdraw", post)
    act(desk, "bring_back", post)
    act(desk, "back_to_draft", post)
    assert kinds(post)[:4] == ["saved", "published", "withdrawn", "published"]


def test_the_history_names_who_when_and_what(desk: Client) -> None:
    post = make_post(published_at=None, title="Before", body="<p>One.</p><p>Two calls came.</p>")
    body = "<p>One.</p><p>Three calls came.</p>"
    save(desk, post, title="After", body=body, _note="The shorter one")
    page = desk.get(ADDRESS.format(post.pk) + "history/").content.decode()
    assert "Ruth Halloran" in page
    assert "Title, text in 1 place" in page
    assert "The shorter one" in page


def test_a_comparison_shows_words_pictures_and_topics(desk: Client) -> None:
    tag, cover = make_tag("Wellness"), make_image()
    post = make_post(published_at=None, title="Building a center", body="<p>It was quiet.</p>")
    fields = {"tags": [tag.pk], "cover": cover.pk, "cover_alt": "A console"}
    save(desk, post, title="Running a center", body="<p>It was loud.</p>", **fields)
    newest, found = Revision.objects.of(post).newest_first()
    address = ADDRESS.format(post.pk) + f"compare/?from={found.pk}&to={newest.pk}"
    page = desk.get(address).content.decode()
    assert "<del>Building</del>" in page
    assert "<ins>Running</ins>" in page
    assert "<del>quiet</del>" in page
    assert "Wellness" in page
    assert 'class="thumbnail"' in page


def test_going_back_and_forwards_again_leaves_each_text_as_it_was(desk: Client) -> None:
    tag, other = make_tag(), make_post()
    post = make_post(published_at=None, title="First", tags=[tag])
    row = RelatedPost.objects.create(post=post, related=other, position=1)
    gone = {"id": row.pk, "post": post.pk, "related": other.pk, "position": 1, "DELETE": "on"}
    save(desk, post, title="Second", tags=[], **rows_of([gone]))
    second, first = Revision.objects.of(post).newest_first()[:2]
    restore = ADDRESS.format(post.pk) + "restore/"
    answer = desk.post(restore, {"revision": first.pk})
    assert answer.status_code == 302
    assert answer["Location"].endswith(change(post))
    post.refresh_from_db()
    assert (post.title, [*post.tags.all()]) == ("First", [tag])
    assert [row.related for row in post.related_to.all()] == [other]
    assert not post.is_published
    newest = Revision.objects.of(post).newest_first().first()
    assert newest and newest.kind == "restored" and "Brought back" in newest.note
    desk.post(restore, {"revision": second.pk, "note": "No, the other"})
    post.refresh_from_db()
    assert (post.title, [*post.tags.all()], post.related_to.count()) == ("Second", [], 0)


def test_a_published_article_is_restored_for_the_desk_only(desk: Client) -> None:
    post = make_post(title="Old")
    save(desk, post, button="_update", title="New")
    old = Revision.objects.of(post).get(kind="found")
    desk.post(ADDRESS.format(post.pk) + "restore/", {"revision": old.pk})
    post.refresh_from_db()
    assert post.title == "New"
    assert post.is_published
    assert desk.get(change(post)).context["adminform"].form["title"].value() == "Old"


def test_what_cannot_be_restored_is_shown_with_its_errors(desk: Client) -> None:
    post = make_post(published_at=None, title="First", slug="the-first")
    save(desk, post, title="Second", slug="second")
    make_post(slug="the-first")
    old = Revision.objects.of(post).get(kind="found")
    page = desk.post(ADDRESS.format(post.pk) + "restore/", {"revision": old.pk})
    assert page.status_code == 200
    assert "has this address already" in page.content.decode()
    assert f'action="{change(post)}"' in page.content.decode()
    post.refresh_from_db()
    assert post.title == "Second"


# A published article and changes that wait


def test_readers_see_the_published_text_until_it_is_updated(desk: Client, client: Client) -> None:
    post = make_post(title="As published", slug="as-published", body="<p>Old.</p>")
    other = make_tag("New topic")
    answer = save(desk, post, title="In work", body="<p>New.</p>", tags=[other.pk])
    assert answer.status_code == 302
    assert "until you press" in said(answer)
    history = desk.get(ADDRESS.format(post.pk) + "history/").content.decode()
    waiting, seen = history.index("Waits for “Update”"), history.index("What readers see now")
    assert waiting < history.index("As it was before") < seen
    page = client.get("/articles/as-published/").content.decode()
    assert "As published" in page and "In work" not in page
    form = desk.get(change(post)).context["adminform"].form
    assert form["title"].value() == "In work"
    assert [str(key) for key in form["tags"].value()] == [str(other.pk)]
    post.refresh_from_db()
    assert not post.tags.exists()
    # Days later, a word more, and then for the readers.
    save(desk, post, title="In work still")
    save(desk, post, button="_update", tags=[other.pk])
    post.refresh_from_db()
    assert (post.title, post.body, [*post.tags.all()]) == (
        "In work still",
        "<p>New.</p>",
        [other],
    )
    assert kinds(post)[0] == "updated"
    assert not Revision.objects.filter(waits=True).exists()


def test_changes_that_wait_are_dropped_and_stay_in_the_history(desk: Client) -> None:
    post = make_post(title="As published")
    save(desk, post, title="In work")
    desk.post(ADDRESS.format(post.pk) + "drop/")
    form = desk.get(change(post)).context["adminform"].form
    assert form["title"].value() == "As published"
    assert Revision.objects.of(post).filter(content__fields__title="In work").exists()


def test_a_withdrawn_article_with_waiting_changes_does_not_come_back(desk: Client) -> None:
    post = make_post(title="As published")
    save(desk, post, title="In work")
    act(desk, "withdraw", post)
    post.refresh_from_db()
    save(desk, post, title="In work")
    post.refresh_from_db()
    assert post.is_withdrawn
    assert post.title == "In work"


def test_two_people_on_changes_that_wait_are_merged(desk: Client) -> None:
    post = make_post(title="As published", summary="Dek")
    dele = Client()
    dele.force_login(make_editor(first_name="Dele"))
    held = opened(desk, change(post))
    save(dele, post, title="Dele’s title")
    answer = desk.post(change(post), {**sent(post, summary="Ruth’s dek"), **held, "_continue": ""})
    assert answer.status_code == 302
    post.refresh_from_db()
    waiting = Revision.objects.get(waits=True)
    fields = waiting.content["fields"]
    assert (fields["title"], fields["summary"]) == ("Dele’s title", "Ruth’s dek")
    assert (post.title, post.summary) == ("As published", "Dek")


# Who may, and what is kept


@pytest.mark.parametrize("what", ["history", "compare", "restore", "drop"])
def test_who_may_not_see_an_article_learns_nothing_of_its_history(
    client: Client, what: str
) -> None:
    post = make_post(published_at=None, title="Secret")
    client.force_login(make_editor("posts.view_page", "posts.change_page"))
    address = ADDRESS.format(post.pk) + f"{what}/"
    method = client.post if what in ("restore", "drop") else client.get
    assert method(address, {"revision": "1"}).status_code == 403
    missing = ADDRESS.format(10**6) + f"{what}/"
    assert method(missing, {"revision": "1"}).status_code == 403


def test_who_may_only_view_restores_nothing(desk: Client, client: Client) -> None:
    post = make_post(published_at=None, title="First")
    save(desk, post, title="Second")
    old = Revision.objects.of(post).get(kind="found")
    client.force_login(make_editor("posts.view_post"))
    compare = client.get(ADDRESS.format(post.pk) + f"compare/?from={old.pk}&to=now")
    assert compare.status_code == 200
    assert "Restore as draft" not in compare.content.decode()
    answer = client.post(ADDRESS.format(post.pk) + "restore/", {"revision": old.pk})
    assert answer.status_code == 403
    post.refresh_from_db()
    assert post.title == "Second"


def test_a_revision_of_another_object_is_not_found(desk: Client) -> None:
    post, other = make_post(published_at=None), make_post(published_at=None)
    save(desk, other, title="Other")
    strange = Revision.objects.of(other).newest_first()[0]
    for key in (strange.pk, "copy-1", "x", "-1", "9" * 30, "copy-", "²"):
        assert desk.get(ADDRESS.format(post.pk) + f"compare/?from={key}").status_code == 404
        assert desk.post(ADDRESS.format(post.pk) + "restore/", {"revision": key}).status_code == 404


def test_a_script_in_an_old_revision_is_cleaned_before_it_is_shown(desk: Client) -> None:
    post = make_post(published_at=None)
    save(desk, post, title="Now")
    old = Revision.objects.of(post).get(kind="found")
    old.content["fields"]["body"] = '<p onclick="x()">Old<script>alert(1)</script></p>'
    old.save()
    page = desk.get(ADDRESS.format(post.pk) + f"compare/?from={old.pk}&to=now").content.decode()
    assert "alert(1)" not in page
    assert "onclick" not in page
    desk.post(ADDRESS.format(post.pk) + "restore/", {"revision": old.pk})
    post.refresh_from_db()
    assert post.body == "<p>Old</p>"


def test_old_saves_are_thinned_and_what_was_published_stays(desk: Client) -> None:
    post = make_post(published_at=None)
    save(desk, post, title="Now")
    content = Revision.objects.of(post).newest_first()[0].content
    Revision.objects.all().delete()
    now = timezone.now().replace(hour=12)
    days = [0, 1, 10, 10.1, 20, 100, 101, 102, 200]
    for number, age in enumerate(days):
        at = now - timedelta(days=age)
        revisions.record(post, {**content, "number": number}, Revision.Kind.SAVED, at=at)
    published = revisions.record(
        post, content, Revision.Kind.PUBLISHED, at=now - timedelta(days=10.2)
    )
    revisions.thin(post, now)
    left = [each.content.get("number") for each in Revision.objects.of(post).newest_first()]
    assert left[:4] == [0, 1, 2, None]
    assert 3 not in left, "An earlier one of the same day"
    assert 4 in left and 8 in left
    assert len({5, 6, 7} & set(left)) <= 2, "One of each week"
    assert Revision.objects.filter(pk=published.pk).exists()


def test_an_issue_has_its_history_too(desk: Client) -> None:
    issue = make_issue()
    url = f"/admin/newsletter/issue/{issue.pk}/change/"
    held = opened(desk, url)
    data = {
        "number": issue.number,
        "subject": "Another subject",
        "preheader": "",
        "intro": "<p>Hello.</p>",
        "issue_posts-TOTAL_FORMS": 0,
        "issue_posts-INITIAL_FORMS": 0,
    }
    assert desk.post(url, {**data, **held}).status_code == 302
    page = desk.get(f"/admin/newsletter/issue/{issue.pk}/history/").content.decode()
    assert "Subject" in page
    old = Revision.objects.of(issue).get(kind="found")
    desk.post(f"/admin/newsletter/issue/{issue.pk}/restore/", {"revision": old.pk})
    assert Issue.objects.get().subject == "The week on the floor"
