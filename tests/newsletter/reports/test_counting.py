"""What is counted of an issue, and from what."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from newsletter.models import Delivery, Issue, MailDomain
from newsletter.reports import counting, figures, sentences, storing, tasks
from newsletter.reports.domains import domain_of
from subscribers import signup
from subscribers.models import Subscriber
from tests.factories import make_issue, make_subscriber
from tests.newsletter.delivery.ledger import started
from tests.newsletter.reports.heard import Kind, State, becomes, heard, report_of, row, sent

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_tasks"),
]


def test_each_delivery_has_one_outcome_and_all_add_up() -> None:
    names = ("delivered", "refused", "given-up", "bounced", "full", "doubt", "skipped", "queued")
    issue = sent(*(f"{name}@example.org" for name in (*names, "complained")))
    becomes(issue, "refused@example.org", State.FAILED, 550, "5.1.1 no such user")
    becomes(issue, "given-up@example.org", State.FAILED, 451, "4.7.1 later")
    becomes(issue, "doubt@example.org", State.UNCERTAIN)
    becomes(issue, "skipped@example.org", State.SKIPPED)
    becomes(issue, "queued@example.org", State.QUEUED)
    heard(issue, "bounced@example.org", Kind.SOFT_BOUNCE, "4.2.2", "full")
    heard(issue, "bounced@example.org", Kind.HARD_BOUNCE, "5.1.1", "gone")
    heard(issue, "full@example.org", Kind.SOFT_BOUNCE, "4.2.2", "full")
    heard(issue, "complained@example.org", Kind.COMPLAINT)
    heard(issue, "complained@example.org", Kind.COMPLAINT)
    heard(issue, "delivered@example.org", Kind.AUTO_REPLY)
    numbers = figures.total(report_of(issue))
    assert numbers == figures.Numbers(
        recipients=9,
        delivered=2,
        bounced=4,
        hard=2,
        doubtful=1,
        skipped=1,
        waiting=1,
        complained=1,
        replied=1,
        domains=1,
    )
    assert numbers.soft == 2 and numbers.mailed == 7


def test_a_bounce_of_what_was_refused_already_is_not_counted_twice() -> None:
    issue = sent("a@example.org", "b@example.org")
    becomes(issue, "a@example.org", State.FAILED, 550, "5.1.1 no")
    heard(issue, "a@example.org", Kind.HARD_BOUNCE, "5.1.1")
    becomes(issue, "b@example.org", State.UNCERTAIN)
    heard(issue, "b@example.org", Kind.HARD_BOUNCE, "5.1.1")
    numbers = figures.total(report_of(issue))
    assert (numbers.bounced, numbers.doubtful, numbers.recipients) == (2, 0, 2)


def test_the_domain_is_what_stands_after_the_last_at() -> None:
    # As an import of long ago may have left them; the form takes neither.
    for address in ('"a@b"@x.org', "plain@sub.example.org", "nothing", "@"):
        make_subscriber(address)
    found = dict(
        Subscriber.objects.annotate(domain=domain_of("address")).values_list("address", "domain")
    )
    assert found['"a@b"@x.org'] == "x.org"
    assert found["plain@sub.example.org"] == "sub.example.org"
    assert not found["nothing"] and not found["@"]


def test_parts_are_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    issue = sent(*(f"{name}@{name % 3}.example.org" for name in range(10)))
    for name in (2, 5, 7):
        heard(issue, f"{name}@{name % 3}.example.org", Kind.HARD_BOUNCE, "5.7.1", "no")
    Subscriber.objects.filter(address="9@0.example.org").delete()
    whole = counting.count(issue)
    for size in (1, 2, 5, 10):
        monkeypatch.setattr(counting, "BATCH", size)
        assert counting.count(issue) == whole
        parts = [issue.deliveries.filter(**part).count() for part in counting._parts(issue)]
        assert parts[1:-1] == [size] * (9 // size) and sum(parts) == 10
    assert whole.total() == {"delivered": 7, "hard": 3}
    assert whole.domains[""].counts == {"delivered": 1}


def test_who_leaves_is_counted_to_the_last_issue_before_it() -> None:
    first = sent("a@example.org", "b@example.org", "c@example.org", hours_ago=48)
    signup.unsubscribe(Subscriber.objects.get(address="a@example.org"), where="the link")
    # A complaint suppresses, and is no leaving; nor is what a machine said in between.
    signup.suppress("b@example.org", "complaint")
    heard(first, "c@example.org", Kind.UNSUBSCRIBED)
    signup.unsubscribe(Subscriber.objects.get(address="c@example.org"), where="by mail")
    assert figures.total(report_of(first)).unsubscribed == 2
    second = sent("d@example.org")
    assert figures.total(report_of(first)).unsubscribed == 2
    assert figures.total(report_of(second)).unsubscribed == 0
    signup.unsubscribe(Subscriber.objects.get(address="d@example.org"), where="the link")
    assert figures.total(report_of(first)).unsubscribed == 2
    assert figures.total(report_of(second)).unsubscribed == 1


def test_a_moment_that_cannot_be_is_the_start_or_now() -> None:
    issue = sent("a@example.org", "b@example.org", hours_ago=3)
    heard(issue, "a@example.org", Kind.HARD_BOUNCE, at=timezone.now() - timedelta(days=9000))
    heard(issue, "b@example.org", Kind.COMPLAINT, at=timezone.now() + timedelta(days=9000))
    hours = counting.count(issue).hours
    assert min(hours) == counting.hour_of(issue.started_at)
    assert max(hours) <= counting.hour_of(timezone.now())


def test_hours_of_two_days_then_days() -> None:
    issue = sent("a@example.org", "b@example.org", "c@example.org", hours_ago=100)
    start = issue.started_at
    heard(issue, "a@example.org", Kind.HARD_BOUNCE, at=start + timedelta(hours=2))
    heard(issue, "b@example.org", Kind.COMPLAINT, at=start + timedelta(hours=47))
    heard(issue, "c@example.org", Kind.UNSUBSCRIBED, at=start + timedelta(hours=75))
    hours, days = figures.over_time(report_of(issue), start)
    assert len(hours) == 48 and hours[0].handed == 3
    assert [at for at, hour in enumerate(hours) if hour.bounced] == [2]
    assert [at for at, hour in enumerate(hours) if hour.complained] == [47]
    assert [day.unsubscribed for day in days] == [1]


def test_what_a_server_says_of_a_person_is_kept_without_the_person() -> None:
    people = [f"jane.doe{at}@agency.example" for at in range(6)]
    issue = sent(*people)
    for person in people:
        name = person.partition("@")[0]
        reply = f"5.1.1 <{person}>: {name}... User unknown ({name}) here"
        becomes(issue, person, State.FAILED, 550, reply)
    [domain] = report_of(issue).domains.all()
    assert domain.said == "550 5.1.1 (an address) User unknown (an address) here"
    assert (domain.status, domain.said_by) == ("550 5.1.1", 6)


def test_the_code_that_most_had_is_kept() -> None:
    issue = sent(*(f"{at}@agency.example" for at in range(30)))
    for at in range(30):
        code = "5.7.1 no" if at % 3 else f"5.{at % 9 + 1}.7 odd"
        becomes(issue, f"{at}@agency.example", State.FAILED, 550, code)
    [domain] = report_of(issue).domains.all()
    assert (domain.status, domain.said_by, domain.said) == ("550 5.7.1", 20, "550 5.7.1 no")


def test_only_what_changed_is_written_and_what_is_gone_goes(
    django_assert_max_num_queries,
) -> None:
    issue = sent("a@one.example", "b@two.example")
    report = report_of(issue)
    kept = dict(report.domains.values_list("domain", "pk"))
    heard(issue, "a@one.example", Kind.HARD_BOUNCE)
    Subscriber.objects.filter(address="b@two.example").delete()
    report = report_of(issue)
    assert set(report.domains.values_list("domain", flat=True)) == {"one.example", ""}
    assert report.domains.get(domain="one.example").pk == kept["one.example"]
    with django_assert_max_num_queries(12):
        storing.store(issue)


def test_each_issue_is_claimed_once_and_again_when_its_claim_ends() -> None:
    issue, now = sent("a@example.org"), timezone.now()
    make_issue()
    assert storing.claim(now) == [issue.pk]
    assert storing.claim(now) == []
    assert storing.claim(now + storing.CLAIM) == [issue.pk]
    tasks.count_report.func(issue.pk)
    assert storing.claim(now) == []
    assert storing.claim(timezone.now() + timedelta(minutes=6)) == [issue.pk]
    storing.forget(issue)
    assert storing.claim(timezone.now()) == [issue.pk]
    tasks.count_report.func(issue.pk + 1)  # One that is gone, or was never started.


def test_it_is_counted_the_less_often_the_older_it_is() -> None:
    pauses = []
    for hours in (1, 24 * 3, 24 * 20, 24 * 61):
        report = report_of(sent(f"{hours}@example.org", hours_ago=hours))
        pauses.append(report.next_at and report.next_at - report.counted_at)
    assert pauses == [timedelta(minutes=5), timedelta(hours=1), timedelta(days=1), None]
    under_way = started("b@example.org")
    report = report_of(under_way)
    assert report.next_at - report.counted_at == timedelta(minutes=1)


def test_of_two_counts_the_later_one_stays() -> None:
    issue = sent("a@example.org")
    report = report_of(issue)
    later = timezone.now() + timedelta(minutes=1)
    type(report).objects.update(counted_at=later, figures=F("figures"))
    storing.store(issue)
    report.refresh_from_db()
    assert report.counted_at == later


def test_sentences_say_what_happened_and_what_to_do(settings) -> None:
    settings.NEWSLETTER_FROM_EMAIL = "The Weekly Alarm <weekly@alarm.example>"
    agency = [f"p{at}@kingcounty.example" for at in range(14)]
    issue = sent(*agency, *(f"q{at}@other.example" for at in range(86)))
    for person in agency:
        reply = "5.7.1 Message refused by policy."
        becomes(issue, person, State.FAILED, 550, reply)
    heard(issue, "q0@other.example", Kind.COMPLAINT)
    heard(issue, "q1@other.example", Kind.COMPLAINT)
    heard(issue, "q2@other.example", Kind.UNSUBSCRIBED)
    report = report_of(issue)
    assert [str(each) for each in sentences.of(issue, report)] == [
        "86 of 100 were delivered.",
        "14 bounced, 14 % of those who were mailed: all of them for good.",
        "All 14 at kingcounty.example bounced; its mail server says “550 5.7.1 Message refused by "
        "policy”. Ask them to allow mail from alarm.example.",
        "2 readers reported it as spam, 2 %. From 0.3 % on mail services begin to refuse a "
        "sender’s mail, for everybody.",
        "1 reader left after it, 1 % of those who were mailed.",
    ]
    assert sentences.short(report) == (
        "86 of 100 were delivered; 14 bounced, 2 complained, 1 left."
    )


def test_few_readers_of_a_domain_are_never_told_of_by_its_name() -> None:
    issue = sent(*(f"p{at}@small.example" for at in range(4)))
    for at in range(4):
        becomes(issue, f"p{at}@small.example", State.FAILED, 550, "5.7.1 small.example says no")
    report = report_of(issue)
    assert "small.example" not in " ".join(str(each) for each in sentences.of(issue, report))
    assert [line.name for line in figures.by_domain(report, sees_readers=False)] == [
        "Domains with fewer than 5 readers"
    ]
    assert [line.name for line in figures.by_domain(report, sees_readers=True)] == ["small.example"]
    assert "small" not in str(report.figures)


def test_domains_behind_one_gateway_are_seen_together() -> None:
    issue = sent(*(f"p@{at}.example" for at in range(6)), "q@alone.example")
    for at in range(5):
        MailDomain.objects.create(name=f"{at}.example", gateway="pphosted.example")
        becomes(issue, f"p@{at}.example", State.FAILED, 550, "5.7.1 no")
    MailDomain.objects.create(name="alone.example", gateway="its-own.example")
    report = report_of(issue)
    [line] = figures.by_gateway(report)
    assert (line.name, line.numbers.domains, line.numbers.bounced) == ("pphosted.example", 5, 5)
    assert report.domains.get(domain="0.example").gateway == "pphosted.example"


def test_trouble_with_our_own_domain_says_where_to_mend_it() -> None:
    issue = sent(*(f"p{at}@{at}.example" for at in range(4)))
    for at in range(4):
        becomes(issue, f"p{at}@{at}.example", State.FAILED, 550, "5.7.26 not authenticated")
    words = [each for each in sentences.of(issue, report_of(issue)) if each.kind == "stop"]
    assert len(words) == 1 and "4 were refused because of us" in str(words[0])
    assert "SPF" in str(words[0])


def test_an_issue_without_recipients_or_with_all_of_them() -> None:
    nobody = make_issue()
    Issue.objects.filter(pk=nobody.pk).update(state="sent", started_at=timezone.now())
    nobody.refresh_from_db()
    assert [str(each) for each in sentences.of(nobody, report_of(nobody))] == [
        "Nobody was to get this issue."
    ]
    issue = sent("a@example.org", "b@example.org")
    assert [str(each) for each in sentences.of(issue, report_of(issue))] == [
        "All 2 were delivered."
    ]
    assert row(issue, "a@example.org").state == Delivery.State.SENT
