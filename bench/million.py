"""1,000,000 readers: starting, looking, pausing and cancelling; who waits meanwhile, and how long.

Then a confirmation during a send to 100,000, with the processes of the Procfile; and scanners that
open every link of many mails. BENCH_READERS sets another number than a million.
"""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from bench.delivery import Bar, smtp_sink
from bench.forking import Host
from bench.scratch import (
    ROOT,
    BelowTarget,
    Missing,
    free_port,
    installation,
    is_quick,
    manage,
    tool,
    wait_for,
)
from tests import throwaway_postgres

READERS, QUICK_READERS = 1_000_000, 50_000
SEND_TO, QUICK_SEND_TO = 100_000, 20_000
CONNECTIONS = 4
START = {"SQLite": 10.0, "PostgreSQL": 15.0}
# How long workers send before an editor pauses, and before one cancels.
SENDING = 6.0
SCANNED_MAILS, SCANNERS, SCAN_SECONDS = 1_000, 32, 10
REQUESTS = 1_000  # 10,000 mails with 30 links each, in five minutes


def readers() -> int:
    usual = QUICK_READERS if is_quick() else READERS
    return int(os.environ.get("BENCH_READERS", usual))


@contextmanager
def database(name: str) -> Iterator[dict[str, str]]:
    """Yield the environment that names the database."""
    if name == "SQLite":
        with nullcontext():
            yield {}
        return
    try:
        with throwaway_postgres.cluster(**throwaway_postgres.DURABLE) as url:
            yield {"DATABASE_URL": url}
    except throwaway_postgres.Missing as missing:
        raise Missing(str(missing)) from missing


def act(host: Host, name: str, **arguments: object) -> object:
    return host.run(f"bench.million_acts:{name}", **arguments)


def large(name: str) -> list[Bar]:
    """Send to all readers on one database; return what is promised of it."""
    bars = []
    with ExitStack() as stack:
        extra = stack.enter_context(database(name))
        env = stack.enter_context(installation(SECOND_FACTOR_REQUIRED="off", **extra))
        manage(env, "collectstatic", "--noinput", "--verbosity=0")
        port = stack.enter_context(smtp_sink())
        host = stack.enter_context(Host(env))
        act(host, "readers", number=readers())
        key = act(host, "session")
        pk = act(host, "issue")

        waits = []

        @contextmanager
        def another_writer(what: str) -> Iterator[None]:
            act(host, "begin_writing")
            other = host.begin("bench.million_acts:write_on", seconds=900)
            time.sleep(0.5)
            try:
                yield
                time.sleep(0.2)
            finally:
                act(host, "stop_writing")
                usual, longest = other.result()
                waits.append((what, usual, longest))

        before = host.run("bench.million_acts:database_bytes")
        with another_writer("while an issue starts"):
            answered, ready = host.run("bench.million_acts:start", pk=pk)
        bars.append(Bar(f"{name}: all deliveries are written, s", ready, START[name], False))
        print(f"  {'start() is answered after':44}{answered:9.2f} s")
        print(f"  {'all deliveries are written after':44}{ready:9.2f} s")
        grown = (host.run("bench.million_acts:database_bytes") - before) / readers()
        print(f"  {'the ledger, with its indexes':44}{grown:9.0f} bytes a reader", flush=True)

        sending = {"pk": pk, "port": port, "connections": CONNECTIONS, "seconds": 600}
        with another_writer("while it is sent"):
            worker = host.begin("bench.million_acts:send", **sending)
            time.sleep(SENDING)
            page = act(host, "progress", pk=pk, key=key)
            pause = host.run("bench.million_acts:press", pk=pk, key=key, button="pause")
            memory = [worker.result()]
        print(f"  {'the progress page, while it is sent':44}{page:9.0f} ms")
        bars.append(Bar(f"{name}: the progress page, ms", float(str(page)), 100, False))
        host.run("bench.million_acts:press", pk=pk, key=key, button="resume")
        with another_writer("while it is cancelled, and rows are skipped"):
            worker = host.begin("bench.million_acts:send", **sending)
            time.sleep(SENDING)
            cancel = host.run("bench.million_acts:press", pk=pk, key=key, button="cancel")
            memory.append(worker.result())
            skipped = act(host, "skip_rest", pk=pk)
        for button, (said, stopped, state) in (("pause", pause), ("cancel", cancel)):
            print(f"  {f'{button} is answered after':44}{said:9.2f} s")
            print(f"  {'   and the last message is settled after':44}{stopped:9.2f} s ({state})")
            bars.append(Bar(f"{name}: {button} acts, s", max(said, stopped), 2, False))
        print(f"  {'all others are skipped after':44}{skipped:9.2f} s")
        print(f"  {'private memory of the worker':44}{max(memory):9.1f} MiB")
        bars.append(Bar(f"{name}: memory of a worker, MiB", max(memory), 120, False))
        for what, usual, longest in waits:
            print(f"  another writer {what:42} waits {usual:.3f} s, at most {longest:.2f} s")
            bars.append(Bar(f"{name}: another writer {what}, s", longest, 0.5, False))
        sys.stdout.flush()
    return bars


# A confirmation during a send


def procfile() -> dict[str, list[str]]:
    """Return the commands of the processes that send, as they are deployed."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    commands = dict(line.split(": ", 1) for line in lines if ": " in line)
    return {
        name: [sys.executable, *shlex.split(command)[1:]]
        for name, command in commands.items()
        if command.startswith("python manage.py") and name not in ("release", "web")
    }


@contextmanager
def processes(env: dict[str, str]) -> Iterator[None]:
    """Run the worker and the clock of the Procfile."""
    started = [
        subprocess.Popen(
            command, cwd=ROOT, env=env, start_new_session=True, stderr=subprocess.DEVNULL
        )
        for command in procfile().values()
    ]
    try:
        yield
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def confirmations() -> list[Bar]:
    """Sign up again and again while an issue is sent; return how long the mails take."""
    to = QUICK_SEND_TO if is_quick() else SEND_TO
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = folder / "taken"
        log.touch()
        port = free_port()
        options = json.dumps({"port": port, "log": str(log)})
        server = subprocess.Popen([sys.executable, "-m", "torture.sink", options], cwd=ROOT)
        stack.callback(server.wait)
        stack.callback(server.kill)
        wait_for(port, server)
        env = stack.enter_context(installation(SMTP_URL=f"smtp://127.0.0.1:{port}"))
        host = stack.enter_context(Host(env))
        act(host, "readers", number=to)
        host.run("bench.million_acts:start", pk=act(host, "issue"))
        stack.enter_context(processes(env))
        took, asked, taken, seen = [], {}, 0, 0
        chance = random.Random(1)
        next_at, deadline, number = 0.0, time.monotonic() + 900, 0
        while (taken < to or asked) and time.monotonic() < deadline:
            with log.open("rb") as lines:
                lines.seek(seen)
                new = lines.read()
            now = time.monotonic()
            seen += len(new)
            taken += new.count(b"\n")
            for found in re.findall(rb"new\d+@example.org(?= <)", new):
                if found.decode() in asked:
                    took.append(now - asked.pop(found.decode()))
                    taken -= 1
            if to // 50 < taken < to * 9 // 10 and now > next_at:
                address = f"new{number}@example.org"
                asked[address] = now
                act(host, "sign_up", address=address)
                number += 1
                next_at = now + chance.uniform(0.5, 1.5)
            time.sleep(0.01)
        took += [900.0] * len(asked)
    took.sort()
    p95 = took[min(len(took) - 1, int(len(took) * 0.95))]
    print(f"\nA confirmation during a send to {to:,} on SQLite, one worker of the Procfile:")
    print(
        f"  {len(took)} sign-ups: half are mailed within {statistics.median(took):.1f} s, 95 % "
        f"within {p95:.1f} s, all within {took[-1]:.1f} s",
        flush=True,
    )
    return [Bar("a confirmation during a send, 95th of 100, s", p95, 10, False)]


# Scanners


def wrk(site: str, paths: list[str], folder: Path) -> tuple[float, str]:
    """Ask for these paths in turn; return the requests a second, and the slowest of 99 %."""
    listed = folder / "paths"
    listed.write_text("\n".join(paths))
    script = folder / "scan.lua"
    script.write_text(
        f'local paths, at = {{}}, 0\nfor line in io.lines("{listed}") do\n'
        "  paths[#paths + 1] = line\nend\n"
        "request = function()\n  at = at % #paths + 1\n"
        '  return wrk.format("GET", paths[at])\nend\n'
    )
    command = [tool("wrk", "wrk"), "-t1", f"-c{SCANNERS}", f"-d{SCAN_SECONDS}s", "--latency"]
    done = subprocess.run(
        [*command, "-s", str(script), site], check=True, capture_output=True, text=True
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    late = re.search(r"99%\s+(\S+)", done.stdout)
    if rate is None or late is None or "Non-2xx" in done.stdout or "timeout" in done.stdout:
        raise RuntimeError(f"Scanners were not answered with 200:\n{done.stdout}")
    return float(rate[1]), late[1]


def scanners() -> list[Bar]:
    """Open every link of many mails at once, with gunicorn as it is deployed."""
    tool("wrk", "wrk")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        site = f"http://127.0.0.1:{port}"
        env = stack.enter_context(installation(SITE_URL=site, PORT=str(port)))
        manage(env, "collectstatic", "--noinput", "--verbosity=0")
        host = stack.enter_context(Host(env))
        act(host, "readers", number=SCANNED_MAILS)
        act(host, "publish")
        links = host.run("bench.million_acts:links", mails=SCANNED_MAILS)
        leave = act(host, "unsubscribe_prefix")
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--log-level=error", "alarmroom.wsgi"],
            cwd=ROOT,
            env=env,
        )
        stack.callback(server.wait)
        stack.callback(server.terminate)
        wait_for(port, server)
        own = [path for path in links if path.startswith(str(leave))]
        shared = [path for path in links if not path.startswith(str(leave))]
        print(f"\nScanners open every link of {SCANNED_MAILS:,} mails ({len(links):,} links),")
        print(f"{SCANNERS} at a time, gunicorn with two workers:\n")
        rates = {}
        for name, paths in (("links that all share", shared), ("to leave", own), ("all", links)):
            rate, late = wrk(site, paths, folder)
            rates[name] = rate
            print(f"  {name:24}{len(paths):8,} {rate:10,.0f} requests/s, 99 % within {late}")
        sys.stdout.flush()
    return [Bar("requests/s of scanners that open all links", rates["all"], REQUESTS)]


def main() -> None:
    bars: list[Bar] = []
    for name in START:
        print(f"\n{readers():,} readers on {name}, an issue of 45 kB\n")
        bars += large(name)
    bars += confirmations()
    bars += scanners()
    print("\nWhat was promised\n")
    for bar in bars:
        print(f"  {bar}")
    if missed := [bar for bar in bars if not bar.reached]:
        raise BelowTarget("\n  ".join(["these bars are missed:", *(bar.name for bar in missed)]))


if __name__ == "__main__":
    main()
