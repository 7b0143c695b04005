"""Simultaneous requests do not exceed a limit."""

from itertools import count

import pytest
from django.test import Client

from subscribers import signup
from subscribers.models import Notice, SignUpRequest
from tests.helpers import at_once

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("advance_clock"),
]


@pytest.mark.parametrize(("network", "site"), [(3, 100), (3, 3)])
def test_of_ten_requests_at_once_only_as_many_as_allowed_are_taken(
    settings, network: int, site: int
) -> None:
    settings.SIGN_UPS_PER_HOUR_AND_NETWORK, settings.SIGN_UPS_PER_HOUR = network, site
    numbers = count()

    def ask() -> int:
        address = f"reader{next(numbers)}@example.org"
        return Client().post("/subscribe/", {"address": address}).status_code

    assert sorted(at_once(*[ask] * 10)) == [200] * 3 + [429] * 7
    assert SignUpRequest.objects.count() == 3


def test_workers_at_once_mail_one_mailbox_no_more_than_allowed() -> None:
    numbers = count()
    at_once(*[lambda: signup.sign_up(f"victim+{next(numbers)}@example.org", "/")] * 8)
    assert Notice.objects.count() == 3


def test_workers_at_once_take_each_request_once() -> None:
    for number in range(6):
        SignUpRequest.objects.create(address=f"reader{number}@example.org")
    at_once(*[signup.process_requests] * 3)
    assert not SignUpRequest.objects.exists()
    assert Notice.objects.count() == 6
