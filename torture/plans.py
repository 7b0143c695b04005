"""What is done to workers, databases and mail servers while an issue is sent.

Each plan gets a Stage and its size, plays, and returns the verdict. What is random comes from the
stage's seed; when exactly something happens depends on the machine as well.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.scratch import ROOT, free_port, wait_for
from torture.judge import Verdict
from torture.stage import OVER, Stage


@dataclass(frozen=True)
class Size:
    """How large a plan is played."""

    recipients: int
    blows: int
    """How often something is killed, or clicked."""


def steps(stage: Stage, size: Size) -> list[int]:
    """Return after how many messages each blow falls: at random, through the whole issue."""
    last = size.recipients - 1
    return sorted(stage.random.randrange(1, last) for _ in range(size.blows))


# Deaths


def workers_killed(stage: Stage, size: Size, workers: int = 2) -> Verdict:
    """Kill -9 of workers at random moments."""
    stage.fill(size.recipients)
    stage.serve()
    for _ in range(workers):
        stage.worker()
    kills = 0
    for step in steps(stage, size):
        if not stage.await_taken(step):
            break
        # Also in the middle of what follows a message.
        time.sleep(stage.random.random() * 0.004)
        stage.kill(stage.random.choice(stage.crew))
        kills += 1
        stage.worker()
    stage.notes.append(f"{kills} kills")
    stage.dismiss()
    stage.settle()
    # The last ones are killed, too.
    return stage.verdict(most_in_doubt=(kills + workers) * stage.connections)


def server_killed(stage: Stage, size: Size) -> Verdict:
    """Kill -9 of the mail server; it comes back a moment later."""
    stage.fill(size.recipients)
    stage.serve()
    workers = 2
    for _ in range(workers):
        stage.worker()
    for step in steps(stage, size):
        stage.await_taken(step, lambda: go_on(stage))
        stage.kill_server()
        time.sleep(stage.random.random() * 0.05)
        stage.serve()
        go_on(stage)
    stage.notes.append(f"{size.blows} kills")
    stage.dismiss()
    stage.settle()
    return stage.verdict(most_in_doubt=(size.blows + 1) * workers * stage.connections)


_went_on = 0.0


def go_on(stage: Stage, each: float = 0.3) -> None:
    """Let time pass for what waits, so often at most."""
    global _went_on
    if time.monotonic() - _went_on > each:
        stage.run("nudge", issue=stage.issue)
        _went_on = time.monotonic()


def postgresql_killed(stage: Stage, size: Size) -> Verdict:
    """Kill -9 of PostgreSQL and all its processes, with fsync on; it is started again."""
    assert stage.cluster
    stage.fill(size.recipients)
    stage.serve()
    workers = 2
    for _ in range(workers):
        stage.worker()
    for step in steps(stage, size):
        stage.await_taken(step)
        stage.cluster.crash()
        time.sleep(stage.random.random() * 0.1)
        stage.cluster.start()
        stage.run("free", pids=[worker.pid for worker in stage.crew])
        for _ in range(workers - sum(not worker.ended() for worker in stage.crew)):
            stage.worker()
    stage.notes.append(f"{size.blows} crashes")
    stage.dismiss()
    stage.settle()
    return stage.verdict(most_in_doubt=(size.blows + 1) * workers * stage.connections)


def disk_full(stage: Stage, size: Size) -> Verdict:
    """SQLite may add no page any more, while workers send; later it may."""
    stage.fill(size.recipients)
    stage.serve()
    full = 0
    for step in steps(stage, size):
        stage.worker(pages=stage.random.randrange(3), seconds=2)
        stage.await_taken(step)
        raised = stage.crew[-1].result()
        full += any("full" in error for error in raised)
        stage.problems += [error for error in raised if "full" not in error]
        stage.crew.clear()
        stage.run("free", pids=None)
    stage.notes.append(f"full {full} times")
    stage.settle()
    return stage.verdict(most_in_doubt=size.blows * stage.connections)


# People


def races(stage: Stage, size: Size) -> Verdict:
    """Editors pause, go on, look, and at last cancel, by the desk's addresses; four workers."""
    rounds = max(1, size.blows // 20)
    whole = Verdict()
    for _ in range(rounds):
        found = race(stage, Size(size.recipients // rounds, size.blows // rounds))
        whole.add(found)
        stage.problems.clear()
    whole.problems += stage.problems
    stage.notes.append(f"{rounds * (size.blows // rounds)} clicks, {rounds} cancels")
    return whole


def race(stage: Stage, size: Size) -> Verdict:
    stage.fill(size.recipients)
    # So slow that there is time for all clicks.
    stage.serve(faults=[("END", "slow 0.1", 1.0)])
    for _ in range(4):
        stage.worker()
    session = stage.run("editor")

    def click(what: str) -> None:
        status, seconds = stage.run("click", issue=stage.issue, session=session, what=what)
        if status >= 400:
            stage.problems.append(f"{what} was answered with {status}")
        if seconds > 2 and what != "progress":
            stage.notes.append(f"{what} took {seconds:.1f} s")

    def edit(buttons: list[str]) -> None:
        for what in buttons:
            click(what)

    buttons = ["pause", "resume", "resume", "progress"]
    halves = [[stage.random.choice(buttons) for _ in range(size.blows // 2)] for _ in range(2)]
    editors = [threading.Thread(target=edit, args=(half,)) for half in halves]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    click("resume")
    more = stage.random.randrange(1, 1 + size.recipients // 10)
    stage.await_taken(min(size.recipients, stage.taken() + more), lambda: go_on(stage))
    # Two of them cancel at the same moment.
    editors = [threading.Thread(target=click, args=("cancel",)) for _ in range(2)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    after = stage.taken()
    for worker in stage.crew:
        stage.problems += [f"a worker raised {error}" for error in worker.result()]
    stage.crew.clear()
    late = stage.taken() - after
    if late > 4 * stage.connections:
        stage.problems.append(f"{late} were mailed after the cancel was answered")
    stage.settle()
    # Nothing died, so nothing may be in doubt.
    return stage.verdict(most_in_doubt=0, cancelled=True)


# Mail servers and networks


def hostile(stage: Stage, size: Size) -> Verdict:
    """A server that defers, refuses, hangs up and is slow in each phase, another one each time."""
    stage.fill(size.recipients)
    happens = [
        "drop",
        "reset",
        "slow 0.3",
        "421 4.3.2 closing",
        "451 4.7.1 later",
        "450 4.2.1 busy",
        "550 5.1.1 no such user",
        "552 5.2.2 full",
        "554 5.7.1 no",
        "slow 3",
    ]
    phases = ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "END", "TAKEN"]
    play(stage, size, lambda: {"faults": faults(stage, phases, happens), "withdraws": True})
    return stage.verdict()


def faults(stage: Stage, phases: list[str], happens: list[str]) -> list[tuple[str, str, float]]:
    """Choose what happens in each phase. A message that is taken is answered, or nothing is."""
    lost = ("drop", "reset", "slow 0.3", "slow 3")
    chosen = []
    for phase in phases:
        what = stage.random.choice(lost if phase in ("BODY", "TAKEN") else happens)
        if phase == "BODY" and what.startswith("slow"):
            what = "drop"
        odds = stage.random.choice([0.0, 0.01, 0.03, 0.1])
        chosen.append((phase, what, min(odds, 0.01) if what == "slow 3" else odds))
    return chosen


def phases(stage: Stage, size: Size) -> Verdict:
    """The connection ends after each SMTP phase in turn, by a hang-up or by a reset."""
    stage.fill(size.recipients)
    turn = iter(
        [
            {"faults": [(phase, what, 0.1)]}
            for phase in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "END", "TAKEN")
            for what in ("drop", "reset")
        ]
        * size.blows
    )
    play(stage, Size(size.recipients, 16), lambda: next(turn))
    return stage.verdict()


def play(stage: Stage, size: Size, options: Callable[[], dict[str, Any]]) -> None:
    """Send through servers that each have other faults, then through a good one."""
    played = []
    for step in steps(stage, size):
        chosen = options()
        played.append(chosen)
        stage.serve(**chosen)
        while sum(not worker.ended() for worker in stage.crew) < 2:
            stage.worker()
        # A server that takes nothing is not waited for.
        end = time.monotonic() + 2
        while stage.taken() < step and time.monotonic() < end:
            go_on(stage, 0.1)
            time.sleep(0.005)
    stage.notes.append(f"{len(played)} servers")
    stage.serve()
    # Those that wait for a slow server end by themselves.
    deadline = time.monotonic() + 60
    while stage.run("nudge", issue=stage.issue) not in OVER and time.monotonic() < deadline:
        time.sleep(0.1)
        if all(worker.ended() for worker in stage.crew):
            break
    stage.problems += [f"a worker raised {error}" for error in stage.dismiss()]
    stage.settle()


@contextmanager
def cutter(stage: Stage, odds: float) -> Any:
    """Put a network that breaks before the mail server; yield its port."""
    port = free_port()
    options = [str(port), str(stage.port), str(stage.random.randrange(1 << 30)), str(odds)]
    proxy = subprocess.Popen([sys.executable, "-m", "torture.cutter", *options], cwd=ROOT)
    try:
        wait_for(port, proxy)
        yield port
    finally:
        proxy.kill()
        proxy.wait()


def cut(stage: Stage, size: Size) -> Verdict:
    """The network breaks at random bytes of what either side says."""
    stage.fill(size.recipients)
    stage.serve()
    with cutter(stage, 0.01) as port:
        for _ in range(2):
            stage.worker(port=port)
        stage.await_taken(size.recipients * 3 // 4, lambda: go_on(stage, 0.1))
        stage.problems += [f"a worker raised {error}" for error in stage.dismiss()]
    stage.settle()
    return stage.verdict()


# Clocks


def clocks(stage: Stage, size: Size) -> Verdict:
    """Workers and ticks whose clocks are ten minutes apart, and jump."""
    stage.fill(size.recipients)
    stage.serve()
    for off, jump in ((600, 0.0), (-600, 0.0), (400, 0.2), (1, 0.0)):
        stage.worker(clock_off=off, jump_each=jump)
    ticks = [
        stage.host.begin("torture.acts:tick", seconds=1.5, clock_off=off) for off in (900, -900)
    ]
    stage.await_taken(size.recipients * 3 // 4, lambda: go_on(stage))
    for tick in ticks:
        stage.problems += [f"a tick's step failed: {what}" for what in tick.result()]
    stage.problems += [f"a worker raised {error}" for error in stage.dismiss()]
    stage.settle()
    return stage.verdict()


def two_ticks(stage: Stage, size: Size) -> Verdict:
    """Several ticks start a scheduled issue at once, and go on while it is sent."""
    stage.fill(size.recipients, scheduled=True)
    stage.serve()
    ticks = [stage.host.begin("torture.acts:tick", seconds=1.5) for _ in range(4)]
    while stage.run("state", issue=stage.issue) == "scheduled":
        time.sleep(0.01)
    for _ in range(3):
        stage.worker()
    for tick in ticks:
        stage.problems += [f"a tick's step failed: {what}" for what in tick.result()]
    stage.await_taken(size.recipients, lambda: go_on(stage))
    for worker in stage.crew:
        stage.problems += [f"a worker raised {error}" for error in worker.result()]
    stage.crew.clear()
    stage.settle()
    return stage.verdict(most_in_doubt=0)
