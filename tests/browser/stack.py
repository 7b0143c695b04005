"""Runs the whole site as `make run` does, with its own ports and data directory."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from tests.helpers import free_ports, start

START_SECONDS = 120
STOP_SECONDS = 60


@dataclass
class Stack:
    """A running site, its editor's password and its mailbox."""

    env: dict[str, str]
    """The environment of `manage.py`, with its own ports and data directory."""
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://localhost:{self.env['PORT']}"

    @property
    def data_dir(self) -> Path:
        return Path(self.env["DATA_DIR"])

    @property
    def log(self) -> Path:
        """The file with the output since the last start."""
        return self.data_dir / "develop.log"

    def start(self) -> None:
        """Run `manage.py develop`; return when the site answers."""
        with self.log.open("wb") as output:  # Each start writes a new log.
            self.process = start(
                "manage.py", "develop", env=self.env, stdout=output, stderr=subprocess.STDOUT
            )
        wait_until_announced(self.process, self.log, int(self.env["SMTP_PORT"]))

    def stop(self) -> None:
        """Press Ctrl-C; the site must not have ended before, and must now end cleanly."""
        assert self.process
        output_text = self.log.read_text()
        assert self.process.poll() is None, f"The site ended by itself:\n{output_text[-4000:]}"
        stopped = stop(self.process)
        output_text = self.log.read_text()
        assert stopped, f"The site did not stop:\n{output_text[-4000:]}"
        assert self.process.returncode == 0, output_text[-4000:]
        assert "Traceback" not in output_text, output_text[output_text.index("Traceback") - 500 :][
            :4000
        ]
        assert not remaining_processes(self.data_dir), "Processes were left behind."

    @property
    def password(self) -> str:
        """The password of the account `editor`."""
        return (self.data_dir / "editor-password.txt").read_text().strip()

    def mails(self, address: str) -> list[EmailMessage]:
        """Return the mails that this address got, the oldest first."""
        files = [*self.data_dir.glob("mail/new/*"), *self.data_dir.glob("mail/cur/*")]
        files.sort(key=lambda path: path.stat().st_mtime_ns)
        found = [message_from_bytes(path.read_bytes(), policy=policy.SMTP) for path in files]
        return [mail for mail in found if mail["Delivered-To"] == address]

    def wait_for_mail(self, address: str, *, count: int = 1, seconds: float = 30) -> EmailMessage:
        """Return the newest mail of this address once it has got `count` of them."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            mails = self.mails(address)
            if len(mails) >= count:
                return mails[-1]
            time.sleep(0.1)
        raise AssertionError(
            f"{address} got {len(self.mails(address))} mails of {count} in {seconds} seconds\n"
            + self.log.read_text()[-4000:]
        )


def environment(data_dir: Path, **changes: str) -> dict[str, str]:
    """Return the environment of `make run`, with its own ports and data directory."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    port, smtp_port = free_ports(2)
    own = {
        "ENV_FILE": "",
        "DEBUG": "on",
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "SMTP_PORT": str(smtp_port),
    }
    return {**inherited, **own, **changes}


@contextmanager
def own_database(name: str) -> Iterator[dict[str, str]]:
    """Yield the DATABASE_URL of a fresh database in the tests' cluster; empty on SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield {}
        return
    # The last part of the path is the name of the database; the part before it names the server.
    where, _, existing = url.rpartition("/")
    host = urlsplit(url).path.removeprefix("/").rpartition("/")[0] or urlsplit(url).hostname
    connection = psycopg2.connect(
        host=host,
        port=urlsplit(url).port,
        user=urlsplit(url).username,
        password=urlsplit(url).password,
        dbname=existing,
    )
    connection.autocommit = True  # CREATE DATABASE cannot run in a transaction.
    try:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
            yield {"DATABASE_URL": f"{where}/{name}"}
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        connection.close()


@contextmanager
def running(data_dir: Path, **changes: str) -> Iterator[Stack]:
    """Run `manage.py develop` until the block ends; it must then stop cleanly at Ctrl-C."""
    data_dir.mkdir(parents=True, exist_ok=True)
    stack = Stack(environment(data_dir, **changes))
    try:
        stack.start()
        yield stack
        stack.stop()
    except BaseException:
        process = stack.process
        process.kill() if process and process.poll() is None and not stop(process) else None
        raise


def wait_until_announced(process: "subprocess.Popen[bytes]", log: Path, smtp_port: int) -> None:
    """Return when the terminal names the addresses and the mail server answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if "Ctrl-C stops everything" in log.read_text():
            try:
                socket.create_connection(("127.0.0.1", smtp_port), 1).close()
            except OSError:
                pass
            else:
                return
        time.sleep(0.1)
    raise AssertionError(f"The site did not start:\n{log.read_text()[-4000:]}")


def stop(process: "subprocess.Popen[bytes]") -> bool:
    """Press Ctrl-C; return whether the process ended."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def remaining_processes(data_dir: Path) -> list[int]:
    """Return the processes that still run with this data directory (Linux only)."""
    mark = f"DATA_DIR={data_dir}".encode() + b"\0"
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # It belongs to another user, or it has ended.
            continue
    return found
