"""Each page of the desk at 5,000 articles and pictures and 200,000 readers; what a key costs.

BENCH_ARTICLES and BENCH_READERS set other sizes, ARGS="desk" of `make bench` runs this part alone.
The figures of PostgreSQL are compared with what was promised; those of SQLite are shown.
"""

import json
import os
from contextlib import nullcontext
from typing import Any

from bench.scratch import BelowTarget, Missing, installation, manage, python
from bench.web import gunicorn
from tests import throwaway_postgres

ARTICLES, READERS = "5000", "200000"
MOST_QUERIES = 15
MOST_MS = {"page": 300.0, "(autosave": 50.0, "(preview": 400.0}
MOST_KEY_MS = 50.0
PROMISED = "PostgreSQL"  # Its figures are held against the bars.


def limit_of(name: str) -> float:
    return next((ms for begin, ms in MOST_MS.items() if name.startswith(begin)), MOST_MS["page"])


def misses(figures: dict[str, dict[str, float]]) -> list[str]:
    """Return what misses its target, in sentences."""
    found = []
    for name, page in figures.items():
        if page["queries"] > MOST_QUERIES and not name.startswith("("):
            found.append(f"{name}: {page['queries']} queries; {MOST_QUERIES} were promised")
        if page["median"] >= limit_of(name):
            found.append(
                f"{name}: {page['median']:.0f} ms; below {limit_of(name):.0f} was promised"
            )
    return found


def measure(*, keys: bool, **environment: str) -> tuple[dict[str, Any], dict[str, float]]:
    with installation(SECOND_FACTOR_REQUIRED="off", **environment) as env:
        manage(env, "collectstatic", "--noinput", "--verbosity=0")
        sizes = [
            os.environ.get("BENCH_ARTICLES", ARTICLES),
            os.environ.get("BENCH_READERS", READERS),
        ]
        filled = json.loads(python(env, "bench.desk_fill", *sizes).splitlines()[-1])
        figures = json.loads(python(env, "bench.desk_run", json.dumps(filled)))
        typed: dict[str, float] = {}
        if keys:
            from bench.desk_keys import longest_block  # Chromium is needed for this alone.

            with gunicorn(env, "alarmroom.wsgi") as url:
                typed = longest_block(url, filled["session"], filled["article"])
    return figures, typed


def show(name: str, figures: dict[str, dict[str, float]]) -> None:
    bars = f"{'bar':>9}" if name == PROMISED else ""
    print(f"\n{f'The desk on {name}':34}{'queries':>8}{'median ms':>11}{'95th ms':>9}{bars}")
    for page, found in figures.items():
        bar = f"{limit_of(page):9.0f}" if name == PROMISED else ""
        line = f"  {page:32}{found['queries']:8.0f}{found['median']:11.1f}{found['95th']:9.1f}"
        print(f"{line}{bar}", flush=True)


def main() -> None:
    found: list[str] = []
    for name, database in (
        ("SQLite", nullcontext("")),
        (PROMISED, throwaway_postgres.cluster()),
    ):
        is_promised = name == PROMISED
        try:
            with database as url:
                figures, typed = measure(keys=is_promised, **({"DATABASE_URL": url} if url else {}))
        except throwaway_postgres.Missing as missing:
            raise Missing(str(missing)) from missing
        show(name, figures)
        if is_promised:
            found += misses(figures)
            print(
                f"\nA key in 5,000 words: median {typed['median']:.0f} ms, longest "
                f"{typed['longest']:.0f} ms; {typed['saves']:.0f} autosave requests for "
                f"{typed['keys']:.0f} keys"
            )
            if typed["longest"] > MOST_KEY_MS:
                found.append(f"a key blocks for {typed['longest']:.0f} ms; 50 were promised")
    if found:
        raise BelowTarget("\n  ".join(["", *found]))
    print("\nEverything is within what was promised.")


if __name__ == "__main__":
    main()
