import io
import sys
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from newsletter.models import Delivery, DeliveryEvent, Issue
from subscribers.models import Subscriber, Suppression
from tests.factories import make_issue, make_subscriber
from tests.newsletter.feedback.samples import Sent

READER = "reader@agency.example"


@pytest.fixture(autouse=True)
def verp(settings: Settings) -> None:
    settings.NEWSLETTER_ENVELOPE_FROM = "bounces@example.org"
    settings.NEWSLETTER_VERP = "+"
    settings.UNSUBSCRIBE_MAILTO = "unsubscribe@example.org"


def make_sent(address: str = READER, issue: Issue | None = None) -> Delivery:
    """A delivery that the mail server took."""
    issue = issue or make_issue()
    reader = Subscriber.objects.filter(address=address).first() or make_subscriber(address)
    now = timezone.now()
    delivery = Delivery.objects.create(
        issue=issue, subscriber=reader, state="sent", code=250, due_at=now, changed_at=now
    )
    return Delivery.objects.select_related("issue", "subscriber").get(pk=delivery.pk)


@pytest.fixture
def delivery(db: None) -> Delivery:
    return make_sent()


@pytest.fixture
def sent(delivery: Delivery) -> Sent:
    return Sent.of(delivery)


Receive = Callable[..., int]


@pytest.fixture
def receive(monkeypatch: pytest.MonkeyPatch) -> Receive:
    """Pipe a mail into the command as a mail server does; return the code that it ends with."""

    def run(raw: bytes, *recipients: str) -> int:
        stdin = io.TextIOWrapper(io.BytesIO(raw))
        monkeypatch.setattr(sys, "stdin", stdin)
        try:
            call_command("receive_mail", *recipients, stdout=io.StringIO())
        except SystemExit as end:
            return int(str(end.code))
        return 0

    return run


def events() -> list[tuple[str, str]]:
    return list(DeliveryEvent.objects.values_list("kind", "status"))


def suppressed() -> dict[str, str]:
    return dict(Suppression.objects.values_list("address", "reason"))


def state_of_reader(address: str = READER) -> str:
    return Subscriber.objects.get(address=address).state
