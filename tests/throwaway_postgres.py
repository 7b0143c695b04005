"""A PostgreSQL cluster in a temporary folder, which is removed after use.

`python -m tests.throwaway_postgres -- pytest` runs a command with DATABASE_URL set to it.
It listens only on a socket in that folder, and it is fast but not crash-safe (no fsync).
"""

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


@contextmanager
def cluster() -> Iterator[str]:
    """Yield the DATABASE_URL of a fresh cluster; stop and remove it afterwards.

    Raises Missing when PostgreSQL is not installed.
    """
    bin_dir, user = programs(), unprivileged_user()
    # Short, because a socket's path may have 107 characters only.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = None
    try:
        if user:
            os.chown(folder, user["user"], user["group"])
        data = folder / "data"
        subprocess.run(
            [bin_dir / "initdb", "-D", data, "-U", NAME, "-A", "trust", "-E", "UTF8", "--no-sync"],
            stdout=subprocess.DEVNULL,
            cwd=folder,
            check=True,
            **user,
        )
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        server = subprocess.Popen(
            [bin_dir / "postgres", "-D", data, "-k", folder, *options],
            stdout=subprocess.DEVNULL,
            cwd=folder,
            # Ctrl-C is for the tests; the server is stopped when they are done.
            start_new_session=True,
            **user,
        )
        wait_until_ready(bin_dir, folder, server)
        client = ["-h", folder, "-U", NAME]
        for name in (NAME, TEMPLATE):
            subprocess.run([bin_dir / "createdb", *client, name], cwd=folder, check=True)
        yield f"postgres://{NAME}@/{folder}/{NAME}"
    finally:
        if server is not None:
            server.send_signal(
                signal.SIGQUIT
            )  # Immediate shutdown: the data is not needed any more.
            server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


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
