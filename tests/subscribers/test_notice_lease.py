"""While one worker sends a notice, no other one does, however long a mail server may take."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from subscribers import notices
from subscribers.models import Notice
from tests.factories import make_pending

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("timeout", "least"), [(30, 600), (600, 9600)])
def test_a_lease_outlasts_every_wait_for_the_server(
    timeout: int, least: int, settings: Settings
) -> None:
    settings.SMTP_TIMEOUT = timeout
    notice = Notice.objects.create(subscriber=make_pending("a@example.org"), kind="confirm")
    before = timezone.now()
    assert notices.claim(notice.pk, notice.due_at)
    assert Notice.objects.get().due_at - before >= timedelta(seconds=least)
