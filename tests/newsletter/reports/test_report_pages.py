"""The reports on the desk: the page of an issue, the list of all, files, Home, and the letter."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk import home
from alarmroom.desk.models import Letter
from newsletter.admin.home import the_last
from newsletter.models import Issue, Report
from newsletter.reports import sections, telling
from tests.factories import make_editor, make_issue
from tests.newsletter.admin.desk import url
from tests.newsletter.delivery.ledger import started
from tests.newsletter.reports.heard import Kind, State, becomes, heard, report_of, sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]

LIST = "admin:newsletter_issue_reports"


def text_of(response) -> str:
    """Return what a page says, without markup."""
    page = response.content.decode().partition('id="content"')[2]
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def rows_of(response) -> list[list[str]]:
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))


def viewer(client: Client, *permissions: str) -> User:
    """Sign in an account that may view issues, and whatever else is named."""
    user = make_editor("newsletter.view_issue", *permissions)
    client.force_login(user)
    return user


def test_the_page_says_first_how_many_were_delivered(client: Client, editor: User) -> None:
    issue = sent(*(f"p{at}@agency.example" for at in range(9)), "alone@home.example")
    for at in range(5):
        becomes(issue, f"p{at}@agency.example", State.FAILED, 550, "5.7.1 <script>no</script>")
    heard(issue, "p8@agency.example", Kind.COMPLAINT)
    report_of(issue)
    response = client.get(url("report", issue))
    said = text_of(response)
    assert said.index("5 of 10 were delivered.") < said.index("5 bounced, 50 %")
    assert "5 of 9 at agency.example bounced" in said
    assert "Opens are never measured" in said
    assert "<script>no" not in response.content.decode()
    assert "home.example" in said  # A superuser may see readers.


def test_who_may_not_see_readers_sees_no_domain_of_few(client: Client) -> None:
    issue = sent(*(f"p{at}@agency.example" for at in range(5)), "jane@janedoe.example")
    becomes(issue, "jane@janedoe.example", State.FAILED, 550, "5.1.1 jane@janedoe.example unknown")
    report_of(issue)
    viewer(client)
    said = text_of(client.get(url("report", issue)))
    assert "agency.example" in said and "Domains with fewer than 5 readers" in said
    assert "janedoe" not in said
    lines = rows_of(client.get(url("report_domains", issue)))
    assert [line[0] for line in lines] == [
        "Domain",
        "agency.example",
        "(fewer than 5 readers each)",
    ]
    assert lines[2][2:7] == ["1", "0", "1", "0", "0"]
    # Seeing readers is one thing, taking them along in a file another.
    viewer(client, "subscribers.view_subscriber")
    assert "janedoe.example" in text_of(client.get(url("report", issue)))
    assert "janedoe" not in str(rows_of(client.get(url("report_domains", issue))))
    viewer(client, "subscribers.export_subscriber")
    assert "janedoe.example" in str(rows_of(client.get(url("report_domains", issue))))


def test_a_file_has_no_formula_and_every_figure_adds_up(client: Client, editor: User) -> None:
    issue = sent(
        *(f"p{at}@=cmd.example" for at in range(6)), *(f"q{at}@b.example" for at in (1, 2))
    )
    becomes(issue, "p0@=cmd.example", State.FAILED, 550, "=HYPERLINK(0)")
    report_of(issue)
    head, *lines = rows_of(client.get(url("report_domains", issue)))
    assert [line[0] for line in lines] == ["'=cmd.example", "b.example"]
    assert not any(cell.startswith(("=", "+", "@")) for line in lines for cell in line)
    readers, others = (
        head.index("Readers"),
        slice(head.index("Delivered"), head.index("Complained")),
    )
    for line in lines:
        assert int(line[readers]) == sum(int(cell) for cell in line[others])
    response = client.get(url("report_hours", issue))
    assert response.streaming and "attachment" in response["Content-Disposition"]
    assert rows_of(response)[1][1:] == ["hour", "7", "1", "0", "0"]
    [_, line] = rows_of(client.get(reverse("admin:newsletter_issue_reports_file")))
    assert line[0] == str(issue.number) and line[3:6] == ["8", "7", "1"]


def _counted() -> CaptureQueriesContext:
    return CaptureQueriesContext(connection)


def test_a_page_takes_as_many_queries_for_many_domains_as_for_one(
    client: Client, editor: User
) -> None:
    counts = []
    for size in (1, 60):
        issue = sent(*(f"p{at % 6}@{size}-{at // 6}.example" for at in range(6 * size)))
        for at in range(6 * size):
            becomes(issue, f"p{at % 6}@{size}-{at // 6}.example", State.FAILED, 550, "5.7.1 no")
        report_of(issue)
        client.get(url("report", issue))
        with _counted() as found:
            client.get(url("report", issue))
        counts.append(len(found))
    assert counts[1] <= counts[0] + 1 and counts[1] <= 12


def test_an_issue_that_is_not_sent_or_not_counted_says_so(client: Client, editor: User) -> None:
    draft, under_way = make_issue(), started("a@example.org")
    assert "nobody was mailed it" in text_of(client.get(url("report", draft)))
    assert "not counted yet" in text_of(client.get(url("report", under_way)))
    for page in ("report_domains", "report_hours"):
        for issue in (draft, under_way):
            assert len(rows_of(client.get(url(page, issue)))) == 1
    assert "No issue was sent yet" in text_of(client.get(reverse(LIST)))
    assert client.get(reverse("admin:newsletter_issue_report", args=[10**9])).status_code == 404
    assert client.get(f"{reverse(LIST)}?page=%00x").status_code == 200


def test_an_issue_worse_than_usual_is_seen(client: Client, editor: User) -> None:
    for number in range(6):
        issue = make_issue(subject=f"Week {number}")
        Issue.objects.filter(pk=issue.pk).update(
            state=Issue.State.SENT, started_at=timezone.now(), recipients=1000
        )
        bounced = 60 if number == 5 else 10
        total = {"recipients": 1000, "delivered": 1000 - bounced, "bounced": bounced}
        Report.objects.create(
            issue=issue,
            counted_at=timezone.now(),
            figures={"total": {**total, "unsubscribed": 2 + number % 2}},
        )
    page = client.get(reverse(LIST)).content.decode()
    [mark] = re.findall(r'<td[^>]*>6 %<span class="report-worse">(.*?)</td>', page)
    assert "usually 1 %" in mark
    # Three issues are needed to say what is usual, and one more who left is no trend.
    assert page.count("More than usual:") == 1


def test_the_list_is_paged_and_takes_the_same_queries(client: Client, editor: User) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            issue = make_issue()
            Issue.objects.filter(pk=issue.pk).update(state="sent", started_at=timezone.now())
            Report.objects.create(issue=issue, counted_at=timezone.now(), figures={})

    add(2)
    client.get(reverse(LIST))
    with _counted() as few:
        client.get(reverse(LIST))
    add(40)
    with _counted() as many:
        page = client.get(reverse(LIST)).content.decode()
    assert len(many) == len(few)
    assert "Page 1 of 3" in page and "Older issues" in page
    assert "Page 3 of 3" in client.get(f"{reverse(LIST)}?page=99").content.decode()


def test_the_menu_names_the_reports_for_who_may_view_issues(client: Client) -> None:
    viewer(client)
    page = client.get(reverse(LIST)).content.decode()
    current = re.findall(r'aria-current="page">(\w+)<', page)
    assert set(current) == {"Reports"}
    user = make_editor("newsletter.change_issue")
    client.force_login(user)
    assert reverse(LIST) not in client.get("/admin/newsletter/issue/").content.decode()
    assert client.get(reverse(LIST)).status_code == 403


def test_others_add_sections_to_the_page(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "SECTIONS", [])
    sections.section(lambda request, issue: None)
    bars = "admin/newsletter/home/last.html"
    sections.section(lambda request, issue: sections.Section("More of it", bars, {"x": 1}))
    issue = sent("a@example.org")
    report_of(issue)
    page = client.get(url("report", issue)).content.decode()
    assert page.count('<h2 id="section-more-of-it">More of it</h2>') == 1


def test_a_decision_about_what_is_in_doubt_is_counted_by_the_next_tick(
    client: Client, editor: User
) -> None:
    issue = sent("a@example.org", hours_ago=24 * 70)
    becomes(issue, "a@example.org", State.UNCERTAIN)
    assert report_of(issue).next_at is None
    row = issue.deliveries.get()
    client.post(url("settle", issue), {"delivery": row.pk, "_sent": "1"})
    assert Report.objects.get().next_at <= timezone.now()


def test_home_says_the_result_of_the_last_issue_once_it_is_counted(
    client: Client, editor: User, rf
) -> None:
    issue = sent("a@example.org", "b@example.org")
    request = rf.get("/")
    request.user = editor
    assert the_last(issue, request).context["result"] == ""
    heard(issue, "a@example.org", Kind.HARD_BOUNCE, "5.1.1")
    report_of(issue)
    panel: home.Panel = the_last(issue, request)
    assert panel.context["result"] == "1 of 2 was delivered; 1 bounced."
    said = text_of(client.get("/admin/"))
    assert "1 of 2 was delivered; 1 bounced." in said


def test_an_editor_is_told_once_a_day_after_the_sending() -> None:
    starter = make_editor("newsletter.send_issue", email="ed@example.org")
    issue = sent("a@example.org", "b@example.org", hours_ago=23)
    Issue.objects.filter(pk=issue.pk).update(started_by=starter)
    heard(issue, "a@example.org", Kind.HARD_BOUNCE, "5.1.1")
    report_of(issue)
    telling.tell_due()
    assert not Letter.objects.exists()
    Issue.objects.filter(pk=issue.pk).update(sent_at=timezone.now() - timedelta(hours=25))
    # Counted before the day was over: the next count is waited for.
    Report.objects.update(counted_at=timezone.now() - timedelta(hours=2))
    telling.tell_due()
    assert not Letter.objects.exists()
    report_of(issue)
    for _ in range(2):
        call_command("tick")
    [letter] = Letter.objects.all()
    assert letter.context["heading"] == f"What became of it: {issue}"
    said = letter.context["said"]
    assert said.startswith("1 of 2 was delivered.") and "Opens are never measured" in said
    assert letter.context["url"].endswith(url("report", issue))


def test_nobody_is_told_of_an_issue_of_long_ago_or_one_that_was_cancelled() -> None:
    make_editor("newsletter.send_issue", email="ed@example.org")
    old = sent("a@example.org", hours_ago=24 * 8)
    cancelled = sent("b@example.org", hours_ago=30)
    Issue.objects.filter(pk=cancelled.pk).update(state="cancelled", sent_at=None)
    slow = sent("c@example.org", hours_ago=50)
    Issue.objects.filter(pk=slow.pk).update(state="sending", sent_at=None)
    for issue in (old, cancelled, slow):
        report_of(issue)
    telling.tell_due()
    # What waits for a server that is away keeps the others waiting for two days at most.
    assert [letter.context["about"] for letter in Letter.objects.all()] == [str(slow)]
