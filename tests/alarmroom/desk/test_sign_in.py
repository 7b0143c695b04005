"""Guessing an editor's password: how often, and who else is kept out by it."""

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


def sign(
    client: Client, password: str, *, name: str = "ruth", where: str = OFFICE, **more: str
) -> HttpResponse:
    form = {"username": name, "password": password, "next": "/admin/"}
    return client.post("/admin/login/", form, REMOTE_ADDR=where, **more)


def fail(client: Client, times: int, **how: str) -> HttpResponse:
    for _ in range(times):
        response = sign(client, "wrong", **how)
    return response


def is_in(response: HttpResponse) -> bool:
    return response.status_code == 302


def is_locked(response: HttpResponse) -> bool:
    said = response.content.decode()
    return response.status_code == 429 and "Wait 15 minutes, then try again" in said


def later(**how: int) -> None:
    """Let time pass: what is counted happened so much earlier."""
    for model in (AccessAttempt, AccessLog):
        for row in model.objects.all():
            row.attempt_time -= timedelta(**how)
            row.save(update_fields=["attempt_time"])


def test_a_few_slips_do_no_harm(client: Client) -> None:
    response = fail(client, 4)
    assert response.status_code == 200
    assert "too many" not in response.content.decode()
    assert is_in(sign(client, PASSWORD))
    client.logout()
    # And they are forgotten.
    fail(client, 4)
    assert is_in(sign(client, PASSWORD))


def test_the_fifth_wrong_password_locks_and_says_so_on_the_page(client: Client) -> None:
    response = fail(client, 5)
    assert is_locked(response)
    assert 'id="login-form"' in response.content.decode()
    assert 'name="username" value="ruth"' in response.content.decode()
    assert "unsafe" not in response["Content-Security-Policy"]


def test_while_it_is_locked_a_right_password_looks_like_a_wrong_one(client: Client) -> None:
    fail(client, 5)
    right, wrong = sign(client, PASSWORD), sign(client, "wrong")
    assert is_locked(right) and is_locked(wrong)
    assert right.context["form"].errors == wrong.context["form"].errors


def test_an_account_that_is_none_locks_alike(client: Client) -> None:
    assert is_locked(fail(client, 5, name="nobody"))


def test_the_lock_opens_by_itself_and_trying_on_does_not_prolong_it(client: Client) -> None:
    fail(client, 5)
    later(minutes=14)
    assert is_locked(fail(client, 20))
    later(minutes=2)
    assert is_in(sign(client, PASSWORD))


def test_guessing_from_elsewhere_does_not_lock_the_editor_out(client: Client) -> None:
    assert is_locked(fail(client, 5, where=STRANGER))
    assert is_in(sign(client, PASSWORD, where=OFFICE))


def test_another_address_of_the_same_network_is_no_new_start(client: Client) -> None:
    for last in range(5):
        response = sign(client, "wrong", where=f"192.0.2.{last}")
    assert is_locked(response)
    for last in range(5):
        response = sign(client, "wrong", where=f"2001:db8:0:1::{last}")
    assert is_locked(response)


def test_another_browser_is_no_new_start(client: Client) -> None:
    for number in range(5):
        response = sign(client, "wrong", HTTP_USER_AGENT=f"browser {number}")
    assert is_locked(response)


def test_a_network_that_tries_many_accounts_is_locked(client: Client) -> None:
    for number in range(sign_in.OF_NETWORK):
        response = sign(client, "wrong", name=f"name{number}", where=STRANGER)
    assert is_locked(response)
    assert is_locked(sign(client, PASSWORD, where=STRANGER))
    assert is_in(sign(client, PASSWORD, where=OFFICE))


def test_signing_in_oneself_does_not_clear_what_the_network_tried(client: Client) -> None:
    User.objects.create_user("mallory", password=PASSWORD, is_staff=True)
    for number in range(sign_in.OF_NETWORK - 1):
        sign(client, "wrong", name=f"name{number}", where=STRANGER)
    assert is_in(sign(client, PASSWORD, name="mallory", where=STRANGER))
    client.logout()
    assert is_locked(sign(client, "wrong", name="another", where=STRANGER))


def from_everywhere(client: Client) -> None:
    for number in range(sign_in.OF_ACCOUNT):
        sign(client, "wrong", where=f"10.0.{number}.1")


def test_an_account_is_locked_for_networks_that_it_is_not_known_from(client: Client) -> None:
    from_everywhere(client)
    assert is_locked(sign(client, PASSWORD, where=HOME))
    later(minutes=16)
    assert is_in(sign(client, PASSWORD, where=HOME))


def test_an_editor_gets_in_from_a_known_network_whoever_guesses_elsewhere(client: Client) -> None:
    sign(client, PASSWORD, where="203.0.113.200")
    client.logout()
    later(days=60)
    from_everywhere(client)
    assert is_in(sign(client, PASSWORD, where=OFFICE))


def test_a_network_is_not_known_for_ever(client: Client) -> None:
    sign(client, PASSWORD)
    client.logout()
    later(days=91)
    from_everywhere(client)
    assert is_locked(sign(client, PASSWORD))


def test_behind_a_proxy_the_client_counts_and_not_what_it_claims(
    client: Client, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    for number in range(5):
        claimed = f"10.9.{number}.1, {STRANGER}"
        response = sign(client, "wrong", where="127.0.0.1", HTTP_X_FORWARDED_FOR=claimed)
    assert is_locked(response)
    assert is_in(sign(client, PASSWORD, where="127.0.0.1", HTTP_X_FORWARDED_FOR=OFFICE))


def test_an_unknown_network_does_not_lock_everybody(client: Client) -> None:
    for number in range(sign_in.OF_NETWORK):
        sign(client, "wrong", name=f"name{number}", where="")
    assert is_in(sign(client, PASSWORD, where=""))


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
def test_it_is_unlocked_from_the_command_line(client: Client, command: list[str]) -> None:
    fail(client, 5)
    said = StringIO()
    call_command(*command, stdout=said)
    assert "removed" in said.getvalue()
    assert is_in(sign(client, PASSWORD))


def test_neither_a_full_address_nor_a_password_is_stored(client: Client) -> None:
    fail(client, 2)
    sign(client, PASSWORD)
    stored = [
        str(value)
        for model in (AccessAttempt, AccessLog)
        for row in model.objects.values_list()
        for value in row
    ]
    assert AccessLog.objects.get().ip_address == "203.0.113.0"
    assert not any(secret in value for value in stored for secret in (OFFICE, PASSWORD, "wrong"))


def test_the_tick_forgets_what_is_old(client: Client) -> None:
    fail(client, 1)
    sign(client, PASSWORD, where=HOME)
    tick()
    assert (AccessAttempt.objects.count(), AccessLog.objects.count()) == (1, 1)
    later(days=89)
    tick()
    assert (AccessAttempt.objects.count(), AccessLog.objects.count()) == (0, 1)
    later(days=2)
    tick()
    assert AccessLog.objects.count() == 0


def test_the_log_of_sign_ins_is_on_no_page_of_the_desk() -> None:
    assert not {model for model in admin.site._registry if model._meta.app_label == "axes"}


@pytest.mark.parametrize("name", ["ruth\0", "r" * 151, "r" * 10_000, "", "\ud800", "ruth\n"])
def test_an_odd_name_is_answered(client: Client, name: str) -> None:
    name = name.encode(errors="surrogatepass").decode(errors="replace")
    client.raise_request_exception = False
    for _ in range(6):
        assert sign(client, "wrong", name=name).status_code in (200, 429)
