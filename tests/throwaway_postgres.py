"""A PostgreSQL cluster in a temporary folder, which is removed after use.

`python -m tests.throwaway_postgres -- pytest` runs a command with DATABASE_URL set to it.
It listens only on a socket in that folder, and it is fast but not crash-safe (no fsync), unless it
is made with the settings of DURABLE.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.parts import in_ci

NAME = "alarmroom"
# Migrated once; the test databases are copies of it (tests/databases.py).
TEMPLATE = "alarmroom_template"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Its statistics would make the planner prefer to scan a test's small tables.
    "autovacuum": "off",
    "max_connections": "100",
    "log_min_messages": "panic",
}

# As PostgreSQL is by default: a commit waits for the disk.
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "256MB",
}


class Missing(Exception):
    """PostgreSQL's server programs are not on this machine."""


def programs() -> Path:
    """Return the folder of initdb and postgres, the newest version's; raise Missing."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    # Debian keeps the server's programs off the PATH.
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parent.parent.name),
    )
    if not versions:
        raise Missing("PostgreSQL is missing (apt install postgresql)")
    return versions[-1].parent


def unprivileged_user() -> dict[str, Any]:
    """Return the options of subprocess for an ordinary user: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise Missing("There is no user to run PostgreSQL as (adduser postgres)")


class Cluster:
    """The server programs, the folder and the running server of one cluster."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder, self.settings = folder, {**SETTINGS, **settings}
        self.bin, self.user = programs(), unprivileged_user()
        self.url = f"postgres://{NAME}@/{folder}/{NAME}"
        self._server: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the cluster and its databases, and start the server."""
        if self.user:
            os.chown(self.folder, self.user["user"], self.user["group"])
        initdb = [self.bin / "initdb", "-D", self.folder / "data", "-U", NAME, "-A", "trust"]
        subprocess.run(
            [*initdb, "-E", "UTF8", "--no-sync"],
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            check=True,
            **self.user,
        )
        self.start()
        for name in (NAME, TEMPLATE):
            createdb = [self.bin / "createdb", "-h", self.folder, "-U", NAME, name]
            subprocess.run(createdb, cwd=self.folder, check=True)

    def start(self) -> None:
        """Start the server, and return when it takes connections."""
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        self._server = subprocess.Popen(
            [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            # Ctrl-C is for the tests; the server is stopped when they are done.
            start_new_session=True,
            **self.user,
        )
        wait_until_ready(self.bin, self.folder, self._server)

    def crash(self) -> None:
        """Kill the server and all its processes at once."""
        assert self._server is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait(30)
        # Each backend has a session of its own; it ends when it sees that its postmaster is gone.
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if entry.parent.stat().st_uid == self.user.get("user", os.geteuid()) and (
                    str(entry.parent.joinpath("cwd").resolve()) == str(self.folder / "data")
                ):
                    os.kill(int(entry.parent.name), signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server without a care for the data, which is not needed any more."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(30)


@contextmanager
def running(**settings: str) -> Iterator[Cluster]:
    """Yield a fresh cluster; stop and remove it afterwards.

    `settings` are PostgreSQL's, in place of those above. Raises Missing when PostgreSQL is not
    installed.
    """
    programs()
    # Short, because a socket's path may have 107 characters only.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    made = Cluster(folder, settings)
    try:
        made.create()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cluster(**settings: str) -> Iterator[str]:
    """Yield the DATABASE_URL of a fresh cluster; see running()."""
    with running(**settings) as made:
        yield made.url


def wait_until_ready(bin_dir: Path, folder: Path, server: "subprocess.Popen[bytes]") -> None:
    """Return when the server takes connections; raise RuntimeError when it never does."""
    for _ in range(300):
        ready = subprocess.run(
            [bin_dir / "pg_isready", "-q", "-h", folder, "-U", NAME, "-d", "postgres"],
            cwd=folder,
            check=False,
        )
        if ready.returncode == 0:
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError("The throw-away PostgreSQL did not start.")


def main(command: list[str]) -> int:
    """Run a command with DATABASE_URL set; return its exit code."""
    # On SIGTERM, end by an exception, so that the cluster is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with cluster() as url:
            template = url.removesuffix(NAME) + TEMPLATE
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"],
                env={**os.environ, "ENV_FILE": "", "DEBUG": "on", "DATABASE_URL": template},
                check=True,
            )
            return subprocess.run(
                command,
                env={**os.environ, "DATABASE_URL": url, "POSTGRES_TEMPLATE": TEMPLATE},
                check=False,
            ).returncode
    except Missing as missing:
        print(f"Skipped on PostgreSQL: {missing}", file=sys.stderr)  # noqa: T201 (a command)
        return 1 if in_ci() else 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main(arguments[1:] if arguments[:1] == ["--"] else arguments))
