"""Runs several processes under one terminal: starts them, prints their output, stops them all.

Each child has its own session. So Ctrl-C reaches only this process, and a child can be stopped
together with the processes that it started.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Lock, Thread
from typing import IO

# Long enough for a worker to finish its slice (DELIVERY_SLICE_SECONDS), so that no mail that it
# is sending becomes uncertain.
STOP_SECONDS = 30.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs named commands until a signal comes or one of them ends by itself."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self.commands = commands
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = Event()
        self._second_signal = Event()
        self._readers: list[Thread] = []
        self._writing = Lock()
        self._width = max(map(len, commands))

    def run(self, started: Callable[[], None] | None = None) -> bool:
        """Run until stopped by SIGINT, SIGTERM or SIGHUP; return False if a child died.

        A second signal kills the children without waiting for them.

        `started` is called in a thread once every child is running. Whatever happens,
        no child is left when this returns.
        """
        for number in SIGNALS:
            signal.signal(number, lambda *_: self._signalled())
        died: str | None = None
        try:
            for name, command in self.commands.items():
                self._start(name, command)
            if started:
                Thread(target=started, daemon=True).start()
            while not self.stopping.wait(0.1) and died is None:
                died = next((n for n, c in self.children.items() if c.poll() is not None), None)
            if died is not None:
                code = self.children[died].returncode
                self.say(f"{died} ended by itself (exit code {code}); stopping the rest.")
        finally:
            self.stopping.set()
            self._stop()
        return died is None

    def say(self, text: str) -> None:
        """Print whole lines, so that output of several children is not mixed within a line."""
        with self._writing:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def _signalled(self) -> None:
        if self.stopping.is_set():
            self._second_signal.set()
        self.stopping.set()

    def _start(self, name: str, command: Sequence[str]) -> None:
        child = subprocess.Popen(  # noqa: S603  (our own commands, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "DJANGO_RUNSERVER_HIDE_WARNING": "true"},
            start_new_session=True,
        )
        self.children[name] = child
        assert child.stdout is not None  # noqa: S101  (it was asked for with PIPE)
        reader = Thread(target=self._relay, args=(name, child.stdout), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _relay(self, name: str, stream: IO[bytes]) -> None:
        for line in stream:
            text = line.decode(errors="replace").rstrip()
            if text:
                self.say(f"{name:<{self._width}} | {text}")

    def _stop(self) -> None:
        for child in self.children.values():
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for name, child in self.children.items():
            while child.poll() is None and not self._second_signal.wait(0.05):
                if time.monotonic() > deadline:
                    self.say(f"{name} does not stop; ending it.")
                    break
            # The child has ended; processes that it started may still run.
            _signal_group(child, signal.SIGKILL)
            child.wait()
        for reader in self._readers:
            reader.join(1)


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        # No process of the group is left (macOS returns EPERM for a group of zombies).
        return
