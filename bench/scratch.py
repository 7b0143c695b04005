"""A scratch installation under production settings, removed when the benchmark ends."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Missing(Exception):
    """A tool that the benchmark needs is not on this machine."""


class BelowTarget(Exception):
    """A figure misses its target."""


def is_quick() -> bool:
    """Return whether `--quick` was given: fewer and shorter runs, for a first look."""
    return os.environ.get("BENCH_QUICK") == "on"


def tool(name: str, package: str) -> str:
    """Return the path of a program; raise Missing with the package that brings it."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Missing(f"{name} is missing (apt install {package}).")
    return path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the process listens on the port; raise RuntimeError if it ends or never does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as client:
            client.settimeout(1)
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"Nothing listens on port {port}: {process.args}")


@contextmanager
def installation(**environment: str) -> Iterator[dict[str, str]]:
    """Yield the environment of a fresh, migrated installation with DEBUG off."""
    folder = tempfile.mkdtemp(prefix="alarmroom-bench-")
    env = {
        **os.environ,
        "ENV_FILE": "",
        "DEBUG": "off",
        "SECRET_KEY": "bench-" + "k" * 60,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SITE_URL": "http://localhost",
        "POSTAL_ADDRESS": "1 Bench Street, Anytown",
        "DATA_DIR": folder,
        "LOG_LEVEL": "ERROR",
        # A figure depends on no name server.
        "DELIVERY_LOOKS_UP_GATEWAYS": "off",
        "PYTHONWARNINGS": "ignore",
        **environment,
    }
    if "DATABASE_URL" not in environment:
        env.pop("DATABASE_URL", None)
    try:
        manage(env, "migrate", "--verbosity=0")
        yield env
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def manage(env: dict[str, str], *arguments: str) -> str:
    """Run a management command in the installation; return what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def python(env: dict[str, str], *arguments: str) -> str:
    """Run a module of the benchmarks in the installation; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={
            **env,
            "DJANGO_SETTINGS_MODULE": env.get("DJANGO_SETTINGS_MODULE", "alarmroom.settings"),
        },
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
