"""Milliseconds for a search page, on both databases and at growing sizes.

BENCH_POSTS=50,500 measures these sizes instead of the default ones. Writing 50,000 articles takes
some minutes. The texts are made of the demo's words (bench/search_fill.py).
"""

import json
import os
from contextlib import nullcontext

from bench.scratch import Missing, installation, manage, python
from tests import throwaway_postgres

SIZES = "50,500,5000,50000"


def measure(sizes: list[int], **environment: str) -> list[dict[str, list[float]]]:
    """Return the figures of bench/search_run.py for each size."""
    figures = []
    with installation(**environment) as env:
        manage(env, "collectstatic", "--noinput", "--verbosity=0")
        for size in sizes:
            python(env, "bench.search_fill", str(size))
            figures.append(json.loads(python(env, "bench.search_run")))
    return figures


def main() -> None:
    sizes = [int(size) for size in os.environ.get("BENCH_POSTS", SIZES).split(",")]
    for name, database in (
        ("SQLite", nullcontext("")),
        ("PostgreSQL", throwaway_postgres.cluster()),
    ):
        try:
            with database as url:
                figures = measure(sizes, **({"DATABASE_URL": url} if url else {}))
        except throwaway_postgres.Missing as missing:
            raise Missing(str(missing)) from missing
        print(f"\nSearch on {name}: the whole page, milliseconds, median of 15;")
        print("in brackets those of processor time, the database's included")
        for size, measured in zip(sizes, figures, strict=True):
            print(f"\n  at {size:,} articles")
            for asked, (passed, processor) in measured.items():
                print(f"    {asked:36}{passed:10.1f}   ({processor:.1f})")


if __name__ == "__main__":
    main()
