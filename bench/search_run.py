"""`python -m bench.search_run`: time the search of the installation; print JSON.

It runs in one process, through Django's handler and the template. It measures elapsed time and
processor time, including the database's, in milliseconds. On a shared machine the processor time
is the more reliable figure.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402 (needs the settings)
from django.test import Client  # noqa: E402  (likewise)

ASKED = {
    "the empty page, for comparison": "",
    "a word that is in every article": "?q=the",
    "a common word": "?q=dispatchers",
    "three common words": "?q=call+center+training",
    "a rare word": "?q=rare99",
    "the beginning of a word": "?q=dispat",
    "a phrase of common words": "?q=%22dispatch+center%22",
    "a common word without another": "?q=dispatchers+-training",
    "a common word, a topic, by date": "?q=dispatchers&tag=topic-3&sort=date",
    "a common word, the last page": "?q=dispatchers&page=999999",
    "a misspelled word": "?q=dispacher",
    "suggestions for a beginning": "suggest/?q=dispat",
}
RUNS = 15


def processor_seconds() -> float:
    """Return the processor time in seconds of this process and its PostgreSQL backend."""
    ours = time.process_time()
    if connection.vendor != "postgresql":
        return ours
    backend = connection.connection.info.backend_pid
    # proc(5): utime and stime are fields 14 and 15. The name in field 2 may contain spaces.
    fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    return ours + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(run: Callable[[], object], times: int) -> list[float]:
    """Return the median elapsed time and the mean processor time, in milliseconds."""
    passed = []
    before = processor_seconds()
    for _ in range(times):
        start = time.perf_counter()
        run()
        passed.append(time.perf_counter() - start)
    return [statistics.median(passed) * 1000, (processor_seconds() - before) / times * 1000]


def main() -> None:
    client = Client(SERVER_NAME="localhost")
    connection.ensure_connection()
    figures = {}
    for name, asked in ASKED.items():
        address = f"/search/{asked}"

        def ask(address: str = address) -> None:
            assert client.get(address).status_code == 200, address

        ask()
        figures[name] = measured(ask, RUNS)
    with connection.cursor() as cursor:
        # What an editor waits for after saving an article or renaming a topic.
        cursor.execute("SELECT max(id) FROM posts_post")
        (last,) = cursor.fetchone()
        more = "UPDATE posts_post SET body = body || '<p>more</p>' WHERE id = %s"
        figures["(a text is written)"] = measured(lambda: cursor.execute(more, [last]), RUNS)
        cursor.execute("SELECT count(*) FROM posts_post_tags WHERE tag_id = 3")
        (tagged,) = cursor.fetchone()
        rename = "UPDATE posts_tag SET name = name || 'x' WHERE id = 3"
        figures[f"(a topic of {tagged} is renamed)"] = measured(lambda: cursor.execute(rename), 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
