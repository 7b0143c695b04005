"""What tests of every room need: threads that start together, free ports, other processes."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.db import connections

ROOT = Path(__file__).resolve().parent.parent

# Only a fault takes as long: a deadlock, or a server that does not start.
PATIENCE = 120  # seconds


# Threads


def at_once[T](*acts: Callable[[], T]) -> list[T]:
    """Run each act in a thread; return what they return, in their order, or raise the first error.

    All start together. Each has its own connection to the database, which is closed at its end.
    `at_once(*[act] * 4)` runs the same one four times.
    """
    barrier = threading.Barrier(len(acts))
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(number: int, act: Callable[[], T]) -> None:
        try:
            barrier.wait(PATIENCE)
            results[number] = act()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=given, daemon=True) for given in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "A thread waits for ever."
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(acts))]


# Ports


def free_ports(count: int) -> list[int]:
    """Return TCP ports of loopback that nobody listens on at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def free_port() -> int:
    return free_ports(1)[0]


def wait_for_port(port: int, process: "subprocess.Popen[Any]") -> None:
    """Return when somebody listens on a port, which a process that was just started opens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, f"It ended before it listened on {port}."
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"Nothing listens on {port}.")


# Processes


def python(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> "subprocess.CompletedProcess[str]":
    """Run Python in the project's folder; return the finished process with its output.

    Without `env` it inherits the environment of the tests.
    """
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )


def manage(
    *arguments: str, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `manage.py` as python() does."""
    return python("manage.py", *arguments, env=env)


def shell(code: str, *, env: Mapping[str, str] | None = None) -> str:
    """Run code in a process of its own in which Django is set up; return what it prints.

    It must end without an error.
    """
    done = manage("shell", "-v0", "--no-imports", "-c", code, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def start(
    *arguments: str, env: Mapping[str, str] | None = None, **options: Any
) -> "subprocess.Popen[Any]":
    """Start Python in the project's folder and return the running process, to be ended later."""
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env, **options)


class Interpreter:
    """A process that stays, in which Django is set up: it runs one piece of code after another.

    A process for each piece would take most of a second to begin.
    """

    LOOP = """
import contextlib, io, json, sys
import django
django.setup()
from django.db import connections
names = {}
for line in sys.stdin:
    error, printed = "", io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), names)
    except BaseException as raised:
        error = repr(raised)
    connections.close_all()
    print(json.dumps([error, printed.getvalue()]), flush=True)
"""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.process = start(
            "-c",
            self.LOOP,
            env={**env, "DJANGO_SETTINGS_MODULE": "alarmroom.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> str:
        """Run code to its end; return what it prints. Its names stay for the next piece."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        error, printed = json.loads(self.process.stdout.readline())
        assert not error, error
        return str(printed).strip()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
