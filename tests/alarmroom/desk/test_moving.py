"""Moving what is scheduled to another day: the hour stays; who comes too late changes nothing."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from alarmroom.desk import dates
from alarmroom.desk.models import Revision
from newsletter.models import Issue
from posts.models import Post, Review
from tests.factories import make_editor, make_issue, make_post

pytestmark = pytest.mark.django_db


def at(days: int, hour: int = 9) -> dt.datetime:
    day = timezone.localdate() + dt.timedelta(days=days)
    return dt.datetime.combine(day, dt.time(hour, 30), timezone.get_current_timezone())


def signed_in(*permissions: str) -> Client:
    client = Client()
    user = make_editor(*permissions)
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    return client


PASSWORD = "a long enough password"


def move(client: Client, thing: Any, seen: dt.datetime | str, day: Any, **more: str) -> Any:
    seen = seen if isinstance(seen, str) else seen.isoformat()
    data = {"seen": seen, "day": str(day)}
    if isinstance(thing, Issue):
        data["password"] = PASSWORD
    return client.post(address(thing), data | more, follow=True)


def address(thing: Any) -> str:
    kind = "newsletter/issue" if isinstance(thing, Issue) else "posts/post"
    return f"/admin/{kind}/{thing.pk}/move/"


def said(response: Any) -> str:
    return response.content.decode()


def date_of(post: Post) -> dt.datetime | None:
    return Post.objects.get(pk=post.pk).published_at


def make_scheduled(days: int = 3, **fields: Any) -> Issue:
    issue = make_issue(**fields)
    Issue.objects.filter(pk=issue.pk).update(state="scheduled", scheduled_for=at(days))
    return Issue.objects.get(pk=issue.pk)


@pytest.mark.postgresql
def test_an_article_moves_to_another_day_at_the_same_hour_and_its_history_says_so() -> None:
    client = signed_in()
    post = make_post(published_at=at(3))
    response = move(client, post, at(3), at(5).date())
    assert date_of(post) == at(5)
    key = f"posts.post-{post.pk}"
    assert response.redirect_chain[-1][0] == f"/admin/?moved={key}#coming-{key}"
    assert "is scheduled for" in said(response) and f'id="coming-{key}"' in said(response)
    newest = Revision.objects.of(post).newest_first()[0]
    assert newest.kind == Revision.Kind.SCHEDULED and newest.note.startswith("Moved from ")
    assert LogEntry.objects.get().change_message == newest.note
    # Saved again by a form that was opened before, it is not moved back in silence: the merge of
    # the state sees both (tests/alarmroom/desk/test_two_people.py).


def undo(client: Client, page: Any) -> Any:
    """Press Undo in the message of a page."""
    found = re.search(r'formaction="([^"]*)" name="back" value="([^"]*)"', said(page))
    assert found, "no Undo"
    return client.post(found[1], {"back": unescape(found[2])}, follow=True)


@pytest.mark.postgresql
def test_a_move_is_undone_unless_somebody_moved_it_again() -> None:
    client = signed_in()
    post = make_post(published_at=at(3))
    there = move(client, post, at(3), at(5).date())
    assert "is scheduled for" in said(undo(client, there)) and date_of(post) == at(3)
    there = move(client, post, at(3), at(5).date())
    Post.objects.filter(pk=post.pk).update(published_at=at(7))
    assert "Somebody moved it meanwhile" in said(undo(client, there))
    assert date_of(post) == at(7)
    for odd in ("", "x", "2026-12-01", f"9999-99-99 {at(7).isoformat()}", " "):
        assert client.post(address(post), {"back": odd}).status_code == 200
    assert date_of(post) == at(7)


def test_moving_an_issue_asks_for_the_password_as_sending_does() -> None:
    client = signed_in()
    issue = make_scheduled(6, posts=[make_post()])
    # What Home opens has the day filled in, and changes nothing.
    page = said(client.get(f"{address(issue)}?day={at(8).date()}"))
    assert f'value="{at(8).date()}"' in page and 'name="password"' in page
    for wrong in ("", "not this one"):
        answer = move(client, issue, at(6), at(8).date(), password=wrong)
        assert 'name="password"' in said(answer)
    assert client.post(address(issue), {"back": f"{at(8).date()} {at(6).isoformat()}"})
    assert Issue.objects.get(pk=issue.pk).scheduled_for == at(6)
    done = move(client, issue, at(6), at(8).date())
    assert Issue.objects.get(pk=issue.pk).scheduled_for == at(8)
    # The way back asks, too: what was confirmed is used up.
    assert f"?day={at(6).date()}" in said(done) and 'name="back"' not in said(done)
    assert 'name="password"' in said(client.get(address(issue)))
    # Whoever guesses is locked out, as at the sign-in.
    for _ in range(6):
        answer = move(client, issue, at(8), at(9).date(), password="a guess")
    assert answer.status_code == 429
    assert Issue.objects.get(pk=issue.pk).scheduled_for == at(8)


def test_a_wish_of_what_is_submitted_is_moved_on_home() -> None:
    writer = make_editor("posts.add_post", "posts.change_post")
    post = make_post(title="Good to Great", published_at=None, owner=writer)
    client = Client()
    client.force_login(writer)
    page = f"/admin/posts/post/{post.pk}/review/"
    for odd in ("soon", "2001-01-01", "9999-12-31"):
        client.post(page, {"act": "submit", "wished_for": odd})
    assert not Review.objects.exists()
    wished = at(8).date()
    client.post(page, {"act": "submit", "note": "", "wished_for": str(wished)})
    editor = signed_in("posts.change_post", "posts.change_any_post")
    seen = said(editor.get("/admin/"))
    assert f"wished for {dates.day(wished)}" in seen
    row = seen.split(f'id="coming-posts.wish-{post.pk}"')[0].rpartition("<li")[2]
    assert "In review" in row and f'data-day="{wished}"' in row
    # Either of them moves it; nothing is scheduled by that.
    for mover, before, after in ((editor, 8, 9), (client, 9, 20)):
        end = at(before).replace(hour=23, minute=59).isoformat()
        there = mover.post(f"{page}move/", {"seen": end, "day": str(at(after).date())}, follow=True)
        assert "is wished for" in said(there)
        assert Review.objects.get().wished_for == at(after).date()
    late = editor.post(f"{page}move/", {"seen": end, "day": str(at(11).date())}, follow=True)
    assert "Somebody moved it meanwhile" in said(late)
    undo(client, there)
    assert Review.objects.get().wished_for == at(9).date() and date_of(post) is None
    # Nobody else learns of it.
    stranger = signed_in("posts.add_post", "posts.change_post")
    assert stranger.get(f"{page}move/").status_code == 403
    assert "Good to Great" not in said(stranger.get("/admin/"))
    # Decided meanwhile: it is no wish any more.
    Review.objects.update(verdict="approved", decided_at=timezone.now())
    assert "not wished any more" in said(editor.get(f"{page}move/", follow=True))
    assert "coming-posts.wish" not in said(editor.get("/admin/"))


@pytest.mark.postgresql
def test_an_issue_moves_only_where_it_could_be_sent() -> None:
    client = signed_in()
    later = make_post(title="Comes late", published_at=at(4))
    issue = make_scheduled(6, posts=[later])
    move(client, issue, at(6), at(8).date())
    assert Issue.objects.get(pk=issue.pk).scheduled_for == at(8)
    answer = move(client, issue, at(8), at(2).date())
    assert "“Comes late” is only published on" in said(answer)
    assert Issue.objects.get(pk=issue.pk).scheduled_for == at(8)


def test_a_move_that_comes_too_late_changes_nothing_and_says_so() -> None:
    client = signed_in()
    post, issue = make_post(published_at=at(3)), make_scheduled(3)
    # Somebody moved both.
    Post.objects.filter(pk=post.pk).update(published_at=at(4))
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=at(4))
    for thing in (post, issue):
        assert "Somebody moved it meanwhile" in said(move(client, thing, at(3), at(9).date()))
    # Published, or sent, meanwhile; or a draft again.
    now = timezone.now()
    Post.objects.filter(pk=post.pk).update(published_at=now)
    Issue.objects.filter(pk=issue.pk).update(state="sending", started_at=now)
    for thing in (post, issue):
        assert "not scheduled any more" in said(move(client, thing, at(4), at(9).date()))
    assert date_of(post) == now
    Post.objects.filter(pk=post.pk).update(published_at=None)
    Issue.objects.filter(pk=issue.pk).update(state="draft", scheduled_for=None, started_at=None)
    for thing in (post, issue):
        assert "not scheduled any more" in said(move(client, thing, at(4), at(9).date()))
    assert date_of(post) is None
    assert not LogEntry.objects.exists()


def test_published_between_the_page_and_its_lock_it_stays(monkeypatch: Any) -> None:
    client = signed_in()
    post = make_post(published_at=at(3))
    from posts.admin.articles import PostAdmin

    before = PostAdmin.move

    def late(self: Any, request: Any, pk: int, *moments: Any) -> None:
        Post.objects.filter(pk=pk).update(published_at=timezone.now())
        before(self, request, pk, *moments)

    monkeypatch.setattr(PostAdmin, "move", late)
    assert "It went out meanwhile" in said(move(client, post, at(3), at(9).date()))
    assert (date_of(post) or at(9)) < timezone.now()


@pytest.mark.parametrize(
    ("seen", "day", "words"),
    [
        (None, at(-1).date(), "That moment has passed"),
        (None, "2126-01-01", "five years away"),
        (None, "soon", "Enter a valid date"),
        (None, "", "required"),
        (None, "9999-12-31", "five years away"),
        (None, "0001-01-01", "That moment has passed"),
        ("yesterday", at(4).date(), "Open the page again"),
        ("2026-11-30T09:30:00", at(4).date(), "Open the page again"),
        ("", at(4).date(), "required"),
    ],
)
def test_odd_days_are_refused(seen: str | None, day: Any, words: str) -> None:
    post = make_post(published_at=at(3))
    answer = move(signed_in(), post, at(3) if seen is None else seen, day)
    assert answer.status_code == 200 and words in said(answer)
    assert date_of(post) == at(3)


def test_only_who_may_publish_it_moves_it() -> None:
    writer = make_editor("posts.change_post", "posts.publish_post")
    mine, other = make_post(published_at=at(3), owner=writer), make_post(published_at=at(3))
    client = Client()
    client.force_login(writer)
    assert move(client, other, at(3), at(5).date()).status_code == 403
    assert move(client, mine, at(3), at(5).date()).status_code == 200
    assert (date_of(mine), date_of(other)) == (at(5), at(3))
    editor = signed_in("posts.change_post", "posts.change_any_post", "newsletter.change_issue")
    issue = make_scheduled(3)
    for thing in (mine, issue):
        assert move(editor, thing, at(3), at(6).date()).status_code == 403
        assert editor.get(address(thing)).status_code == 403
    page = editor.get("/admin/").content.decode()
    assert "Coming up" in page and "Move…" not in page.partition("<dialog")[0]


def test_looking_at_the_page_moves_nothing() -> None:
    post = make_post(published_at=at(3))
    page = signed_in().get(f"{address(post)}?day={at(5).date()}&seen={at(3).isoformat()}")
    assert page.status_code == 200 and date_of(post) == at(3)


def test_the_hour_stays_when_the_clocks_change(settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    from alarmroom.desk import moving

    zone = timezone.get_current_timezone()
    year = timezone.localdate().year + 1
    before = dt.datetime(year, 3, 1, 9, 30, tzinfo=zone)
    moved = timezone.localtime(moving.on_day(before, dt.date(year, 4, 1)))
    assert (moved.hour, moved.minute) == (9, 30)
    # 02:30 does not exist on the day on which summer time begins.
    spring = next(
        day for day in (dt.date(year, 3, number) for number in range(8, 15)) if day.weekday() == 6
    )
    night = dt.datetime(year, 3, 1, 2, 30, tzinfo=zone)
    moved = timezone.localtime(moving.on_day(night, spring))
    assert (moved.date(), moved.hour, moved.minute) == (spring, 3, 30)
