"""Requests every page type of a site under production settings, as a browser and as an attacker.

`python -m tests.alarmroom.observatory` runs in the environment of tests/production.py. It fills the
database, sends requests to the WSGI application that gunicorn serves, and prints the responses
as JSON.
"""

import io
import json
import os
import sys
from typing import Any
from urllib.parse import quote, urlsplit

HOST = "www.example.org"


def ask(
    application: Any,
    address: str,
    *,
    method: str = "GET",
    scheme: str = "https",
    host: str = HOST,
    **headers: str,
) -> dict[str, Any]:
    """Return the response to a request: its status, headers (lower-case) and body."""
    split = urlsplit(f"{scheme}://{HOST}{address}")
    answer: dict[str, Any] = {"address": address, "method": method, "host": host}

    def start(status: str, found: list[tuple[str, str]], _: Any = None) -> None:
        answer["status"] = int(status.split()[0])
        answer["headers"] = [(name.lower(), value) for name, value in found]

    body = application(
        {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            # WSGI hands over the path's bytes as Latin-1 (PEP 3333).
            "PATH_INFO": split.path.encode().decode("latin-1"),
            "QUERY_STRING": quote(split.query, safe="=&%"),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "203.0.113.9",
            "HTTP_HOST": host,
            "HTTP_ACCEPT": "text/html",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(b""),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            **headers,
        },
        start,
    )
    answer["body"] = b"".join(body).decode("utf-8", "replace")
    if hasattr(body, "close"):
        body.close()
    return answer


# Addresses that make badly written sites redirect a visitor to another site.
REDIRECT_ATTEMPTS = [
    "//evil.example",
    "//evil.example/",
    "//evil.example/%2e%2e",
    "///evil.example/x",
    "/\\evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "/https://evil.example",
    "/articles//evil.example",
    "/tags/fire?next=//evil.example",
    "/?next=https://evil.example/&url=https://evil.example/&redirect=//evil.example",
    "/subscribe/?next=https://evil.example/",
    "/feeds/?url=https://evil.example/",
    "/search/?q=x&next=https://evil.example/",
    "/articles/night-shift?//evil.example",
    "/admin/login/?next=https://evil.example/",
    "/admin?next=//evil.example",
    "/@evil.example",
    "/.evil.example",
    "/%0d%0aLocation:%20https://evil.example/",
]


def main() -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "alarmroom.settings"
    from alarmroom.wsgi import application  # Loads Django.

    if "--only-proxy" not in sys.argv:
        make_publication()
    found: dict[str, Any] = {
        "plain": ask(application, "/robots.txt", scheme="http"),
        "forwarded": ask(application, "/robots.txt", scheme="http", HTTP_X_FORWARDED_PROTO="https"),
        "forwarded plain": ask(
            application, "/robots.txt", scheme="http", HTTP_X_FORWARDED_PROTO="http"
        ),
    }
    if "--only-proxy" in sys.argv:
        return found
    from audit.pages import find

    files = ["/feeds/atom.xml", "/feeds/feed.json", "/sitemap.xml", "/robots.txt"]
    pages = [(page.name, page.path, page.status) for page in find()]
    pages += [(file, file, 200) for file in files]
    found["pages"] = []
    for name, path, status in pages:
        # The second response may be the kept page, which does not pass through Django.
        for time in ("first", "second"):
            answer = ask(application, path)
            found["pages"].append({**answer, "name": f"{name}, {time}", "expected": status})
    found["http"] = [ask(application, path, scheme="http") for _, path, _ in pages]
    found["hosts"] = [
        ask(application, path, host=host)
        for path in ("/", "/articles/night-shift/", "/nowhere/", "/feeds/atom.xml")
        for host in ("evil.example", f"{HOST}.evil.example", f"{HOST}@evil.example", "[::1]", "")
    ]
    found["forwarded host"] = [
        ask(application, path, HTTP_X_FORWARDED_HOST="evil.example", HTTP_X_FORWARDED_PORT="81")
        for path in ("/", "/sitemap.xml", "/feeds/atom.xml", "/admin/")
    ]
    found["detours"] = [
        ask(application, path, scheme=scheme)
        for path in REDIRECT_ATTEMPTS
        for scheme in ("https", "http")
    ]
    found["methods"] = [
        ask(application, path, method=method)
        for path in ("/", "/articles/night-shift/", "/feeds/", "/feeds/rss.xml", "/robots.txt")
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "NONSENSE")
    ]
    return found


def make_publication() -> None:
    """Fill the database of a fresh installation with what audit.pages.find() looks for."""
    from tests import factories
    from tests.posts.views.test_public_pages import show_as_sent

    author = factories.make_author(name="Ruth", slug="ruth", photo=factories.make_image(400, 400))
    post = factories.make_post(
        slug="night-shift",
        author=author,
        tags=[factories.make_tag("Fire", slug="fire")],
        cover=factories.make_image(),
        cover_alt="A lit window",
        body="<h2>One</h2><p>A.</p><h2>Two</h2><p>B.</p><h2>Three</h2><p>C.</p>",
    )
    show_as_sent(factories.make_issue(number=7, posts=[post]))


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
