"""Passkeys, of two requests at the same moment."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django_otp_webauthn.models import WebAuthnCredential
from pytest_django.fixtures import Settings

from alarmroom.desk.signing_in import factors, passkeys
from tests.alarmroom.desk.test_second_factor import give_factor, type_password
from tests.alarmroom.desk.with_passkeys import ASK_FIRST, asked, at_home, browser, with_passkey
from tests.helpers import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql,
    pytest.mark.usefixtures("at_home"),
]
__all__ = ["at_home"]


def test_one_answer_that_is_sent_twice_at_once_is_right_once() -> None:
    client = browser()
    user, key = with_passkey(client)
    key.counts = False
    key.count = 0
    type_password(client)
    answer = key.signed(asked(client, ASK_FIRST))
    question = client.session[passkeys.ASKED]

    def send() -> str:
        request: Any = SimpleNamespace(session={passkeys.ASKED: question})
        return passkeys.check(request, user, answer).value

    assert sorted(at_once(*[send] * 4)) == ["right", "wrong", "wrong", "wrong"]


def test_who_removes_both_at_once_keeps_one(settings: Settings) -> None:
    user, _ = with_passkey(browser(), is_superuser=True)
    give_factor(user)
    settings.SECOND_FACTOR_REQUIRED = True
    pk = WebAuthnCredential.objects.get().pk
    removals: list[Callable[[], bool]] = [
        lambda: factors.remove_app(user, session_key=None),
        lambda: factors.remove_passkey(user, pk, session_key=None),
    ]
    assert sorted(at_once(*removals)) == [False, True]
    assert factors.count_of(user) == 1
