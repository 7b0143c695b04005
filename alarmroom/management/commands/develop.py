"""`manage.py develop`: runs the whole site under one terminal. `make run` calls it."""

import errno
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connections

from alarmroom.development import accounts
from alarmroom.development.supervisor import Supervisor


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
        if not no_demo:
            if not accounts.has_editor():
                self.stdout.write("Loading the demo …")
                call_command("load_demo", verbosity=0)
            accounts.make_roles(settings.DATA_DIR)
        accounts.make_editor(settings.DATA_DIR)

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
            people = accounts.lines(settings.DATA_DIR)
            connections.close_all()
            if wait_until_it_answers(f"http://127.0.0.1:{settings.PORT}/", supervisor):
                supervisor.say(summary(people))

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


def summary(people: list[str]) -> str:
    """Return the text that says where site, admin and mails are, and who may sign in."""
    site = settings.SITE_URL
    lines = [
        f"Website   {site}/",
        f"Admin     {site}/admin/",
        *(f"          {line}" for line in people),
        f"Mail      {site}/dev/mail/",
        "",
        "Ctrl-C stops everything; the data stays in " + str(settings.DATA_DIR),
    ]
    rule = "─" * max(map(len, lines))
    return "\n".join(["", rule, *lines, rule, ""])
