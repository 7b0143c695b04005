"""Sending in the admin: confirmed on a page that shows the issue, once, now or scheduled."""

import re
import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

from alarmroom.desk.signing_in import factors
from newsletter.delivery import starting, worker
from newsletter.mail import rendering
from newsletter.models import Delivery, Issue
from posts.models import Post
from tests.factories import make_image, make_issue, make_post, make_subscriber
from tests.newsletter.admin.desk import messages, url
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


# Of the editor in tests/newsletter/conftest.py.
PASSWORD = "pw"


def confirm(client: Client, issue: Issue, **data: str):
    """Open the confirmation page and press its button, as an editor does."""
    page = client.get(url("send", issue)).content.decode()
    sha = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
    assert sha, "the confirmation page carries the hash of what it shows"
    sent = {"sha256": sha[1], "password": PASSWORD, **data}
    return client.post(url("send", issue), sent, follow=True)


def test_the_confirmation_page_shows_the_number_of_recipients(client: Client, editor: User) -> None:
    for _ in range(3):
        make_subscriber()
    make_subscriber(state="pending")
    page = client.get(url("send", make_issue())).content.decode()
    assert "<strong>3</strong> confirmed subscribers" in page
    assert "Send now to 3" in page


def test_opening_the_confirmation_page_sends_nothing(client: Client, editor: User) -> None:
    issue = make_issue()
    client.get(url("send", issue))
    client.head(url("send", issue))
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT


def test_a_confirmed_issue_is_sent(client: Client, editor: User, server: ScriptedServer) -> None:
    make_subscriber("a@example.org")
    issue = make_issue()
    response = confirm(client, issue, _now="")
    assert "being sent to 1" in messages(response)
    issue.refresh_from_db()
    assert (issue.state, issue.started_by) == (Issue.State.SENDING, editor)
    worker.deliver(issue.pk)
    assert server.recipients == ["a@example.org"]


def test_an_issue_is_sent_when_the_queue_is_unreachable(
    client: Client,
    editor: User,
    server: ScriptedServer,
    django_capture_on_commit_callbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away:
        def enqueue(self, pk: int) -> None:
            raise ConnectionError("The broker is away.")

    monkeypatch.setattr("newsletter.delivery.tasks.deliver_issue", Away())
    make_subscriber("a@example.org")
    issue = make_issue()
    with django_capture_on_commit_callbacks(execute=True):
        assert "being sent to 1" in messages(confirm(client, issue, _now=""))
    client.post(url("pause", issue))
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url("resume", issue)).status_code == 302
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    worker.deliver(issue.pk)
    assert server.recipients == ["a@example.org"]


def test_double_clicks_and_two_editors_send_once(client: Client, editor: User) -> None:
    make_subscriber("a@example.org")
    issue = make_issue()
    page = client.get(url("send", issue)).content.decode()
    sha = re.search(r'name="sha256" value="(\w+)"', page)[1]
    other = Client()
    other.force_login(User.objects.create_superuser("flo", "flo@example.org", "pw"))
    client.post(url("send", issue), {"sha256": sha, "password": PASSWORD, "_now": ""})
    second = client.post(
        url("send", issue), {"sha256": sha, "password": PASSWORD, "_now": ""}, follow=True
    )
    third = other.post(
        url("send", issue), {"sha256": sha, "password": PASSWORD, "_now": ""}, follow=True
    )
    for response in (second, third):
        assert "is sending already by ed" in messages(response)
    assert Delivery.objects.count() == 1


def shown_values(client: Client, issue: Issue) -> dict[str, str]:
    """The hidden values of the confirmation page that identify what it shows."""
    form = client.get(url("send", issue)).context["form"]
    return {name: form.initial[name] for name in ("sha256", "text")} | {"password": PASSWORD}


@pytest.mark.parametrize("button", ["_now", "_schedule"])
def test_an_issue_changed_after_the_confirmation_page_is_not_sent(
    client: Client, editor: User, button: str
) -> None:
    post = make_post(title="The old title")
    issue = make_issue(posts=[post])
    data = {**shown_values(client, issue), "when": "2099-01-01T08:00", button: ""}
    Issue.objects.filter(pk=issue.pk).update(subject="Another subject")
    Post.objects.filter(pk=post.pk).update(title="The new title")
    response = client.post(url("send", issue), data)
    page = response.content.decode()
    assert "changed while this page was open" in page
    for line in ("− The week on the floor", "+ Another subject", "− 1. The old", "+ 1. The new"):
        assert line in page
    assert "disabled" not in page
    assert 'value="2099-01-01T08:00"' in page
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT
    again = response.context["form"].initial
    # The password was right a moment ago, and is not asked again.
    client.post(url("send", issue), {"sha256": again["sha256"], "text": again["text"], "_now": ""})
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING


def test_a_change_without_text_is_reported(client: Client, editor: User) -> None:
    post = make_post(cover=make_image(), cover_alt="A console")
    issue = make_issue(posts=[post])
    data = {**shown_values(client, issue), "_now": ""}
    Post.objects.filter(pk=post.pk).update(cover=make_image())
    assert "a picture, a link or the layout changed" in (
        client.post(url("send", issue), data).content.decode()
    )


def test_an_issue_changed_during_the_confirmation_is_not_sent(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change happens between the reading of the issue and the claim of its row."""
    issue = make_issue()
    data = {**shown_values(client, issue), "_now": ""}
    source, asked = rendering.source, []

    def change_after_the_reading(found: Issue):
        read = source(found)
        if not asked:
            asked.append(True)
            Issue.objects.filter(pk=found.pk).update(subject="Another subject")
        return read

    monkeypatch.setattr(rendering, "source", change_after_the_reading)
    response = client.post(url("send", issue), data)
    assert asked
    assert "changed while this page was open" in response.content.decode()
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT
    assert not Delivery.objects.exists()


def test_a_scheduled_issue_can_be_sent_at_once(client: Client, editor: User) -> None:
    """Its masthead then has another date than the scheduled one."""
    issue = make_issue()
    starting.schedule(issue, timezone.now() + timedelta(days=3), by=editor)
    confirm(client, issue, _now="")
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING


def test_an_issue_that_is_not_ready_shows_what_to_do(client: Client, editor: User) -> None:
    issue = make_issue(posts=[])
    response = confirm(client, issue, _now="")
    assert "Add at least one" in response.content.decode()
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT


def test_an_issue_is_scheduled_and_made_a_draft_again(client: Client, editor: User) -> None:
    issue = make_issue()
    # At noon, which is never in the hour that the end of daylight saving repeats.
    tomorrow = timezone.localtime(timezone.now() + timedelta(days=1))
    when = tomorrow.replace(hour=12, minute=0, second=0, microsecond=0)
    confirm(client, issue, when=f"{when:%Y-%m-%dT%H:%M}", _schedule="")
    issue.refresh_from_db()
    assert (issue.state, issue.scheduled_for) == (Issue.State.SCHEDULED, when)
    client.post(url("unschedule", issue))
    issue.refresh_from_db()
    assert (issue.state, issue.scheduled_for) == (Issue.State.DRAFT, None)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("", "Choose the moment"),
        ("tomorrow", "Enter a date and a time"),
        ("2001-01-01T08:00", "has passed"),
    ],
)
def test_an_invalid_moment_is_an_error_and_stays_in_the_form(
    client: Client, editor: User, when: str, words: str
) -> None:
    issue = make_issue()
    page = confirm(client, issue, when=when, _schedule="").content.decode()
    assert words in page
    assert not when or f'value="{when}"' in page
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT


# The password again


def test_without_the_right_password_nothing_is_sent_and_all_stays_typed(
    client: Client, editor: User
) -> None:
    issue = make_issue()
    typed = {**shown_values(client, issue), "when": "2099-01-01T08:00"}
    for password, words in (("", "Type your password"), ("wrong", "The password was not right")):
        for button in ("_now", "_schedule"):
            response = client.post(url("send", issue), {**typed, "password": password, button: ""})
            page = response.content.decode()
            assert words in page and 'value="2099-01-01T08:00"' in page
            assert typed["sha256"] in page
            assert "wrong" not in page
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT


def test_guesses_at_the_password_lock_sending_as_they_lock_signing_in(
    client: Client, editor: User
) -> None:
    issue = make_issue()
    typed = {**shown_values(client, issue), "_now": ""}
    for _ in range(5):
        client.post(url("send", issue), {**typed, "password": "wrong"})
    response = client.post(url("send", issue), typed)
    assert response.status_code == 429
    assert "Wait 15 minutes" in response.content.decode()
    # Nothing of the issue is stored with the failures.
    assert set(AccessAttempt.objects.get().post_data) <= set("-\n")
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT


def test_who_has_a_second_factor_is_asked_for_its_code(client: Client, editor: User) -> None:
    key = factors.new_key()
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time()
    codes = factors.set_up(editor, key, f"{totp.token():06d}", session_key=None)
    client.force_login(editor)
    issue = make_issue()
    typed = {**shown_values(client, issue), "_now": ""}
    for code in ("", "000000"):
        page = client.post(url("send", issue), {**typed, "code": code}).content.decode()
        assert "six digits" in page or "not right" in page
    # One that cannot be scheduled uses up no code.
    wrong = {**typed, "code": codes[0], "when": "tomorrow"}
    client.post(url("send", issue), wrong)
    client.post(url("send", issue), {**typed, "code": codes[0]})
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING


def test_each_issue_asks_anew(client: Client, editor: User) -> None:
    first, second = make_issue(), make_issue()
    confirm(client, first, _now="")
    confirm(client, second, _now="", password="")
    second.refresh_from_db()
    assert second.state == Issue.State.DRAFT
