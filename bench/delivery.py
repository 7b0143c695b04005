"""Messages per second into smtp-sink, what they cost, and the memory of a worker.

Workers with the ledger, on SQLite and on PostgreSQL that waits for the disk, are measured in turn
with loops that send the same bytes and store nothing: (a) pipelined, (b) in lock-step, (c)
smtplib's sendmail(), (d) Django's EmailMultiAlternatives. One more commits each message to the disk
in lock-step, which is what one connection can reach at most. First with a server that answers at
once, then with one whose replies are 20 ms away. `python -m bench delivery --quick` is shorter.
"""

from __future__ import annotations

import json
import os
import pwd
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.forking import Host
from bench.scratch import (
    ROOT,
    BelowTarget,
    Missing,
    free_port,
    installation,
    is_quick,
    python,
    tool,
    wait_for,
)
from tests import throwaway_postgres

SECONDS, ROUNDS = 2.0, {0: 3, 20: 2}
QUICK_SECONDS, QUICK_ROUNDS = 1.0, {0: 1, 20: 1}
# Connections are opened, and statements prepared, before a worker is measured.
WARM_UP = {0: 0.5, 20: 1.5}
# So many rows are in a ledger, and so many are left to be sent when a run begins.
ROWS, LEFT = 60_000, 25_000
FEW, MANY, QUICK_MANY = 1_000, 100_000, 20_000
# A worker's memory must not grow with the recipients. The rest is tolerance for measuring.
MEMORY_RATIO = 1.2
DATABASES = ("SQLite", "PostgreSQL")


@dataclass(frozen=True)
class Way:
    """One way to send: so many workers on a database, or a loop beside them (no database)."""

    act: str
    connections: int = 1
    workers: int = 1
    database: str = ""

    def __str__(self) -> str:
        some = f"{self.connections} connection{'s' if self.connections > 1 else ''}"
        if self.database:
            workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
            return f"{self.database}, {workers}, {some}"
        return LOOPS[self.act].format(some)


LOOPS = {
    "pipelined": "(a) pipelined, no ledger, {}",
    "lock_step": "(b) lock-step, no ledger",
    "with_commits": "    the same, and a commit for each",
    "with_smtplib": "(c) smtplib.sendmail",
    "with_django": "(d) EmailMultiAlternatives",
}
RAW, RAW_4, LOCK_STEP = Way("pipelined"), Way("pipelined", 4), Way("lock_step")
COMMITS = Way("with_commits")
SMTPLIB, DJANGO = Way("with_smtplib"), Way("with_django")


def engine(database: str, connections: int, workers: int = 1) -> Way:
    return Way("deliver", connections, workers, database)


def ways(delay: int) -> list[Way]:
    """What is measured, in the order of the table. `delay` is in milliseconds."""
    many = 16 if delay else 8
    found = [
        RAW,
        RAW_4,
        *([Way("pipelined", 16)] if delay else []),
        LOCK_STEP,
        COMMITS,
        SMTPLIB,
        DJANGO,
    ]
    for database in DATABASES:
        found += [engine(database, connections) for connections in (1, 4, many)]
        found += [engine(database, connections, 2) for connections in (1, 4)]
        found += [engine(database, connections, 4) for connections in (1, 4)]
    return found


@dataclass(frozen=True)
class Figure:
    """What one run came to."""

    rate: float
    cpu: float
    """Milliseconds of the workers' processor time for a message."""


type Rounds = dict[Way, list[Figure]]


@dataclass(frozen=True)
class Bar:
    """What was promised, and what was measured."""

    name: str
    found: float
    bar: float
    least: bool = True

    @property
    def reached(self) -> bool:
        return self.found >= self.bar if self.least else self.found <= self.bar

    def __str__(self) -> str:
        sign = ">=" if self.least else "<="
        what = "reached" if self.reached else "missed"
        return f"{self.name:64}{self.found:8.2f}   {sign} {self.bar:<6g} {what}"


# Servers


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Run Postfix's smtp-sink, which accepts everything and keeps nothing; yield its port."""
    port = free_port()
    command = [tool("smtp-sink", "postfix")]
    if os.geteuid() == 0:
        command += ["-u", pwd.getpwuid(65534).pw_name]
    # smtp-sink changes into its queue directory, so it gets a folder of its own.
    with tempfile.TemporaryDirectory(prefix="sink-") as folder:
        os.chmod(folder, 0o755)
        sink = subprocess.Popen([*command, f"127.0.0.1:{port}", "200"], cwd=folder)
        try:
            wait_for(port, sink)
            yield port
        finally:
            sink.terminate()
            sink.wait()


@contextmanager
def far_away(target: int, milliseconds: int) -> Iterator[int]:
    """Yield the port of a proxy whose replies come so much later (bench/delay.py)."""
    port = free_port()
    command = [sys.executable, "-m", "bench.delay", str(port), str(target), str(milliseconds)]
    proxy = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(port, proxy)
        yield port
    finally:
        proxy.terminate()
        proxy.wait()


@contextmanager
def hosts() -> Iterator[dict[str, Host]]:
    """Yield a process that forks workers for each database, with a ledger that is filled."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(throwaway_postgres.cluster(**throwaway_postgres.DURABLE))
        except throwaway_postgres.Missing as missing:
            raise Missing(str(missing)) from missing
        found = {}
        for database, environment in zip(DATABASES, ({}, {"DATABASE_URL": url}), strict=True):
            env = stack.enter_context(installation(**environment))
            found[database] = stack.enter_context(Host(env))
            found[database].run("bench.delivery_acts:fill", count=ROWS)
        yield found


# Measuring


def measure(host: Host, way: Way, port: int, seconds: float, warm_up: float) -> Figure:
    """Send in one way for so many seconds, after the time that all connections take to open."""
    act = f"bench.delivery_acts:{way.act}"
    if not way.database:
        run = host.run(act, port=port, connections=way.connections, seconds=seconds)
        return Figure(run["sent"] / run["took"], 1000 * run["cpu"] / max(1, run["sent"]))
    host.run("bench.delivery_acts:refill", least=LEFT)
    length = warm_up + seconds + 1
    workers = [
        host.begin(act, port=port, connections=way.connections, seconds=length)
        for _ in range(way.workers)
    ]
    time.sleep(warm_up)
    looks = []
    for pause in (seconds, 0):
        looks.append(
            (*host.run("bench.delivery_acts:sent"), sum(worker.cpu() for worker in workers))
        )
        time.sleep(pause)
    for worker in workers:
        worker.result()
    host.run("bench.delivery_acts:check")
    sent, took, cpu = (after - before for before, after in zip(*looks, strict=True))
    return Figure(sent / took, 1000 * cpu / max(1, sent))


def disk() -> tuple[float, float]:
    """Return how many ms it takes until 8 kB are on the disk, half of the times and nine of ten."""
    took = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(200):
            os.write(file.fileno(), b"x" * 8192)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - began))
    took.sort()
    return took[len(took) // 2], took[len(took) * 9 // 10]


def speed() -> tuple[dict[int, Rounds], int]:
    """Return the figures of interleaved rounds for each delay, and the bytes of a message."""
    seconds, rounds = (QUICK_SECONDS, QUICK_ROUNDS) if is_quick() else (SECONDS, ROUNDS)
    found: dict[int, Rounds] = {}
    with hosts() as by_name, smtp_sink() as sink:
        first = by_name[DATABASES[0]]
        size = len(first.run("bench.delivery_acts:as_text"))
        knows = first.run("bench.delivery_acts:knows_connections")
        for delay, count in rounds.items():
            # Workers that know one connection only are measured with one.
            chosen = [
                way for way in ways(delay) if knows or not way.database or way.connections == 1
            ]
            with ExitStack() as stack:
                port = stack.enter_context(far_away(sink, delay)) if delay else sink
                found[delay] = {way: [] for way in chosen}
                warm_up = WARM_UP[delay]
                for _ in range(count):
                    for way in chosen:
                        host = by_name[way.database or DATABASES[0]]
                        found[delay][way].append(measure(host, way, port, seconds, warm_up))
    return found, size


def ratio(rounds: Rounds, one: Way, other: Way) -> float:
    """Return the median of the ratios of two rates in the same round; 0 if one is not known."""
    pairs = zip(rounds.get(one, []), rounds.get(other, []), strict=False)
    return statistics.median([a.rate / max(b.rate, 1e-9) for a, b in pairs] or [0.0])


def cpu(rounds: Rounds, way: Way) -> float:
    figures = rounds.get(way)
    return statistics.median(figure.cpu for figure in figures) if figures else float("inf")


def bars(found: dict[int, Rounds]) -> list[Bar]:
    """Return what was promised, with what was measured."""
    near, far = found[0], found[20]
    best = {"SQLite": engine("SQLite", 4), "PostgreSQL": engine("PostgreSQL", 8)}
    result = []
    for database, way in best.items():
        result += [
            Bar(f"{way} / (a) with 4", ratio(near, way, RAW_4), 0.6),
            Bar(f"{way} / (d)", ratio(near, way, DJANGO), 12),
            Bar(f"{way}: CPU ms a message", cpu(near, way), 0.25, least=False),
        ]
        one, sixteen = engine(database, 1), engine(database, 16)
        result += [
            Bar(f"{one} / (b)", ratio(near, one, LOCK_STEP), 0.8),
            Bar(f"{one} / (b) with a commit for each", ratio(near, one, COMMITS), 0.8),
            Bar(f"at 20 ms: {sixteen} / (b)", ratio(far, sixteen, LOCK_STEP), 25),
        ]
    return result


def load() -> float:
    """Return how many processes wanted to run during the last five minutes."""
    return os.getloadavg()[1]


def place(way: Way) -> tuple[int, int, int, int]:
    """Return where a way stands in the table."""
    database = DATABASES.index(way.database) + 1 if way.database else 0
    act = list(LOOPS).index(way.act) if way.act in LOOPS else 0
    return database, act, way.workers, way.connections


def show(found: dict[int, Rounds], size: int) -> None:
    rounds = " and ".join(str(len(next(iter(each.values())))) for each in found.values())
    print(
        f"\nDelivery into smtp-sink: messages of {size:,} bytes, the ledger on. Messages a second"
    )
    print(f"and the workers' processor time in ms a message; medians of {rounds} rounds in turn.")
    usual, late = disk()
    print(f"{os.cpu_count()} processors for workers, databases and smtp-sink, load {load():.1f};")
    print(f"8 kB are on the disk after {usual:.2f} ms, one time in ten after {late:.2f} or more.\n")
    print(f"  {'':38}{'at once':>11}{'CPU ms':>9}{'20 ms away':>13}{'CPU ms':>9}")
    for way in sorted({way for each in found.values() for way in each}, key=place):
        line = f"  {way!s:38}"
        for rounds_of, width in ((found[0], 11), (found[20], 13)):
            if way in rounds_of:
                rate = statistics.median(figure.rate for figure in rounds_of[way])
                line += f"{rate:{width},.0f}{cpu(rounds_of, way):9.2f}"
            else:
                line += f"{'':{width + 9}}"
        print(line.rstrip())


def memory() -> Bar:
    """Print the memory of a worker for few and for many recipients; return their ratio."""
    results = []
    sizes = (FEW, QUICK_MANY if is_quick() else MANY)
    with smtp_sink() as port:
        for recipients in sizes:
            with installation(SMTP_URL=f"smtp://127.0.0.1:{port}") as env:
                python(env, "bench.delivery_setup", str(recipients))
                results.append(json.loads(python(env, "bench.delivery_run")))
    print(
        "\nThe memory of one worker on SQLite; resident counts the mapped part of its file, too\n"
    )
    print(f"  {'recipients':>10}{'messages/s':>14}{'private MiB':>14}{'resident MiB':>14}")
    for recipients, run in zip(sizes, results, strict=True):
        print(
            f"  {recipients:10,}{run['sent'] / run['seconds']:14,.0f}"
            f"{run['private_kib'] / 1024:14.1f}{run['peak_kib'] / 1024:14.1f}"
        )
    few, many = (run["private_kib"] for run in results)
    return Bar(
        f"private memory at {sizes[1]:,} recipients / at {FEW:,}", many / few, MEMORY_RATIO, False
    )


def main() -> None:
    found, size = speed()
    show(found, size)
    results = [*bars(found), memory()]
    print("\nWhat was promised\n")
    for bar in results:
        print(f"  {bar}")
    if missed := [bar for bar in results if not bar.reached]:
        raise BelowTarget(
            "\n  ".join(["these bars are missed:", *(bar.name.strip() for bar in missed)])
        )


if __name__ == "__main__":
    main()
