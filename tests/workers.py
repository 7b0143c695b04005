"""Who runs what when pytest has two workers: what shares a running part stays on one of them.

xdist's own `--dist loadgroup` groups nothing with pytest 9.2, and says nothing about it
(https://github.com/pytest-dev/pytest-xdist/issues/1386).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

# What the ids of tests start with. Each line is run in its order, on one worker, and the longest
# come first: single tests are left for the end, so both workers end at the same time.
TOGETHER = (
    # A deployed site with the demo and its pictures' copies
    (
        "tests/browser/test_accessibility.py::",
        "tests/browser/test_pictures.py::",
        "tests/browser/test_sizes.py::",
        "tests/browser/test_type.py::",
    ),
    # A site as `make run` starts it
    (
        "tests/browser/test_editor.py::",
        "tests/browser/test_main_path.py::",
        "tests/browser/test_reading.py::",
        "tests/browser/test_search.py::",
        "tests/browser/test_second_start.py::",
    ),
    ("tests/browser/test_production.py::",),
    ("tests/kept/test_nginx.py::",),
    ("tests/kept/test_two_processes.py::",),
    ("tests/test_observatory.py::",),
)


PLACES = {ids: at for at, ids in enumerate(ids for each in TOGETHER for ids in each)}


def place(nodeid: str) -> int:
    """Return the place in TOGETHER of what a test's id starts with; beyond the last if nothing."""
    return next((at for ids, at in PLACES.items() if nodeid.startswith(ids)), len(PLACES))


def line(nodeid: str) -> int | None:
    """Return the number of the line of TOGETHER that a test is run with."""
    return next((at for at, ids in enumerate(TOGETHER) if nodeid.startswith(ids)), None)


def longest_first(items: Iterable["pytest.Item"]) -> list["pytest.Item"]:
    """Return the tests as TOGETHER orders them, and after them the single ones as they were."""
    return sorted(items, key=lambda item: place(item.nodeid))


class Together(LoadScopeScheduling):
    """Hands out the lines of TOGETHER whole and all other tests one by one, in their order."""

    def __init__(self, config: "pytest.Config", log: Any = None) -> None:
        super().__init__(config, log)
        # Else the most tests would come first, not the longest.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        together = line(nodeid)
        return nodeid if together is None else str(together)
