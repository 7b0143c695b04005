"""`python -m audit [word …]`: check every page type, or those whose name contains a word.

It prints a table, and the faults below it. The exit code is 1 if a page misses a target.
"""

import argparse
import os
import signal
import sys
from dataclasses import dataclass, field

from playwright.sync_api import Browser, sync_playwright

from audit import axe, lighthouse, tools, vnu
from audit.pages import PageType
from audit.site import fetch, site

WIDTHS = (320, 1280)  # px
SCHEMES = ("light", "dark")
MAX_PAINT = 1.1  # seconds: an article's largest contentful paint on a phone
MAX_LOAD = 1.0  # load per processor above which the performance scores are not reliable


@dataclass
class Row:
    """The results for one page type."""

    page: PageType
    scores: dict[str, lighthouse.Scores] = field(default_factory=dict)
    axe: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    vnu: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def all_faults(self) -> list[str]:
        """Return one line for each missed target."""
        lines = list(self.faults)
        for preset, scores in self.scores.items():
            lines += [
                f"Lighthouse {preset}: {name} is {percent}"
                for name, percent in scores.percent.items()
                if percent < 100
            ]
            lines += [f"Lighthouse {preset}: {fault}" for fault in scores.faults]
        if self.page.name == "article" and "mobile" in self.scores:
            paint = self.scores["mobile"].paint
            if paint >= MAX_PAINT:
                lines.append(f"Lighthouse mobile: the largest paint took {paint:.2f} s")
        for (scheme, width), found in self.axe.items():
            lines += [f"axe {scheme} {width}: {line}" for line in found]
        lines += [f"vnu {line}" for line in self.vnu]
        return list(dict.fromkeys(lines))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    parser.add_argument("words", nargs="*", help="only page types whose name contains one")
    parser.add_argument("--no-lighthouse", action="store_true", help="axe and HTML only")
    parser.add_argument("--runs", type=int, default=1, help="Lighthouse runs (the median counts)")
    parser.add_argument(
        "--slowdown",
        type=float,
        default=lighthouse.SLOWDOWN,
        help="by how much Lighthouse slows this machine down to be a phone (default: %(default)g)",
    )
    options = parser.parse_args(arguments)
    try:
        tools.chromium(), tools.java()
        if not options.no_lighthouse:
            tools.node()
        tools.install()
    except tools.Missing as missing:
        print(missing)
        return 2
    # On SIGTERM, end by an exception, so that the site is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    with site() as (url, types):
        rows = [
            Row(page)
            for page in types
            if not options.words or any(word in page.name for word in options.words)
        ]
        check_html(url, rows)
        run_axe(url, rows)
        if not options.no_lighthouse:
            run_lighthouse(url, rows, options.runs, options.slowdown)
    print(table(rows))
    if not options.no_lighthouse:
        print(machine_speed(rows, options.slowdown))
    wrong = {row.page.name: faults for row in rows if (faults := row.all_faults())}
    for name, faults in wrong.items():
        print(f"\n{name}")
        for fault in faults:
            print(f"  {fault}")
    if wrong and os.getloadavg()[0] > MAX_LOAD * (os.cpu_count() or 1):
        print("\nThis machine is busy: Lighthouse's performance is to be measured again.")
    return 1 if wrong else 0


def check_html(url: str, rows: list[Row]) -> None:
    """Fetch each page and check its HTML."""
    pages = {}
    for row in rows:
        status, media_type, pages[row.page.name] = fetch(url + row.page.path)
        if (status, media_type) != (row.page.status, "text/html"):
            row.faults.append(f"{row.page.path} answered {status} {media_type}")
    for row, found in zip(rows, vnu.check(pages).values(), strict=True):
        row.vnu = found


def run_axe(url: str, rows: list[Row]) -> None:
    """Run axe on each page: light and dark, narrow and wide."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=tools.chromium(),
            args=lighthouse.FLAGS.split()[1:],
        )
        for scheme in SCHEMES:
            for width in WIDTHS:
                for row in rows:
                    show_progress(f"axe, {scheme}, {width} px: {row.page.name}")
                    row.axe[scheme, width] = axe_findings(
                        browser, url + row.page.path, scheme, width
                    )
        browser.close()


def axe_findings(browser: Browser, url: str, scheme: str, width: int) -> list[str]:
    """Return what axe finds on a page, and whether it scrolls sideways."""
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
        # Text that is still fading in has too little contrast.
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    found = [*axe.violations(page), *axe.sideways(page)]
    context.close()
    return found


def run_lighthouse(url: str, rows: list[Row], runs: int, slowdown: float) -> None:
    for row in rows:
        for preset in lighthouse.PRESETS:
            show_progress(f"Lighthouse, {preset}: {row.page.name}")
            row.scores[preset] = lighthouse.measure(
                url + row.page.path, preset, row.page, runs=runs, slowdown=slowdown
            )


def table(rows: list[Row]) -> str:
    """Return the table, a line for each page type."""
    lines = [
        "",
        "Lighthouse: performance / accessibility / best practices / SEO, and the largest paint",
        f"axe: elements that break a rule at {' / '.join(map(str, WIDTHS))} px",
        "",
        f"{'':20} {'mobile':16} {'paint':>6}  {'desktop':16} {'paint':>6}  "
        f"{'axe light':9}  {'axe dark':9}  {'vnu':>3}",
    ]
    for row in rows:
        cells = [f"{row.page.name[:20]:20}"]
        for preset in lighthouse.PRESETS:
            if scores := row.scores.get(preset):
                percents = "/".join(f"{scores.percent[name]}" for name in lighthouse.CATEGORIES)
                cells.append(f"{percents:16} {scores.paint:4.2f} s ")
            else:
                cells.append(f"{'-':16} {'-':>6} ")
        for scheme in SCHEMES:
            counts = "/".join(str(len(row.axe[scheme, width])) for width in WIDTHS)
            cells.append(f"{counts:9} ")
        cells.append(f"{len(row.vnu):3}")
        lines.append(" ".join(cells))
    return "\n".join(lines)


def machine_speed(rows: list[Row], slowdown: float) -> str:
    """Return the text about the speed of this machine, on which the mobile scores depend."""
    indexes = sorted(scores.benchmark_index for row in rows for scores in row.scores.values())
    median = indexes[len(indexes) // 2]
    least, most = (meant / lighthouse.SLOWDOWN for meant in lighthouse.PHONE_INDEX)
    lines = [
        "",
        f"Benchmark index {median:.0f} (from {indexes[0]:.0f} to {indexes[-1]:.0f}),"
        f" slowed {slowdown:g} times: a phone of {median / slowdown:.0f}.",
    ]
    if not least <= median / slowdown <= most:
        lines.append(
            f"Lighthouse has one of {least:.0f} to {most:.0f} in mind:"
            f" --slowdown={2 * median / (least + most):.1f}"
        )
    return "\n".join(lines)


def show_progress(what: str) -> None:
    """Show the progress if stderr is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
