"""`python -m bench` ends with an error if a figure misses its target."""

import json
from contextlib import nullcontext

import pytest

from bench import __main__ as bench
from bench import delivery, desk, web
from bench.scratch import BelowTarget


def measured(monkeypatch: pytest.MonkeyPatch, *, few_kib: int, many_kib: int) -> None:
    """Make the delivery benchmark return these figures, without a mail server or a database."""
    private = iter((few_kib, many_kib))

    def python(env: dict[str, str], module: str, *arguments: str) -> str:
        if module == "bench.delivery_run":
            run = {"sent": 10, "seconds": 1, "peak_kib": 1, "private_kib": next(private)}
            return json.dumps(run)
        if module == "bench.delivery_bare":
            return json.dumps({"sent": int(arguments[1]), "seconds": 1, "bytes": 1})
        return ""

    monkeypatch.setattr(delivery, "smtp_sink", lambda: nullcontext(2525))
    monkeypatch.setattr(delivery, "installation", lambda **environment: nullcontext({}))
    monkeypatch.setattr(delivery, "python", python)


def test_memory_that_grows_with_the_recipients_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(monkeypatch, few_kib=1000, many_kib=1210)
    assert bench.main(["delivery"]) != 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "delivery: a worker's private memory at 100,000 recipients is 1.21 times that at 1,000; "
        "it may be 1.2 times."
    )


def test_memory_that_stays_the_same_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(monkeypatch, few_kib=1000, many_kib=1200)
    assert bench.main(["delivery"]) == 0
    assert "the bare smtplib loop sends 10,000 messages at most" in capsys.readouterr().out


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
