"""A valid production environment, for tests and checks that need production settings.

`python -m tests.production manage.py check --deploy` runs a command in it.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests import helpers

SECRET_KEY = "for-checking-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2


def environment(data_dir: str, **changes: str) -> dict[str, str]:
    """Return the variables of a production machine, with changes."""
    inherited = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CI") if name in os.environ
    }
    production: Mapping[str, str] = {
        "ENV_FILE": "",
        "SECRET_KEY": SECRET_KEY,
        "ALLOWED_HOSTS": "www.example.org",
        "SITE_URL": "https://www.example.org",
        "DATA_DIR": data_dir,
        "SMTP_URL": "smtp+tls://user:password@smtp.example.org:587",
        "BULK_SMTP_URL": "smtp+tls://user:password@bulk.example.org:587",
        "BUFFERING_PROXY": "on",
        "TRUSTED_PROXIES": "1",
        "POSTAL_ADDRESS": "The Alarm Room, 100 Main Street, Springfield, IL 62701, USA",
    }
    return {**inherited, **production, **changes}


def migrate(env: Mapping[str, str]) -> None:
    """Make the tables of a fresh installation; see run_once()."""
    if "DATABASE_URL" in env:
        manage(env, "migrate", "-v0")
    else:
        run_once("alarmroom.sqlite3", env, "migrate", "-v0")


def collect_static(env: Mapping[str, str]) -> None:
    """Collect and compress the static files of a fresh installation; see run_once()."""
    run_once("static", env, "collectstatic", "-v0", "--noinput")


def run_once(name: str, env: Mapping[str, str], *command: str) -> None:
    """Run a command that makes a file or folder of the data directory and takes seconds.

    It runs once in a test run. Later calls get a copy of what the first one made.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    made = Path(env["DATA_DIR"], name)
    stored = Path(os.environ["DATA_DIR"], "made-once", run, name)
    stored.parent.mkdir(parents=True, exist_ok=True)
    # If another worker is making it, wait for its result.
    with stored.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stored.exists():
            manage(env, *command)
            copy(made, stored)
            return
    copy(stored, made)


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def manage(env: Mapping[str, str], *command: str) -> None:
    done = helpers.manage(*command, env=env)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as data_dir:
        done = subprocess.run(
            [sys.executable, *sys.argv[1:]], env=environment(data_dir), check=False
        )
    sys.exit(done.returncode)
