"""Which of two pytest workers runs which test: tests that share a running site stay on one.

xdist's own `--dist loadgroup` groups nothing with pytest 9.2, and says nothing about it
(https://github.com/pytest-dev/pytest-xdist/issues/1386).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

# Prefixes of test ids. Each group runs in its order on one worker. Groups run before single tests,
# the longest group first, so that both workers end at about the same time.
GROUPS = (
    # A site as `make run` starts it; twice, for two workers
    (
        "tests/browser/test_nothing_is_lost.py::",
        "tests/browser/test_writing_page.py::",
        "tests/browser/test_checks.py::",
        "tests/browser/test_bin.py::",
        "tests/browser/test_library.py::",
        "tests/browser/test_desk_pages.py::",
        "tests/browser/test_people.py::",
        "tests/browser/test_home_and_lists.py::",
        "tests/browser/test_main_path.py::",
    ),
    (
        "tests/browser/test_allowlist.py::",
        "tests/browser/test_editor.py::",
        "tests/browser/test_blocks.py::",
        "tests/browser/test_paste.py::",
        "tests/browser/test_reading.py::",
        "tests/browser/test_search.py::",
        "tests/browser/test_slugs.py::",
        "tests/browser/test_second_start.py::",
    ),
    # A deployed site with the demo and its pictures' copies
    (
        "tests/browser/test_accessibility.py::",
        "tests/browser/test_grid.py::",
        "tests/browser/test_pictures.py::",
        "tests/browser/test_sizes.py::",
        "tests/browser/test_type.py::",
    ),
    ("tests/browser/test_production.py::",),
    ("tests/alarmroom/kept/test_nginx.py::",),
    ("tests/alarmroom/kept/test_two_processes.py::",),
    ("tests/alarmroom/test_observatory.py::",),
)


POSITIONS = {ids: at for at, ids in enumerate(ids for each in GROUPS for ids in each)}


def position(nodeid: str) -> int:
    """Return the position of a test's prefix in GROUPS; single tests come after all groups."""
    return next((at for ids, at in POSITIONS.items() if nodeid.startswith(ids)), len(POSITIONS))


def group_of(nodeid: str) -> int | None:
    """Return the number of the group that a test belongs to, or None."""
    return next((at for at, ids in enumerate(GROUPS) if nodeid.startswith(ids)), None)


def grouped_first(items: Iterable["pytest.Item"]) -> list["pytest.Item"]:
    """Return the tests of GROUPS in its order, and then all others in their own order."""
    return sorted(items, key=lambda item: position(item.nodeid))


class GroupScheduling(LoadScopeScheduling):
    """Gives each group of GROUPS to one worker, and all other tests one by one, in their order."""

    def __init__(self, config: "pytest.Config", log: Any = None) -> None:
        super().__init__(config, log)
        # Otherwise xdist starts with the group that has the most tests, which is not the longest.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        group = group_of(nodeid)
        return nodeid if group is None else str(group)
