"""A scratch installation with production settings, gunicorn and the demo."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from audit.pages import ROOT, PageType, page_types
from bench.scratch import free_port, installation, manage, wait_for


def collect_static(env: dict[str, str]) -> None:
    manage(env, "collectstatic", "--noinput", "--verbosity=0")


@contextmanager
def site(
    collect: Callable[[dict[str, str]], None] = collect_static, **environment: str
) -> Iterator[tuple[str, list[PageType]]]:
    """Yield the address of a running site and its page types; on SQLite unless told otherwise."""
    port = free_port()
    url = f"http://localhost:{port}"
    with installation(SITE_URL=url, **environment) as env:
        manage(env, "load_demo", "--verbosity=0")
        types = page_types(env)
        collect(env)
        # Make the pictures' copies, and everything else that workers do in the background.
        manage(env, "tick")
        manage(env, "db_worker", "--batch", "--no-startup-delay")
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--log-level=error", "alarmroom.wsgi"],
            cwd=ROOT,
            env={**env, "HOST": "127.0.0.1", "PORT": str(port)},
        )
        try:
            wait_for(port, server)
            yield url, types
        finally:
            server.terminate()
            server.wait()


def fetch(url: str) -> tuple[int, str, bytes]:
    """Return a page's status, media type and bytes."""
    try:
        with urlopen(Request(url, headers={"Accept": "text/html"})) as response:
            return response.status, response.headers.get_content_type(), response.read()
    except HTTPError as error:
        return error.code, error.headers.get_content_type(), error.read()
