"""Following a counted link: it leads on whatever happens, and counts once a mail."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from alarmroom.reads import noting as reads
from alarmroom.reads.models import Visit
from newsletter.clicks import figures, noting, settling, targets
from newsletter.clicks.judging import Hit, judge
from newsletter.delivery import starting
from newsletter.mail import clicks
from newsletter.models import Click, ClickHit, Issue, IssueLink
from tests.factories import make_issue, make_post
from tests.helpers import at_once

pytestmark = pytest.mark.usefixtures("no_tasks")

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PERSON = {"user-agent": FIREFOX, "accept-language": "en-US"}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    targets.forget()
    for buffer in (noting.buffer, reads.buffer):
        buffer.forget()
    reads._today.forget()


@pytest.fixture
def issue(db: None) -> Issue:
    """One that counts clicks and was started, of four articles and a link to another site."""
    posts = [make_post(title=f"Story {number}") for number in range(4)]
    intro = '<p><a href="https://other.example/">Their report</a></p>'
    issue = make_issue(posts=posts, intro=intro, count_clicks=True)
    starting.start(issue)
    return issue


def token(issue: Issue) -> str:
    return clicks.new_token(str(issue.number))


def follow(issue: Issue, number: int, token: str, method: str = "get", **headers: str) -> Any:
    """Follow a link; with no headers, as a person does."""
    client = Client(headers=headers or PERSON)
    return getattr(client, method)(f"/c/{issue.number}/{number}/{token}")


def settled(monkeypatch: pytest.MonkeyPatch, after: float = 60) -> None:
    """Store what was noted, and let the tick decide after a while."""
    noting.buffer.flush()
    with monkeypatch.context() as patch:
        later = timezone.now() + timedelta(seconds=after)
        patch.setattr(timezone, "now", lambda: later)
        settling.settle()


def counts(issue: Issue) -> dict[int, tuple[int, int, int]]:
    rows = IssueLink.objects.filter(issue=issue).exclude(people=0, uncertain=0, machines=0)
    return {link.number: (link.people, link.uncertain, link.machines) for link in rows}


# The redirect


def test_a_link_leads_to_its_frozen_target(issue: Issue) -> None:
    for link in IssueLink.objects.filter(issue=issue):
        answer = follow(issue, link.number, token(issue))
        assert (answer.status_code, answer["Location"]) == (302, link.url)
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert not answer.cookies


def test_it_needs_no_database_once_it_is_known(
    issue: Issue, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1) as asked:
        follow(issue, 1, token(issue))
    assert "subscriber" not in asked.captured_queries[0]["sql"]
    with django_assert_num_queries(0):
        assert follow(issue, 2, token(issue)).status_code == 302


def test_a_database_that_is_gone_still_leads_on(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = follow(issue, 1, token(issue))["Location"]

    def gone(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(IssueLink.objects, "filter", gone)
    assert follow(issue, 1, token(issue))["Location"] == known
    # A process that has not seen this issue yet leads to the web edition, which has the same links.
    targets.forget()
    answer = follow(issue, 1, token(issue))
    assert (answer.status_code, answer["Location"]) == (302, issue.get_absolute_url())
    assert answer["Cache-Control"] == "no-store"


def test_nothing_in_the_address_can_change_the_target(issue: Issue) -> None:
    target = IssueLink.objects.get(issue=issue, number=1).url
    client = Client(headers=PERSON)
    for tail in (
        f"{token(issue)}?url=https://evil.example/",
        f"{token(issue)}?next=//evil.example",
        f"{token(issue)}https:%2F%2Fevil.example",
        "https%3A%2F%2Fevil.example",
        f"{token(issue)}/https://evil.example",
        f"{token(issue)}%3E%20",
        "",
    ):
        assert client.get(f"/c/{issue.number}/1/{tail}")["Location"] == target
    for path in (
        f"/c/{issue.number}/999/{token(issue)}",
        f"/c/{issue.number + 1}/1/{token(issue)}",
        f"/c/{issue.number}/0/{token(issue)}",
        f"/c/{'9' * 40}/1/{token(issue)}",
        f"/c/{issue.number}/1/{token(issue)}%0D%0ALocation:x",
    ):
        assert client.get(path).status_code == 404
    assert client.post(f"/c/{issue.number}/1/{token(issue)}").status_code == 405


def test_a_draft_has_no_links_to_follow(db: None) -> None:
    draft = make_issue(count_clicks=True)
    assert follow(draft, 1, token(draft)).status_code == 404
    starting.start(draft)
    assert follow(draft, 1, token(draft)).status_code == 302


# What counts


def test_a_link_counts_once_a_mail_however_often_it_is_followed(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, yours = token(issue), token(issue)
    for _ in range(3):
        follow(issue, 1, mine)
    settled(monkeypatch)
    assert counts(issue) == {1: (1, 0, 0)}
    follow(issue, 1, mine)  # Days later, or by somebody it was forwarded to.
    follow(issue, 1, yours)
    settled(monkeypatch)
    assert counts(issue) == {1: (2, 0, 0)}
    assert not ClickHit.objects.exists()


def test_forged_and_foreign_tokens_and_head_count_nothing(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = token(issue), make_issue(count_clicks=True)
    starting.start(other)
    for made_up in (
        "a" * 20,
        mine[:-3],
        token(other),
        "",
        mine.replace(mine[0], "a" if mine[0] != "a" else "b", 1),
    ):
        assert follow(issue, 1, made_up).status_code == 302
    follow(issue, 1, mine, "head")
    settled(monkeypatch)
    # HEAD is noted as a machine's, and no person's.
    assert counts(issue) == {1: (0, 0, 1)}
    assert not IssueLink.objects.filter(people__gt=0).exists()


def test_what_is_stored_says_nothing_of_a_person(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = token(issue)
    follow(issue, 1, mine)
    noting.buffer.flush()
    columns = {field.name for field in ClickHit._meta.fields}
    assert columns == {"id", "link", "who", "at", "sort"}
    settled(monkeypatch)
    assert {field.name for field in Click._meta.fields} == {"id", "link", "who", "verdict"}
    raw = clicks.chance_of(mine, str(issue.number))
    assert raw is not None
    assert Click.objects.get().who != int.from_bytes(raw)


def test_replays_add_one_row_a_second(issue: Issue) -> None:
    mine = token(issue)
    for _ in range(2_000):
        noting.buffer.put(
            noting.Asked(
                IssueLink.objects.get(number=1, issue=issue).pk
                if not noting.buffer.items
                else next(iter(noting.buffer.items)).link,
                clicks.chance_of(mine, str(issue.number)) or b"",
                0,
                1_000_000 + random.random(),
            )
        )
    noting.buffer.flush()
    assert ClickHit.objects.count() == 1


def test_nothing_is_decided_while_it_may_still_be_a_burst(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = token(issue)
    follow(issue, 1, mine)
    settled(monkeypatch, after=20)
    assert counts(issue) == {}
    for number in (2, 3, 4):
        follow(issue, number, mine)
    settled(monkeypatch)
    assert counts(issue) == dict.fromkeys((1, 2, 3, 4), (0, 0, 1))


def test_a_person_who_comes_after_a_scanner_is_a_person(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = token(issue)
    for number in (1, 2, 3, 4):
        follow(issue, number, mine)
    settled(monkeypatch)
    follow(issue, 2, mine)
    settled(monkeypatch)
    assert counts(issue)[2] == (1, 0, 0)
    assert counts(issue)[3] == (0, 0, 1)
    for number in (1, 2, 3, 4):  # It does not turn back.
        follow(issue, number, mine)
    settled(monkeypatch)
    assert counts(issue)[2] == (1, 0, 0)


def test_after_thirty_days_nothing_counts_and_no_mail_is_known(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(issue, 1, token(issue))
    settled(monkeypatch)
    assert settling.forget_old() == 0
    Issue.objects.update(started_at=timezone.now() - timedelta(days=32))
    targets.forget()
    assert follow(issue, 1, token(issue)).status_code == 302
    assert not noting.buffer.items
    assert settling.forget_old() == 1
    assert counts(issue) == {1: (1, 0, 0)}
    assert not Click.objects.exists()


def test_who_follows_a_link_to_an_article_is_a_reader_from_the_newsletter(issue: Issue) -> None:
    link = IssueLink.objects.filter(issue=issue, thing__startswith="article-")[0]
    follow(issue, link.number, token(issue))
    Client(headers=PERSON).get(link.url)
    reads.buffer.flush()
    assert Visit.objects.get(thing=link.thing).source == "newsletter"


def test_two_buffers_of_a_database_that_was_away_store_all(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(issue, 1, token(issue))
    create = ClickHit.objects.bulk_create

    def gone(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(ClickHit.objects, "bulk_create", gone)
    with pytest.raises(OperationalError):
        noting.buffer.flush()
    monkeypatch.setattr(ClickHit.objects, "bulk_create", create)
    follow(issue, 2, token(issue))
    noting.buffer.flush()
    noting.buffer.flush()
    assert ClickHit.objects.count() == 2


# People and machines

ONE_LINK_A_MINUTE = [(60.0 * n, n, 0) for n in range(10)]


@pytest.mark.parametrize(
    ("hits", "verdicts"),
    [
        ([(0, 1, 0)], "P"),
        ([(0, 1, 0), (9, 2, 0)], "PP"),
        (ONE_LINK_A_MINUTE, "PPPPPPPPPP"),
        ([(0, 1, 0), (1, 1, 0), (2, 1, 0)], "P"),  # A double click.
        ([(0, 1, 0), (0.5, 2, 0), (1, 3, 0)], "MMM"),
        ([(0, 1, 0), (2, 2, 0), (4, 3, 0)], "UUU"),
        ([(0, 1, 0), (1, 2, 0)], "UU"),
        ([(0, 1, 0), (1, 2, 0), (30, 3, 0)], "UUP"),
        ([(100, 1, 0), (100.1, 2, 0), (100.2, 3, 0), (500, 1, 0)], "PMM"),
        ([(0, 1, 2)], "M"),
        ([(0, 1, 1)], "M"),
        ([(0, 1, 2), (1, 1, 0)], "U"),  # A scanner looks before it fetches, or as a reader clicks.
        ([(0, 1, 0), (1, 1, 1)], "U"),
        ([(0, 1, 2), (9, 1, 0)], "P"),
        ([(10.0 * n, n, 0) for n in range(6)], "UUUUUU"),  # Slow, and through all of them.
        ([(0, 1, 1), (0.2, 2, 1), (0.4, 3, 0)], "MMM"),
    ],
)
def test_the_shape_of_the_requests_tells(hits: list[tuple[float, int, int]], verdicts: str) -> None:
    found = judge([Hit(*hit) for hit in hits])
    assert "".join(found[link].label[0].upper() for link in sorted(found)) == verdicts
    # It is the shape, and neither the hour nor the order in which they were stored.
    moved = [Hit(at + 1e6, link, sort) for at, link, sort in reversed(hits)]
    assert judge(moved) == found


def test_judging_is_linear() -> None:
    """A hundred thousand requests in a second; and random ones as counting each window judges."""
    flood = judge([Hit(n / 1e5, n % 5_000, 0) for n in range(100_000)])
    assert set(flood.values()) == {Click.Verdict.MACHINE}
    chance = random.Random(7)
    for _ in range(50):
        hits = sorted(Hit(chance.random() * 20, chance.randrange(6), 0) for _ in range(12))
        most = Counter[int]()
        for first in hits:
            window = [hit for hit in hits if first.at <= hit.at <= first.at + 2]
            for hit in window:
                most[hits.index(hit)] = max(
                    most[hits.index(hit)], len({each.link for each in window})
                )
        found = judge(hits)
        bursting = {hit.link for at, hit in enumerate(hits) if most[at] < 3}
        assert {link for link, verdict in found.items() if verdict > 1} == bursting


# At once, and large


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_ticks_settle_each_click_once() -> None:
    issue = make_issue(count_clicks=True, posts=[make_post(), make_post()])
    starting.start(issue)
    links = list(IssueLink.objects.filter(issue=issue).order_by("number"))[:2]
    at = timezone.now() - timedelta(minutes=5)
    ClickHit.objects.bulk_create(
        ClickHit(link=link, who=who, at=at + timedelta(seconds=20 * place), sort=0)
        for who in range(-1_500, 1_500)
        for place, link in enumerate(links)
    )

    def tick() -> int:
        try:
            return settling.settle(seconds=60)
        finally:
            connection.close()

    assert sum(at_once(tick, tick)) == 6_000
    assert (
        list(
            IssueLink.objects.filter(pk__in=[link.pk for link in links]).values_list(
                "people", "uncertain", "machines"
            )
        )
        == [(3_000, 0, 0)] * 2
    )
    assert Click.objects.count() == 6_000
    assert not ClickHit.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_processes_store_clicks_of_the_same_issue_at_once() -> None:
    issue = make_issue(count_clicks=True)
    starting.start(issue)
    link = IssueLink.objects.filter(issue=issue)[0].pk
    rows = [noting.Row(link, who, 0, 1e9 + who) for who in range(1_500)]

    def store(part: list[noting.Row]) -> None:
        try:
            noting.store(part)
        finally:
            connection.close()

    at_once(*(lambda part=part: store(part) for part in (rows[::2], rows[1::2])))
    assert ClickHit.objects.count() == 1_500


# The desk


def test_figures_of_an_issue_are_one_query(
    issue: Issue, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    assert figures.clicks_of(make_issue()) is None
    for _ in range(3):
        follow(issue, 2, token(issue))
    other = token(issue)
    follow(issue, 1, other)
    follow(issue, 2, other)
    settled(monkeypatch)
    with django_assert_num_queries(1):
        found = figures.clicks_of(issue)
    assert found is not None
    assert (found.people, found.uncertain, found.machines) == (3, 2, 0)
    assert found.best is not None
    assert found.best.name == IssueLink.objects.get(issue=issue, number=2).name
    assert found.uncertain_share == 40
    assert found.goes_on


def test_the_desk_says_how_often_links_were_followed(
    issue: Issue, monkeypatch: pytest.MonkeyPatch, admin_client: Client
) -> None:
    address = f"/admin/newsletter/issue/{issue.pk}/report/"
    assert "Nobody clicked yet." in admin_client.get(address).text
    follow(issue, 1, token(issue))
    follow(issue, 2, token(issue), **{"user-agent": "Scanner/1.0"})
    settled(monkeypatch)
    page = admin_client.get(address).text
    assert "<strong>1 click</strong> by people on “The web edition”." in page
    assert "Machines that check mails followed 1." in page
    assert "Readers of the web edition" in page
    plain = make_issue()
    starting.start(plain)
    page = admin_client.get(f"/admin/newsletter/issue/{plain.pk}/report/").text
    assert "Nobody clicked" not in page


def test_an_editor_chooses_it_in_the_form_of_an_issue(admin_client: Client) -> None:
    issue = make_issue()
    page = admin_client.get(f"/admin/newsletter/issue/{issue.pk}/change/")
    form = page.context["adminform"].form
    assert form["count_clicks"].value() is False
    data = {
        "number": issue.number,
        "subject": issue.subject,
        "preheader": "",
        "intro": "",
        "count_clicks": "on",
        "issue_posts-TOTAL_FORMS": "0",
        "issue_posts-INITIAL_FORMS": "0",
    }
    admin_client.post(f"/admin/newsletter/issue/{issue.pk}/change/", data)
    assert Issue.objects.get(pk=issue.pk).count_clicks
