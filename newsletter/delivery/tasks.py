"""The tasks that send a slice of an issue, or skip one of a cancelled issue.

A task only wakes a worker. The delivery rows say what is to be sent, so a lost task delays
sending by a minute, and one that runs twice mails nobody twice.

One chain of tasks sends an issue: each asks for the next. Helpers are further chains, so that as
many workers as there are send it together. They stand behind everything that somebody waits for:
where there is one worker, it hardly sees them. A helper's chain lasts for some minutes, then the
first chain calls new ones: so those that were lost are replaced, and those that are too many end.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.tasks import Task, task
from django.utils import timezone

from newsletter.delivery import cancelling, worker
from newsletter.models import Issue
from subscribers.models import Subscriber

# Behind slices and mails (0), before the copies of pictures (-50).
HELPERS_PRIORITY = -20
# How long a helper's chain lasts at most, in seconds.
HELPERS_FOR = 600


@task()
def deliver_issue(issue_pk: int) -> dict[str, int]:
    """Send a slice of an issue and ask for the next one.

    It may run twice: one worker at a time leases a row (newsletter/delivery/worker.py). If it never
    runs, or its worker dies, `tick` enqueues another.
    """
    sending = Issue.objects.filter(pk=issue_pk, state=Issue.State.SENDING)
    woken = sending.values_list("woken_at", flat=True).first()
    report = worker.deliver(issue_pk)
    issue = sending.first()
    if report.more and issue is not None:
        wake(issue, helpers=woken is not None and _ends(woken) <= timezone.now())
    elif issue is not None:
        # There is no further task, so `tick` may enqueue one as soon as something is due. If
        # another was enqueued meanwhile, its time stays.
        sending.filter(woken_at=woken).update(woken_at=None)
    return report.counts


@task()
def help_deliver(issue_pk: int, until: str) -> dict[str, int]:
    """Send a slice of an issue beside others; ask for the next one before `until` (ISO 8601)."""
    if timezone.now() >= datetime.fromisoformat(until):
        return {}
    report = worker.deliver(issue_pk)
    if report.more:
        _helper().enqueue(issue_pk, until)
    return report.counts


@task()
def skip_rest(issue_pk: int) -> None:
    """Skip the deliveries of a cancelled issue for a slice of time, and ask for the next one."""
    if cancelling.skip(issue_pk, settings.DELIVERY_SLICE_SECONDS):
        skip_rest.enqueue(issue_pk)


def wake(issue: Issue, *, helpers: bool = True) -> None:
    """Ask for a delivery task once this transaction is committed, and for helpers.

    Does nothing for an issue that is not being sent, because resuming it enqueues a task. If the
    task queue cannot be reached, `tick` enqueues one later.
    """
    now = timezone.now()
    sending = Issue.objects.filter(pk=issue.pk, state=Issue.State.SENDING)
    if not sending.update(woken_at=now):
        return
    transaction.on_commit(lambda: deliver_issue.enqueue(issue.pk), robust=True)
    if helpers and _is_work_for_two(issue.pk):
        until = _ends(now).isoformat()
        transaction.on_commit(lambda: _call_helpers(issue.pk, until), robust=True)


def _is_work_for_two(issue_pk: int) -> bool:
    """Return whether an issue goes to more readers than one worker leases at once."""
    queued_to, recipients = Issue.objects.values_list("queued_to", "recipients").get(pk=issue_pk)
    batch: int = settings.DELIVERY_BATCH_SIZE
    if queued_to is None:
        return recipients > batch
    # Not all rows are written yet.
    return Subscriber.objects.mailable().order_by()[batch : batch + 1].exists()


def _call_helpers(issue_pk: int, until: str) -> None:
    helper = _helper()
    for _ in range(settings.DELIVERY_WORKERS - 1):
        helper.enqueue(issue_pk, until)


def _helper() -> Task[[int, str], dict[str, int]]:
    backend = help_deliver.get_backend()
    return help_deliver.using(priority=HELPERS_PRIORITY if backend.supports_priority else 0)


def _ends(began: datetime) -> datetime:
    """Return the end of the chains of helpers that are called at this moment."""
    return began + timedelta(seconds=HELPERS_FOR - began.timestamp() % HELPERS_FOR)
