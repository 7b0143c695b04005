"""Home: counted from its parts, the same number of queries whatever the size, nothing forbidden."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from alarmroom.desk import copies
from alarmroom.desk.models import WorkingCopy
from alarmroom.facts import facts
from newsletter.models import Delivery, Issue
from posts.models import Post, Review
from posts.models.check_result import CheckResult
from posts.models.comment import Comment
from subscribers import growth, signup
from subscribers.models import ConsentEvent, Notice
from tests.factories import make_editor, make_issue, make_pending, make_post, make_subscriber

pytestmark = pytest.mark.django_db

NOW = timezone.now


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def home(user: User) -> str:
    page = signed_in(user).get("/admin/").content.decode()
    return page[page.index("<main") : page.index("</main>")]


def headline(page: str) -> str:
    return re.findall(r"<h1>([^<]*)</h1>", page)[0]


def make_publication(size: int) -> None:
    """So many of everything that Home looks at."""
    for number in range(size):
        failing = make_post(title=f"Fails {number}")
        CheckResult.objects.create(post=failing, checked_at=NOW(), errors=2, first="A dead link.")
        make_post(title=f"Soon {number}", published_at=NOW() + dt.timedelta(days=1 + number))
        issue = make_issue(posts=[failing], subject=f"Issue {number}")
        reader = make_subscriber()
        Issue.objects.filter(pk=issue.pk).update(
            state="sent", started_at=NOW(), sent_at=NOW(), recipients=1
        )
        Delivery.objects.create(
            issue=issue, subscriber=reader, state="uncertain", due_at=NOW(), changed_at=NOW()
        )
        Notice.objects.create(subscriber=reader, kind="welcome", state="failed")
        ConsentEvent.objects.create(subscriber=reader, address=reader.address, kind="confirmed")
    Issue.objects.filter(state="draft").update(state="cancelled")
    make_issue(subject="The next", posts=[make_post(title=f"In it {n}") for n in range(size)])


@pytest.mark.postgresql
def test_home_takes_no_more_queries_however_much_there_is(
    django_assert_max_num_queries: Any,
) -> None:
    publisher = User.objects.create(username="publisher", is_staff=True)
    publisher.groups.add(Group.objects.get(name="Administrator"))
    client = signed_in(publisher)
    make_post(title="Mine", published_at=None, owner=publisher)
    for size in (1, 9):
        make_publication(size)
        client.get("/admin/")  # content types are looked up once in a process
        with django_assert_max_num_queries(15):
            page = client.get("/admin/").content.decode()
    for words in ("Continue:", "Fails 0", "Soon 3", "The next issue", "The last issue", "in doubt"):
        assert words in page, words


def test_the_headline_is_counted_from_the_parts() -> None:
    editor = make_editor()
    assert headline(home(editor)) == "Nothing needs you, and no issue is begun."
    CheckResult.objects.create(post=make_post(), checked_at=NOW(), errors=1, first="No words.")
    Issue.objects.filter(state="draft").update(state="cancelled")
    make_issue(subject="The next", posts=[make_post() for _ in range(3)])
    assert headline(home(editor)) == "One thing needs you, and No. 1 is half full."
    Notice.objects.create(subscriber=make_subscriber(), kind="welcome", state="failed")
    assert headline(home(editor)) == "Two things need you, and No. 1 is half full."


def test_a_new_desk_says_what_to_do_first() -> None:
    page = home(make_editor())
    for words in ("Write an article", "Compose the next issue", "Nobody has signed up yet"):
        assert words in page
    assert "The last issue" not in page


@pytest.mark.parametrize(
    ("permissions", "seen"),
    [
        ([], set()),
        (["posts.add_post"], {"Write an article"}),
        (["posts.view_post"], {"Soon 0"}),
        (["posts.change_post"], {"Coming up"}),
        (["posts.change_post", "posts.change_any_post"], {"Look and fix", "Soon 0"}),
        (["newsletter.view_issue"], {"The next issue", "The last issue", "Coming up"}),
        (
            ["newsletter.view_issue", "newsletter.send_issue"],
            {"The next issue", "The last issue", "in doubt</p>", "Coming up"},
        ),
        (["subscribers.view_subscriber"], {">Readers<"}),
        # A notice names a reader.
        (["subscribers.view_notice"], set()),
        (
            ["subscribers.view_notice", "subscribers.view_subscriber"],
            {"mail to readers", ">Readers<"},
        ),
    ],
)
def test_each_account_sees_what_it_may(permissions: list[str], seen: set[str]) -> None:
    make_publication(1)
    every = {
        *(
            "Write an article",
            "Compose",
            "Look and fix",
            "Soon 0",
            "The next issue",
            "The last issue",
        ),
        *("in doubt</p>", ">Readers<", "mail to readers", "Coming up"),
    }
    user = make_editor(*(permissions or ["auth.view_group"]))
    page = home(user)
    shown = {words for words in every if words in page}
    if "Soon 0" in shown:
        seen = seen | {"Coming up"}
    assert shown == seen


def test_a_writer_sees_dates_and_findings_of_articles_of_its_own_only() -> None:
    writer = make_editor("posts.change_post", "posts.publish_post")
    for owner, title in ((writer, "Mine"), (None, "Of another")):
        post = make_post(title=f"{title}, failing", owner=owner)
        CheckResult.objects.create(post=post, checked_at=NOW(), errors=1, first="A dead link.")
        make_post(title=f"{title}, soon", owner=owner, published_at=NOW() + dt.timedelta(days=2))
        make_post(title=f"{title}, begun", owner=owner, published_at=None)
    page = home(writer)
    assert "Mine, failing" in page and "Mine, soon" in page and "Mine, begun" in page
    assert "Of another" not in page


def test_continue_leads_to_what_was_typed_last() -> None:
    editor = make_editor()
    saved = make_post(title="Saved yesterday", published_at=None, owner=editor)
    Post.objects.filter(pk=saved.pk).update(updated_at=NOW() - dt.timedelta(days=1))
    assert "Saved yesterday" in home(editor)
    other = make_post(title="Typed just now")
    copies.keep(Post, other.pk, editor, "tab", number=1, data=[["title", "x"]], base="")
    page = home(editor)
    assert "Typed just now" in page and f"/admin/posts/post/{other.pk}/change/" in page
    # What was set aside, or saved, is not gone on with; nor what is in the bin by now.
    WorkingCopy.objects.update(set_aside_at=NOW())
    copies.keep(Post, 987654, editor, "gone", number=1, data=[], base="")
    assert "Saved yesterday" in home(editor) and "<cite>Typed just now" not in home(editor)
    new = copies.keep(Post, 0, editor, "new", number=1, data=[["title", " "]], base="")
    page = home(editor)
    assert "an article without a title" in page
    # One click leads to the very words.
    assert f"/admin/posts/post/add/?copy={new.pk}" in page
    copies.keep(Post, 0, editor, "new", number=2, data=[["title", "Half a thought"]], base="")
    assert "Half a thought" in home(editor)
    assert "Continue" not in home(make_editor())


def test_a_comment_that_names_me_needs_me_until_it_is_resolved() -> None:
    editor, post = make_editor(first_name="Ruth"), make_post(title="Is this so?")
    comment = Comment.objects.create(post=post, by=make_editor(first_name="Dele"), text="60 <b>?")
    comment.named.add(editor)
    page = home(editor)
    assert "Dele names you in a comment" in page and "60 &lt;b&gt;?" in page
    assert "names you" not in home(make_editor())
    # Named, and not allowed to see the article.
    stranger = make_editor("posts.change_post")
    comment.named.add(stranger)
    assert "Is this so?" not in home(stranger)
    Comment.objects.update(resolved_at=NOW())
    assert "names you" not in home(editor)


def test_what_another_submitted_waits_for_who_decides() -> None:
    writer = make_editor("posts.add_post", "posts.change_post", first_name="Dele")
    post = make_post(title="Decide on me", published_at=None, owner=writer)
    Review.objects.create(post=post, submitted_by=writer, note="Look at the figures.")
    page = home(make_editor("posts.change_post", "posts.change_any_post"))
    assert "Submitted by Dele" in page and f"/admin/posts/post/{post.pk}/review/" in page
    assert "Waiting for your decision" not in home(writer)
    Review.objects.update(verdict="approved", decided_at=NOW())
    assert "Waiting for your decision" not in home(make_editor())


def test_what_another_typed_is_not_mine_to_continue() -> None:
    post = make_post(title="Hers", published_at=None)
    copies.keep(Post, post.pk, make_editor(), "tab", number=1, data=[], base="")
    assert "Hers" not in home(make_editor())


def test_a_paused_issue_names_no_reader_to_who_may_see_none() -> None:
    issue = make_issue()
    note = "550 <ruth@example.org>: no such user"
    Issue.objects.filter(pk=issue.pk).update(state="paused", started_at=NOW(), state_note=note)
    sender = make_editor("newsletter.view_issue", "newsletter.send_issue")
    assert "An issue is paused" in home(sender) and "ruth@" not in home(sender)
    assert "ruth@" in home(make_editor())


@pytest.mark.postgresql
def test_readers_are_counted_week_by_week() -> None:
    reader = make_pending("ann@example.org")
    assert signup.confirm(reader)
    assert signup.unsubscribe(make_subscriber("leaves@example.org"), where="a test")
    found = growth.weeks()
    assert len(found) == 12
    assert (found[-1].gained, found[-1].lost) == (1, 1)
    assert [week.gained + week.lost for week in found[:-1]] == [0] * 11
    # A week begins on Monday in the site's time zone, whatever the day in UTC.
    monday = dt.datetime.combine(found[4].start, dt.time(), timezone.get_current_timezone())
    for at in (monday, monday - dt.timedelta(seconds=1)):
        ConsentEvent.objects.create(address="late@example.org", kind="confirmed", at=at)
    assert [found.gained for found in growth.weeks()[3:5]] == [1, 1]


def test_the_chart_stays_in_its_frame_and_its_table_says_the_same() -> None:
    weeks = [growth.Week(dt.date(2026, 9, 7), number * 900, number * 700) for number in range(12)]
    for bar in growth.chart(weeks).bars:
        assert bar.top >= 0 and bar.top + bar.up <= 92.1 and bar.down <= 26
    assert growth.chart([growth.Week(dt.date(2026, 9, 7), 0, 0)] * 12).bars[3].up == 0
    page = home(make_editor())
    make_subscriber()
    assert home(make_editor()).count('<th scope="row">') == 12 > page.count('<th scope="row">')


def test_the_list_shows_what_was_moved_however_far_it_went() -> None:
    for number in range(20):
        make_post(title=f"Soon {number:02}", published_at=NOW() + dt.timedelta(days=1 + number))
    client = signed_in(make_editor())
    last = Post.objects.get(title="Soon 19")
    assert f"coming-posts.post-{last.pk}" not in client.get("/admin/").content.decode()
    page = client.get(f"/admin/?moved=posts.post-{last.pk}").content.decode()
    assert f'id="coming-posts.post-{last.pk}"' in page and "Soon 18</a>" not in page


def test_a_day_leads_to_what_stands_on_it_and_the_next_issue_has_its_day() -> None:
    issue = make_issue(subject="The next")
    page = home(make_editor())
    day = timezone.localdate(facts().next_issue_at())
    cell = page.split(f'data-day="{day}"')[1].split("</td>")[0]
    assert f'href="#coming-newsletter.issue-{issue.pk}"' in cell and "data-moves" not in cell
    row = page.split(f'id="coming-newsletter.issue-{issue.pk}"')
    assert "Not scheduled yet" in row[0] and "Schedule…</a>" in row[1]
    assert f"/admin/newsletter/issue/{issue.pk}/send/" in row[0][-200:]
    assert "Schedule…" not in home(make_editor("newsletter.view_issue"))


def test_the_calendar_marks_the_day_in_the_sites_time_zone() -> None:
    zone = timezone.get_current_timezone()
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    # 23:30 here is the next day in UTC.
    late = dt.datetime.combine(tomorrow, dt.time(23, 30), zone)
    make_post(title="Late at night", published_at=late)
    cell = home(make_editor()).split(f'data-day="{tomorrow}"')[1].split("</td>")[0]
    assert "article: Late at night" in cell
