"""`manage.py reset_second_factor NAME`: for the last administrator who lost the phone."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from alarmroom.desk.signing_in import factors


class Command(BaseCommand):
    help = (
        "Remove the second factor of an account and end its sessions. At its next sign-in it sets "
        "up a new one, where its role needs one. On the desk an administrator does the same."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The user name of the account.")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        user = get_user_model()._default_manager.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no account “{name}”.")
        if not factors.remove(user, by=None):
            raise CommandError(f"“{name}” has no second factor.")
        self.stdout.write(f"The second factor of “{name}” is removed, and its sessions are ended.")
