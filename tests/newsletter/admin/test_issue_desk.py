"""An issue in the admin: form, preview, test mail, progress page and actions."""

from email import message_from_bytes
from email.policy import default as policy

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.delivery import starting, worker
from newsletter.mail import rendering as mail
from newsletter.models import Issue
from posts.models import Post
from tests.factories import make_issue, make_post, make_subscriber
from tests.newsletter.admin.desk import messages, url
from tests.newsletter.server import HANG_UP, ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


# The form


def form_data(*rows: dict[str, object], initial: int = 0, **fields: str) -> dict[str, object]:
    data: dict[str, object] = {
        "subject": "The week",
        "preheader": "What happened",
        "intro": "<p>Hello</p>",
        "issue_posts-TOTAL_FORMS": len(rows),
        "issue_posts-INITIAL_FORMS": initial,
        "issue_posts-MIN_NUM_FORMS": 0,
        "issue_posts-MAX_NUM_FORMS": 1000,
        **fields,
    }
    for index, row in enumerate(rows):
        data.update({f"issue_posts-{index}-{name}": value for name, value in row.items()})
    return data


def test_an_editor_composes_an_issue_of_articles_in_order(client: Client, editor: User) -> None:
    first, second, third = (make_post() for _ in range(3))
    rows = [
        {"post": third.pk, "position": "", "blurb": ""},
        {"post": second.pk, "position": "2", "blurb": "Our own words."},
        {"post": first.pk, "position": "1", "blurb": ""},
    ]
    response = client.post(reverse("admin:newsletter_issue_add"), form_data(*rows))
    assert response.status_code == 302
    issue = Issue.objects.get()
    assert issue.number == 1
    found = list(issue.issue_posts.values_list("post", "position", "blurb"))
    assert found == [(first.pk, 1, ""), (second.pk, 2, "Our own words."), (third.pk, 3, "")]


def test_a_duplicate_article_is_an_error_and_the_input_stays(client: Client, editor: User) -> None:
    post = make_post()
    rows = [{"post": post.pk, "blurb": "one"}, {"post": post.pk, "blurb": "two"}]
    response = client.post(reverse("admin:newsletter_issue_add"), form_data(*rows))
    page = response.content.decode()
    assert response.status_code == 200
    assert "data-problems" in page
    assert ">\none</textarea>" in page and ">\ntwo</textarea>" in page
    assert not Issue.objects.exists()


def test_a_number_that_is_taken_is_an_error(client: Client, editor: User) -> None:
    make_issue(number=7)
    response = client.post(reverse("admin:newsletter_issue_add"), form_data(number="7"))
    assert response.status_code == 200
    assert "already exists" in response.content.decode()


def test_a_started_issue_is_read_only(client: Client, editor: User) -> None:
    issue = make_issue(intro="<p>Hello</p>")
    starting.start(issue)
    page = client.get(url("change", issue)).content.decode()
    assert 'name="subject"' not in page
    # The introduction is text, and not its tags.
    assert "<p>Hello</p>" in page
    assert "&lt;p&gt;" not in page
    response = client.post(url("change", issue), form_data(subject="Another subject"))
    assert "Nothing on this page was saved" in response.content.decode()
    assert client.post(url("delete", issue), {"post": "yes"}).status_code == 403
    issue.refresh_from_db()
    assert issue.subject == "The week on the floor"


# Preview and test mail


def test_the_preview_is_rendered_like_the_sent_mail(client: Client, editor: User) -> None:
    issue = make_issue(posts=[make_post(title="Ask & answer")])
    page = client.get(url("preview", issue))
    assert page.context["shown"].subject == issue.subject
    html = client.get(url("preview_html", issue)).content.decode()
    preview = mail.preview(issue, mail.render(issue))
    assert html == preview.html
    assert page.context["shown"] == preview
    assert "Ask &amp; answer" in html


def test_the_preview_of_a_started_issue_shows_the_frozen_content(
    client: Client, editor: User
) -> None:
    post = make_post(title="Before")
    issue = make_issue(posts=[post])
    starting.start(issue)
    Post.objects.filter(pk=post.pk).update(title="After")
    html = client.get(url("preview_html", issue)).content.decode()
    assert "Before" in html and "After" not in html


def test_the_preview_frame_allows_no_scripts(client: Client, editor: User) -> None:
    response = client.get(url("preview_html", make_issue()))
    csp = response["Content-Security-Policy"]
    assert "default-src 'none'" in csp and "script-src" not in csp
    assert "sandbox" in csp and "frame-ancestors 'self'" in csp
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in response["Cache-Control"]


def test_the_preview_lists_what_prevents_sending(client: Client, editor: User) -> None:
    issue = make_issue(posts=[make_post(title="Half done", published_at=None)])
    assert "“Half done” is a draft" in client.get(url("preview", issue)).content.decode()


def test_a_test_mail_goes_to_the_editor(
    client: Client, editor: User, server: ScriptedServer
) -> None:
    issue = make_issue()
    response = client.post(url("test", issue), follow=True)
    assert server.recipients == ["ed@example.org"]
    assert "on its way to ed@example.org" in messages(response)


def test_a_failed_test_mail_shows_the_reason(
    client: Client, editor: User, server: ScriptedServer
) -> None:
    issue = make_issue()
    server.on["RCPT"] = lambda _: "550 5.1.1 who is that"
    assert "550 5.1.1 who is that" in messages(client.post(url("test", issue), follow=True))
    server.stop()
    assert "was not sent" in messages(client.post(url("test", issue), follow=True))


def test_a_test_mail_needs_an_address_of_the_editor(
    client: Client, editor: User, server: ScriptedServer
) -> None:
    User.objects.update(email="")
    assert "no e-mail address" in messages(client.post(url("test", make_issue()), follow=True))


def test_the_body_of_a_test_mail_equals_the_sent_body(
    client: Client, editor: User, server: ScriptedServer
) -> None:
    issue = make_issue()
    client.post(url("test", issue))
    starting.start(issue)
    make_subscriber()
    [(_, test)] = server.accepted
    sent = mail.MessageTemplate(bytes(issue.content.mime)).for_recipient(
        address="ed@example.org", message_id="<x@y>", key=mail.SAMPLE_KEY, date=timezone.now()
    )
    bodies = [
        message_from_bytes(raw, policy=policy).get_body(("html",)).get_content()
        for raw in (test, sent)
    ]
    assert bodies[0] == bodies[1]


# Progress and actions


def test_the_progress_page_refreshes_only_while_sending(
    client: Client, editor: User, server: ScriptedServer
) -> None:
    make_subscriber("a@example.org")
    issue = make_issue()
    starting.start(issue)
    page = client.get(url("progress", issue)).content.decode()
    assert 'http-equiv="refresh"' in page and "0 of 1 done" in page
    worker.deliver(issue.pk)
    page = client.get(url("progress", issue)).content.decode()
    assert 'http-equiv="refresh"' not in page and "1 of 1 done" in page
    assert "balances with the 1" in page


def test_the_progress_page_takes_a_fixed_number_of_queries(
    client: Client, editor: User, server: ScriptedServer, django_assert_max_num_queries
) -> None:
    for _ in range(30):
        make_subscriber()
    server.on["RCPT"] = lambda _: "550 no"
    issue = make_issue()
    starting.start(issue)
    worker.deliver(issue.pk)
    with django_assert_max_num_queries(12):
        client.get(url("progress", issue))


def test_uncertain_deliveries_can_be_settled_on_the_progress_page(
    client: Client, editor: User, server: ScriptedServer
) -> None:
    server.on["END"] = lambda _: HANG_UP
    for number in range(3):
        make_subscriber(f"r{number}@example.org")
    issue = make_issue()
    starting.start(issue)
    worker.deliver(issue.pk)
    page = client.get(url("progress", issue)).content.decode()
    assert "In doubt" in page and "r0@example.org" in page
    server.on.clear()
    first = issue.deliveries.first()
    client.post(url("settle", issue), {"delivery": first.pk, "_sent": ""})
    assert issue.totals()["uncertain"] == 2
    client.post(url("settle", issue), {"_again_all": ""})
    worker.deliver(issue.pk)
    assert len(server.recipients) == 2
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT


def test_pause_resume_and_cancel(client: Client, editor: User) -> None:
    make_subscriber()
    issue = make_issue()
    starting.start(issue)
    for page, state in [("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")]:
        client.post(url(page, issue))
        issue.refresh_from_db()
        assert issue.state == state
    response = client.post(url("resume", issue), follow=True)
    assert "Nothing was changed" in messages(response)


# Permissions


PAGES = ["preview", "preview_html", "send", "progress"]
ACTIONS = ["test", "pause", "resume", "cancel", "unschedule", "settle"]


@pytest.mark.parametrize("page", [*PAGES, *ACTIONS])
def test_an_anonymous_visitor_is_sent_to_the_login_page(client: Client, page: str) -> None:
    issue = make_issue()
    for response in (client.get(url(page, issue)), client.post(url(page, issue))):
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT


@pytest.mark.parametrize("page", ["send", "pause", "resume", "cancel", "unschedule", "settle"])
def test_sending_needs_its_own_permission(client: Client, page: str) -> None:
    writer = User.objects.create_user("writer", "w@example.org", "pw", is_staff=True)
    writer.user_permissions.set(
        Permission.objects.filter(codename__in=["view_issue", "change_issue", "add_issue"])
    )
    client.force_login(writer)
    issue = make_issue()
    assert client.post(url(page, issue)).status_code == 403
    assert client.get(url("preview", issue)).status_code == 200
    assert "Send or schedule" not in client.get(url("change", issue)).content.decode()


@pytest.mark.parametrize("page", ACTIONS)
def test_actions_refuse_get(client: Client, editor: User, page: str) -> None:
    assert client.get(url(page, make_issue())).status_code == 405
