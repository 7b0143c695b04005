"""`manage.py load_demo`: articles, issues and resources for a first look. `make run` calls it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alarmroom.demo.load import load


class Command(BaseCommand):
    help = "Create what is missing of the demo; what editors wrote or changed stays as it is."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        try:
            summary = load()
        except ImportError as error:
            if error.name is None or not error.name.startswith("reportlab"):
                raise
            raise CommandError(
                "The demo's resources are set with reportlab, which is not installed. "
                "Run `pip install -r requirements-dev.txt` and try again."
            ) from error
        if verbosity:
            self.stdout.write(str(summary))
