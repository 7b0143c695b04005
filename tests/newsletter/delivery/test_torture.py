"""The short form of `make torture`: what dies in the middle loses nobody and doubles nobody.

Which moments are chosen is new each time. A failure names the seed, which repeats the choices:
`make torture ARGS="races --short --seed 17"`.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from bench.forking import Host
from tests.newsletter.delivery.processes import database_url
from torture.__main__ import ENVIRONMENT, PLANS
from torture.judge import Row, judge
from torture.stage import Stage


@pytest.fixture
def stage(transactional_db: None, tmp_path: Path) -> Iterator[Stage]:
    """Processes that work on the database of the test, and a mail server that can be killed."""
    env = {
        **os.environ,
        **ENVIRONMENT,
        "DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": database_url(),
    }
    # No process that is forked later may share this one.
    connection.close()
    with Host(env) as host:
        played = Stage(host, env, tmp_path, random.randrange(1 << 20))
        yield played
        played.close()


def play(stage: Stage, plan: str) -> None:
    acted, _, short, databases = PLANS[plan]
    if connection.vendor not in (name.lower() for name in databases):
        pytest.skip(f"This plan is for {' and '.join(databases)}.")
    found = acted(stage, short)
    assert not found.problems, f"seed {stage.seed}: {'; '.join(found.problems)}"
    assert sum(found.states.values()) == short.recipients


@pytest.mark.postgresql
@pytest.mark.parametrize("plan", ["workers-killed", "races", "hostile", "clocks"])
def test_whatever_dies_nobody_is_lost_and_nobody_gets_it_twice(stage: Stage, plan: str) -> None:
    play(stage, plan)


@pytest.mark.parametrize("plan", ["server-killed", "disk-full", "phases", "network-cut", "ticks"])
def test_whatever_fails_nobody_is_lost_and_nobody_gets_it_twice(stage: Stage, plan: str) -> None:
    play(stage, plan)


# The judge

ANN, BEN = "ann@example.org", "ben@example.org"


def row(address: str, state: str = "sent", reply: str = "") -> Row:
    return Row(address, state, reply or f"2.0.0 kept {address}", f"<{address}>")


def line(address: str, *, of: str = "", whole: str = "whole") -> str:
    return f"{address} <{of or address}> {of or address} {whole}"


def test_the_judge_finds_nothing_where_all_is_well() -> None:
    rows = [row(ANN), row(BEN, "uncertain"), row("cy@example.org", "failed")]
    assert not judge(rows, [line(ANN), line(BEN)], recipients=3, most_in_doubt=1).problems
    assert not judge(rows, [line(ANN)], recipients=3, most_in_doubt=1).problems


@pytest.mark.parametrize(
    ("rows", "lines", "said"),
    [
        ([row(ANN), row(BEN)], [line(ANN)], "lost"),
        ([row(ANN)], [line(ANN)], "2 were to be mailed, 1 rows are there"),
        ([row(ANN), row(BEN)], [line(ANN), line(BEN), line(BEN)], "got it twice"),
        ([row(ANN), row(BEN, "uncertain")], [line(ANN), line(BEN), line(BEN)], "got it twice"),
        ([row(ANN), row(BEN, "failed")], [line(ANN), line(BEN)], "the ledger says that they were"),
        ([row(ANN), row(BEN, "queued")], [line(ANN)], "left open"),
        ([row(ANN), row(BEN, "skipped")], [line(ANN)], "nobody cancelled"),
        ([row(ANN), row(BEN, reply=f"kept {ANN}")], [line(ANN), line(BEN)], "another one's answer"),
        ([row(ANN), row(BEN)], [line(ANN), line(BEN, of=ANN)], "not theirs"),
        ([row(ANN), row(BEN)], [line(ANN), line(BEN, whole="torn")], "a part of a message"),
        ([row(ANN), row(BEN)], [line(ANN), line(BEN), line("eve@x.org")], "not in the ledger"),
        ([row(ANN, "uncertain"), row(BEN, "uncertain")], [], "2 are in doubt, 1 at most may be"),
    ],
)
def test_the_judge_finds_what_is_wrong(rows: list[Row], lines: list[str], said: str) -> None:
    [problem] = judge(rows, lines, recipients=2, most_in_doubt=1).problems
    assert said in problem
