"""Reads are counted once a visitor, day and thing, and lead to nobody."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from alarmroom.reads import figures, noting, sources, summing
from alarmroom.reads.models import ReadCount, Salt, Visit
from alarmroom.reads.noting import note
from tests.alarmroom.kept.conftest import one_transaction  # noqa: F401  (a fixture)
from tests.alarmroom.kept.site import Site
from tests.factories import make_issue, make_post
from tests.helpers import at_once

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def asked(address: str = "203.0.113.9", **headers: str) -> dict[str, str]:
    """What a browser sends, as WSGI has it."""
    return {
        "REMOTE_ADDR": address,
        "HTTP_USER_AGENT": FIREFOX,
        "HTTP_ACCEPT_LANGUAGE": "en-US",
        **headers,
    }


@pytest.fixture(autouse=True)
def _nothing_noted(settings: Settings) -> None:
    settings.SITE_HOST = "www.example.org"
    noting.buffer.forget()
    noting._today.forget()


@pytest.mark.django_db
def test_a_visitor_counts_once_a_thing_and_day() -> None:
    for thing in ("article-1", "article-1", "article-2"):
        note(thing, asked())
    noting.buffer.flush()
    note("article-1", asked())
    note("article-1", asked("203.0.113.10"))
    note("article-1", asked(HTTP_USER_AGENT=f"{FIREFOX} 2"))
    noting.buffer.flush()
    assert figures.reads_of("article-1").total == 3
    assert figures.reads_of("article-2").total == 1


@pytest.mark.django_db
def test_no_address_and_no_browser_is_stored() -> None:
    note("article-1", asked(HTTP_REFERER="https://forum.example.net/t/7?who=ruth"))
    noting.buffer.flush()
    (visit,) = Visit.objects.values()
    visitor = visit.pop("visitor")
    assert isinstance(visitor, int)
    assert {**visit, "id": 0} == {
        "id": 0,
        "day": timezone.localdate(),
        "thing": "article-1",
        "source": "forum.example.net",
    }
    assert not noting.buffer.items
    assert not noting.buffer.rows


@pytest.mark.django_db
def test_the_next_day_has_another_key_and_the_old_one_is_destroyed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note("article-1", asked())
    noting.buffer.flush()
    old = bytes(Salt.objects.get().key)
    tomorrow = timezone.now() + dt.timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    summing.forget_salts()
    assert not Salt.objects.exists()
    noting.forget_yesterday()
    assert noting._today.key == b""
    note("article-1", asked())
    noting.buffer.flush()
    assert bytes(Salt.objects.get().key) != old
    first, second = Visit.objects.order_by("day").values_list("visitor", flat=True)
    assert first != second


@pytest.mark.django_db
def test_who_has_the_database_alone_cannot_make_the_hash(settings: Settings) -> None:
    note("article-1", asked())
    noting.buffer.flush()
    settings.SECRET_KEY = "another" * 8
    noting._today.forget()
    note("article-1", asked())
    noting.buffer.flush()
    assert Visit.objects.count() == 2


@pytest.mark.parametrize(
    ("referer", "query", "source"),
    [
        ("", "", "direct"),
        ("https://www.google.com/", "", "search"),
        ("https://www.google.co.uk/search?q=x", "", "search"),
        ("android-app://com.google.android.googlequicksearchbox/", "", "search"),
        ("https://search.brave.com/", "", "search"),
        ("https://duckduckgo.com/", "", "search"),
        ("https://mail.google.com/", "", "mail.google.com"),
        ("https://google.com.evil.example/", "", "google.com.evil.example"),
        ("https://notgoogle.com/", "", "notgoogle.com"),
        ("https://www.example.org/topics/x/", "", "site"),
        ("https://Forum.Example.NET:8443/a", "", "forum.example.net"),
        ("", "utm_source=weekly&utm_medium=email", "newsletter"),
        ("https://x.example/", "utm_source=newsletter", "newsletter"),
        ("https://x.example/", "utm_source=me", "x.example"),
        ("https://[broken/", "", "other"),
        ("javascript:alert(1)", "", "other"),
        ("https://<script>.example/", "", "other"),
        ("https://localhost/", "", "other"),
        (f"https://{'a' * 60}.{'b' * 60}.example/", "", "other"),
        ("", "utm_" + "&a=" * 500, "direct"),
    ],
)
def test_where_a_reader_came_from(referer: str, query: str, source: str) -> None:
    assert sources.source_of(referer, query, "www.example.org") == source


@pytest.mark.parametrize(
    ("agent", "language", "machine"),
    [
        (FIREFOX, "en", False),
        ("Mozilla/5.0 (Linux; Android 14; CUBOT KINGKONG) Chrome/140.0 Mobile", "en", False),
        (FIREFOX, "", True),
        ("", "en", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "en", True),
        ("curl/8.5.0", "en", True),
        ("BarracudaScanner", "en", True),
    ],
)
def test_machines_are_told_by_their_name_and_by_having_no_language(
    agent: str, language: str, machine: bool
) -> None:
    assert sources.is_machine(agent, language) == machine


@pytest.mark.django_db
def test_machines_stand_apart() -> None:
    note("article-1", asked())
    note("article-1", asked(HTTP_USER_AGENT="Googlebot/2.1"))
    note("article-1", asked("198.51.100.7", HTTP_ACCEPT_LANGUAGE=""))
    noting.buffer.flush()
    found = figures.reads_of("article-1")
    assert (found.total, found.machines) == (1, 2)


@pytest.mark.parametrize(
    "headers",
    [{"HTTP_SEC_FETCH_DEST": "empty"}, {"HTTP_SEC_PURPOSE": "prefetch;prerender"}],
)
def test_what_nobody_opened_is_not_noted(headers: dict[str, str]) -> None:
    note("article-1", asked(**headers))
    assert not noting.buffer.items


def test_nothing_is_noted_where_it_is_switched_off(settings: Settings) -> None:
    settings.COUNT_READS = False
    note("article-1", asked())
    assert not noting.buffer.items


@pytest.mark.django_db
def test_who_followed_the_newsletter_is_its_reader_whichever_was_stored_first() -> None:
    note("article-1", asked())
    noting.buffer.flush()
    note("article-1", asked(), sources.NEWSLETTER)
    noting.buffer.flush()
    note("article-1", asked())
    noting.buffer.flush()
    assert Visit.objects.get().source == "newsletter"


@pytest.mark.django_db
def test_days_that_are_over_become_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        note("article-1", asked(f"203.0.113.{number}", HTTP_REFERER=f"https://s{number}.example/"))
        note("article-1", asked(f"198.51.100.{number}"))
    noting.buffer.flush()
    before = figures.reads_of("article-1")
    assert summing.sum_up() == 0  # Today goes on.
    monkeypatch.setattr(summing, "BATCH", 30)
    tomorrow = timezone.now() + dt.timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert summing.sum_up() == 80
    assert not Visit.objects.exists()
    # A stranger who makes up sites adds no row for each.
    assert ReadCount.objects.count() == summing.MOST_SITES + 2
    after = figures.reads_of("article-1")
    assert (before.total, after.total, after.today) == (80, 80, 0)
    assert after.best == (timezone.localdate() - dt.timedelta(days=1), 80)
    # What was stored late is added.
    day = timezone.localdate() - dt.timedelta(days=1)
    Visit.objects.create(day=day, thing="article-1", visitor=1, source="direct")
    summing.sum_up()
    assert figures.reads_of("article-1").total == 81


@pytest.mark.django_db
def test_figures_take_two_queries_and_thirty_days(django_assert_num_queries: Any) -> None:
    today = timezone.localdate()
    for days in (0, 29, 30):
        ReadCount.objects.create(
            day=today - dt.timedelta(days=days), thing="article-1", source="direct", count=5
        )
    with django_assert_num_queries(2):
        found = figures.reads_of("article-1")
    assert (found.total, len(found.by_day), found.by_day[0][1]) == (10, 30, 5)
    assert [bar.height for bar in found.chart.bars if bar.height] == [120, 120]
    assert figures.reads_of("article-2").best is None


@pytest.mark.django_db
def test_one_network_cannot_fill_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noting, "MOST_OF_A_NETWORK", 10)
    for number in range(50):
        note("article-1", asked("2001:db8::1", HTTP_USER_AGENT=f"{FIREFOX} {number}"))
        note("article-1", asked(f"2001:db8::{number:x}"))
    note("article-1", asked("198.51.100.7"))
    noting.buffer.flush()
    assert Visit.objects.count() == 11


@pytest.mark.django_db
def test_a_database_that_is_away_loses_nothing_that_is_hashed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note("article-1", asked())
    noting.buffer.flush()
    note("article-1", asked("198.51.100.7"))
    stored = noting.buffer.store

    def fail(rows: list[noting.Row]) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(noting.buffer, "store", fail)
    with pytest.raises(DatabaseError):
        noting.buffer.flush()
    assert not noting.buffer.items
    monkeypatch.setattr(noting.buffer, "store", stored)
    noting.buffer.flush()
    assert Visit.objects.count() == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_processes_that_store_the_same_day_at_once_count_each_visitor_once() -> None:
    """Each with its own order of rows, the first one of the day among them."""
    noted = []
    for number in range(1_200):
        source = sources.NEWSLETTER if number % 3 else ""
        noted.append(
            (f"article-{number % 7}", asked(f"10.{number % 250}.{number // 250}.1"), source)
        )
    for thing, environ, source in noted:
        note(thing, environ, source)
    items = list(noting.buffer.items)
    noting.buffer.forget()

    def store(order: list[noting.Asked]) -> None:
        try:
            noting.store(noting.prepare(order))
        finally:
            connection.close()

    at_once(*(lambda order=order: store(order) for order in (items, items[::-1], items[600:])))
    assert Salt.objects.count() == 1
    assert Visit.objects.count() == 1_200
    assert Visit.objects.filter(source="newsletter").count() == 800


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_sum_each_visit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "BATCH", 50)
    day = timezone.localdate() - dt.timedelta(days=2)
    Visit.objects.bulk_create(
        Visit(day=day, thing=f"article-{n % 3}", visitor=n, source="direct") for n in range(600)
    )

    def tick() -> int:
        try:
            return summing.sum_up()
        finally:
            connection.close()

    assert sum(at_once(tick, tick)) == 600
    assert sorted(ReadCount.objects.values_list("count", flat=True)) == [200, 200, 200]


# Where it is counted


@pytest.mark.django_db
def test_a_page_counts_whoever_answers_it(settings: Settings, one_transaction: None) -> None:  # noqa: F811
    settings.KEPT_PAGES_SECONDS = 600
    settings.ALLOWED_HOSTS = ["testserver"]
    post, site = make_post(), Site()
    path = post.get_absolute_url()
    first = site.get(path, **asked("203.0.113.1"))
    kept = site.get(path, **asked("203.0.113.2"))
    known = site.get(path, **asked("203.0.113.3", HTTP_IF_NONE_MATCH=kept.headers["ETag"]))
    other = site.get(path, "fresh=1", **asked("203.0.113.4"))
    tracked = site.get(path, "utm_medium=email", **asked("203.0.113.5"))
    head = site.get(path, method="HEAD", **asked("203.0.113.6"))
    site.get(path, method="HEAD", query="fresh=1", **asked("203.0.113.7"))
    assert (first.from_django, kept.from_django, other.from_django) == (True, False, True)
    assert (known.status, known.from_django, tracked.from_django) == (304, False, False)
    assert head.status == 200
    noting.buffer.flush()
    found = figures.reads_of(f"article-{post.pk}")
    assert found.total == 5
    assert ("The Weekly Alarm", 1) in [(bar.name, bar.count) for bar in found.sources]


@pytest.mark.django_db
def test_lists_and_pages_that_are_not_there_count_nothing() -> None:
    make_post()
    client = Client(headers={"user-agent": FIREFOX, "accept-language": "en"})
    for path in ("/", "/weekly-alarm/", "/articles/none/"):
        client.get(path)
    assert not noting.buffer.items


@pytest.mark.django_db
def test_a_kept_page_of_an_earlier_version_is_answered(
    settings: Settings,
    one_transaction: None,  # noqa: F811
) -> None:
    settings.KEPT_PAGES_SECONDS = 600
    settings.ALLOWED_HOSTS = ["testserver"]
    path, site = make_post().get_absolute_url(), Site()
    site.get(path)
    (file,) = settings.KEPT_PAGES_ROOT.glob("testserver/articles/*/index.json")
    file.write_text(file.read_text().replace('"counts": ', '"counted": '))
    assert not site.get(path).from_django


@pytest.mark.django_db
def test_the_desk_shows_the_readers_of_an_article(admin_client: Client) -> None:
    post = make_post(title="Night shift")
    for number in range(3):
        note(f"article-{post.pk}", asked(f"203.0.113.{number}", HTTP_REFERER="https://x.example/"))
    noting.buffer.flush()
    change = admin_client.get(f"/admin/posts/post/{post.pk}/change/").content.decode()
    address = f"/admin/posts/post/{post.pk}/readers/"
    assert f'href="{address}"' in change
    page = admin_client.get(address).content.decode()
    assert "<strong>3 readers</strong> in the last 30 days, 3 of them today." in page
    assert '<th scope="row">x.example</th><td><span>3</span>' in page
    draft = make_post(published_at=None)
    change = admin_client.get(f"/admin/posts/post/{draft.pk}/change/").content.decode()
    assert "/readers/" not in change
    page = admin_client.get(f"/admin/posts/post/{draft.pk}/readers/").content.decode()
    assert "Nobody was counted in the last 30 days." in page


@pytest.mark.django_db
def test_the_web_edition_of_an_issue_is_counted() -> None:
    from newsletter.delivery import starting

    issue = make_issue()
    starting.start(issue)
    client = Client(headers={"user-agent": FIREFOX, "accept-language": "en"})
    assert client.get(issue.get_absolute_url()).status_code == 200
    noting.buffer.flush()
    assert figures.reads_of(f"issue-{issue.pk}").total == 1
