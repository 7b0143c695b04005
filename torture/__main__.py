"""`python -m torture [plan …] [--seed N] [--short]`: play the plans, and print what became of all.

All plans on SQLite and on a PostgreSQL that waits for the disk; about a quarter of an hour. The
numbers are chosen anew each time; a seed that is given repeats them.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.forking import Host
from bench.scratch import installation, manage
from tests import throwaway_postgres
from torture import deploy, plans
from torture.judge import Verdict
from torture.plans import Size
from torture.stage import Stage

type Ground = tuple[Host, dict[str, str], throwaway_postgres.Cluster | None]
type Play = Callable[[Stage, Size], Verdict]

BOTH = ("SQLite", "PostgreSQL")
# The plans, how large they are (long and short), and on which databases.
PLANS: dict[str, tuple[Play, Size, Size, tuple[str, ...]]] = {
    "workers-killed": (plans.workers_killed, Size(20_000, 200), Size(400, 8), BOTH),
    "postgresql-killed": (
        plans.postgresql_killed, Size(20_000, 20), Size(600, 2), ("PostgreSQL",)
    ),
    "server-killed": (plans.server_killed, Size(20_000, 40), Size(400, 3), BOTH),
    "disk-full": (plans.disk_full, Size(20_000, 20), Size(600, 2), ("SQLite",)),
    "races": (plans.races, Size(20_000, 200), Size(800, 8), BOTH),
    "hostile": (plans.hostile, Size(5_000, 60), Size(300, 4), BOTH),
    "phases": (plans.phases, Size(5_000, 1), Size(300, 1), BOTH),
    "network-cut": (plans.cut, Size(10_000, 1), Size(300, 1), BOTH),
    "clocks": (plans.clocks, Size(10_000, 1), Size(300, 1), BOTH),
    "ticks": (plans.two_ticks, Size(10_000, 1), Size(300, 1), BOTH),
    "processes": (deploy.processes, Size(20_000, 10), Size(400, 1), BOTH),
    "deploy": (deploy.old_and_new, Size(10_000, 1), Size(400, 1), BOTH),
}  # fmt: skip

ENVIRONMENT = {
    "SMTP_TIMEOUT": "2",
    "DELIVERY_LEASE_SECONDS": "30",
    "DELIVERY_BATCH_SIZE": "40",
    "SECOND_FACTOR_REQUIRED": "off",
    "LOG_LEVEL": "CRITICAL",
    "DELIVERY_LOOKS_UP_GATEWAYS": "off",
}


@contextmanager
def hosts(databases: set[str]) -> Iterator[dict[str, Ground]]:
    """Yield a process that forks workers, and its environment, for each database."""
    with ExitStack() as stack:
        found: dict[str, Ground] = {}
        for name in sorted(databases, reverse=True):
            extra = dict(ENVIRONMENT)
            cluster = None
            if name == "PostgreSQL":
                cluster = stack.enter_context(
                    throwaway_postgres.running(**throwaway_postgres.DURABLE)
                )
                extra["DATABASE_URL"] = cluster.url
            env = stack.enter_context(installation(**extra))
            manage(env, "collectstatic", "--noinput", "--verbosity=0")
            found[name] = (stack.enter_context(Host(env)), env, cluster)
        yield found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m torture")
    parser.add_argument("plans", nargs="*", help=f"all by default: {', '.join(PLANS)}")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--database", choices=BOTH)
    options = parser.parse_args(arguments)
    # By an exception, so that every process is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = options.plans or list(PLANS)
    if unknown := set(chosen) - PLANS.keys():
        parser.error(f"there is no plan {', '.join(unknown)}")
    wanted = {
        database
        for name in chosen
        for database in PLANS[name][3]
        if options.database in (None, database)
    }
    print(f"Seed {options.seed}\n")
    print(f"{'':18}{'':12}{'mailed':>8}{'sent':>8}{'failed':>8}{'skipped':>9}{'in doubt':>10}"
          f"{'(mailed)':>10}{'s':>6}")  # fmt: skip
    failed = []
    with hosts(wanted) as by_name, tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            play, long, short, databases = PLANS[name]
            for database in databases:
                if database not in by_name:
                    continue
                host, env, cluster = by_name[database]
                stage = Stage(host, env, Path(folder), options.seed, cluster)
                began = time.monotonic()
                try:
                    found = play(stage, short if options.short else long)
                except Exception:
                    found = Verdict([*stage.problems, traceback.format_exc()])
                finally:
                    stage.close()
                show(name, database, found, stage, time.monotonic() - began)
                if found.problems:
                    failed.append(f"{name} on {database}")
    if failed:
        print(f"\nNot kept: {'; '.join(failed)}. Once more: --seed {options.seed}")
    else:
        print("\nNobody was lost, and nobody got it twice.")
    return 1 if failed else 0


def show(name: str, database: str, found: Verdict, stage: Stage, seconds: float) -> None:
    states = found.states
    print(
        f"{name:18}{database:12}{found.taken:8,}{states['sent']:8,}{states['failed']:8,}"
        f"{states['skipped']:9,}{states['uncertain']:10,}{found.in_doubt_taken:10,}{seconds:6.0f}"
        f"   {'; '.join(stage.notes)}",
        flush=True,
    )
    for problem in found.problems:
        print(f"  NOT KEPT: {problem}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
