"""The second factor: setting it up, signing in with it, losing it, and who needs one."""

import re
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django.fixtures import Settings

from alarmroom.desk.models import Act, Session
from alarmroom.desk.signing_in import factors, steps
from tests.factories import make_editor, make_post

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

PASSWORD = "answer the call 911"
KEY = "00112233445566778899aabbccddeeff00112233"


def make_person(name: str = "ruth", **fields: Any) -> User:
    return User.objects.create_user(name, password=PASSWORD, is_staff=True, **fields)


def code_of(key: str = KEY, *, ahead: int = 0) -> str:
    totp = TOTP(bytes.fromhex(key))
    totp.time = timezone.now().timestamp() + ahead * 30
    return f"{totp.token():06d}"


def give_factor(user: User) -> list[str]:
    """Set up an app a minute ago, so that the code of this moment is a new one."""
    codes = factors.set_up(user, KEY, code_of(), session_key=None)
    assert codes is not None
    TOTPDevice.objects.update(last_t=-1)
    return codes


def type_password(client: Client, name: str = "ruth", **more: str) -> HttpResponse:
    return client.post(
        "/admin/login/", {"username": name, "password": PASSWORD, "next": "/admin/bin/", **more}
    )


def type_code(client: Client, code: str) -> HttpResponse:
    return client.post("/admin/login/code/", {"code": code})


def is_signed_in(client: Client) -> bool:
    return client.get("/admin/account/").status_code == 200


# Signing in


def test_without_a_second_factor_the_password_is_enough(client: Client) -> None:
    make_person()
    assert type_password(client)["Location"] == "/admin/bin/"
    assert is_signed_in(client)


@pytest.mark.parametrize("typed", ["{0}", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", " {0}\n"])
def test_the_code_is_asked_after_the_password_and_leads_on(client: Client, typed: str) -> None:
    give_factor(make_person())
    assert type_password(client)["Location"] == "/admin/login/code/"
    assert not is_signed_in(client)
    page = client.get("/admin/login/code/").content.decode()
    assert 'autocomplete="one-time-code"' in page and "ruth" in page
    assert type_code(client, typed.format(code_of()))["Location"] == "/admin/bin/"
    assert is_signed_in(client)


def test_a_code_works_once(client: Client) -> None:
    give_factor(make_person())
    code = code_of()
    type_password(client)
    type_code(client, code)
    other = Client()
    type_password(other)
    response = type_code(other, code)
    assert "That code was not right" in response.content.decode()
    assert not is_signed_in(other)


def test_the_code_that_set_it_up_signs_nobody_in(client: Client) -> None:
    user = make_person()
    code = code_of()
    factors.set_up(user, KEY, code, session_key=None)
    type_password(client)
    type_code(client, code)
    assert not is_signed_in(client)


def test_a_recovery_code_works_once_however_it_is_typed(client: Client) -> None:
    codes = give_factor(make_person())
    for number, typed in enumerate((codes[0].upper(), codes[1].replace("-", " "))):
        other = Client()
        type_password(other)
        assert type_code(other, typed).status_code == 302
        assert is_signed_in(other)
        assert StaticToken.objects.count() == factors.RECOVERY_CODES - number - 1
    type_password(client)
    response = type_code(client, codes[0])
    assert "Each one works once" in response.content.decode()
    assert not is_signed_in(client)


@pytest.mark.parametrize("code", ["", "000000", "x" * 10_000, "٤٤٤٤٤٤", "\0", "-1", "1e5", "12345"])
def test_a_wrong_code_is_refused_in_a_sentence(client: Client, code: str) -> None:
    give_factor(make_person())
    type_password(client)
    response = type_code(client, code)
    assert "not right" in response.content.decode()
    assert not is_signed_in(client)


def test_without_the_password_there_is_no_second_step(client: Client) -> None:
    give_factor(make_person())
    assert client.get("/admin/login/code/")["Location"] == "/admin/login/"
    assert type_code(client, code_of())["Location"] == "/admin/login/"
    assert client.get("/admin/login/set-up/")["Location"] == "/admin/login/"


def test_the_second_step_ends_with_time_password_or_account(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_person()
    give_factor(user)
    type_password(client)
    monkeypatch.setattr(steps, "PENDING_LASTS", 0)
    assert type_code(client, code_of())["Location"] == "/admin/login/"
    monkeypatch.undo()
    user.set_password("another one 912")
    user.save()
    assert type_code(client, code_of())["Location"] == "/admin/login/"


def test_a_page_of_another_site_is_never_where_it_leads(client: Client) -> None:
    give_factor(make_person())
    type_password(client, next="https://evil.example/")
    assert type_code(client, code_of())["Location"] == "/admin/"


# Guessing


def test_guesses_at_the_code_count_together_with_those_at_the_password(client: Client) -> None:
    give_factor(make_person())
    for _ in range(2):
        client.post("/admin/login/", {"username": "ruth", "password": "wrong"})
    type_password(client)
    for _ in range(3):
        TOTPDevice.objects.update(throttling_failure_timestamp=None)
        response = type_code(client, "000000")
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    response = type_code(client, code_of())
    assert response.status_code == 429
    assert "Wait 15 minutes" in response.content.decode()
    assert not is_signed_in(client)


def test_each_wrong_code_makes_the_next_wait_longer_but_never_for_ever(client: Client) -> None:
    user = make_person()
    give_factor(user)
    waits = []
    for _ in range(14):
        TOTPDevice.objects.update(throttling_failure_timestamp=timezone.now())
        answer = factors.check(user, "000000")
        waits.append(answer.wait_seconds)
        TOTPDevice.objects.update(throttling_failure_timestamp=None)
        factors.check(user, "000000")
    assert waits[:5] == [0, 2, 4, 8, 16]
    assert max(waits) == waits[-1] == 1024


def test_what_was_typed_is_not_stored_with_a_failure(client: Client) -> None:
    codes = give_factor(make_person())
    type_password(client)
    type_code(client, codes[0][:-1])
    [attempt] = AccessAttempt.objects.values()
    assert codes[0][:-1] not in str(attempt)
    assert attempt["post_data"] == attempt["get_data"] == ""


# Who needs one


@pytest.fixture
def required(settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.mark.usefixtures("required")
def test_who_needs_one_sets_it_up_before_anything_else(client: Client) -> None:
    make_person(is_superuser=True)
    assert type_password(client)["Location"] == "/admin/login/set-up/"
    for path in ("/admin/", "/admin/account/", "/admin/posts/post/", "/preview/new/"):
        assert client.get(path).status_code in (302, 403, 404, 405), path
    page = client.get("/admin/login/set-up/").content.decode()
    assert "data:image/svg+xml" in page
    [typed] = re.findall("<code>([a-z2-7 ]+)</code>", page)
    key = client.session["second_factor_key"]
    assert factors.key_for_typing(key) == typed
    refused = client.post("/admin/login/set-up/", {"code": "000000"})
    assert "That code was not right" in refused.content.decode()
    assert client.session["second_factor_key"] == key
    done = client.post("/admin/login/set-up/", {"code": code_of(key)})
    assert done["Location"] == "/admin/account/recovery-codes/"
    page = client.get(done["Location"]).content.decode()
    codes = re.findall("<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", page)
    assert len(codes) == factors.RECOVERY_CODES
    saved = client.get("/admin/account/recovery-codes/file/")
    assert "attachment" in saved["Content-Disposition"]
    assert all(code in saved.content.decode() for code in codes)
    assert client.post(done["Location"])["Location"] == "/admin/bin/"
    # Shown once.
    assert client.get(done["Location"])["Location"] == "/admin/account/"
    assert client.get("/admin/account/recovery-codes/file/").status_code == 404


@pytest.mark.usefixtures("required")
def test_a_writer_needs_none(client: Client) -> None:
    make_person()
    type_password(client)
    assert is_signed_in(client)


@pytest.mark.usefixtures("required")
def test_a_session_without_the_second_step_is_nobodys(client: Client) -> None:
    """As of somebody who became a Publisher while signed in."""
    draft = make_post(published_at=None)
    user = make_person()
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    change = f"/admin/posts/post/{draft.pk}/"
    assert client.get(f"/preview/{draft.pk}/").status_code in (302, 403, 404)
    assert client.post(f"{change}working-copy/").status_code in (302, 401, 403)
    assert client.post("/desk/upload/").status_code in (302, 401, 403)
    again = client.post("/admin/sign-in-again/", {"_account": user.pk})
    assert (again.status_code, again.json()["state"]) == (401, "signed-out")


@pytest.mark.usefixtures("required")
def test_signing_in_over_a_form_leads_who_has_none_to_another_tab(client: Client) -> None:
    user = make_person(is_superuser=True)
    form = {"username": "ruth", "password": PASSWORD, "_account": user.pk}
    response = client.post("/admin/sign-in-again/", form)
    assert response.status_code == 403
    assert "another tab" in response.json()["error"]
    assert not Session.objects.filter(account=user.pk).exists()


def test_signing_in_over_a_form_asks_for_the_code(client: Client) -> None:
    user = make_person()
    give_factor(user)
    form = {"username": "ruth", "password": PASSWORD, "_account": user.pk}
    response = client.post("/admin/sign-in-again/", form)
    assert (response.status_code, response.json()) == (
        401,
        {"state": "code", "app": True, "passkey": None},
    )
    response = client.post("/admin/sign-in-again/", {**form, "code": "000000"})
    assert (response.status_code, response.json()["state"]) == (400, "refused")
    assert not is_signed_in(client)
    TOTPDevice.objects.update(throttling_failure_timestamp=None)
    response = client.post("/admin/sign-in-again/", {**form, "code": code_of()})
    assert (response.status_code, response.json()["state"]) == (200, "signed-in")
    assert client.session[factors.MARK]


# One's own account


def open_account(client: Client) -> User:
    user = make_person()
    type_password(client)
    return user


def test_setting_up_asks_for_the_password_and_ends_the_other_sessions(client: Client) -> None:
    user = open_account(client)
    other = Client()
    type_password(other)
    client.get("/admin/account/app/")
    key = client.session["second_factor_key"]
    response = client.post("/admin/account/app/", {"new_code": code_of(key), "password": "wrong"})
    assert "The password was not right" in response.content.decode()
    assert not factors.has_one(user)
    response = client.post("/admin/account/app/", {"new_code": "000000", "password": PASSWORD})
    assert "That code was not right" in response.content.decode()
    # The password was right a moment ago, and is not asked again.
    response = client.post("/admin/account/app/", {"new_code": code_of(key)})
    assert response["Location"] == "/admin/account/recovery-codes/"
    assert factors.has_one(user) and client.session[factors.MARK]
    assert is_signed_in(client) and not is_signed_in(other)
    assert Act.objects.filter(kind="factor_set", account=user.pk).count() == 1


def test_removing_asks_for_password_and_code(client: Client) -> None:
    user = open_account(client)
    codes = give_factor(user)
    type_password(client)
    type_code(client, code_of())
    for form in ({"password": PASSWORD, "code": "000000"}, {"password": PASSWORD}, {"go": "1"}):
        client.post("/admin/account/app/remove/", form)
        assert factors.has_one(user)
    client.post("/admin/account/app/remove/", {"password": PASSWORD, "code": codes[3]})
    assert not factors.has_one(user)
    assert is_signed_in(client)
    assert Act.objects.filter(kind="factor_removed", account=user.pk).exists()


@pytest.mark.usefixtures("required")
def test_who_needs_one_can_replace_it_and_not_remove_it(client: Client) -> None:
    user = make_person(is_superuser=True)
    codes = give_factor(user)
    type_password(client)
    type_code(client, codes[0])
    client.post("/admin/account/app/remove/", {"password": PASSWORD, "code": codes[1]})
    assert factors.has_one(user)
    client.get("/admin/account/app/")
    key = client.session["second_factor_key"]
    form = {"new_code": code_of(key), "password": PASSWORD, "code": codes[2]}
    client.post("/admin/account/app/", form)
    assert TOTPDevice.objects.get(user=user).key == key
    assert is_signed_in(client)


def test_new_recovery_codes_end_the_old_ones(client: Client) -> None:
    user = make_person()
    old = give_factor(user)
    type_password(client)
    type_code(client, code_of())
    client.post("/admin/account/recovery-codes/new/", {"password": PASSWORD, "code": old[0]})
    page = client.get("/admin/account/recovery-codes/").content.decode()
    assert len(re.findall("<code>[a-z0-9]{5}-[a-z0-9]{5}</code>", page)) == factors.RECOVERY_CODES
    assert not factors.check(user, old[1]).is_right


def test_the_pages_carry_no_loosened_policy_and_are_not_stored(client: Client) -> None:
    open_account(client)
    for path in ("/admin/account/", "/admin/account/app/", "/admin/login/"):
        response = client.get(path)
        assert "unsafe" not in response.get("Content-Security-Policy", "")
        assert "no-store" in response["Cache-Control"] or response.status_code == 302


# Losing it


def test_an_administrator_resets_the_factor_of_somebody_else(client: Client) -> None:
    lost = make_person("lost")
    give_factor(lost)
    theirs = Client()
    type_password(theirs, "lost")
    type_code(theirs, code_of())
    admin = make_person("admin", is_superuser=True)
    client.force_login(admin)
    path = f"/admin/account/{lost.pk}/reset/"
    assert client.post(path, {"password": "wrong"}).status_code == 200
    assert factors.has_one(lost)
    client.post(path, {"password": PASSWORD})
    assert not factors.has_one(lost) and not is_signed_in(theirs)
    line = Act.objects.get(kind="factor_removed")
    assert (line.name, line.detail) == ("admin", "Of lost")


def test_only_a_superuser_resets_a_superuser_and_nobody_himself(client: Client) -> None:
    boss = make_person("boss", is_superuser=True)
    give_factor(boss)
    clerk = make_editor("auth.change_user", username="clerk")
    clerk.set_password(PASSWORD)
    clerk.save()
    client.force_login(clerk)
    path = f"/admin/account/{boss.pk}/reset/"
    assert client.post(path, {"password": PASSWORD}).status_code == 403
    client.force_login(boss)
    client.post(path, {"password": PASSWORD})
    assert factors.has_one(boss)


def test_the_command_resets_the_last_administrator() -> None:
    boss = make_person("boss", is_superuser=True)
    give_factor(boss)
    call_command("reset_second_factor", "boss", stdout=StringIO())
    assert not factors.has_one(boss)
    for name in ("boss", "nobody"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", name)


def test_secrets_of_devices_are_not_on_the_desk(client: Client) -> None:
    client.force_login(make_person(is_superuser=True))
    for path in ("otp_totp/totpdevice/", "otp_static/staticdevice/"):
        assert client.get(f"/admin/{path}").status_code == 404
