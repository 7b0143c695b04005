"""`make audit`: missing tools, the scores of Lighthouse, and the table that it prints."""

import os
from pathlib import Path

import pytest

from audit import lighthouse
from audit.__main__ import Row, machine_speed, table
from audit.lighthouse import Scores, scores
from audit.pages import PageType
from tests.helpers import python

ARTICLE = PageType("article", "/articles/a/")


def report(**changed: dict) -> dict:
    """Return the parts of a Lighthouse report that the audit reads."""
    audits = {
        "largest-contentful-paint": {"score": 1, "numericValue": 903.4, "title": "Largest paint"},
        "color-contrast": {"score": 1, "title": "Colours"},
        "bf-cache": {"score": 0, "title": "Back and forth"},
    }
    return {
        "audits": {**audits, **changed},
        "environment": {"benchmarkIndex": 1750},
        "categories": {
            "performance": {
                "id": "performance",
                "score": 1,
                "auditRefs": [
                    {"id": "largest-contentful-paint", "weight": 25},
                    {"id": "bf-cache", "weight": 0},
                ],
            },
            "accessibility": {
                "id": "accessibility",
                "score": 1,
                "auditRefs": [{"id": "color-contrast", "weight": 7}],
            },
            "best-practices": {"id": "best-practices", "score": 1, "auditRefs": []},
            "seo": {"id": "seo", "score": 1, "auditRefs": []},
        },
    }


def record_options(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Replace Lighthouse; return the list to which the options of each run are added."""
    recorded: list[list[str]] = []

    def run_once(url: str, options: list[str]) -> Scores:
        recorded.append(options)
        return scores(report())

    monkeypatch.setattr(lighthouse, "run_once", run_once)
    return recorded


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([], "chromium is missing (apt install chromium)."),
        (["chromium"], "java is missing (Java 17 or newer: apt install default-jre-headless)."),
        (["chromium", "java"], "node is missing (Node 20 or newer: apt install nodejs npm)."),
    ],
)
def test_a_missing_tool_is_named_in_one_line(tmp_path: Path, there: list[str], said: str) -> None:
    for name in there:
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if name != "CHROME_PATH"}
    done = python("-m", "audit", env={**env, "PATH": str(tmp_path)})
    assert (done.stdout, done.stderr, done.returncode) == (f"{said}\n", "", 2)


def test_a_perfect_page_has_no_faults() -> None:
    row = Row(ARTICLE, scores={"mobile": scores(report())}, axe={("dark", 320): []})
    assert row.scores["mobile"].paint == pytest.approx(0.9034)
    assert row.all_faults() == []


def test_what_costs_points_is_named_with_its_place() -> None:
    node = {"node": {"snippet": "<p class='pale'>"}}
    pale = {"score": 0, "title": "Pale colours", "details": {"items": [node]}}
    found = report(**{"color-contrast": pale})
    found["categories"]["accessibility"]["score"] = 0.93
    row = Row(ARTICLE, scores={"desktop": scores(found)})
    assert row.all_faults() == [
        "Lighthouse desktop: accessibility is 93",
        "Lighthouse desktop: accessibility: color-contrast: Pale colours | <p class='pale'>",
    ]


def test_a_run_that_lighthouse_aborted_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = report() | {"runtimeError": {"code": "NO_NAVSTART", "message": "Run it again."}}
    runs = iter([scores(broken), scores(report()), scores(broken)])
    monkeypatch.setattr(lighthouse, "run_once", lambda *recorded: next(runs))
    assert not lighthouse.measure("http://a", "mobile", ARTICLE).aborted


def test_a_page_that_lighthouse_never_finishes_has_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = report() | {"runtimeError": {"code": "NO_NAVSTART", "message": "Run it again."}}
    monkeypatch.setattr(lighthouse, "run_once", lambda *recorded: scores(broken))
    row = Row(ARTICLE, scores={"mobile": lighthouse.measure("http://a", "mobile", ARTICLE)})
    assert row.all_faults() == ["Lighthouse mobile: error: Run it again."]


@pytest.mark.parametrize(
    ("page", "skipped"),
    [
        (ARTICLE, []),
        (PageType("draft", "/", indexed=False), ["is-crawlable,http-status-code"]),
        (
            PageType("404", "/", status=404, indexed=False),
            ["is-crawlable,http-status-code,errors-in-console"],
        ),
    ],
)
def test_audits_that_a_page_cannot_pass_are_skipped(
    monkeypatch: pytest.MonkeyPatch, page: PageType, skipped: list[str]
) -> None:
    recorded = record_options(monkeypatch)
    lighthouse.measure("http://a", "mobile", page)
    assert [option[14:] for option in recorded[0] if option.startswith("--skip-audits=")] == skipped


def test_only_a_phone_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = record_options(monkeypatch)
    lighthouse.measure("http://a", "mobile", ARTICLE)
    lighthouse.measure("http://a", "mobile", ARTICLE, slowdown=8)
    lighthouse.measure("http://a", "desktop", ARTICLE, slowdown=8)
    assert recorded == [
        ["--throttling.cpuSlowdownMultiplier=4"],
        ["--throttling.cpuSlowdownMultiplier=8"],
        ["--preset=desktop"],
    ]


def test_the_speed_of_the_machine_is_printed() -> None:
    rows = [Row(ARTICLE, scores={"mobile": scores(report())})]
    assert (
        machine_speed(rows, 4)
        == "\nBenchmark index 1750 (from 1750 to 1750), slowed 4 times: a phone of 438."
    )
    assert (
        machine_speed(rows, 2).splitlines()[-1]
        == "Lighthouse has one of 375 to 500 in mind: --slowdown=4.0"
    )


def test_an_article_must_be_painted_in_time_on_a_phone() -> None:
    slow = Scores(percent={"performance": 100}, paint=1.1)
    assert Row(ARTICLE, scores={"mobile": slow}).all_faults()
    assert not Row(ARTICLE, scores={"desktop": slow}).all_faults()


def test_the_table_has_a_line_for_each_page_type() -> None:
    results = {(scheme, width): [] for scheme in ("light", "dark") for width in (320, 1280)}
    front = Row(PageType("front", "/"), axe=results, vnu=["warning: line 1: x"])
    last = Row(ARTICLE, scores={"mobile": scores(report())}, axe={**results, ("dark", 320): ["y"]})
    lines = table([front, last]).splitlines()[-2:]
    assert lines[0].split() == ["front", "-", "-", "-", "-", "0/0", "0/0", "1"]
    assert lines[1].split() == [
        "article",
        "100/100/100/100",
        "0.90",
        "s",
        "-",
        "-",
        "0/0",
        "1/0",
        "0",
    ]
