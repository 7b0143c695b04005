"""Limits of the sign-up form: for a network, for the site, and for a mailbox."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from subscribers import guards, signup
from subscribers.models import (
    ConsentEvent,
    Notice,
    SignUpCount,
    SignUpMails,
    SignUpRequest,
    Subscriber,
)
from subscribers.tasks import send_notices
from tests.factories import make_pending, make_subscriber, make_suppression
from tests.smtp import MailServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db,
    pytest.mark.usefixtures("advance_clock"),
]
AdvanceClock = Callable[[timedelta], None]
State = Subscriber.State
DAY = timedelta(days=1)


def post(client: Client, address: str, ip: str = "203.0.113.9") -> HttpResponse:
    return client.post("/subscribe/", {"address": address, "source": "/"}, REMOTE_ADDR=ip)


def count_accepted(client: Client, count: int, ip: str = "203.0.113.9") -> int:
    """Post `count` addresses and return how many of them the form accepted."""
    answers = [post(client, f"a{number}@example.org", ip).status_code for number in range(count)]
    assert set(answers) <= {200, 429}
    return answers.count(200)


# Networks and the site


def test_one_network_can_enter_only_so_many_addresses_in_an_hour(
    client: Client, settings, advance_clock: AdvanceClock
) -> None:
    settings.SIGN_UPS_PER_HOUR_AND_NETWORK = 5
    assert count_accepted(client, 4) == 4
    assert count_accepted(client, 4, "203.0.113.77") == 1, "its neighbour in the same network"
    assert count_accepted(client, 4, "::ffff:203.0.113.5") == 0
    assert count_accepted(client, 1, "203.0.114.9") == 1, "another network"
    assert count_accepted(client, 6, "2001:db8:1:2::1") == 5
    assert count_accepted(client, 1, "2001:db8:1:2:ffff::9") == 0
    assert SignUpRequest.objects.count() == 11
    advance_clock(timedelta(hours=1))
    assert count_accepted(client, 1) == 1


def test_the_default_lets_a_class_sign_up_from_one_room(client: Client) -> None:
    assert count_accepted(client, 60) == 50


def test_the_whole_site_takes_only_so_many_addresses_in_an_hour(
    client: Client, settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SIGN_UPS_PER_HOUR, settings.SIGN_UPS_PER_HOUR_AND_NETWORK = 6, 4
    assert sum(count_accepted(client, 2, f"203.0.{number}.9") for number in range(5)) == 6
    assert "SIGN_UPS_PER_HOUR" in caplog.text
    # What the limit of the site refused has not counted for the network.
    assert set(SignUpCount.objects.values_list("count", flat=True)) == {2, 6}


def test_a_header_of_the_client_does_not_change_its_network(client: Client, settings) -> None:
    settings.SIGN_UPS_PER_HOUR_AND_NETWORK = 2
    answers = [
        client.post(
            "/subscribe/",
            {"address": f"a{number}@example.org"},
            headers={"x-forwarded-for": f"198.51.{number}.7", "x-real-ip": f"198.51.{number}.7"},
        ).status_code
        for number in range(4)
    ]
    assert answers == [200, 200, 429, 429]


def test_behind_a_proxy_of_ours_each_reader_has_a_network(client: Client, settings) -> None:
    settings.SIGN_UPS_PER_HOUR_AND_NETWORK, settings.TRUSTED_PROXIES = 1, 1
    for number, status in [(1, 200), (1, 429), (2, 200)]:
        response = client.post(
            "/subscribe/",
            {"address": "reader@example.org"},
            headers={"x-forwarded-for": f"192.0.2.1, 198.51.{number}.7"},
        )
        assert response.status_code == status


def test_clients_without_a_known_address_share_one_limit_and_the_log_says_why(
    settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SIGN_UPS_PER_HOUR_AND_NETWORK = 2
    socket = Client(REMOTE_ADDR="")
    answers = [
        socket.post("/subscribe/", {"address": f"a{number}@example.org"}).status_code
        for number in range(3)
    ]
    assert answers == [200, 200, 429]
    assert "TRUSTED_PROXIES" in caplog.text


def test_a_refusal_keeps_what_was_typed_and_says_what_to_do(client: Client, settings) -> None:
    settings.SIGN_UPS_PER_HOUR_AND_NETWORK = 1
    post(client, "first@example.org")
    response = post(client, "Second@Example.org")
    html = response.content.decode()
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 3600
    assert response["Cache-Control"] == "private, no-store"
    assert 'value="Second@Example.org"' in html
    assert "Try again in an hour" in html
    assert "<title>Try again later" in html
    assert not SignUpRequest.objects.filter(address="second@example.org").exists()


def test_a_refusal_is_the_same_for_every_address(client: Client, settings) -> None:
    settings.SIGN_UPS_PER_HOUR_AND_NETWORK = 1
    make_suppression("b@example.org")
    make_subscriber("c@example.org")
    post(client, "first@example.org")
    answers = {
        post(client, f"{name}@example.org").content.replace(f"{name}@".encode(), b"")
        for name in "abc"
    }
    assert len(answers) == 1


def test_reading_the_page_and_mistakes_count_for_nothing(client: Client, settings) -> None:
    settings.SIGN_UPS_PER_HOUR_AND_NETWORK = 1
    for _ in range(3):
        client.get("/subscribe/")
        client.head("/subscribe/")
        assert client.options("/subscribe/").status_code == 405
        assert post(client, "no address").status_code == 422
        assert post(client, "x" * 1_000_000).status_code == 422
    assert not SignUpCount.objects.exists()
    assert post(client, "reader@example.org").status_code == 200


def test_no_client_address_is_stored_in_plain_text(
    client: Client, advance_clock: AdvanceClock
) -> None:
    """Also, the rows of two hours cannot be linked to the same network."""
    post(client, "reader@example.org")
    advance_clock(timedelta(hours=1))
    post(client, "reader@example.org")
    subjects = list(SignUpCount.objects.values_list("subject", flat=True))
    assert all(len(subject) == 64 and "203" not in subject[:6] for subject in subjects)
    assert len(set(subjects)) == 3, "the site, and the network twice"
    send_notices.call()
    for model in (SignUpMails, SignUpCount, ConsentEvent, Notice, Subscriber):
        for row in model.objects.values():
            assert "203.0.113" not in str(row)


# The same answer for every address, and the same work


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the SQL that is executed, without its parameters."""
    found: list[str] = []

    def record(execute, sql, params, many, context):
        # The names of savepoints contain a number.
        found.append("SAVEPOINT" if "SAVEPOINT" in sql else sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield found


def test_the_page_does_the_same_work_for_every_address(
    client: Client, settings, django_capture_on_commit_callbacks
) -> None:
    make_pending("pending@example.org")
    make_subscriber("confirmed@example.org")
    make_subscriber("unsubscribed@example.org", state=State.UNSUBSCRIBED)
    make_subscriber("suppressed@example.org")
    make_suppression("suppressed@example.org")
    make_suppression("stranger@example.org")
    for _ in range(settings.SIGN_UP_MAILS_PER_ADDRESS):
        signup.sign_up("often@example.org", "/")
        Notice.objects.update(state="sent")
    signup.sign_up("owed@example.org", "/")
    post(client, "the-first-of-this-hour@example.org")
    work = {}
    for name in [
        "unknown",
        "pending",
        "confirmed",
        "unsubscribed",
        "suppressed",
        "stranger",
        "often",
        "owed",
        "often+tag",
    ]:
        with statements() as done, django_capture_on_commit_callbacks(execute=True):
            assert post(client, f"{name}@example.org").status_code == 200
        work[name] = done
    reads = [line for line in work["unknown"] if line.startswith("SELECT")]
    # The page asks for its menu, and whether there are resources; production remembers both.
    assert len(reads) == 2 and not any("subscribers_subscriber" in line for line in reads)
    others = ("SAVEPOINT", *reads)
    writes = [line.split()[0] for line in work["unknown"] if line not in others]
    assert writes == ["INSERT", "UPDATE", "UPDATE", "INSERT", "INSERT"]
    assert all(done == work["unknown"] for done in work.values())


# Mailboxes


def mails_after_request(address: str = "victim@example.org") -> int:
    """Request a sign-up for an address, and return how many notices there are in all."""
    signup.sign_up(address, "/")
    Notice.objects.update(state="sent")
    return Notice.objects.count()


def test_a_mailbox_gets_three_mails_and_then_one_after_each_growing_pause(
    advance_clock: AdvanceClock,
) -> None:
    assert [mails_after_request() for _ in range(10)] == [1, 2, 3, 3, 3, 3, 3, 3, 3, 3]
    total = 3
    for days in (1, 2, 4, 8, 16, 32, 32):
        advance_clock(days * DAY - timedelta(minutes=1))
        assert mails_after_request() == total, f"not within {days} days"
        advance_clock(timedelta(minutes=1))
        total += 1
        assert mails_after_request() == mails_after_request() == total, f"one after {days} days"
    assert ConsentEvent.objects.count() == total, "a request without a mail is not recorded either"


def test_a_day_never_brings_more_than_three_however_often_one_asks(
    advance_clock: AdvanceClock,
) -> None:
    """Somebody who wants to annoy the owner asks six times a day for three months."""
    days: list[int] = []
    for _ in range(90):
        before = Notice.objects.count()
        for _ in range(6):
            mails_after_request()
            advance_clock(timedelta(hours=4))
        days.append(Notice.objects.count() - before)
    assert max(days) == 3
    assert sum(days) <= 10


def test_asking_during_a_pause_does_not_make_it_longer(advance_clock: AdvanceClock) -> None:
    for _ in range(3):
        mails_after_request()
    for _ in range(23):
        advance_clock(timedelta(hours=1))
        assert mails_after_request() == 3
    advance_clock(timedelta(hours=1))
    assert mails_after_request() == 4


def test_a_request_during_a_pause_changes_nothing_about_the_reader() -> None:
    for _ in range(3):
        mails_after_request("reader@example.org")
    signup.unsubscribe(Subscriber.objects.get(), "the unsubscribe page")
    before = Subscriber.objects.values().get()
    mails_after_request("reader@example.org")
    assert Subscriber.objects.values().get() == before
    mails_after_request("reader+new@example.org")
    assert Subscriber.objects.count() == 1, "nor does it make another one"


def test_a_double_click_uses_up_nothing() -> None:
    for _ in range(5):
        signup.sign_up("reader@example.org", "/")
    assert SignUpMails.objects.get().count == Notice.objects.count() == 1


def test_tags_and_gmails_dots_are_one_mailbox_for_the_limit_and_nothing_else() -> None:
    for address in ["a.b+x@gmail.com", "ab+y@googlemail.com", "a.b@gmail.com", "ab@gmail.com"]:
        mails_after_request(address)
    assert Notice.objects.count() == 3
    assert Subscriber.objects.count() == 3
    assert Subscriber.objects.filter(address="a.b+x@gmail.com").exists()
    for address in ["r+1@example.org", "r+2@example.org", "r+3@example.org", "r@example.org"]:
        mails_after_request(address)
    assert Notice.objects.count() == 6
    # With other providers dots count, and a name that begins with + has no tag.
    assert guards.mailbox_of("r.s@example.org") != guards.mailbox_of("rs@example.org")
    assert guards.mailbox_of("+x@example.org") != guards.mailbox_of("+y@example.org")


def test_an_internationalized_domain_is_one_mailbox_in_both_spellings(client: Client) -> None:
    for address in ["r@bücher.example", "r@BÜCHER.example", "R@xn--bcher-kva.example"] * 2:
        assert post(client, address).status_code == 200
        signup.process_requests()
        Notice.objects.update(state="sent")
    assert Notice.objects.count() == 3
    assert Subscriber.objects.get().address == "r@xn--bcher-kva.example"


def test_confirming_resets_the_count(client: Client) -> None:
    for _ in range(3):
        mails_after_request("reader@example.org")
    reader = Subscriber.objects.get()
    client.post(f"/confirm/{reader.confirm_key}/")
    client.post(f"/unsubscribe/{reader.key}/")
    before = Notice.objects.count()
    assert mails_after_request("reader@example.org") == before + 1


def test_a_suppressed_address_gets_nothing_and_is_not_counted() -> None:
    make_suppression("victim@example.org")
    assert mails_after_request() == 0
    assert not SignUpMails.objects.exists()
    assert not Subscriber.objects.exists()


# Requests that wait for a worker


def test_a_request_waits_for_a_worker_which_deletes_it(
    client: Client, mail_server: MailServer
) -> None:
    client.post(
        "/subscribe/", {"address": "reader@example.org", "source": "/archive/", "wording": "1"}
    )
    pressed = SignUpRequest.objects.get().created_at
    assert send_notices.call() == 1
    assert [mail.recipients for mail in mail_server.messages] == [["reader@example.org"]]
    assert not SignUpRequest.objects.exists()
    event = ConsentEvent.objects.get()
    assert (event.at, event.where) == (pressed, "/archive/")


def test_a_request_that_fails_does_not_stop_others_and_is_given_up_at_last(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in "abc":
        post(client, f"{name}@example.org")
    sign_up = signup.sign_up

    def fail(address, *args, **more):
        sign_up(address, *args, **more)
        if address == "b@example.org":
            raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(signup, "sign_up", fail)
    assert not signup.process_requests()
    assert {s.address[0] for s in Subscriber.objects.all()} == {"a", "c"}, "all of it or nothing"
    assert SignUpRequest.objects.get().due_at > timezone.now()
    SignUpRequest.objects.update(due_at=timezone.now(), created_at=timezone.now() - 3 * DAY)
    signup.process_requests()
    assert not SignUpRequest.objects.exists()
    assert "b@example.org" not in caplog.text.partition("given up")[2]


def test_a_tick_wakes_a_worker_for_requests_that_were_left(client: Client, settings) -> None:
    from django.tasks import task_backends

    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    post(client, "reader@example.org")
    task_backends["default"].clear()
    call_command("tick")
    paths = [result.task.module_path for result in task_backends["default"].results]
    assert paths == ["subscribers.tasks.send_notices"]


def test_the_tick_deletes_what_no_limit_needs_any_more(
    client: Client, caplog: pytest.LogCaptureFixture, advance_clock: AdvanceClock
) -> None:
    caplog.set_level(logging.ERROR)
    post(client, "reader@example.org")
    mails_after_request("old@example.org")
    guards.delete_outdated()
    assert SignUpCount.objects.count() == 2 and SignUpMails.objects.count() == 1
    advance_clock(timedelta(hours=3))
    call_command("tick")
    assert not SignUpCount.objects.exists() and SignUpMails.objects.count() == 1
    advance_clock(64 * DAY)
    call_command("tick")
    assert not SignUpMails.objects.exists()
    assert not caplog.records
