"""The tasks that send a slice of an issue, or skip one of a cancelled issue.

A task only wakes a worker. The delivery rows say what is to be sent, so a lost task delays
sending by a minute, and one that runs twice mails nobody twice.
"""

from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.utils import timezone

from newsletter.delivery import cancelling, worker
from newsletter.models import Issue


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
        wake(issue)
    elif issue is not None:
        # There is no further task, so `tick` may enqueue one as soon as something is due. If
        # another was enqueued meanwhile, its time stays.
        sending.filter(woken_at=woken).update(woken_at=None)
    return report.counts


@task()
def skip_rest(issue_pk: int) -> None:
    """Skip the deliveries of a cancelled issue for a slice of time, and ask for the next one."""
    if cancelling.skip(issue_pk, settings.DELIVERY_SLICE_SECONDS):
        skip_rest.enqueue(issue_pk)


def wake(issue: Issue) -> None:
    """Ask for a delivery task once this transaction is committed.

    Does nothing for an issue that is not being sent, because resuming it enqueues a task. If the
    task queue cannot be reached, `tick` enqueues one later.
    """
    sending = Issue.objects.filter(pk=issue.pk, state=Issue.State.SENDING)
    if sending.update(woken_at=timezone.now()):
        transaction.on_commit(lambda: deliver_issue.enqueue(issue.pk), robust=True)
