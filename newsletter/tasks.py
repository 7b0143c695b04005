"""Tasks only wake the engine: no correctness lives in the queue."""

from django.tasks import task

from newsletter import delivery, worker
from newsletter.models import Issue


@task()
def deliver_issue(issue_pk: int) -> dict[str, int]:
    """Send a slice of an issue and ask for the next one.

    Safe twice: each row is leased by one worker (newsletter/delivery.py). Safe never:
    tick notices a chain that broke.
    """
    report = worker.deliver(issue_pk)
    issue = Issue.objects.filter(pk=issue_pk, state=Issue.State.SENDING).first()
    if report.more and issue is not None:
        delivery.wake(issue)
    elif issue is not None:
        # The chain ends here: tick may start another as soon as something is due.
        Issue.objects.filter(pk=issue_pk).update(woken_at=None)
    return report.counts


@task()
def tell_editor(issue_pk: int, mail_name: str) -> None:
    """Write to an issue's editor, for whoever must not wait for a mail server.

    Safe twice: the editor reads it twice. Safe never: the admin says the same.
    """
    issue = Issue.objects.filter(pk=issue_pk).first()
    if issue is not None:
        delivery.tell_editor(issue, mail_name)
