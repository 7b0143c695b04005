"""Concurrent requests of two editors: a save never undoes a start, and no input is lost."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.admin.issues import IssueAdmin
from newsletter.delivery import starting
from newsletter.models import Issue
from tests.factories import make_issue, make_post, make_subscriber
from tests.helpers import at_once

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks"),
]


def while_the_page_is_read(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Call `act` once, right after the next request for a change page has read its row.

    On SQLite, a request holds the write lock from its beginning, so there `act` is called before
    the request.
    """
    if connection.vendor != "postgresql":
        act()
        return
    get_object, done = admin.ModelAdmin.get_object, []

    def read_then_act(self, request, *args, **kwargs):
        found = get_object(self, request, *args, **kwargs)
        if not done:
            done.append(True)
            at_once(act)
        return found

    monkeypatch.setattr(admin.ModelAdmin, "get_object", read_then_act)


def typed(issue: Issue, **fields: object) -> dict[str, object]:
    """The form of an issue with another subject, another blurb and a second article."""
    [row] = issue.issue_posts.all()
    return {
        "number": issue.number,
        "subject": "The subject I typed",
        "preheader": "The preheader I typed",
        "intro": "<p>The introduction I typed</p>",
        "issue_posts-TOTAL_FORMS": 2,
        "issue_posts-INITIAL_FORMS": 1,
        "issue_posts-MIN_NUM_FORMS": 0,
        "issue_posts-MAX_NUM_FORMS": 1000,
        "issue_posts-0-id": row.pk,
        "issue_posts-0-issue": issue.pk,
        "issue_posts-0-post": row.post_id,
        "issue_posts-0-position": 1,
        "issue_posts-0-blurb": "The blurb I typed",
        "issue_posts-1-issue": issue.pk,
        "issue_posts-1-post": make_post(title="Another article").pk,
        "issue_posts-1-blurb": "The second blurb I typed",
        **fields,
    }


def change_url(issue: Issue) -> str:
    return reverse("admin:newsletter_issue_change", args=[issue.pk])


@pytest.mark.parametrize("button", ["_save", "_continue", "_preview"])
def test_a_concurrent_start_refuses_the_save_and_keeps_the_input(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    make_subscriber()
    issue = make_issue()
    other = User.objects.create_superuser("flo", "flo@example.org", "pw")
    data = typed(issue, **{button: ""})
    while_the_page_is_read(
        monkeypatch, lambda: starting.start(Issue.objects.get(pk=issue.pk), by=other)
    )
    response = client.post(change_url(issue), data)
    page = response.content.decode()
    assert response.status_code == 200
    assert "is sending already by flo" in page
    assert "Nothing on this page was saved" in page
    for words in (
        "The subject I typed",
        "The preheader I typed",
        "The introduction I typed",
        "The blurb I typed",
        "The second blurb I typed",
        "Another article",
    ):
        assert words in page
    issue.refresh_from_db()
    assert (issue.state, issue.subject) == (Issue.State.SENDING, "The week on the floor")
    assert issue.started_at is not None
    assert list(issue.issue_posts.values_list("blurb", flat=True)) == [""]


def test_a_concurrent_start_refuses_the_removal_of_an_article(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = make_issue()
    data = typed(issue, **{"issue_posts-0-DELETE": "on"})
    while_the_page_is_read(monkeypatch, lambda: starting.start(Issue.objects.get(pk=issue.pk)))
    assert "Nothing on this page was saved" in client.post(change_url(issue), data).content.decode()
    assert issue.issue_posts.count() == 1


def test_a_save_keeps_a_concurrent_schedule(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = make_issue()
    data = typed(issue)
    when = timezone.now() + timedelta(days=1)
    while_the_page_is_read(
        monkeypatch, lambda: starting.schedule(Issue.objects.get(pk=issue.pk), when, by=None)
    )
    assert client.post(change_url(issue), data).status_code == 302
    issue.refresh_from_db()
    assert (issue.state, issue.scheduled_for) == (Issue.State.SCHEDULED, when)
    assert issue.subject == "The subject I typed"


def test_a_concurrent_start_refuses_the_deletion(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = make_issue()
    while_the_page_is_read(monkeypatch, lambda: starting.start(Issue.objects.get(pk=issue.pk)))
    url = reverse("admin:newsletter_issue_delete", args=[issue.pk])
    assert client.post(url, {"post": "yes"}).status_code == 403
    assert Issue.objects.filter(pk=issue.pk).exists()


def test_bulk_deletion_skips_an_issue_that_was_started_concurrently(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, started = make_issue(), make_issue()
    log_deletions = IssueAdmin.log_deletions

    def start_then_log(self, request, queryset) -> None:
        if queryset == [started]:
            starting.start(Issue.objects.get(pk=started.pk))
        log_deletions(self, request, queryset)

    monkeypatch.setattr(IssueAdmin, "log_deletions", start_then_log)
    client.post(
        reverse("admin:newsletter_issue_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [draft.pk, started.pk],
            "post": "yes",
        },
    )
    assert list(Issue.objects.values_list("pk", flat=True)) == [started.pk]


def test_the_row_is_locked_while_the_issue_is_saved(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = make_issue()
    data = typed(issue)
    save_model, held = IssueAdmin.save_model, []

    def lock() -> None:
        with transaction.atomic():
            Issue.objects.select_for_update(nowait=True).get(pk=issue.pk)

    def look(self, request, *args) -> None:
        assert connection.in_atomic_block
        if (
            connection.vendor == "postgresql"
        ):  # On SQLite the transaction holds the only write lock.
            try:
                at_once(lock)
            except OperationalError:
                held.append(True)
        save_model(self, request, *args)

    monkeypatch.setattr(IssueAdmin, "save_model", look)
    assert client.post(change_url(issue), data).status_code == 302
    assert connection.vendor != "postgresql" or held
