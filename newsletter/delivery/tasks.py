"""The task that sends a slice of an issue, and how it is asked for; the mail to its editor.

A task only wakes a worker. What is to be sent stands in the delivery rows, so a task that is
lost costs a minute, and one that runs twice mails nobody twice.
"""

from django.db import transaction
from django.tasks import task
from django.utils import timezone

from newsletter.delivery import pausing, worker
from newsletter.models import Issue


@task()
def deliver_issue(issue_pk: int) -> dict[str, int]:
    """Send a slice of an issue and ask for the next one.

    Safe twice: each row is leased by one worker (newsletter/delivery/worker.py). If it never runs,
    or dies, `tick` asks for another.
    """
    sending = Issue.objects.filter(pk=issue_pk, state=Issue.State.SENDING)
    woken = sending.values_list("woken_at", flat=True).first()
    report = worker.deliver(issue_pk)
    issue = sending.first()
    if report.more and issue is not None:
        wake(issue)
    elif issue is not None:
        # No further task: `tick` may ask for one as soon as something is due. Where another
        # was asked for meanwhile, its note stays.
        sending.filter(woken_at=woken).update(woken_at=None)
    return report.counts


@task()
def tell_editor(issue_pk: int, mail_name: str) -> None:
    """Write to the editor of an issue (newsletter/delivery/pausing.py); the caller need not wait.

    If it never runs, the editor reads the same in the admin.
    """
    issue = Issue.objects.filter(pk=issue_pk).first()
    if issue is not None:
        pausing.tell_editor(issue, mail_name)


def wake(issue: Issue) -> None:
    """Ask for a delivery task once this transaction is committed.

    Does nothing for an issue that is not being sent: to resume it wakes a worker. When the
    task queue is away, that costs nothing but time: `tick` asks again.
    """
    sending = Issue.objects.filter(pk=issue.pk, state=Issue.State.SENDING)
    if sending.update(woken_at=timezone.now()):
        transaction.on_commit(lambda: deliver_issue.enqueue(issue.pk), robust=True)
