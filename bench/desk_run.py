"""`python -m bench.desk_run FILLED`: ask for each page of the desk; print JSON.

It runs in one process, through Django's handler and the template: the queries of a page, and the
milliseconds that it takes, the median and the 95th of a hundred, made of RUNS.
"""

import json
import re
import statistics
import sys
import time
from html import unescape
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 (needs the settings)
from django.db import connection  # noqa: E402  (likewise)
from django.test import Client  # noqa: E402  (likewise)
from django.test.utils import (  # noqa: E402  (likewise)
    CaptureQueriesContext,
    setup_test_environment,
    teardown_test_environment,
)

RUNS = 15
POST = "/admin/posts/post/"
READERS = "/admin/subscribers/subscriber/"
PICTURES = "/admin/posts/image/"
PAGES = {
    "Home": "/admin/",
    "articles": POST,
    "articles, the last page": f"{POST}?p={{articles_end}}",
    "articles that ran nowhere": f"{POST}?state=ran-nowhere",
    "articles, one author": f"{POST}?author=1",
    "articles, a common word": f"{POST}?q=dispatchers",
    "articles, a phrase": f"{POST}?q=%22dispatch+center%22",
    "articles, a misspelled word": f"{POST}?q=dispacher",
    "an article": f"{POST}{{article}}/change/",
    "its history": f"{POST}{{article}}/history/",
    "a new article": f"{POST}add/",
    "issues": "/admin/newsletter/issue/",
    "an issue": "/admin/newsletter/issue/{issue}/change/",
    "readers": READERS,
    "readers, subscribed": f"{READERS}?state=confirmed",
    "readers, the last page": f"{READERS}?p={{readers_end}}",
    "readers, a beginning": f"{READERS}?q=dispatcher.7",
    "readers, a part": f"{READERS}?q=county-77",
    "a reader": f"{READERS}{{reader}}/change/",
    "deliveries": "/admin/newsletter/delivery/",
    "records of consent": "/admin/subscribers/consentevent/",
    "pictures": PICTURES,
    "pictures, the last page": f"{PICTURES}?p={{pictures_end}}",
    "pictures used nowhere": f"{PICTURES}?unused=yes",
    "pictures, a word": f"{PICTURES}?q=console",
    "a picture": f"{PICTURES}{{picture}}/change/",
    "topics": "/admin/posts/tag/",
    "authors": "/admin/posts/author/",
    "pages": "/admin/posts/page/",
    "the bin": "/admin/bin/",
    "the log": "/admin/log/",
}


def timed(ask: Any) -> dict[str, float]:
    assert (status := ask()) in (200, 201, 204), status
    with CaptureQueriesContext(connection) as queries:
        ask()
    count = len(queries)  # The next request clears what was captured.
    passed = []
    for _ in range(RUNS):
        start = time.perf_counter()
        ask()
        passed.append((time.perf_counter() - start) * 1000)
    return {
        "queries": count,
        "median": statistics.median(passed),
        "95th": sorted(passed)[int(len(passed) * 0.95)],
    }


def main(filled: dict[str, Any]) -> None:
    client = Client(SERVER_NAME="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = filled["session"]
    figures = {}
    for name, path in PAGES.items():
        address = path.format(**filled)
        figures[name] = timed(lambda address=address: client.get(address).status_code)

    # The form as a browser sends it, half a second after a key.
    address = f"{POST}{filled['article']}/"
    setup_test_environment()  # For the form that a page was made of.
    page = client.get(f"{address}change/")
    teardown_test_environment()
    form = page.context["adminform"].form
    sent: dict[str, Any] = {"csrfmiddlewaretoken": "x", "_tab": "benchmark-1"}
    for bound in form:
        value = bound.value()
        sent[bound.html_name] = "" if value is None else value
    text = unescape(page.content.decode())

    def named(attribute: str) -> str:
        found = re.search(rf'{attribute}="([^"]*)"', text)
        assert found, attribute
        return found[1]

    sent["_base"] = named('name="_base" value')
    copy, preview = named("data-working-copy"), named("data-preview")
    number = 0

    def save() -> int:
        nonlocal number
        number += 1
        sent["_number"] = str(number)
        return client.post(copy, sent).status_code

    figures["(autosave of 5,000 words)"] = timed(save)
    figures["(preview of 5,000 words)"] = timed(lambda: client.post(preview, sent).status_code)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
