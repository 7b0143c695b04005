"""The upper limit: a WSGI application that returns the article's bytes and does nothing else.

BENCH_HEADERS may hold the headers to send, as JSON. Each header costs the server some time.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

PAGE = Path(os.environ["BENCH_PAGE"]).read_bytes()
PLAIN = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(PAGE)))]
HEADERS = [
    (name, value) for name, value in json.loads(os.environ.get("BENCH_HEADERS", "[]"))
] or PLAIN


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", HEADERS.copy())
    return [PAGE]
