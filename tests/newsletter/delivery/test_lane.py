"""A mail that one reader waits for passes an issue that is being sent."""

import pytest
from django.db import connection
from django_tasks_db.models import DBTaskResult

from newsletter.delivery import lane, worker
from newsletter.delivery.tasks import deliver_issue
from newsletter.models import Issue
from subscribers import notices, signup, tasks
from subscribers.models import Notice
from subscribers.tasks import send_notices
from tests.newsletter.delivery.ledger import started, state_of, states
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

ADDRESSES = [f"r{number}@example.org" for number in range(6)]


@pytest.fixture
def queue(settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice lets others pass from its first mail on."""
    monkeypatch.setattr(lane, "LEAST", 0)
    monkeypatch.setattr(lane, "LOOK_EACH", 0)


def sign_up_after(server: ScriptedServer, count: int) -> None:
    """Let somebody type their address into the form when so many were mailed."""

    def answer(_: str) -> None:
        if len(server.recipients) == count and not Notice.objects.exists():
            signup.sign_up("new@example.org", where="/")
            tasks.wake()
        connection.close()

    server.on["END"] = answer


def run_next() -> str:
    """Run the task that a worker would take now; return its name."""
    task = DBTaskResult.objects.ready().first()
    assert task is not None
    name = task.task_path
    DBTaskResult.objects.filter(pk=task.pk).delete()
    {each.module_path: each for each in (deliver_issue, send_notices)}[name].call(
        *task.args_kwargs["args"]
    )
    return name.rpartition(".")[2]


def test_a_confirmation_leaves_before_the_rest_of_the_issue(
    server: ScriptedServer, queue: None, at_once: None
) -> None:
    issue = started(*ADDRESSES)
    sign_up_after(server, 2)
    names = []
    while DBTaskResult.objects.ready().exists() and len(names) < 20:
        names.append(run_next())
    assert names[:3] == ["deliver_issue", "send_notices", "deliver_issue"]
    assert server.recipients.index("new@example.org") in (2, 3)
    assert state_of(issue) == Issue.State.SENT
    assert sorted(server.recipients) == ["new@example.org", *ADDRESSES]


def test_an_issue_goes_on_when_such_mails_never_end(
    server: ScriptedServer, queue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LEAST", 60)
    issue = started(*ADDRESSES)
    signup.sign_up("new@example.org", where="/")
    assert notices.due().exists()
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 6}


def test_the_database_is_asked_seldom(
    server: ScriptedServer, queue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LEAST", 0)
    asked = []
    due = notices.due
    monkeypatch.setattr(notices, "due", lambda: asked.append(1) or due())
    issue = started(*ADDRESSES)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 6}
    assert len(asked) < 4


def test_what_is_not_due_keeps_nobody_waiting(
    server: ScriptedServer, queue: None, at_once: None
) -> None:
    issue = started(*ADDRESSES)
    signup.sign_up("new@example.org", where="/")
    Notice.objects.update(state=Notice.State.SENT)
    assert not worker.deliver(issue.pk).more
    assert states(issue) == {"sent": 6}
