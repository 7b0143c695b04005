"""`manage.py develop`: runs the whole site under one terminal. `make run` calls it."""

import errno
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connections

from alarmroom.development.supervisor import Supervisor

EDITOR = "editor"


class Command(BaseCommand):
    help = "Prepare and run everything: website, admin, worker, tick and a mail server."
    requires_system_checks = []  # They need the data directory, which is made here.

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-demo", action="store_true", help="Start with an empty site, without the demo."
        )

    def handle(self, *args: Any, no_demo: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "`develop` is for development: it needs DEBUG=on. docs/deploying.md says how "
                "to run in production."
            )
        make_data_dir(settings.DATA_DIR)
        check_port_is_free(settings.PORT, "PORT")
        check_port_is_free(settings.SMTP_PORT, "SMTP_PORT")
        self.check()
        try:
            call_command("migrate", verbosity=0, skip_checks=True)
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {str(error).strip()}") from error
        # Only at the first start, so that nothing comes back that an editor has deleted.
        if not no_demo and not get_user_model().objects.filter(username=EDITOR).exists():
            self.stdout.write("Loading the demo …")
            call_command("load_demo", verbosity=0)
        password_file = settings.DATA_DIR / "editor-password.txt"
        make_editor(password_file)

        manage = [sys.executable, "manage.py"]
        supervisor = Supervisor(
            {
                "web": [*manage, "runserver", "--skip-checks", f"127.0.0.1:{settings.PORT}"],
                "mail": [*manage, "mailroom"],
                # Short intervals, so that a mail arrives within a second.
                "worker": [
                    *manage, "db_worker", "--no-reload", "--no-startup-delay", "--interval", "0.5",
                ],
                "tick": [*manage, "tick", "--forever", "--interval", "5"],
            }
        )  # fmt: skip

        def announce() -> None:
            password = editor_password(password_file)
            connections.close_all()
            if wait_until_it_answers(f"http://127.0.0.1:{settings.PORT}/", supervisor):
                supervisor.say(summary(password))

        connections.close_all()
        os.chdir(settings.BASE_DIR)
        if not supervisor.run(announce):
            sys.exit(1)
        self.stdout.write("Stopped.")


def make_data_dir(path: Path) -> None:
    """Make the data directory, or raise CommandError when nothing can be written there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandError(
            f"{path} cannot be written ({error.strerror}): "
            "make it writable, or name another folder: DATA_DIR=/some/folder make run"
        ) from error


def check_port_is_free(port: int, variable: str) -> None:
    """Raise CommandError if the port is in use, on IPv4 or IPv6."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    reason = "is in use"
                elif error.errno == errno.EACCES:
                    reason = "needs more rights than you have"
                else:  # This machine has no such address family.
                    continue
                raise CommandError(
                    f"Port {port} {reason}; choose another: {variable}={port + 1} make run"
                ) from error


def make_editor(password_file: Path) -> None:
    """Create the editor's account if it is missing, and store its password for later starts.

    Only the owner of the file can read it. The password is for this development machine only.
    """
    users = get_user_model()
    if users.objects.filter(username=EDITOR).exists():
        return
    password = secrets.token_urlsafe(9)
    password_file.unlink(missing_ok=True)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")
    users.objects.create_superuser(EDITOR, f"{EDITOR}@{settings.SITE_HOST}", password)


def editor_password(password_file: Path) -> str:
    """Return what to print as the editor's password: the stored one, if it is still valid."""
    kept = password_file.read_text().strip() if password_file.is_file() else ""
    editor = get_user_model().objects.get(username=EDITOR)
    if kept and editor.check_password(kept):
        return kept
    return f"the one you set (`python manage.py changepassword {EDITOR}` sets a new one)"


def wait_until_it_answers(url: str, supervisor: Supervisor) -> bool:
    """Return True as soon as the site answers, or False if it is being stopped."""
    while not supervisor.stopping.is_set():
        try:
            urllib.request.urlopen(url, timeout=30).close()  # noqa: S310  (a loopback http URL)
        except urllib.error.HTTPError:
            return True  # An error page is an answer; the terminal shows the error itself.
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def summary(password: str) -> str:
    """Return the text that says where the site, the admin and the mails are."""
    site = settings.SITE_URL
    lines = [
        f"Website   {site}/",
        f"Admin     {site}/admin/",
        f"          user {EDITOR}, password {password}",
        f"Mail      {site}/dev/mail/",
        "",
        "Ctrl-C stops everything; the data stays in " + str(settings.DATA_DIR),
    ]
    rule = "─" * max(map(len, lines))
    return "\n".join(["", rule, *lines, rule, ""])
