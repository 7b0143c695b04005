"""The task that sends links for new passwords. It only wakes: the rows say what is due."""

from django.db import transaction
from django.tasks import task

from alarmroom.desk.signing_in import reset


@task()
def send_password_links() -> int:
    """Send what is due. It may run twice: one worker at a time claims a row."""
    return reset.send_due()


def wake() -> None:
    """Ask for the task once this transaction is committed."""
    transaction.on_commit(lambda: send_password_links.enqueue(), robust=True)


def wake_due() -> None:
    """Ask for the task if something is due, as after a task that was lost. For the tick."""
    if reset.due().exists():
        wake()
