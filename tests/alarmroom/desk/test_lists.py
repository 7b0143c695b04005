"""Every list of the desk: views with counts, filters that can be bookmarked, empty lists."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from alarmroom.desk.models import Revision
from newsletter.models import Issue
from posts.models import Post
from subscribers.models import Subscriber
from tests.factories import (
    make_author,
    make_editor,
    make_issue,
    make_post,
    make_subscriber,
    make_suppression,
    make_tag,
)

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

ARTICLES = "/admin/posts/post/"
ISSUES = "/admin/newsletter/issue/"
READERS = "/admin/subscribers/subscriber/"


@pytest.fixture
def editor() -> User:
    return make_editor()


@pytest.fixture
def desk(client: Client, editor: User) -> Client:
    client.force_login(editor)
    return client


def tabs(desk: Client, url: str) -> dict[str, int | None]:
    return {tab.name: tab.count for tab in desk.get(url).context["cl"].tabs}


def titles(desk: Client, url: str) -> list[str]:
    return [str(row) for row in desk.get(url).context["cl"].result_list]


def text_of(desk: Client, url: str) -> str:
    return " ".join(desk.get(url).content.decode().split())


def test_each_view_of_articles_says_how_many_are_in_it_and_shows_them(
    desk: Client, editor: User
) -> None:
    now = timezone.now()
    make_post(title="A draft", published_at=None)
    mine = make_post(title="Mine", published_at=None)
    mine.owner = editor
    mine.save()
    make_post(title="Planned", published_at=now + timedelta(days=2))
    waits = make_post(title="Waits")
    Revision.objects.create(
        content_type_id=_kind(waits), object_id=waits.pk, content={}, waits=True
    )
    ran = make_post(title="Ran")
    make_issue(posts=[ran], state=Issue.State.SENT, started_at=now, sent_at=now)
    make_issue(posts=[waits])  # It is not out.
    make_post(title="Gone")
    Post.objects.filter(title="Gone").withdraw()
    shown = {
        "All": ("", {"A draft", "Mine", "Planned", "Waits", "Ran", "Gone"}),
        "Mine": ("mine", {"Mine"}),
        "Drafts": ("draft", {"A draft", "Mine"}),
        "Scheduled": ("scheduled", {"Planned"}),
        "Published": ("published", {"Waits", "Ran"}),
        "Changes waiting": ("waiting", {"Waits"}),
        "Ran in no issue yet": ("ran-nowhere", {"Waits"}),
        "Withdrawn": ("withdrawn", {"Gone"}),
    }
    counts = tabs(desk, ARTICLES)
    for name, (key, expected) in shown.items():
        assert {*titles(desk, f"{ARTICLES}?state={key}" if key else ARTICLES)} == expected
        assert counts[name] == len(expected), name


def _kind(thing: Any) -> int:
    from django.contrib.contenttypes.models import ContentType

    return ContentType.objects.get_for_model(thing).pk


def test_a_row_says_author_topics_state_issues_and_what_the_checks_found(desk: Client) -> None:
    from posts.checks.weekly import weekly

    now = timezone.now()
    post = make_post(
        title="Night shift", author=make_author(name="Ruth Halloran"), tags=[make_tag("Wellness")]
    )
    make_issue(number=39, posts=[post], state=Issue.State.SENT, started_at=now, sent_at=now)
    make_issue(number=42, posts=[post])
    weekly()
    page = text_of(desk, ARTICLES)
    assert "Ruth Halloran · Wellness" in page
    assert ">No. 39</a>" in page
    assert ">No. 42</a> planned" in page
    assert 'class="state state-published">Published</span>' in page
    assert "to look at</span>" in page  # It has no cover, for example.
    make_post(title="Bare", tags=[])
    assert "no topic" in text_of(desk, ARTICLES)


def test_drafts_show_their_checks_as_published_articles_do(desk: Client) -> None:
    from posts.checks.weekly import weekly

    make_post(title="Half done", body="<p>TK</p>", published_at=None)
    later = timezone.now() + timedelta(days=2)
    make_post(title="For later", body="<p>TK</p>", published_at=later)
    gone = make_post(title="Gone", body="<p>TK</p>")
    weekly()
    Post.objects.filter(pk=gone.pk).withdraw()
    assert text_of(desk, ARTICLES).count("1 to fix</span>") == 2
    assert {*titles(desk, f"{ARTICLES}?checks=fix")} == {"Half done", "For later"}
    assert titles(desk, f"{ARTICLES}?checks=fix&state=draft") == ["Half done"]
    assert titles(desk, f"{ARTICLES}?checks=passed") == []
    assert len(titles(desk, f"{ARTICLES}?checks=odd")) == 3


def test_who_may_not_see_issues_is_told_of_those_that_are_out_only(client: Client) -> None:
    now = timezone.now()
    post = make_post()
    make_issue(number=39, posts=[post], state=Issue.State.SENT, started_at=now, sent_at=now)
    make_issue(number=42, posts=[post])
    looker = User.objects.create_user("looker", password="x", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_post"))
    client.force_login(looker)
    page = text_of(client, ARTICLES)
    assert "No. 39" in page
    assert "No. 42" not in page


def test_a_filtered_list_has_a_plain_address_and_comes_back_after_a_form(desk: Client) -> None:
    tag, author = make_tag("Training"), make_author()
    post = make_post(title="Both", tags=[tag], author=author)
    make_post(title="Other")
    address = f"{ARTICLES}?author={author.pk}&state=published&topic=training"
    page = desk.get(address)
    assert [str(row) for row in page.context["cl"].result_list] == ["Both"]
    [link] = [row.desk_url for row in page.context["cl"].result_list]
    assert link.startswith(f"{ARTICLES}{post.pk}/change/?_changelist_filters=")
    # What is chosen stands in the bar, with the way back.
    chosen = {pick.name: pick.chosen for pick in page.context["cl"].picks if pick.chosen}
    assert chosen == {"Author": author.name, "Topic": "Training"}
    for odd in ("author=x", "author=-1", "topic=%00", "state=nothing", "checks=1", "topic=-"):
        assert desk.get(f"{ARTICLES}?{odd}").status_code == 200, odd


def test_an_empty_list_says_why_and_what_to_do(desk: Client) -> None:
    assert "No articles yet." in text_of(desk, ARTICLES)
    make_post(title="One")
    assert "Nothing is withdrawn." in text_of(desk, f"{ARTICLES}?state=withdrawn")
    page = text_of(desk, f"{ARTICLES}?q=zebra%3Cscript%3E")
    assert "Nothing is found for “zebra&lt;script&gt;”." in page
    assert "Nothing matches these filters." in text_of(desk, f"{ARTICLES}?topic=none")


def test_a_long_list_has_pages_that_keep_the_filters(desk: Client) -> None:
    Post.objects.bulk_create(
        Post(title=f"No. {n}", slug=f"n-{n}", author=make_author() if n == 0 else _first_author())
        for n in range(120)
    )
    page = desk.get(f"{ARTICLES}?state=draft&p=2").context["cl"]
    assert page.number_shown == (51, 100)
    assert page.next_url == "?p=3&state=draft"
    assert page.previous_url == "?p=1&state=draft"
    assert "51–100 of 120" in text_of(desk, f"{ARTICLES}?state=draft&p=2")


def _first_author() -> Any:
    from posts.models import Author

    return Author.objects.first()


def test_the_views_of_issues(desk: Client) -> None:
    now = timezone.now()
    make_issue(subject="To do")
    make_issue(subject="Out", state=Issue.State.SENT, started_at=now, sent_at=now)
    make_issue(subject="On its way", state=Issue.State.PAUSED, started_at=now)
    counts = tabs(desk, ISSUES)
    assert [counts[name] for name in ("All", "Drafts", "Under way", "Sent")] == [3, 1, 1, 1]
    assert "Out" in text_of(desk, f"{ISSUES}?state=sent")
    assert "To do" not in text_of(desk, f"{ISSUES}?state=sent")


def test_the_views_of_readers_and_a_search_for_a_part_of_an_address(desk: Client) -> None:
    make_subscriber("shift@county.example")
    make_subscriber("county.lead@example.org")
    make_subscriber("gone@example.org", state=Subscriber.State.UNSUBSCRIBED)
    make_suppression("never@example.org")
    counts = tabs(desk, READERS)
    assert counts == {
        "All": 3,
        "Subscribed": 2,
        "To be confirmed": 0,
        "Left": 1,
        "Never to be mailed": 1,
    }
    # The beginning comes first, and any other part if nothing begins so.
    assert titles(desk, f"{READERS}?q=County") == ["county.lead@example.org"]
    assert titles(desk, f"{READERS}?q=@county") == ["shift@county.example"]
    assert "No address begins with “@county”" in text_of(desk, f"{READERS}?q=@county")
    assert titles(desk, f"{READERS}?q=%25") == []


def test_the_fields_of_an_editable_list_say_whose_they_are(desk: Client) -> None:
    page = text_of(desk, "/admin/posts/page/")
    assert 'aria-label="Order of “About”"' in page
    assert 'aria-label="Show in footer of “Privacy”"' in page
