"""Milliseconds for a search page, on both databases and at growing sizes.

BENCH_POSTS=50,500 measures other sizes than the default ones; 50,000 articles take some
minutes to write. The words are those of the demo (bench/search_fill.py).
"""

import json
import os
from contextlib import nullcontext

from bench.scratch import Missing, installation, manage, python
from tests import throwaway_postgres

SIZES = "50,500,5000,50000"


def measure(sizes: list[int], **environment: str) -> dict[str, list[float]]:
    """Return milliseconds by what was asked, one for each size."""
    figures: dict[str, list[float]] = {}
    with installation(**environment) as env:
        manage(env, "collectstatic", "--noinput", "--verbosity=0")
        for size in sizes:
            python(env, "bench.search_fill", str(size))
            for name, found in json.loads(python(env, "bench.search_run")).items():
                # How many articles a topic has grows with the size.
                figures.setdefault(name.split(", of")[0] + ")" * (", of" in name), []).append(found)
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
        print(
            f"\nSearch on {name}: the whole page, median of 15, milliseconds, at so many articles"
        )
        print(f"\n  {'':40}" + "".join(f"{size:10,}" for size in sizes))
        for asked, found in figures.items():
            print(f"  {asked:40}" + "".join(f"{milliseconds:10.1f}" for milliseconds in found))


if __name__ == "__main__":
    main()
