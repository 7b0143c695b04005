"""Where a plan is played: an installation, a mail server that can be killed, and workers."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.forking import Child, Host, Killed
from bench.scratch import ROOT, free_port, wait_for
from tests.throwaway_postgres import Cluster
from torture.judge import Row, Verdict, judge

# Something hangs if nothing happens for so long, however slow the machine is.
PATIENCE = 120.0
OVER = ("sent", "cancelled")


class Stage:
    """One run of a plan. `seed` decides all that is random."""

    def __init__(
        self,
        host: Host,
        env: dict[str, str],
        folder: Path,
        seed: int,
        cluster: Cluster | None = None,
        connections: int = 4,
    ) -> None:
        self.host, self.env, self.cluster = host, env, cluster
        self.random = random.Random(seed)
        self.seed, self.connections = seed, connections
        self.folder = folder
        self.port = free_port()
        self.issue = 0
        self.recipients = 0
        self.notes: list[str] = []
        self.problems: list[str] = []
        self.crew: list[Child] = []
        self._server: subprocess.Popen[bytes] | None = None

    # The issue

    def fill(self, recipients: int, **options: Any) -> None:
        """Start an issue for so many. What the server takes from now on is counted anew."""
        self.kill_server()
        self.log = self.folder / f"taken-{time.monotonic_ns()}"
        self.log.touch()
        self._counted, self._read = 0, 0
        self.recipients = recipients
        self.issue = self.run("fill", recipients=recipients, **options)

    def run(self, act: str, **arguments: Any) -> Any:
        """Do an act of torture/acts.py; return its result."""
        return self.host.run(f"torture.acts:{act}", **arguments)

    # The mail server

    def serve(self, **options: Any) -> None:
        """Start the mail server, or start it anew with other faults."""
        self.kill_server()
        options = {
            "port": self.port,
            "log": str(self.log),
            "seed": self.random.randrange(1 << 30),
            **options,
        }
        self._server = subprocess.Popen(
            [sys.executable, "-m", "torture.sink", json.dumps(options)], cwd=ROOT
        )
        wait_for(self.port, self._server)

    def kill_server(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def taken(self) -> int:
        """Return how many messages the server has taken."""
        with self.log.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        self._read += len(new)
        self._counted += new.count(b"\n")
        return self._counted

    # Workers

    def worker(self, **options: Any) -> Child:
        """Start a worker of the issue."""
        options = {"port": self.port, "connections_each": self.connections, **options}
        worker = self.host.begin("torture.acts:send", issue=self.issue, **options)
        self.crew.append(worker)
        return worker

    def kill(self, worker: Child) -> None:
        """Kill a worker, and let its leases run out."""
        worker.kill()
        self.crew.remove(worker)
        self.run("free", pids=[worker.pid])

    def dismiss(self) -> list[str]:
        """Kill all workers; return what those had raised that had ended by themselves."""
        raised: list[str] = []
        for worker in self.crew:
            if worker.ended():
                with suppress(Killed):
                    raised += worker.result()
            else:
                worker.kill()
        self.crew.clear()
        return sorted(set(raised))

    def await_taken(self, number: int, each: Callable[[], object] = lambda: None) -> bool:
        """Return True when so many are taken; False when all workers have ended before.

        `each` is called while it waits.
        """
        last, since = self.taken(), time.monotonic()
        while last < number:
            if all(worker.ended() for worker in self.crew):
                return self.taken() >= number
            each()
            time.sleep(0.001)
            if (now := self.taken()) != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                raise TimeoutError(f"Nothing is sent for {PATIENCE:.0f} s; {last} were taken.")
        return True

    # The end

    def settle(self) -> None:
        """Let time pass, and workers go on without trouble, until the issue is over."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.run("free", pids=None)
            state = self.run("nudge", issue=self.issue)
            if state in OVER:
                break
            if time.monotonic() > deadline:
                self.problems.append(f"the issue does not end: it is {state}")
                break
            worker = self.worker(seconds=5)
            self.problems += [f"raised: {error}" for error in worker.result()]
            self.crew.remove(worker)
        if self.run("recipients", issue=self.issue) != self.recipients:
            self.problems.append("the issue does not know how many its recipients are")

    def verdict(self, **limits: Any) -> Verdict:
        """Judge what became of everybody."""
        self.taken()
        rows = [Row(*row) for row in self.run("rows", issue=self.issue)]
        lines = self.log.read_text().splitlines()
        found = judge(rows, lines, recipients=self.recipients, **limits)
        found.problems[:0] = self.problems
        return found

    def close(self) -> None:
        for worker in self.crew:
            worker.kill()
        self.kill_server()
