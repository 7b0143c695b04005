"""`manage.py make_renditions`: the copies of pictures, made here and now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Q
from django.utils import timezone

from posts import finishing
from posts.models.image import Image
from posts.pictures.renditions import RECIPE
from posts.tasks import make_renditions


class Command(BaseCommand):
    help = (
        "Make the copies of pictures that have none, or none of today's making. Workers do "
        "this by themselves for every new picture; this is for an old library. It can be "
        "stopped at any moment and started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="Make every copy anew.")

    def handle(self, *args: Any, all: bool, verbosity: int, **options: Any) -> None:
        images = Image.objects.filter(renditions_due_at=None)
        if not all:
            images = images.filter(~Q(renditions__recipe=RECIPE) | Q(renditions={}))
        images.update(renditions_due_at=timezone.now())
        made = failed = 0
        for pk in list(Image.objects.renditions_due().values_list("pk", flat=True)):
            if make_renditions.call(pk):
                made += 1
            else:
                failed += 1
        while finishing.serve_due():
            pass
        if verbosity:
            self.stdout.write(f"Copies of {made} pictures made; {failed} could not be.")
