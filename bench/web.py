"""Requests per second: the article page against a Django view that returns the same bytes.

One gunicorn worker each, wrk on the same machine, three alternating runs; the median counts.
"""

import re
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.scratch import ROOT, free_port, installation, manage, tool, wait_for

SECONDS = 5
RUNS = 3
CONNECTIONS = 4


@contextmanager
def gunicorn(env: dict[str, str], application: str) -> Iterator[int]:
    """Serve a WSGI application with one sync worker; yield the port."""
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--workers=1",
            "--log-level=error",
            f"--bind=127.0.0.1:{port}",
            application,
        ],
        cwd=ROOT,
        env=env,
    )
    try:
        wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait()


def requests_per_second(wrk: str, url: str) -> float:
    done = subprocess.run(
        [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", url],
        check=True,
        capture_output=True,
        text=True,
    )
    if "Non-2xx" in done.stdout:
        raise RuntimeError(f"{url} did not answer with 200:\n{done.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout)
    return float(found[1])


def main() -> None:
    wrk = tool("wrk", "wrk")
    with installation() as env:
        manage(env, "load_demo")
        manage(env, "collectstatic", "--noinput", "--verbosity=0")
        path = manage(
            env,
            "shell",
            "--no-imports",
            "-c",
            "from posts.models import Post; "
            "print(Post.objects.published().newest_first().first().get_absolute_url())",
        ).strip()
        with gunicorn(env, "alarmroom.wsgi") as ours:
            url = f"http://127.0.0.1:{ours}{path}"
            with urllib.request.urlopen(url) as response:
                page = response.read()
            bytes_file = Path(env["DATA_DIR"]) / "page.html"
            bytes_file.write_bytes(page)
            bare_env = {**env, "BENCH_PAGE": str(bytes_file)}
            with gunicorn(bare_env, "bench.bare_view:application") as bare:
                bare_url = f"http://127.0.0.1:{bare}/"
                figures: dict[str, list[float]] = {url: [], bare_url: []}
                for warm in figures:
                    requests_per_second(wrk, warm)
                for _ in range(RUNS):
                    for address, measured in figures.items():
                        measured.append(requests_per_second(wrk, address))
    article, same_bytes = (statistics.median(measured) for measured in figures.values())
    print(f"\nWeb: one gunicorn worker, {len(page):,} bytes, {CONNECTIONS} connections, ")
    print(f"median of {RUNS} alternating runs of {SECONDS} s, requests per second\n")
    print(f"  a Django view returning the same bytes   {same_bytes:10,.0f}")
    print(f"  the article page                         {article:10,.0f}")
    print(f"  article / view                           {article / same_bytes:10.2f}")


if __name__ == "__main__":
    main()
