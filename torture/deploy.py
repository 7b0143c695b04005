"""Workers as they are deployed: `manage.py db_worker` and `manage.py tick --forever`."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.scratch import ROOT
from torture.judge import Verdict
from torture.plans import Size, go_on, steps
from torture.stage import Stage

WORKER = ("db_worker", "--no-reload", "--no-startup-delay", "--interval", "0.1")
TICK = ("tick", "--forever", "--interval", "0.5")


class Deployed:
    """The processes of a deployment, which all are killed at the end."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, code: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start `manage.py` with this command, in a session of its own."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=code,
            env={
                **self.stage.env,
                "SMTP_URL": f"smtp://127.0.0.1:{self.stage.port}",
                "DELIVERY_CONNECTIONS": str(self.stage.connections),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill -9, and let its leases run out."""
        self.running.remove(process)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.stage.run("free", pids=[process.pid])

    def await_taken(self, number: int) -> None:
        """Return when so many were taken."""
        last, since = self.stage.taken(), time.monotonic()
        while last < number:
            go_on(self.stage)
            time.sleep(0.005)
            if (now := self.stage.taken()) != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > 120:
                raise TimeoutError(f"Nothing is sent for two minutes; {last} were taken.")


@contextmanager
def deployed(stage: Stage) -> Iterator[Deployed]:
    found = Deployed(stage)
    try:
        yield found
    finally:
        for process in list(found.running):
            found.kill(process)


def processes(stage: Stage, size: Size) -> Verdict:
    """Kill -9 of `manage.py db_worker` at random moments; others and the tick go on."""
    stage.fill(size.recipients)
    stage.serve()
    with deployed(stage) as crew:
        crew.start(*TICK)
        workers = [crew.start(*WORKER) for _ in range(2)]
        for step in steps(stage, size):
            crew.await_taken(step)
            victim = workers.pop(stage.random.randrange(len(workers)))
            crew.kill(victim)
            workers.append(crew.start(*WORKER))
        crew.await_taken(size.recipients - size.blows * stage.connections)
    stage.notes.append(f"{size.blows} kills")
    stage.settle()
    return stage.verdict(most_in_doubt=(size.blows + 2) * stage.connections)


@contextmanager
def old_code() -> Iterator[tuple[Path, str]]:
    """Yield a folder with the code before the newest migration of the ledger, and its commit."""
    git = ["git", "-C", str(ROOT)]
    newest = subprocess.run(
        [*git, "log", "-1", "--format=%h^", "--", "newsletter/migrations"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    commit = subprocess.run(
        [*git, "rev-parse", "--short", newest], capture_output=True, text=True, check=True
    ).stdout.strip()
    archive = subprocess.run([*git, "archive", commit], capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="old-code-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder), commit


def old_and_new(stage: Stage, size: Size) -> Verdict:
    """A deploy in the middle: the tables are new, the old worker still sends, new ones join it."""
    if not (ROOT / ".git").exists():
        stage.notes.append("not played: this is no Git checkout")
        return Verdict()
    stage.fill(size.recipients)
    stage.serve()
    with old_code() as (folder, commit), deployed(stage) as crew:
        old = crew.start(*WORKER, code=folder)
        old_tick = crew.start(*TICK, code=folder)
        crew.await_taken(size.recipients // 4)
        crew.start(*TICK)
        crew.start(*WORKER)
        crew.await_taken(size.recipients // 2)
        # As a deploy does: asked to end, and not before its slice is over.
        old.send_signal(signal.SIGTERM)
        crew.kill(old_tick)
        crew.await_taken(size.recipients * 3 // 4)
        stage.notes.append(f"the old code is {commit}")
        if old.poll() is None:
            crew.await_taken(size.recipients - 2 * stage.connections)
    stage.settle()
    return stage.verdict(most_in_doubt=3 * stage.connections)
