"""A process has only the pages in memory that were used last."""

import pytest

from alarmroom.kept import answering
from tests.alarmroom.kept.site import Site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counting_site")]
PAGES = ("/", "/brief/", "/turned/")


def test_the_page_that_was_not_used_for_longest_goes_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "IN_MEMORY", 2)
    read: list[str] = []

    class CountedPage(answering.Page):
        def __init__(self, stem: str, file: tuple[int, int]) -> None:
            super().__init__(stem, file)
            read.append(stem)

    monkeypatch.setattr(answering, "Page", CountedPage)
    first, second, third = PAGES
    for path in PAGES:
        site.get(path)  # Kept now.
    for path in (first, second, first):
        site.look_again()
        site.get(path)
    assert len(read) == 2
    site.get(third)  # There is no room for it and both others: the second one goes.
    for path in (first, third):
        site.look_again()
        assert not site.get(path).from_django
    assert len(read) == 3
    site.get(second)
    assert len(read) == 4


def test_a_process_never_has_more_in_memory_than_it_may(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "IN_MEMORY", 2)
    for _ in range(2):
        for path in PAGES:
            site.look_again()
            site.get(path)
            assert len(site.application.pages) <= 2
