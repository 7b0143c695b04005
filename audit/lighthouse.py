"""Runs Lighthouse on one address, as a phone or a desktop: four scores and the largest paint."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit import tools
from audit.pages import PageType

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking --no-first-run"
# Lighthouse's default is a phone: it simulates a mid-range one on a slow 4G network.
PRESETS = {"mobile": [], "desktop": ["--preset=desktop"]}
# The factor by which Lighthouse slows the processor down to simulate a phone, and the benchmark
# indexes of machines for which the result is a mid-range phone.
# https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md#cpu-throttling
SLOWDOWN = 4.0
PHONE_INDEX = (1500, 2000)
# Audits that a page cannot pass if search engines must not list it.
SKIPPED_IF_NOT_INDEXED = ("is-crawlable", "http-status-code")
# For a page with an error status, the browser itself writes an error to the console. Other console
# errors of these pages are checked by tests/browser/test_accessibility.py.
SKIPPED_FOR_ERRORS = ("errors-in-console",)
TRIES = 3  # Chromium sometimes does not report the start of the navigation (NO_NAVSTART).
METRICS = {
    "first-contentful-paint": "FCP",
    "largest-contentful-paint": "LCP",
    "total-blocking-time": "TBT",
    "cumulative-layout-shift": "CLS",
    "speed-index": "SI",
}


@dataclass
class Scores:
    """The results of Lighthouse for a page."""

    percent: dict[str, int]
    """By category; 100 is the best."""
    paint: float
    """The largest contentful paint, in seconds."""
    benchmark_index: float = 0
    """Lighthouse's benchmark index: the speed of the machine during the run."""
    faults: list[str] = field(default_factory=list)
    """One line for each audit that costs points."""
    aborted: bool = False
    """Whether Lighthouse reports an error of its own."""


def measure(
    url: str, preset: str, page: PageType, *, runs: int = 1, slowdown: float = SLOWDOWN
) -> Scores:
    """Return the scores of a page: of several runs, those of the run with the median paint."""
    options = list(PRESETS[preset])
    if preset == "mobile":
        options.append(f"--throttling.cpuSlowdownMultiplier={slowdown:g}")
    if skipped := (
        *SKIPPED_IF_NOT_INDEXED * (not page.indexed),
        *SKIPPED_FOR_ERRORS * (page.status != 200),
    ):
        options.append(f"--skip-audits={','.join(skipped)}")
    found = sorted(
        (run_until_complete(url, options) for _ in range(runs)), key=lambda one: one.paint
    )
    return found[len(found) // 2]


def run_until_complete(url: str, options: Sequence[str]) -> Scores:
    """Return the scores of the first run that was not aborted, or of the last one."""
    for _ in range(TRIES):
        found = run_once(url, options)
        if not found.aborted:
            break
    return found


def run_once(url: str, options: Sequence[str]) -> Scores:
    with tempfile.TemporaryDirectory(prefix="alarmroom-lighthouse-") as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [
                tools.node(),
                str(tools.LIGHTHOUSE),
                url,
                "--quiet",
                "--output=json",
                f"--output-path={report}",
                f"--only-categories={','.join(CATEGORIES)}",
                f"--chrome-flags={FLAGS}",
                "--ignore-status-code",
                "--no-enable-error-reporting",
                *options,
            ],
            env={**os.environ, "CHROME_PATH": tools.chromium()},
            check=False,
            capture_output=True,
            text=True,
            timeout=180,
        )
        if not report.is_file():
            raise RuntimeError(f"Lighthouse failed at {url}:\n{done.stderr[-2000:]}")
        return scores(json.loads(report.read_bytes()))


def scores(report: dict) -> Scores:
    """Return the scores and faults of one report."""
    audits = report["audits"]
    faults = []
    for category in report["categories"].values():
        for ref in category["auditRefs"]:
            audit = audits[ref["id"]]
            score = audit["score"]
            if ref["weight"] and score is not None and score < (0.9 if _metric(ref) else 1):
                faults.append(f"{category['id']}: {ref['id']}: {_described(audit)}")
    if report.get("runtimeError"):
        faults.append(f"error: {report['runtimeError']['message']}")
    return Scores(
        percent={
            name: round(100 * (category["score"] or 0))
            for name, category in report["categories"].items()
        },
        paint=audits["largest-contentful-paint"].get("numericValue", 0) / 1000,
        benchmark_index=report["environment"]["benchmarkIndex"],
        faults=faults,
        aborted=bool(report.get("runtimeError")),
    )


def _metric(ref: dict) -> bool:
    return ref["id"] in METRICS


def _described(audit: dict) -> str:
    """Return the result of an audit, and the elements that it names."""
    details = audit.get("details") or {}
    where = [
        item["node"].get("snippet", "")[:120]
        if isinstance(item.get("node"), dict)
        else str(item.get("description") or item.get("source") or item)[:200]
        for item in details.get("items", [])[:3]
        if isinstance(item, dict)
    ]
    return " | ".join([audit.get("displayValue") or audit["title"], *where])
