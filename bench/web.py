"""Requests per second of the public pages, per gunicorn worker on one core.

(a) A bare WSGI application that returns an article's bytes. (h) The same with the page's headers,
each of which costs gunicorn some time. (b) A minimal Django view that returns the same bytes.
(c) The article's kept page. (d) The same page rendered anew: a page with an unknown query is not
kept. (e) As (d), but another article each time, so that nothing of it is cached in the process.
wrk runs on the other core, in alternating runs; the median counts. Then the same pages are
measured on sites with more and more articles.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.scratch import ROOT, BelowTarget, free_port, installation, manage, python, tool, wait_for

# Many short runs, because the speed of a shared machine changes from moment to moment.
SECONDS = 1
RUNS = 20
GROWTH_RUNS = 5
CONNECTIONS = 8
SITE = 5_000
GROWTH = (50, 500, 5_000, 50_000)
UNKNOWN_QUERY = "?fresh=1"
ROTATED_ARTICLES = 300  # articles that (e) requests in turn: more than a process caches
# The least ratios c / a and d / b. A lower one is an error.
KEPT_TARGET, ANEW_TARGET = 0.85, 0.33
GUNICORN_HEADERS = {"Server", "Date", "Connection"}


def pinned(cpu: int, command: list[str]) -> list[str]:
    """Return the command pinned to one processor, if the machine has several."""
    if (os.cpu_count() or 1) < 2:
        return command
    return [tool("taskset", "util-linux"), "-c", str(cpu), *command]


@contextmanager
def gunicorn(env: dict[str, str], application: str) -> Iterator[str]:
    """Serve a WSGI application with one worker, as it is deployed; yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers=1", "--log-level=error"]
    # Pages are only kept for requests to SITE_URL.
    server = subprocess.Popen(
        pinned(0, [*command, f"--bind=127.0.0.1:{port}", application]),
        cwd=ROOT,
        env={**env, "SITE_URL": f"http://127.0.0.1:{port}"},
    )
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def requests_per_second(url: str, script: Path | None = None) -> float:
    """Return what wrk counted in SECONDS; raises RuntimeError when an answer was not 200."""
    scripted = ["-s", str(script)] if script else []
    wrk = [tool("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *scripted, url]
    done = subprocess.run(pinned(1, wrk), check=True, capture_output=True, text=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout:
        raise RuntimeError(f"{url} did not answer with 200:\n{done.stdout}")
    return float(found[1])


def measured(*targets: str | tuple[str, Path], runs: int = RUNS) -> list[list[float]]:
    """Return the figures of alternating runs for each target, after one run to warm up.

    A target is an address, or an address and a wrk script that says what to request.
    """
    found: list[list[float]] = [[] for _ in targets]
    for number in range(runs + 1):
        for target, figures in zip(targets, found, strict=True):
            url, script = target if isinstance(target, tuple) else (target, None)
            figure = requests_per_second(url, script)
            if number:
                figures.append(figure)
    return found


def ratio(ours: list[float], floor: list[float]) -> float:
    """Return the median of the ratios of runs of the same round."""
    return statistics.median(one / other for one, other in zip(ours, floor, strict=True))


def page_and_headers(env: dict[str, str], url: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return an environment in which the bare applications return this page, and its headers."""
    with urllib.request.urlopen(url) as response:
        file = Path(env["DATA_DIR"]) / "page.html"
        file.write_bytes(response.read())
        headers = [pair for pair in response.getheaders() if pair[0] not in GUNICORN_HEADERS]
    return {**env, "BENCH_PAGE": str(file)}, headers


def rotating_articles(env: dict[str, str]) -> Path:
    """Return a wrk script that requests one article after the other, with UNKNOWN_QUERY."""
    code = (
        "from posts.likeness import compare; from posts.models import Post\n"
        f"for post in Post.objects.published().newest_first()[:{ROTATED_ARTICLES}]:\n"
        "  compare(post.pk); print(post.get_absolute_url())"
    )
    paths = manage(env, "shell", "--no-imports", "-c", code).split()
    quoted = ", ".join(f'"{path}{UNKNOWN_QUERY}"' for path in paths)
    script = Path(env["DATA_DIR"]) / "rotating_articles.lua"
    script.write_text(
        f"local paths, at = {{{quoted}}}, 0\n"
        "request = function()\n"
        "  at = at % #paths + 1\n"
        '  return wrk.format("GET", paths[at])\n'
        "end\n"
    )
    return script


def queries(env: dict[str, str], paths: list[str]) -> list[int]:
    """Return how many queries each page needs when it is rendered."""
    code = (
        "import sys; from django.test import Client; from django.db import connection;"
        "from django.test.utils import CaptureQueriesContext as C\n"
        f"for path in {paths!r}:\n"
        "  client = Client(headers={'host': 'localhost'}); client.get(path)\n"
        "  with C(connection) as found: assert client.get(path).status_code == 200, path\n"
        "  print(len(found))"
    )
    return [int(line) for line in manage(env, "shell", "--no-imports", "-c", code).split()]


def addresses(env: dict[str, str]) -> dict[str, str]:
    """Return a name and a path for each kind of page that is measured.

    The article has everything that an article can have: a cover with all its copies, a contents
    list, and three related articles under "Connecting the dots".
    """
    article, tag = manage(
        env,
        "shell",
        "--no-imports",
        "-c",
        "from posts.likeness import compare; from posts.models import Post;"
        "post = Post.objects.published().filter(cover__isnull=False).newest_first()[0];"
        "compare(post.pk);"
        "print(post.get_absolute_url(), post.tags.first().get_absolute_url())",
    ).split()
    return {
        "the article page": article,
        "the front page": "/",
        "a topic's page": tag,
        "the newsletter's page": "/weekly-alarm/",
    }


def main() -> None:
    tool("wrk", "wrk")
    with installation() as env:
        manage(env, "load_demo")
        manage(env, "make_renditions")
        manage(env, "collectstatic", "--noinput", "--verbosity=0")
        python(env, "bench.search_fill", str(SITE))
        article = addresses(env)["the article page"]
        with gunicorn(env, "alarmroom.wsgi") as ours:
            same, headers = page_and_headers(env, ours + article)
            size = Path(same["BENCH_PAGE"]).stat().st_size
            alike = {**same, "BENCH_HEADERS": json.dumps(headers)}
            with (
                gunicorn(same, "bench.bare_wsgi") as wsgi,
                gunicorn(alike, "bench.bare_wsgi") as whole,
                gunicorn(same, "bench.bare_view") as view,
            ):
                kept, anew, others = (
                    ours + article,
                    ours + article + UNKNOWN_QUERY,
                    (ours, rotating_articles(env)),
                )
                # The same path for each, because a longer address costs the server more time.
                # Figures that are compared come from runs that follow each other.
                bare, headed, minimal = (floor + article for floor in (wsgi, whole, view))
                figures = measured(bare, kept, headed, minimal, anew, others)
    a, c, h, b, d, e = (statistics.median(runs) for runs in figures)
    of_a, of_h = ratio(figures[1], figures[0]), ratio(figures[1], figures[2])
    of_b, others_of_b = ratio(figures[4], figures[3]), ratio(figures[5], figures[3])
    print(f"\nWeb: one gunicorn worker on one core, {size:,} bytes, {SITE:,} articles,")
    print(f"medians of {RUNS} alternating runs of {SECONDS} s: requests per second, and the")
    print("medians of the ratios of each round\n")
    print(f"  (a) a bare WSGI application             {a:10,.0f}")
    print(f"  (h) the same with the page's headers    {h:10,.0f}")
    print(f"  (b) a minimal Django view               {b:10,.0f}")
    print(f"  (c) the article page, kept              {c:10,.0f}     c / a {of_a:6.2f}", end="")
    print(f"   c / h {of_h:6.2f}")
    print(f"  (d) the article page, rendered anew     {d:10,.0f}     d / b {of_b:6.2f}")
    print(f"  (e) another article each time           {e:10,.0f}     e / b {others_of_b:6.2f}")
    growth()
    check_targets(of_a, of_b)


def check_targets(kept: float, anew: float) -> None:
    """Raise BelowTarget if a page is slower than its target, relative to the bare application."""
    if kept < KEPT_TARGET or anew < ANEW_TARGET:
        raise BelowTarget(
            f"c / a is {kept:.2f} and must be {KEPT_TARGET}; "
            f"d / b is {anew:.2f} and must be {ANEW_TARGET}."
        )


def growth() -> None:
    """Print the figures of sites of more and more articles.

    Each is also printed as a share of (b) in the same rounds, because the sites are measured
    minutes apart and the speed of a shared machine changes meanwhile.
    """
    print("\nGrowth: requests per second of pages rendered anew, and kept, each with its share of")
    print("(b) in the same rounds; queries when rendered\n")
    for count in GROWTH:
        with installation() as env:
            manage(env, "load_demo")
            manage(env, "make_renditions")
            manage(env, "collectstatic", "--noinput", "--verbosity=0")
            python(env, "bench.search_fill", str(count))
            pages = addresses(env)
            with gunicorn(env, "alarmroom.wsgi") as ours:
                same, _ = page_and_headers(env, ours + pages["the article page"])
                with gunicorn(same, "bench.bare_view") as view:
                    for (name, path), number in zip(
                        pages.items(), queries(env, list(pages.values())), strict=True
                    ):
                        targets = (view + path, ours + path + UNKNOWN_QUERY, ours + path)
                        minimal, anew, kept = measured(*targets, runs=GROWTH_RUNS)
                        print(
                            f"  {count:8,} articles   {name:22}"
                            f"{statistics.median(anew):8,.0f} {ratio(anew, minimal):6.3f}"
                            f"{statistics.median(kept):8,.0f} {ratio(kept, minimal):6.2f}"
                            f"{number:4} queries"
                        )


if __name__ == "__main__":
    main()
