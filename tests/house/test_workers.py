"""The scheduling of tests: a site that is started once is not started again on the other worker."""

import re
from types import SimpleNamespace

import pytest

from tests.helpers import ROOT
from tests.workers import GROUPS, GroupScheduling, group_of

STARTED_ONCE = re.compile(r'@pytest.fixture\(.*scope="(?:module|package|session)"')


class Worker:
    """A stand-in for an xdist worker, with the parts that the scheduler uses."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.assigned: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.assigned += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def run(tests: list[str]) -> list[list[str]]:
    """Return the tests that each of two workers runs, in order."""
    config = SimpleNamespace(
        getvalue=lambda _: ["2*popen"],
        option=SimpleNamespace(loadscopereorder=True, debug=False),
    )
    scheduler = GroupScheduling(config)  # type: ignore[arg-type]  # a stand-in of ours
    workers = [Worker("gw0"), Worker("gw1")]
    for worker in workers:
        scheduler.add_node(worker)  # type: ignore[arg-type]  # likewise
        scheduler.add_node_collection(worker, tests)  # type: ignore[arg-type]  # likewise
    scheduler.schedule()
    ran_by: list[list[str]] = [[], []]
    while any(len(ran) < len(worker.assigned) for ran, worker in zip(ran_by, workers, strict=True)):
        for ran, worker in zip(ran_by, workers, strict=True):
            if len(ran) < len(worker.assigned):
                index = worker.assigned[len(ran)]
                ran.append(tests[index])
                scheduler.mark_test_complete(worker, index)  # type: ignore[arg-type]  # likewise
    return ran_by


def test_a_group_runs_on_one_worker_and_first() -> None:
    first = [f"{GROUPS[0][place % 3]}test_{place}" for place in range(9)]
    second = [f"{GROUPS[1][0]}test_{place}[a@b]" for place in range(6)]
    others = [f"tests/test_other.py::test_{place}" for place in range(20)]
    ran_by = run([*first, *second, *others])
    assert ran_by[0][:9] == first
    assert ran_by[1][:6] == second
    assert sorted([*ran_by[0], *ran_by[1]]) == sorted([*first, *second, *others])
    # Single tests go to the worker that is free.
    assert abs(len(ran_by[0]) - len(ran_by[1])) <= 3


@pytest.mark.parametrize("ids", [ids for each in GROUPS for ids in each])
def test_what_is_named_exists(ids: str) -> None:
    path, _, name = ids.partition("::")
    assert f"def {name}" in (ROOT / path).read_text()


def test_every_module_that_starts_something_once_is_named() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        in_browser = path.parent.name == "browser"
        if in_browser or STARTED_ONCE.search(path.read_text()):
            name = path.relative_to(ROOT).as_posix()
            assert group_of(f"{name}::test_") is not None, f"{name} is missing in tests/workers.py"
