"""An issue is rendered before the transaction that starts it, and frozen only as it still is."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from newsletter.delivery import clock, starting
from newsletter.mail import rendering as mail
from newsletter.models import Content, Delivery, Issue
from posts.models import Author, Post
from posts.models.image import Image
from tests.factories import make_image, make_issue, make_post, make_subscriber

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks", "one_day"),
]

render = mail.render


@pytest.fixture
def issue() -> Issue:
    make_subscriber()
    cover = make_image(60, 40)
    return make_issue(posts=[make_post(cover=cover, cover_alt="The floor")], subject="Before")


def while_rendering(monkeypatch: pytest.MonkeyPatch, change: Callable[[], Any], times: int) -> None:
    """Let somebody change something each time an issue was rendered, so many times."""
    left = iter(range(times))

    def rendered_and_changed(found: Issue) -> mail.Rendered:
        rendered = render(found)
        if next(left, None) is not None:
            change()
        return rendered

    monkeypatch.setattr(mail, "render", rendered_and_changed)


def test_no_transaction_is_open_while_an_issue_is_rendered(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def watched(found: Issue) -> mail.Rendered:
        seen.append(connection.in_atomic_block)
        return render(found)

    monkeypatch.setattr(mail, "render", watched)
    starting.start(issue)
    assert seen == [False]
    assert Issue.objects.get(pk=issue.pk).state == Issue.State.SENDING


CHANGES: dict[str, Callable[[], Any]] = {
    "the subject": lambda: Issue.objects.update(subject="After"),
    "an introduction": lambda: Issue.objects.update(intro="<p>After</p>"),
    "a blurb": lambda: Issue.objects.get().issue_posts.update(blurb="After"),
    "a title": lambda: Post.objects.update(title="After"),
    "an author": lambda: Author.objects.update(name="After"),
    "a cover": lambda: Post.objects.update(cover=None, title="After"),
    "a picture": lambda: Image.objects.update(sha256="0" * 64),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_while_it_was_rendered_is_rendered_anew(
    issue: Issue, change: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    while_rendering(monkeypatch, change, times=1)
    starting.start(issue)
    assert issue.state == Issue.State.SENDING
    content = Content.objects.get(issue=issue)
    assert content.sha256 == render(Issue.objects.get(pk=issue.pk)).sha256


def test_what_was_confirmed_and_changed_while_it_was_rendered_is_not_sent(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = starting.rehearse(issue).sha256
    while_rendering(monkeypatch, CHANGES["a title"], times=1)
    with pytest.raises(starting.Changed):
        starting.start(issue, shown=shown)
    assert issue.state == Issue.State.DRAFT
    assert not Delivery.objects.exists()


def test_one_that_changes_again_and_again_waits_for_the_next_tick(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    Issue.objects.update(state=Issue.State.SCHEDULED, scheduled_for=timezone.now())
    number = itertools.count()
    while_rendering(
        monkeypatch, lambda: Issue.objects.update(subject=f"No. {next(number)}"), times=100
    )
    clock.tick(clock.Steps())
    found = Issue.objects.get(pk=issue.pk)
    assert (found.state, found.state_note) == (Issue.State.SCHEDULED, "")
    monkeypatch.setattr(mail, "render", render)
    clock.tick(clock.Steps())
    assert Issue.objects.get(pk=issue.pk).state == Issue.State.SENDING


def test_a_copy_of_a_text_that_a_worker_stores_meanwhile_is_no_change(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_rendering(
        monkeypatch, lambda: Post.objects.update(body_served=timezone.now().isoformat()), times=100
    )
    starting.start(issue)
    assert issue.state == Issue.State.SENDING
