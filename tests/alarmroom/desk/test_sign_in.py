"""Limits on wrong passwords, by account and by network."""

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from alarmroom.desk import sign_in
from newsletter.management.commands.tick import tick

pytestmark = pytest.mark.django_db

PASSWORD = "answer the call 911"
OFFICE, HOME, STRANGER = "203.0.113.7", "198.51.100.7", "192.0.2.7"


@pytest.fixture(autouse=True)
def editor() -> User:
    return User.objects.create_user("ruth", password=PASSWORD, is_staff=True)


def sign_in_as(
    client: Client, password: str, *, name: str = "ruth", where: str = OFFICE, **more: str
) -> HttpResponse:
    form = {"username": name, "password": password, "next": "/admin/"}
    return client.post("/admin/login/", form, REMOTE_ADDR=where, **more)


def fail_to_sign_in(client: Client, times: int, **how: str) -> HttpResponse:
    for _ in range(times):
        response = sign_in_as(client, "wrong", **how)
    return response


def is_signed_in(response: HttpResponse) -> bool:
    return response.status_code == 302


def is_locked(response: HttpResponse) -> bool:
    page = response.content.decode()
    return response.status_code == 429 and "Wait 15 minutes, then try again" in page


def shift_attempts_back(**how: int) -> None:
    """Move all counted attempts into the past."""
    for model in (AccessAttempt, AccessLog):
        for row in model.objects.all():
            row.attempt_time -= timedelta(**how)
            row.save(update_fields=["attempt_time"])


def test_four_wrong_passwords_do_not_lock(client: Client) -> None:
    response = fail_to_sign_in(client, 4)
    assert response.status_code == 200
    assert "too many" not in response.content.decode()
    assert is_signed_in(sign_in_as(client, PASSWORD))
    client.logout()
    # A successful sign-in resets the count.
    fail_to_sign_in(client, 4)
    assert is_signed_in(sign_in_as(client, PASSWORD))


def test_the_fifth_wrong_password_locks_with_a_message(client: Client) -> None:
    response = fail_to_sign_in(client, 5)
    assert is_locked(response)
    assert 'id="login-form"' in response.content.decode()
    assert 'name="username" value="ruth"' in response.content.decode()
    assert "unsafe" not in response["Content-Security-Policy"]


def test_while_locked_a_correct_password_gets_the_same_answer(client: Client) -> None:
    fail_to_sign_in(client, 5)
    right, wrong = sign_in_as(client, PASSWORD), sign_in_as(client, "wrong")
    assert is_locked(right) and is_locked(wrong)
    assert right.context["form"].errors == wrong.context["form"].errors


def test_an_unknown_account_locks_in_the_same_way(client: Client) -> None:
    assert is_locked(fail_to_sign_in(client, 5, name="nobody"))


def test_the_lock_expires_and_further_attempts_do_not_extend_it(client: Client) -> None:
    fail_to_sign_in(client, 5)
    shift_attempts_back(minutes=14)
    assert is_locked(fail_to_sign_in(client, 20))
    shift_attempts_back(minutes=2)
    assert is_signed_in(sign_in_as(client, PASSWORD))


def test_guessing_from_another_network_does_not_lock_the_editor(client: Client) -> None:
    assert is_locked(fail_to_sign_in(client, 5, where=STRANGER))
    assert is_signed_in(sign_in_as(client, PASSWORD, where=OFFICE))


def test_addresses_of_the_same_network_are_counted_together(client: Client) -> None:
    for last in range(5):
        response = sign_in_as(client, "wrong", where=f"192.0.2.{last}")
    assert is_locked(response)
    for last in range(5):
        response = sign_in_as(client, "wrong", where=f"2001:db8:0:1::{last}")
    assert is_locked(response)


def test_different_browsers_are_counted_together(client: Client) -> None:
    for number in range(5):
        response = sign_in_as(client, "wrong", HTTP_USER_AGENT=f"browser {number}")
    assert is_locked(response)


def test_a_network_that_tries_many_accounts_is_locked(client: Client) -> None:
    for number in range(sign_in.OF_NETWORK):
        response = sign_in_as(client, "wrong", name=f"name{number}", where=STRANGER)
    assert is_locked(response)
    assert is_locked(sign_in_as(client, PASSWORD, where=STRANGER))
    assert is_signed_in(sign_in_as(client, PASSWORD, where=OFFICE))


def test_a_successful_sign_in_does_not_reset_the_count_of_the_network(client: Client) -> None:
    User.objects.create_user("mallory", password=PASSWORD, is_staff=True)
    for number in range(sign_in.OF_NETWORK - 1):
        sign_in_as(client, "wrong", name=f"name{number}", where=STRANGER)
    assert is_signed_in(sign_in_as(client, PASSWORD, name="mallory", where=STRANGER))
    client.logout()
    assert is_locked(sign_in_as(client, "wrong", name="another", where=STRANGER))


def fail_from_many_networks(client: Client) -> None:
    for number in range(sign_in.OF_ACCOUNT):
        sign_in_as(client, "wrong", where=f"10.0.{number}.1")


def test_guessing_from_many_networks_locks_the_account_for_unknown_networks(client: Client) -> None:
    fail_from_many_networks(client)
    assert is_locked(sign_in_as(client, PASSWORD, where=HOME))
    shift_attempts_back(minutes=16)
    assert is_signed_in(sign_in_as(client, PASSWORD, where=HOME))


def test_a_known_network_is_not_affected_by_guessing_from_others(client: Client) -> None:
    sign_in_as(client, PASSWORD, where="203.0.113.200")
    client.logout()
    shift_attempts_back(days=60)
    fail_from_many_networks(client)
    assert is_signed_in(sign_in_as(client, PASSWORD, where=OFFICE))


def test_a_known_network_expires(client: Client) -> None:
    sign_in_as(client, PASSWORD)
    client.logout()
    shift_attempts_back(days=91)
    fail_from_many_networks(client)
    assert is_locked(sign_in_as(client, PASSWORD))


def test_behind_a_proxy_the_address_added_by_the_proxy_counts(
    client: Client, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(5):
        claimed = f"10.9.{number}.1, {STRANGER}"
        response = sign_in_as(client, "wrong", where="127.0.0.1", HTTP_X_FORWARDED_FOR=claimed)
    assert is_locked(response)
    assert is_signed_in(
        sign_in_as(client, PASSWORD, where="127.0.0.1", HTTP_X_FORWARDED_FOR=OFFICE)
    )


def test_requests_without_an_address_are_not_counted_as_one_network(client: Client) -> None:
    for number in range(sign_in.OF_NETWORK):
        sign_in_as(client, "wrong", name=f"name{number}", where="")
    assert is_signed_in(sign_in_as(client, PASSWORD, where=""))


@pytest.mark.parametrize(
    "command",
    [
        ["axes_reset"],
        ["axes_reset_username", "ruth"],
        ["axes_reset_ip", "203.0.113.0"],
        ["axes_reset_ip_username", "203.0.113.0", "ruth"],
    ],
    ids=lambda command: command[0],
)
def test_a_lock_can_be_removed_by_a_command(client: Client, command: list[str]) -> None:
    fail_to_sign_in(client, 5)
    output = StringIO()
    call_command(*command, stdout=output)
    assert "removed" in output.getvalue()
    assert is_signed_in(sign_in_as(client, PASSWORD))


def test_neither_a_full_address_nor_a_password_is_stored(client: Client) -> None:
    fail_to_sign_in(client, 2)
    sign_in_as(client, PASSWORD)
    stored = [
        str(value)
        for model in (AccessAttempt, AccessLog)
        for row in model.objects.values_list()
        for value in row
    ]
    assert AccessLog.objects.get().ip_address == "203.0.113.0"
    assert not any(secret in value for value in stored for secret in (OFFICE, PASSWORD, "wrong"))


def test_the_tick_deletes_old_attempts(client: Client) -> None:
    fail_to_sign_in(client, 1)
    sign_in_as(client, PASSWORD, where=HOME)
    tick()
    assert (AccessAttempt.objects.count(), AccessLog.objects.count()) == (1, 1)
    shift_attempts_back(days=89)
    tick()
    assert (AccessAttempt.objects.count(), AccessLog.objects.count()) == (0, 1)
    shift_attempts_back(days=2)
    tick()
    assert AccessLog.objects.count() == 0


def test_the_log_of_sign_ins_is_not_in_the_admin() -> None:
    assert not {model for model in admin.site._registry if model._meta.app_label == "axes"}


@pytest.mark.parametrize("name", ["ruth\0", "r" * 151, "r" * 10_000, "", "\ud800", "ruth\n"])
def test_odd_user_names_cause_no_error(client: Client, name: str) -> None:
    name = name.encode(errors="surrogatepass").decode(errors="replace")
    client.raise_request_exception = False
    for _ in range(6):
        assert sign_in_as(client, "wrong", name=name).status_code in (200, 429)
