"""Runs the tasks that the dummy backend has only stored, as a worker would."""

from django.tasks import task_backends


def run_noted() -> list[str]:
    """Run the stored tasks, oldest first; return their names."""
    noted = list(task_backends["default"].results)
    task_backends["default"].clear()
    for result in noted:
        result.task.call(*result.args)
    return [result.task.name for result in noted]
