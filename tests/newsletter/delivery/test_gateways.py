"""Which mail service takes the mail of a domain: asked by a task, kept in a table."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from django.core.management import call_command
from django.utils import timezone

from newsletter.delivery import gateway_tasks, gateways
from newsletter.models import MailDomain, Mark
from newsletter.models.limits import clean_domain
from tests.factories import make_subscriber

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("a@example.org", "example.org"),
        ("a@EXAMPLE.Org", "example.org"),
        ("a@example.org.", "example.org"),
        ("a@Bücher.example", "xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a@b@example.org", "example.org"),
        ("nobody", "nobody"),
        ("a@", ""),
    ],
)
def test_a_domain_is_the_same_however_it_is_written(address: str, domain: str) -> None:
    assert gateways.domain_of(address) == domain


@pytest.mark.parametrize("odd", ["", "@", "org", "a b.org", "a..org", "-a.org", "a" * 64 + ".org"])
def test_what_is_no_domain_is_refused(odd: str) -> None:
    with pytest.raises(ValueError):
        clean_domain(odd)


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("mx0a-001b2c01.pphosted.com.", "pphosted.com"),
        ("city-gov.mail.protection.outlook.com", "outlook.com"),
        ("d1.ess.barracudanetworks.com", "barracudanetworks.com"),
        ("ASPMX.L.GOOGLE.COM", "google.com"),
        ("mx.police.example.co.uk", "example.co.uk"),
        ("mail.ci.dover.nh.us", "ci.dover.nh.us"),
        ("example.org", "example.org"),
    ],
)
def test_a_mail_server_belongs_to_a_service(host: str, service: str) -> None:
    assert gateways.service(host) == service


ZONE = {
    "agency.example.": ["20 mx9.other.example.", "10 mx0a.PPhosted.com."],
    "none.example.": ["0 ."],
    "own.example.": [],
}


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A DNS server on loopback that knows ZONE; the names that it was asked for."""
    asked: list[str] = []
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            wire, who = udp.recvfrom(4096)
            if not wire:
                return
            question = dns.message.from_wire(wire)
            name = question.question[0].name
            asked.append(str(name))
            answer = dns.message.make_response(question)
            if str(name) == "broken.example.":
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif str(name) not in ZONE:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif ZONE[str(name)]:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "MX", *ZONE[str(name)]))
            udp.sendto(answer.to_wire(), who)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def here() -> dns.resolver.Resolver:
        found = dns.resolver.Resolver(configure=False)
        found.nameservers, found.port = ["127.0.0.1"], udp.getsockname()[1]
        return found

    monkeypatch.setattr(gateways, "resolver", here)
    yield asked
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", udp.getsockname())
    thread.join()
    udp.close()


def test_the_mx_record_that_comes_first_names_the_service(name_server: list[str]) -> None:
    assert gateways.ask_dns("agency.example") == "pphosted.com"
    assert gateways.ask_dns("none.example") == ""
    assert gateways.ask_dns("own.example") == "own.example"
    assert gateways.ask_dns("gone.example") == ""
    assert gateways.ask_dns("broken.example") is None


def test_domains_of_new_subscribers_are_looked_up_once(settings) -> None:
    settings.DELIVERY_LOOKS_UP_GATEWAYS = True
    for address in ("a@one.example", "b@one.example", "c@two.example"):
        make_subscriber(address)
    asked: list[str] = []

    def ask(domain: str) -> str:
        asked.append(domain)
        return "pphosted.com"

    assert gateways.is_due()
    assert gateways.look_up(ask=ask) == 2
    assert sorted(asked) == ["one.example", "two.example"]
    assert not gateways.is_due()
    assert gateways.look_up(ask=ask) == 0
    assert gateways.gateways_of(["one.example", "three.example"]) == {"one.example": "pphosted.com"}
    make_subscriber("d@three.example")
    assert gateways.is_due()
    assert gateways.look_up(ask=ask) == 1
    MailDomain.objects.filter(name="one.example").update(
        looked_up_at=timezone.now() - gateways.FRESH_FOR - timedelta(hours=1)
    )
    assert gateways.look_up(ask=ask) == 1
    assert asked[-1] == "one.example"


def test_dns_that_answers_nothing_is_left_alone_and_what_is_known_stays(settings) -> None:
    settings.DELIVERY_LOOKS_UP_GATEWAYS = True
    for number in range(4):
        make_subscriber(f"a@{number}.example")
    gateways.look_up(ask=lambda domain: "google.com")
    MailDomain.objects.update(looked_up_at=None)
    assert gateways.look_up(ask=lambda domain: None) == 0
    assert not gateways.is_due()
    assert gateways.gateways_of(["0.example"]) == {"0.example": "google.com"}
    Mark.objects.filter(name=gateways.AWAY).update(at=timezone.now() - timedelta(hours=2))
    assert gateways.is_due()


def test_one_domain_without_an_answer_waits_a_day() -> None:
    for name in ("one", "two", "three"):
        make_subscriber(f"a@{name}.example")
    answers = {"one.example": None, "two.example": "", "three.example": "outlook.com"}
    assert gateways.look_up(ask=answers.get) == 2
    assert not gateways.due().exists()
    row = MailDomain.objects.get(name="one.example")
    assert row.looked_up_at < timezone.now() - timedelta(days=5)


def test_the_tick_asks_for_the_task_once_at_a_time(settings, monkeypatch) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    woken: list[int] = []
    monkeypatch.setattr(gateway_tasks, "wake", lambda: woken.append(1))
    make_subscriber("a@one.example")
    call_command("tick")
    assert not woken, "DNS is not asked unless the settings say so"
    settings.DELIVERY_LOOKS_UP_GATEWAYS = True
    call_command("tick")
    call_command("tick")
    assert woken == [1]
