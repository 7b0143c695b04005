"""A backup that was restored mails nobody before an editor has looked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from alarmroom.desk.models import Letter
from newsletter.delivery import beats, clock, starting, worker
from newsletter.models import Issue, Mark
from tests.factories import make_editor, make_issue, make_subscriber
from tests.newsletter.delivery.ledger import started, state_of, states
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Iterator[Path]:
    settings.DATA_DIR = tmp_path
    yield tmp_path / "ticks"


def tick() -> None:
    steps = clock.Steps()
    clock.tick(steps)
    assert not steps.failed


def go_back(ticks: int) -> None:
    """Make the database the one that it was so many ticks ago."""
    mark = Mark.objects.get(name=beats.TICKS)
    Mark.objects.filter(pk=mark.pk).update(value=mark.value - ticks)


def stand_still(hours: float) -> None:
    Mark.objects.filter(name=beats.TICKS).update(at=timezone.now() - timedelta(hours=hours))


def test_ticks_alone_pause_nothing(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    for _ in range(3):
        tick()
    assert state_of(issue) == Issue.State.SENDING
    assert not beats.is_suspected()
    worker.deliver(issue.pk)
    assert server.recipients == ["a@example.org"]


def test_an_issue_of_a_restored_backup_waits_for_an_editor(server: ScriptedServer) -> None:
    editor = make_editor(email="editor@example.org")
    make_subscriber("a@example.org")
    issue = make_issue()
    starting.start(issue, by=editor)
    for _ in range(3):
        tick()
    go_back(2)
    worker.deliver(issue.pk)
    assert server.recipients == [], "workers wait for the tick to look"
    tick()
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "restored backup" in issue.state_note
    assert "go on or cancel" in issue.state_note, "the reason is not cut off"
    [letter] = Letter.objects.filter(to=editor)
    assert letter.context["heading"].startswith("Sending has paused")
    tick()
    worker.deliver(issue.pk)
    assert server.recipients == []
    assert starting.resume(issue, editor)
    tick()
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING, "the editor has looked"
    assert "restored backup" in issue.paused_why
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 1}


def test_an_issue_whose_moment_passed_meanwhile_is_a_draft_again() -> None:
    tick()
    tick()
    late, later = make_issue(), make_issue()
    for issue in (late, later):
        starting.schedule(issue, timezone.now() + timedelta(minutes=5), by=None)
    Issue.objects.filter(pk=late.pk).update(scheduled_for=timezone.now() - timedelta(hours=2))
    go_back(1)
    tick()
    late.refresh_from_db()
    assert late.state == Issue.State.DRAFT
    assert "restored backup" in late.state_note
    assert state_of(later) == Issue.State.SCHEDULED


@pytest.mark.parametrize("file", ["gone", "copied back", "no number"])
def test_a_database_that_stood_still_on_another_machine_waits(folder: Path, file: str) -> None:
    issue = started("a@example.org")
    tick()
    [path] = folder.iterdir()
    if file == "gone":
        path.unlink()
    elif file == "copied back":
        ticks, _ = path.read_text().split()
        path.write_text(f"{ticks} {timezone.now().timestamp() - 7200:.0f}\n")
    else:
        path.write_text("?\n")
    stand_still(hours=2)
    assert beats.is_suspected()
    tick()
    assert state_of(issue) == Issue.State.PAUSED


def test_a_machine_that_was_off_for_a_day_goes_on(folder: Path) -> None:
    issue = started("a@example.org")
    tick()
    stand_still(hours=24)
    assert not beats.is_suspected()
    tick()
    assert state_of(issue) == Issue.State.SENDING


def test_a_second_machine_joins(settings, tmp_path: Path) -> None:
    issue = started("a@example.org")
    for _ in range(3):
        tick()
    settings.DATA_DIR = tmp_path / "second"
    assert not beats.is_suspected()
    tick()
    settings.DATA_DIR = tmp_path
    tick()
    assert state_of(issue) == Issue.State.SENDING


def test_another_database_has_a_file_of_its_own(folder: Path) -> None:
    tick()
    Mark.objects.all().delete()
    issue = started("a@example.org")
    tick()
    assert state_of(issue) == Issue.State.SENDING
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_written_stops_nothing_else(folder: Path) -> None:
    issue = make_issue()
    starting.schedule(issue, timezone.now() + timedelta(minutes=5), by=None)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    folder.write_text("a file stands in the way")
    steps = clock.Steps()
    clock.tick(steps)
    assert steps.failed == ["Noting this tick beside the database"]
    assert state_of(issue) in (Issue.State.SENDING, Issue.State.SENT)


def test_the_command_says_nothing_of_it() -> None:
    call_command("tick")
    call_command("tick")
    assert Mark.objects.get(name=beats.TICKS).value == 2
