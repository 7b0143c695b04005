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
    sending = Issue.objects.filter(pk=issue_pk, state=Issue.State.SENDING)
    woken = sending.values_list("woken_at", flat=True).first()
    report = worker.deliver(issue_pk)
    issue = sending.first()
    if report.more and issue is not None:
        delivery.wake(issue)
    elif issue is not None:
        # The chain ends here: tick may start another as soon as something is due. Where another
        # chain was started meanwhile, it goes on.
        sending.filter(woken_at=woken).update(woken_at=None)
    return report.counts
