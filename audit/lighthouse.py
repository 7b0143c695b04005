"""Lighthouse over one address: four scores and the largest paint, on a phone or a desktop."""

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
# A phone is Lighthouse's own default: a mid-range one on a slow 4G line, simulated.
PRESETS = {"mobile": [], "desktop": ["--preset=desktop"]}
# By how much Lighthouse slows a machine down to be a phone. It does so whatever the machine's own
# speed; what comes out is a phone of the middle only if that speed is in this range.
# https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md#cpu-throttling
SLOWDOWN = 4.0
MEANT_FOR = (1500, 2000)
# What a page that is not meant to be found cannot have.
UNINDEXED = ("is-crawlable", "http-status-code")
# The browser itself reports the status of a page that is to have it; of what else it may report
# there, the test suite knows (tests/browser/test_accessibility.py).
OF_ERRORS = ("errors-in-console",)
TRIES = 3  # Once in some dozens of pages, Chromium begins without saying when.
METRICS = {
    "first-contentful-paint": "FCP",
    "largest-contentful-paint": "LCP",
    "total-blocking-time": "TBT",
    "cumulative-layout-shift": "CLS",
    "speed-index": "SI",
}


@dataclass
class Scores:
    """What Lighthouse says of a page."""

    percent: dict[str, int]
    """By category; 100 is the best."""
    paint: float
    """The largest contentful paint, in seconds."""
    power: float = 0
    """The machine's speed while it was measured, as Lighthouse's benchmark index."""
    faults: list[str] = field(default_factory=list)
    """One line for each audit that costs points."""
    broken_off: bool = False
    """Whether Lighthouse itself says that something went wrong."""


def measure(
    url: str, preset: str, page: PageType, *, runs: int = 1, slowdown: float = SLOWDOWN
) -> Scores:
    """Return the scores of a page at an address; of several runs the one with the median paint."""
    options = list(PRESETS[preset])
    if preset == "mobile":
        options.append(f"--throttling.cpuSlowdownMultiplier={slowdown:g}")
    if skipped := (*UNINDEXED * (not page.indexed), *OF_ERRORS * (page.status != 200)):
        options.append(f"--skip-audits={','.join(skipped)}")
    found = sorted((finished(url, options) for _ in range(runs)), key=lambda one: one.paint)
    return found[len(found) // 2]


def finished(url: str, options: Sequence[str]) -> Scores:
    """Return the scores of the first run that was not broken off, or of the last one."""
    for _ in range(TRIES):
        found = once(url, options)
        if not found.broken_off:
            break
    return found


def once(url: str, options: Sequence[str]) -> Scores:
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
    """Return what one report says."""
    audits = report["audits"]
    faults = []
    for category in report["categories"].values():
        for ref in category["auditRefs"]:
            audit = audits[ref["id"]]
            score = audit["score"]
            if ref["weight"] and score is not None and score < (0.9 if _metric(ref) else 1):
                faults.append(f"{category['id']}: {ref['id']}: {_shown(audit)}")
    if report.get("runtimeError"):
        faults.append(f"error: {report['runtimeError']['message']}")
    return Scores(
        percent={
            name: round(100 * (category["score"] or 0))
            for name, category in report["categories"].items()
        },
        paint=audits["largest-contentful-paint"].get("numericValue", 0) / 1000,
        power=report["environment"]["benchmarkIndex"],
        faults=faults,
        broken_off=bool(report.get("runtimeError")),
    )


def _metric(ref: dict) -> bool:
    return ref["id"] in METRICS


def _shown(audit: dict) -> str:
    """Return what an audit says, and where."""
    details = audit.get("details") or {}
    where = [
        item["node"].get("snippet", "")[:120]
        if isinstance(item.get("node"), dict)
        else str(item.get("description") or item.get("source") or item)[:200]
        for item in details.get("items", [])[:3]
        if isinstance(item, dict)
    ]
    return " | ".join([audit.get("displayValue") or audit["title"], *where])
