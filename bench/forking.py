"""A process in which Django is set up, and which forks another one for each piece of work.

To start Python and to set Django up takes most of a second; a fork takes milliseconds. So it costs
little to measure fifty ways of sending, or to kill two hundred workers.

    with Host(env) as host:
        host.run("bench.delivery_acts:fill", count=1000)
        worker = host.begin("bench.delivery_acts:deliver", seconds=60)
        worker.kill()

An act is a function with arguments and a result that JSON can carry.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from threading import Lock
from typing import IO, Any, Self

from bench.scratch import ROOT


class Killed(Exception):
    """The process ended without a result."""


class Child:
    """A forked process that does one act."""

    def __init__(self, pid: int, results: int, act: str) -> None:
        self.pid, self.act = pid, act
        self._results = results
        self._said = b""

    def ended(self, seconds: float = 0) -> bool:
        """Return whether it ended, waiting for so many seconds at most."""
        deadline = time.monotonic() + seconds
        while self._results >= 0:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._results], [], [], left)[0]:
                return False
            if said := os.read(self._results, 1 << 16):
                self._said += said
            else:
                os.close(self._results)
                self._results = -1
        return True

    def result(self, seconds: float = 900) -> Any:
        """Return what the act returned; raise Killed, or RuntimeError with what went wrong."""
        if not self.ended(seconds):
            self.kill()
            raise TimeoutError(f"{self.act} does not end")
        if not self._said:
            raise Killed(self.act)
        found = json.loads(self._said)
        if "error" in found:
            raise RuntimeError(f"{self.act} failed:\n{found['error']}")
        return found["result"]

    @property
    def open(self) -> bool:
        """Whether its end has not been seen yet. Does not look: another thread may wait for it."""
        return self._results >= 0

    def cpu(self) -> float:
        """Return the seconds of processor time of its threads that live."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def kill(self) -> None:
        """Kill it as a power cut would, and return when it is gone."""
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            self.ended(60)


class Host:
    """Starts the process that forks, and ends it and all its children."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="forks-"))
        self._numbers, self._lock = count(1), Lock()
        self._children: list[Child] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.forking"],
            cwd=ROOT,
            env={**env, "DJANGO_SETTINGS_MODULE": "alarmroom.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.kill()
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)
        shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self, act: str, **arguments: Any) -> Child:
        """Fork a process that does this act, `module:function`."""
        assert self._process.stdin and self._process.stdout
        with self._lock:
            fifo = self._folder / str(next(self._numbers))
            os.mkfifo(fifo)
            results = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            self._process.stdin.write(json.dumps([act, arguments, str(fifo)]) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            fifo.unlink()
            if not answer:
                raise RuntimeError("The process that forks has ended.")
            child = Child(int(answer), results, act)
            self._children = [known for known in self._children if known.open]
            self._children.append(child)
        return child

    def run(self, act: str, **arguments: Any) -> Any:
        """Do an act and return its result."""
        return self.begin(act, **arguments).result()


def _do(act: str, arguments: dict[str, Any]) -> str:
    try:
        module, _, name = act.partition(":")
        found = getattr(importlib.import_module(module), name)(**arguments)
        return json.dumps({"result": found})
    except BaseException:
        return json.dumps({"error": traceback.format_exc()})


def serve(asked: IO[str], answers: int) -> None:
    """Fork for each line that is asked. No connection to the database is ever opened here."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # The kernel buries the children.
    for line in asked:
        act, arguments, fifo = json.loads(line)
        results = os.open(fifo, os.O_WRONLY)
        pid = os.fork()
        if pid:
            os.close(results)
            os.write(answers, f"{pid}\n".encode())
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        said = _do(act, arguments).encode()
        while said:
            said = said[os.write(results, said) :]
        os._exit(0)


def main() -> None:
    import django

    # What an act prints is no answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    django.setup()
    # All that workers need is imported once.
    importlib.import_module("newsletter.delivery.starting")
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
