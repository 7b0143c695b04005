"""What is scheduled appears at its moment, on every page that shows it."""

import re
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from alarmroom.kept import files
from newsletter.management.commands import tick
from posts import freshness
from posts.search import finding
from posts.views import lists
from tests.alarmroom.kept.paper import LISTS, Clock, Paper, edit, point
from tests.factories import make_author, make_post, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_site")]


def test_a_scheduled_article_appears_at_its_moment(paper: Paper, clock: Clock) -> None:
    moment = timezone.now() + timedelta(minutes=2)
    assert paper.touched(edit(paper.draft, published_at=moment)) >= LISTS
    site = paper.sites[0]
    assert b"Draft" not in site.get("/").body
    assert not site.get("/").from_django
    clock.pass_to(moment)
    assert b"Draft" in site.get("/").body
    assert not site.get("/").from_django, "and it is kept again"
    assert b"Draft" in paper.sites[1].get(paper.paths["new"]).body, "as the next article"


def test_of_two_scheduled_articles_each_appears_at_its_moment(paper: Paper, clock: Clock) -> None:
    first, second = (timezone.now() + timedelta(minutes=minutes) for minutes in (1, 2))
    with paper.commit():
        make_post(title="Sooner", author=paper.ruth, published_at=first)
        make_post(title="Later", author=paper.ruth, published_at=second)
    site = paper.sites[0]
    shown = []
    for moment in (timezone.now(), first, second):
        clock.pass_to(moment)
        page = site.get("/")
        assert not site.get("/").from_django
        shown.append((b"Sooner" in page.body, b"Later" in page.body))
    assert shown == [(False, False), (True, False), (True, True)]


def test_a_page_whose_rendering_began_before_a_moment_does_not_outlive_it(
    paper: Paper, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        edit(paper.draft, published_at=moment)()
    render = lists.render

    def slow(*args):
        response = render(*args)
        clock.pass_to(moment)
        return response

    with monkeypatch.context() as patch:
        patch.setattr(lists, "render", slow)
        assert b"Draft" not in paper.sites[0].get("/").body
    assert b"Draft" in paper.sites[0].get("/").body


def test_the_counts_of_topics_are_new_at_a_scheduled_moment(paper: Paper, clock: Clock) -> None:
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        paper.draft.tags.add(paper.fire)
        edit(paper.draft, published_at=moment)()
    site = paper.sites[0]

    def counted() -> dict[str, int]:
        found = re.findall(r'href="/tags/([a-z]+)/"[^0-9]*?(\d+)', site.get("/").body.decode())
        return {slug: int(count) for slug, count in found}

    assert counted() == {"fire": 2, "night": 1}
    popular = {choice.label: choice.count for choice in finding.popular_topics()}
    clock.pass_to(moment)
    assert counted() == {"fire": 3, "night": 1}
    later = {choice.label: choice.count for choice in finding.popular_topics()}
    assert (popular["Fire"], later["Fire"]) == (2, 3)


@pytest.mark.parametrize("how", ["picked", "alike"])
def test_an_older_article_is_connected_at_a_scheduled_moment(
    paper: Paper, clock: Clock, how: str
) -> None:
    point(paper.old, paper.draft, how)
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        edit(paper.draft, published_at=moment)()
    site, path = paper.sites[0], paper.paths["old"]
    assert b"Draft" not in site.get(path).body
    assert not site.get(path).from_django
    sooner = timezone.now() + timedelta(minutes=1)
    with paper.commit():
        edit(paper.draft, published_at=sooner)()
    assert b"Draft" not in site.get(path).body
    clock.pass_to(sooner)
    assert b"Draft" in site.get(path).body
    assert not site.get(path).from_django


def test_a_scheduled_article_that_is_put_off(paper: Paper, clock: Clock) -> None:
    soon, later = (timezone.now() + timedelta(minutes=minutes) for minutes in (2, 4))
    with paper.commit():
        edit(paper.draft, published_at=soon)()
    assert paper.touched(edit(paper.draft, published_at=later)) >= LISTS
    site = paper.sites[0]
    for moment, found in ((soon, False), (later, True)):
        site.get("/")
        clock.pass_to(moment)
        assert (b"Draft" in site.get("/").body) == found
        assert not site.get("/").from_django


def test_the_feeds_page_names_a_topic_and_an_author_at_their_moment(
    paper: Paper, clock: Clock
) -> None:
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        newcomer = make_author(name="Newcomer")
        paper.draft.tags.add(make_tag("Fresh"))
        edit(paper.draft, author=newcomer, published_at=moment)()
    site = paper.sites[0]
    assert b"Newcomer" not in site.get("/feeds/").body
    assert not site.get("/feeds/").from_django
    clock.pass_to(moment)
    page = site.get("/feeds/").body
    assert b"Newcomer" in page and b"Fresh" in page


def test_a_second_page_comes_with_the_scheduled_article_that_needs_it(
    paper: Paper, clock: Clock
) -> None:
    for _ in range(lists.POSTS_PER_PAGE - 3):
        make_post(author=paper.ruth)
    moment = timezone.now() + timedelta(minutes=2)
    with paper.commit():
        edit(paper.draft, published_at=moment)()
    site = paper.sites[0]
    assert b"?page=2" not in site.get("/").body
    clock.pass_to(moment)
    assert b"?page=2" in site.get("/").body


def test_a_page_is_shown_when_nobody_can_say_what_is_scheduled(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(after: datetime) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(lists.freshness, "next_moment", away)
    answers = [paper.sites[0].get(paper.paths["old"]) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].from_django, "but it is not kept"


# The tick


@pytest.mark.parametrize("when", ["before the tick rests", "while the tick rests"])
def test_the_tick_sweeps_at_a_scheduled_moment(
    paper: Paper, clock: Clock, settings, when: str
) -> None:
    # On the second, as editors schedule.
    moment = timezone.now().replace(microsecond=0) + timedelta(seconds=90)
    files = settings.KEPT_PAGES_ROOT / "testserver"
    site = paper.sites[0]
    site.get("/subscribe/")
    there: dict[datetime, bool] = {}

    def schedule() -> None:
        with paper.commit():
            edit(paper.draft, published_at=moment)()
        site.get("/")

    def pause(seconds: float) -> None:
        assert seconds > 0
        clock.ahead += timedelta(seconds=seconds + 0.001)
        if when == "while the tick rests" and len(there) == 20:
            schedule()
        there[timezone.now()] = (files / "index.html").exists()

    if when == "before the tick rests":
        schedule()
    freshness.wait_and_sweep(240, pause)
    late = [now - moment for now, found in there.items() if found and now > moment]
    assert max(late) < timedelta(milliseconds=50), "nginx shows the old list no longer"
    assert any(found for now, found in there.items() if now < moment)
    assert (files / "subscribe/index.html").exists(), "what ends later stays"


def test_the_tick_that_slept_past_a_scheduled_moment_sweeps_when_it_wakes(
    paper: Paper, clock: Clock, settings
) -> None:
    moment = timezone.now() + timedelta(seconds=90)
    with paper.commit():
        edit(paper.draft, published_at=moment)()
    paper.sites[0].get("/")
    front = settings.KEPT_PAGES_ROOT / "testserver/index.html"
    assert front.exists()
    there: list[bool] = []

    def pause(seconds: float) -> None:
        # The machine is suspended during the third look, as a laptop is.
        clock.ahead += timedelta(seconds=120 if len(there) == 2 else seconds)
        there.append(front.exists())

    freshness.wait_and_sweep(150, pause)
    assert there[:4] == [True, True, True, False]


def test_the_tick_sweeps_at_a_moment_that_comes_while_it_sweeps_or_before_it_rests(
    paper: Paper, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = timezone.now()
    moments = [began + timedelta(seconds=seconds) for seconds in (2, 30, 32)]
    with paper.commit():
        for post, moment in zip((paper.draft, paper.new, paper.middle), moments, strict=True):
            edit(post, published_at=moment)()
    clock.ahead += timedelta(seconds=5)  # The tick had something else to do after its own sweep.
    sweeps: list[float] = []

    def sweep(store: files.PageStore) -> None:
        sweeps.append(round((timezone.now() - began).total_seconds()))
        clock.ahead += timedelta(seconds=3)

    def pause(seconds: float) -> None:
        clock.ahead += timedelta(seconds=seconds + 0.001)

    monkeypatch.setattr(files.PageStore, "sweep", sweep)
    freshness.wait_and_sweep(50, pause, since=began)
    assert sweeps == [5, 30, 33]


def test_the_tick_rests_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(after: datetime) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(freshness, "next_moment", away)
    pauses: list[float] = []
    freshness.wait_and_sweep(60, pauses.append)
    assert len(pauses) == 1
    assert 59 < pauses[0] <= 60


def test_the_tick_rests_between_two_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    def rest(seconds: float, *, since: datetime) -> None:
        rests.append(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr(freshness, "wait_and_sweep", rest)
    # The test's own connection must outlive the round, which has no finished tasks to prune.
    monkeypatch.setattr(tick, "close_old_connections", lambda: None)
    monkeypatch.setattr(tick, "PRUNES", False)
    call_command("tick", forever=True, interval=7)
    assert rests == [7]
