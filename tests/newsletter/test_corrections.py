"""Corrections of articles in an issue: offered to the next one, told once, frozen when sent."""

from functools import partial
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from alarmroom.desk import revisions
from alarmroom.desk.bin import Refused, move_to_bin, restore
from newsletter import corrections
from newsletter.delivery import starting
from newsletter.mail import rendering as mail
from newsletter.models import Delivery, Issue, IssueCorrection
from posts import correcting
from posts.models import Correction, Post
from tests.factories import make_issue, make_post, make_subscriber
from tests.helpers import at_once
from tests.newsletter.admin.desk import messages, url
from tests.newsletter.admin.test_issue_desk import form_data

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_tasks"), pytest.mark.postgresql]

NASTY = "There were <b>40</b> & not “400”."
_number = count(1)


@pytest.fixture
def post(db: None) -> Post:
    return make_post(title="Night & day", slug="night-and-day")


def correct(post: Post, text: str = "There were forty calls.") -> Correction:
    correcting.correct(post, text, key=str(next(_number)), by=None)
    found = Correction.objects.filter(post=post).last()
    assert found
    return found


def save(client: Client, issue: Issue, *ticked: Correction) -> Any:
    """Save the form of an issue as it is shown, with these boxes ticked."""
    page = client.get(url("change", issue))
    data = form_data(_base=page.context["form_state"]["base"], initial=0)
    data["corrections"] = [str(each.pk) for each in ticked]
    data["_continue"] = "1"
    return client.post(url("change", issue), data, follow=True)


def offered(client: Client, issue: Issue) -> list[int]:
    form = client.get(url("change", issue)).context["adminform"].form
    return [each.pk for each in form.offered]


def told(issue: Issue) -> list[str]:
    return [each.text for each in corrections.told_by(issue)]


def test_one_click_puts_it_into_mail_text_and_web_page(
    client: Client, editor: User, post: Post
) -> None:
    issue = make_issue()
    correction = correct(post, NASTY)
    page = client.get(url("change", issue)).content.decode()
    assert "Corrections since the last issue" in page
    assert "There were &lt;b&gt;40&lt;/b&gt; &amp; not “400”." in page
    assert "is not in this one: “Night & day”." in str(
        client.get(url("preview", issue)).context["warnings"]
    )
    save(client, issue, correction)
    assert client.get(url("preview", issue)).context["warnings"] == []
    make_subscriber()
    rendered = mail.render(issue)
    today = timezone.localtime()
    date = f"{today:%B} {today.day}, {today.year}"
    for html in (rendered.html, rendered.web_html):
        assert f"{date}: There were &lt;b&gt;40&lt;/b&gt; &amp; not “400”." in html
        assert "<b>40" not in html
    assert 'href="/articles/night-and-day/"' in rendered.web_html
    assert "/articles/night-and-day/" in rendered.html
    assert f"Correction\n\nNight & day\n{date}\n\n{NASTY}\n\nhttp" in rendered.text
    starting.start(issue)
    read = client.get(f"/weekly-alarm/{issue.number}/").content.decode()
    assert "not “400”." in read
    # Revisions and the form of the sent issue have it, too.
    assert revisions.head_of(issue).content["fields"]["corrections"] == [correction.pk]
    assert "not “400”." in client.get(url("change", issue)).content.decode()


def test_the_next_issue_is_not_offered_what_this_one_told(
    client: Client, editor: User, post: Post
) -> None:
    first, second = make_issue(), make_issue()
    correction, other = correct(post), correct(post, "And a second one.")
    assert offered(client, second) == [correction.pk, other.pk]
    save(client, first, correction)
    assert offered(client, first) == [correction.pk, other.pk]
    assert offered(client, second) == [other.pk]
    # A form that was open before names it nevertheless.
    response = save(client, second, correction, other)
    assert "another issue has it by now" in messages(response)
    assert (told(first), told(second)) == ([correction.text], [other.text])
    save(client, second)
    make_subscriber()
    starting.start(first)
    # Since the last issue: not those that it left out.
    assert offered(client, second) == []
    newer = correct(post, "A third one.")
    assert offered(client, second) == [newer.pk]


def test_what_is_taken_back_or_changed_is_so_in_unsent_issues_alone(
    client: Client, editor: User, post: Post
) -> None:
    sent, unsent = make_issue(), make_issue()
    first, second = correct(post), correct(post, "Twice.")
    save(client, sent, first)
    save(client, unsent, second)
    make_subscriber()
    starting.start(sent)
    frozen = bytes(sent.content.mime)
    correcting.change(first, "There were four.", was=first.text, by=editor)
    correcting.change(second, "Thrice.", was="Twice.", by=editor)
    assert told(unsent) == ["Thrice."]
    shown = starting.rehearse(unsent).sha256
    correcting.take_back(first, by=editor)
    correcting.take_back(second, by=editor)
    assert told(unsent) == []
    assert "Thrice" not in mail.render(unsent).text
    with pytest.raises(starting.Changed):
        starting.start(unsent, shown=shown)
    sent.refresh_from_db()
    assert bytes(sent.content.mime) == frozen
    assert "There were forty calls." in client.get(f"/weekly-alarm/{sent.number}/").content.decode()


def test_an_issue_that_nobody_got_gives_it_to_the_next(
    client: Client, editor: User, post: Post
) -> None:
    first, second, third = make_issue(), make_issue(), make_issue()
    correction = correct(post)
    save(client, first, correction)
    starting.cancel(first)
    assert offered(client, second) == [correction.pk]
    save(client, second, correction)
    make_subscriber()
    starting.start(second)
    Delivery.objects.filter(issue=second).update(state=Delivery.State.SENT)
    starting.cancel(second)
    assert offered(client, third) == []


def test_whoever_may_not_change_the_issue_cannot_put_one_in(
    client: Client, editor: User, post: Post
) -> None:
    issue, correction = make_issue(), correct(post)
    hidden = correct(make_post(title="Withdrawn"), "Nobody reads it.")
    Post.objects.filter(pk=hidden.post_id).withdraw()
    save(client, issue, correction, hidden)
    assert told(issue) == [correction.text]
    data = {**form_data(), "corrections": ["x", "99999999999999999999", str(correction.pk)]}
    client.post(url("change", issue), data)
    assert told(issue) == [correction.text]
    make_subscriber()
    starting.start(issue)
    client.post(url("change", issue), {**form_data(), "corrections": []})
    assert IssueCorrection.objects.get().correction == correction


def test_the_bin_takes_and_gives_it_back_and_keeps_what_was_mailed(
    client: Client, editor: User, post: Post
) -> None:
    issue = make_issue()
    correction = correct(post)
    save(client, issue, correction)
    binned = move_to_bin(Post.objects.get(pk=post.pk), None)
    assert told(issue) == []
    assert not IssueCorrection.objects.exists()
    restore(binned, None)
    Post.objects.filter(pk=post.pk).bring_back()
    assert told(issue) == [correction.text]
    binned = move_to_bin(Issue.objects.get(pk=issue.pk), None)
    second = make_issue()
    save(client, second, correction)
    back = restore(binned, None)
    assert told(back.thing) == []
    assert told(second) == [correction.text]
    make_subscriber()
    starting.start(second)
    with pytest.raises(Refused, match="which is out"):
        move_to_bin(Post.objects.get(pk=post.pk), None)


def test_an_old_revision_does_not_bring_a_told_one_back(
    client: Client, editor: User, post: Post
) -> None:
    first, second = make_issue(), make_issue()
    correction = correct(post)
    save(client, first, correction)
    with_it = revisions.Revision.objects.of(first).newest_first()[0]
    save(client, first)
    save(client, second, correction)
    page = reverse("admin:newsletter_issue_restore", args=[first.pk])
    client.post(page, {"revision": with_it.pk}, follow=True)
    assert (told(first), told(second)) == ([], [correction.text])
    compare = reverse("admin:newsletter_issue_compare", args=[first.pk])
    page = client.get(compare, {"from": with_it.pk}).content.decode()
    assert "There were forty calls." in page


def test_the_form_asks_no_more_for_many(
    client: Client,
    editor: User,
    post: Post,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    issue = make_issue()
    for number in range(60):
        Correction.objects.create(post=post, text=f"No. {number}", key=f"k{number}")
    client.get(url("change", issue))
    with django_assert_max_num_queries(15):
        page = client.get(url("change", issue))
    assert len(page.context["adminform"].form.offered) == corrections.MOST_OFFERED


@pytest.mark.django_db(transaction=True)
def test_of_two_issues_that_take_it_at_once_one_has_it(post: Post) -> None:
    issues = [make_issue() for _ in range(2)]
    correction = correct(post)
    took = at_once(*(partial(corrections.put_in, issue, [correction.pk]) for issue in issues))
    assert sorted(took) == [False, True]
    assert IssueCorrection.objects.count() == 1
