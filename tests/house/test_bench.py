"""`python -m bench` ends with an error if a figure misses its target."""

import json
from contextlib import nullcontext

import pytest

from bench import __main__ as bench
from bench import delivery, desk, million, web
from bench.scratch import BelowTarget

FIGURES = {
    delivery.RAW_4: (4000.0, 0.02),
    delivery.LOCK_STEP: (2000.0, 0.04),
    delivery.COMMITS: (900.0, 0.1),
    delivery.DJANGO: (200.0, 4.0),
    delivery.engine("SQLite", 1): (1600.0, 0.3),
    delivery.engine("SQLite", 4): (2400.0, 0.25),
    delivery.engine("PostgreSQL", 1): (1600.0, 0.3),
    delivery.engine("PostgreSQL", 8): (2400.0, 0.25),
}
FAR = {
    delivery.LOCK_STEP: (12.0, 0.5),
    delivery.engine("SQLite", 16): (300.0, 0.2),
    delivery.engine("PostgreSQL", 16): (300.0, 0.2),
}


def measured(
    monkeypatch: pytest.MonkeyPatch,
    *,
    few_kib: int = 1000,
    many_kib: int = 1200,
    near: dict[delivery.Way, tuple[float, float]] = FIGURES,
) -> None:
    """Make the delivery benchmark return these figures, without a mail server or a database."""
    private = iter((few_kib, many_kib))

    def python(env: dict[str, str], module: str, *arguments: str) -> str:
        run = {"sent": 10, "seconds": 1, "peak_kib": 1, "private_kib": 0}
        if module == "bench.delivery_run":
            run["private_kib"] = next(private)
        return json.dumps(run)

    def speed() -> tuple[dict[int, delivery.Rounds], int]:
        rounds = {
            delay: {way: [delivery.Figure(*figure)] * 3 for way, figure in figures.items()}
            for delay, figures in ((0, near), (20, FAR))
        }
        return rounds, 40_000

    monkeypatch.setattr(delivery, "speed", speed)
    monkeypatch.setattr(delivery, "smtp_sink", lambda: nullcontext(2525))
    monkeypatch.setattr(delivery, "installation", lambda **environment: nullcontext({}))
    monkeypatch.setattr(delivery, "python", python)


def test_memory_that_grows_with_the_recipients_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(monkeypatch, many_kib=1210)
    assert bench.main(["delivery"]) != 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "delivery: these bars are missed:",
        "  private memory at 100,000 recipients / at 1,000",
    ]


def test_a_worker_that_is_slow_or_dear_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = {**FIGURES, delivery.engine("SQLite", 4): (2300.0, 0.26)}
    measured(monkeypatch, near=slow)
    assert bench.main(["delivery"]) != 0
    missed = capsys.readouterr().out.partition("these bars are missed:\n")[2]
    assert missed.splitlines() == [
        "  SQLite, 1 worker, 4 connections / (a) with 4",
        "  SQLite, 1 worker, 4 connections / (d)",
        "  SQLite, 1 worker, 4 connections: CPU ms a message",
    ]


def test_a_worker_that_cannot_use_several_connections_misses_its_bars(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    several = (delivery.engine("SQLite", 4), delivery.engine("PostgreSQL", 8))
    known = {way: figure for way, figure in FIGURES.items() if way not in several}
    measured(monkeypatch, near=known)
    assert bench.main(["delivery"]) != 0


def test_what_reaches_every_bar_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(monkeypatch)
    assert bench.main(["delivery"]) == 0
    said = capsys.readouterr().out
    assert said.count("reached") == 13
    assert "missed" not in said


def test_a_confirmation_is_measured_with_the_processes_that_are_deployed() -> None:
    """Whoever names them anew in the Procfile measures them anew."""
    commands = {name: command[1:] for name, command in million.procfile().items()}
    assert commands["worker"][:2] == ["manage.py", "db_worker"]
    assert commands["tick"] == ["manage.py", "tick", "--forever"]
    assert not commands.keys() & {"web", "release"}


@pytest.mark.parametrize(("kept", "anew"), [(0.84, 0.5), (0.9, 0.32)])
def test_a_page_below_its_target_is_an_error(kept: float, anew: float) -> None:
    with pytest.raises(BelowTarget, match="must be"):
        web.check_targets(kept, anew)


def test_a_page_that_meets_its_targets_is_no_error() -> None:
    web.check_targets(0.85, 0.33)


def test_what_a_page_of_the_desk_misses_is_named() -> None:
    fine = {"queries": 15, "median": 299.0, "95th": 900.0}
    assert desk.misses({"articles": fine, "(preview of a text)": {**fine, "queries": 40}}) == []
    assert desk.misses({"articles": {**fine, "queries": 16}}) == [
        "articles: 16 queries; 15 were promised"
    ]
    assert desk.misses({"(autosave of a text)": {**fine, "median": 50.0}}) == [
        "(autosave of a text): 50 ms; below 50 was promised"
    ]
