"""The task that counts an issue, and what the tick asks of it."""

from django.tasks import task
from django.utils import timezone

from newsletter.models import Issue
from newsletter.reports import storing


@task()
def count_report(issue_pk: int) -> None:
    """Count what became of an issue. Safe to run twice: it only writes what the ledger says."""
    issue = Issue.objects.filter(pk=issue_pk).exclude(started_at=None).first()
    if issue is not None:
        storing.store(issue)


def wake_due() -> None:
    """Ask a worker for the figures that are due. For the tick.

    A task that is lost is asked for again when its claim ends. It waits its turn among the slices
    of an issue: below them, it would wait for the end of the sending.
    """
    for issue_pk in storing.claim(timezone.now()):
        count_report.enqueue(issue_pk)
