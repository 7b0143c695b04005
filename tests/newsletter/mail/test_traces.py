"""What comes back of a mail says which delivery it was, and nobody can make it up."""

import pytest
from pytest_django import Settings

from newsletter.delivery.worker import deliver
from newsletter.mail import traces
from tests.newsletter.delivery.ledger import started
from tests.newsletter.server import ScriptedServer

LARGEST = 2**63 - 1


@pytest.fixture(autouse=True)
def verp(settings: Settings) -> None:
    settings.NEWSLETTER_ENVELOPE_FROM = "bounces@example.org"
    settings.NEWSLETTER_VERP = "+"


def test_each_mark_leads_back_to_its_delivery() -> None:
    for pk in (1, 123456, LARGEST):
        address = traces.return_path(pk)
        assert address.startswith(f"bounces+d{pk}-") and address.endswith("@example.org")
        assert len(address.rpartition("@")[0]) <= 64  # RFC 5321 4.5.3.1.1
        assert traces.of_address(address) == pk
        assert traces.of_mark(traces.mark(pk)) == pk
        assert traces.of_message_ids(f"In-Reply-To: {traces.message_id(pk, 7)}") == pk


def test_the_mark_survives_capitals_and_a_server_that_forwards(settings: Settings) -> None:
    local = traces.return_path(12).rpartition("@")[0]
    assert traces.of_address(f"<{local.upper()}@EXAMPLE.ORG>") == 12
    assert traces.of_address(f"SRS0=HHH=TT=example.org={local}@forwarder.example") == 12
    assert traces.of_address(f"prvs=1234567890={local}@example.org") == 12
    settings.NEWSLETTER_VERP = "-"
    assert traces.of_address(traces.return_path(12)) == 12


def test_what_was_made_with_a_former_secret_is_known(settings: Settings) -> None:
    address, message_id = traces.return_path(5), traces.message_id(5, 7)
    former = settings.SECRET_KEY
    settings.SECRET_KEY = "another " * 8
    assert traces.of_address(address) is None
    assert traces.of_message_ids(message_id) is None
    settings.SECRET_KEY_FALLBACKS = [former]
    settings.MAIL_DOMAIN = "other.example"
    assert traces.of_address(address) == 5
    assert traces.of_message_ids(message_id) == 5


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "bounces@example.org",
        "bounces+d5-@example.org",
        "bounces+d5-" + "0" * 20 + "@example.org",
        "bounces+d-" + "0" * 20 + "@example.org",
        "bounces+d" + "9" * 400 + "-" + "0" * 20 + "@example.org",
        "bounces+d５-" + "0" * 20 + "@example.org",
        "d" * 100_000,
        "\0" * 100,
    ],
    ids=lambda address: address[:30],
)
def test_a_made_up_address_is_no_delivery(address: str) -> None:
    assert traces.of_address(address) is None
    assert traces.of_mark(address) is None


def test_the_proof_of_one_delivery_is_none_for_another() -> None:
    assert traces.of_address(traces.return_path(5).replace("d5-", "d6-")) is None
    assert traces.of_message_ids(traces.message_id(5, 7).replace("<7.5.", "<7.6.")) is None
    assert traces.of_message_ids(f"<7.{'9' * 19}.{'0' * 24}@example.org>") is None
    many = "<7.5.000000000000000000000000@x> " * 1000
    assert traces.of_message_ids(many + traces.message_id(5, 7)) is None


def test_without_the_setting_all_mails_have_one_envelope_sender(settings: Settings) -> None:
    settings.NEWSLETTER_VERP = ""
    assert traces.return_path(5) == "bounces@example.org"
    settings.NEWSLETTER_ENVELOPE_FROM = ""
    settings.NEWSLETTER_FROM_EMAIL = "The Weekly Alarm <weekly@example.org>"
    assert traces.return_path(5) == "weekly@example.org"


@pytest.mark.django_db
def test_each_mail_leaves_with_its_own_envelope_sender(
    server: ScriptedServer, no_tasks: None
) -> None:
    said: list[str] = []
    server.on["MAIL"] = lambda argument: said.append(argument.split("<")[1].split(">")[0])
    issue = started("a@example.org", "b@example.org")
    said.clear()
    deliver(issue.pk)
    rows = issue.deliveries.order_by("pk").values_list("pk", flat=True)
    assert [traces.of_address(sender) for sender in said] == list(rows)
