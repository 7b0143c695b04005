"""`python -m bench.search_run`: time the search of the installation; print JSON.

In one process, through Django's handler and the template, as a worker answers. Milliseconds.
"""

import json
import statistics
import time

import django

django.setup()

from django.db import connection  # noqa: E402 (needs the settings)
from django.test import Client  # noqa: E402

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


def milliseconds(client: Client, asked: str) -> float:
    start = time.perf_counter()
    response = client.get(f"/search/{asked}")
    assert response.status_code == 200, asked
    return (time.perf_counter() - start) * 1000


def main() -> None:
    client = Client(SERVER_NAME="localhost")
    figures = {}
    for name, asked in ASKED.items():
        for _ in range(2):
            milliseconds(client, asked)
        figures[name] = statistics.median(milliseconds(client, asked) for _ in range(RUNS))
    with connection.cursor() as cursor:
        # What an editor waits for on saving, and for a renamed topic.
        start = time.perf_counter()
        cursor.execute("UPDATE posts_post SET body = body || '<p>more</p>' WHERE id % 10 = 0")
        figures["(one text written)"] = (time.perf_counter() - start) * 1000 / cursor.rowcount
        cursor.execute("SELECT count(*) FROM posts_post_tags WHERE tag_id = 3")
        (tagged,) = cursor.fetchone()
        start = time.perf_counter()
        cursor.execute("UPDATE posts_tag SET name = 'Renamed' WHERE id = 3")
        figures[f"(a topic renamed, of {tagged} articles)"] = (time.perf_counter() - start) * 1000
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
