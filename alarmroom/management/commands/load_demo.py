"""`manage.py load_demo`: loads example articles, issues and resources. `make run` calls it."""

from typing import Any

from django.core.management.base import BaseCommand

from alarmroom.development.demo.load import load


class Command(BaseCommand):
    help = "Create what is missing of the demo; what editors wrote or changed stays as it is."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        summary = load()
        if verbosity:
            self.stdout.write(str(summary))
