"""Passkeys: using one wherever a code is asked, and forging one."""

import json
import re

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django_otp.plugins.otp_static.models import StaticToken
from django_otp_webauthn.models import WebAuthnCredential
from pytest_django.fixtures import Settings

from alarmroom.desk.models import Act
from alarmroom.desk.signing_in import factors, passkeys
from newsletter.models import Issue
from tests.alarmroom.desk.authenticator import PRESENT, Authenticator
from tests.alarmroom.desk.test_second_factor import (
    PASSWORD,
    code_of,
    give_factor,
    is_signed_in,
    type_code,
    type_password,
)
from tests.alarmroom.desk.with_passkeys import (
    ASK_FIRST,
    asked,
    at_home,
    browser,
    sign_in,
    with_passkey,
)
from tests.factories import make_issue

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.postgresql,
    pytest.mark.usefixtures("at_home"),
]
__all__ = ["at_home"]


@pytest.fixture
def client() -> Client:
    return browser()


# Signing in


def test_a_passkey_signs_in_after_the_password_and_leads_on(client: Client) -> None:
    user, key = with_passkey(client)
    assert client.post(ASK_FIRST).status_code == 409
    assert type_password(client)["Location"] == "/admin/login/code/"
    page = client.get("/admin/login/code/").content.decode()
    assert "Your passkey" in page and "needs JavaScript" in page and "?with=recovery" in page
    assert 'name="code"' not in page
    assert not is_signed_in(client)
    options = asked(client, ASK_FIRST)
    assert options["userVerification"] == "preferred" and options["rpId"] == "localhost"
    assert len(options["allowCredentials"]) == 1
    answer = key.signed(options)
    done = client.post("/admin/login/code/", {"passkey": answer})
    assert done["Location"] == "/admin/bin/"
    assert is_signed_in(client) and client.session[factors.MARK]
    row = WebAuthnCredential.objects.get()
    assert row.sign_count == 1 and row.last_used_at
    assert Act.objects.filter(kind="signed_in", account=user.pk).exists()


def test_who_has_both_is_asked_for_the_app_first(client: Client) -> None:
    user, key = with_passkey(client)
    give_factor(user)
    type_password(client)
    page = client.get("/admin/login/code/").content.decode()
    assert "The six digits" in page and "Use a passkey instead" in page
    page = client.get("/admin/login/code/?with=passkey").content.decode()
    assert "Use your passkey" in page and "Use the app instead" in page
    assert type_code(client, code_of()).status_code == 302
    client.logout()
    assert sign_in(client, key)["Location"] == "/admin/bin/"


def test_a_recovery_code_stands_in_for_a_passkey(client: Client) -> None:
    user, _ = with_passkey(client)
    codes = factors.renew_recovery_codes(user)
    type_password(client)
    page = client.get("/admin/login/code/?with=recovery").content.decode()
    assert "Recovery code" in page
    # What was typed counts, also where a browser kept an old answer in the form.
    form = {"code": codes[0], "passkey": "old"}
    assert client.post("/admin/login/code/", form)["Location"] == "/admin/bin/"
    other = browser()
    type_password(other)
    assert type_code(other, codes[0]).status_code == 200


def is_refused(client: Client, answer: str) -> bool:
    response = client.post("/admin/login/code/", {"passkey": answer})
    said = response.content.decode()
    return (
        response.status_code == 200
        and ("not accepted" in said or "longer than five" in said)
        and not is_signed_in(client)
    )


def test_an_answer_works_once_and_in_the_session_that_was_asked(client: Client) -> None:
    _, key = with_passkey(client)
    type_password(client)
    answer = key.signed(asked(client, ASK_FIRST))
    other = browser()
    type_password(other)
    assert is_refused(other, answer)
    asked(other, ASK_FIRST)
    assert is_refused(other, answer)
    assert client.post("/admin/login/code/", {"passkey": answer}).status_code == 302
    client.logout()
    type_password(client)
    assert is_refused(client, answer)


@pytest.mark.parametrize("counts", [True, False])
def test_of_two_requests_that_read_the_same_question_one_is_right(
    client: Client, counts: bool
) -> None:
    """Even of a passkey that does not count, as those that a cloud keeps."""
    user, key = with_passkey(client)
    key.counts = counts
    type_password(client)
    answer = key.signed(asked(client, ASK_FIRST))
    session = client.session
    question = session[passkeys.ASKED]
    found = []
    for _ in range(2):
        request = type("Request", (), {"session": {passkeys.ASKED: question}})()
        found.append(passkeys.check(request, user, answer))
    assert found == [passkeys.Found.RIGHT, passkeys.Found.WRONG]


def test_forged_answers_are_refused_and_counted(client: Client) -> None:
    _, key = with_passkey(client)
    type_password(client)
    stranger = Authenticator(id=key.id, count=50)
    elsewhere = Authenticator(key.key, key.id, count=60, origin="https://evil.example")
    other_host = Authenticator(key.key, key.id, count=70, host="evil.example")
    absent = Authenticator(key.key, key.id, count=80, flags=0)
    for forger in (stranger, elsewhere, other_host, absent):
        assert is_refused(client, forger.signed(asked(client, ASK_FIRST)))
    [attempt] = AccessAttempt.objects.all()
    assert attempt.failures_since_start == 4
    asked(client, ASK_FIRST)
    client.post("/admin/login/code/", {"passkey": "x"})
    locked = client.post("/admin/login/code/", {"passkey": key.signed(asked(client, ASK_FIRST))})
    assert locked.status_code == 429 and "Wait 15 minutes" in locked.content.decode()
    assert not is_signed_in(client)


def test_odd_answers_are_refused_without_an_error(client: Client) -> None:
    _, key = with_passkey(client)
    good = json.loads(key.signed({"challenge": "eA"}))
    odd = [
        "{}",
        "null",
        "[" * 20_000,
        "9" * 40_000,
        '"\\ud800"',
        json.dumps({**good, "id": None}),
        json.dumps({**good, "type": []}),
        json.dumps({**good, "rawId": "!!!"}),
        json.dumps({**good, "response": {**good["response"], "userHandle": {}}}),
        json.dumps({**good, "response": {**good["response"], "clientDataJSON": "W10"}}),
        json.dumps({**good, "response": {**good["response"], "authenticatorData": "AA"}}),
        json.dumps({**good, "response": {**good["response"], "signature": ""}}),
    ]
    for answer in odd:
        AccessAttempt.objects.all().delete()
        type_password(client)
        asked(client, ASK_FIRST)
        assert is_refused(client, answer), answer[:60]


def test_a_copied_key_is_found_out_by_its_count(client: Client) -> None:
    _, key = with_passkey(client)
    copy = Authenticator(key.key, key.id)
    sign_in(client, key)
    client.logout()
    sign_in(client, key)
    client.logout()
    type_password(client)
    assert is_refused(client, copy.signed(asked(client, ASK_FIRST)))
    # A count beyond what a database's integer holds is one like any other.
    copy.count = 2**32 - 3
    for _ in range(2):
        client.logout()
        assert sign_in(client, copy).status_code == 302


def test_somebody_elses_passkey_opens_nothing(client: Client) -> None:
    _, key = with_passkey(client)
    _, theirs = with_passkey(browser(), "theirs")
    type_password(client)
    assert is_refused(client, theirs.signed(asked(client, ASK_FIRST)))
    # Nor does a question of the one account with the other's password.
    question = asked(client, ASK_FIRST)
    type_password(client, "theirs")
    assert is_refused(client, key.signed(question))


def test_one_that_was_removed_meanwhile_signs_nobody_in(client: Client) -> None:
    user, key = with_passkey(client)
    give_factor(user)
    type_password(client)
    answer = key.signed(asked(client, ASK_FIRST))
    assert factors.remove_passkey(user, WebAuthnCredential.objects.get().pk, session_key=None)
    assert StaticToken.objects.exists()
    assert is_refused(client, answer)


def test_a_question_is_too_old_after_five_minutes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key = with_passkey(client)
    type_password(client)
    answer = key.signed(asked(client, ASK_FIRST))
    monkeypatch.setattr(passkeys, "LASTS", 0)
    assert is_refused(client, answer)
    # Nothing was guessed, so nothing counts.
    assert not AccessAttempt.objects.exists()


def test_at_another_address_the_page_says_where_they_work(settings: Settings) -> None:
    _, _ = with_passkey(browser())
    client = Client(SERVER_NAME="testserver")
    type_password(client)
    page = client.get("/admin/login/code/").content.decode()
    assert "Passkeys work at" in page and 'href="http://localhost/admin/"' in page
    response = client.post(ASK_FIRST)
    assert response.status_code == 409 and "http://localhost" in response.json()["error"]


def test_a_key_that_asks_for_nothing_is_enough_beside_the_password(client: Client) -> None:
    _, key = with_passkey(client)
    key.flags = PRESENT
    assert sign_in(client, key).status_code == 302


# Over a form, before sending


def test_signing_in_over_a_form_takes_a_passkey(client: Client) -> None:
    user, key = with_passkey(client)
    form = {"username": "ruth", "password": PASSWORD, "_account": user.pk}
    response = client.post("/admin/sign-in-again/", form)
    found = response.json()
    assert (response.status_code, found["state"], found["app"]) == (401, "code", False)
    wrong = {**form, "passkey": Authenticator(id=key.id).signed(found["passkey"])}
    response = client.post("/admin/sign-in-again/", wrong)
    assert (response.status_code, response.json()["state"]) == (400, "refused")
    assert not is_signed_in(client)
    question = client.post("/admin/sign-in-again/", form).json()["passkey"]
    response = client.post("/admin/sign-in-again/", {**form, "passkey": key.signed(question)})
    assert (response.status_code, response.json()["state"]) == (200, "signed-in")
    assert client.session[factors.MARK]
    # Without the password nobody is asked.
    stranger = browser().post("/admin/sign-in-again/", {**form, "password": "wrong"})
    assert "passkey" not in stranger.json()


def test_a_passkey_confirms_sending_an_issue(client: Client) -> None:
    _, key = with_passkey(client, is_superuser=True)
    sign_in(client, key)
    issue = make_issue()
    path = f"/admin/newsletter/issue/{issue.pk}/send/"
    page = client.get(path).content.decode()
    assert "Use your passkey" in page
    typed = {
        "sha256": re.findall('name="sha256" value="([^"]+)"', page)[0],
        "password": PASSWORD,
        "_now": "",
    }
    answer = key.signed(asked(client))
    assert (
        "The password was not right"
        in client.post(path, {**typed, "password": "wrong", "passkey": answer}).content.decode()
    )
    # The question was not used up by the wrong password; the page does not repeat the answer.
    page = client.post(path, {**typed, "passkey": "x" * 33_000}).content.decode()
    assert "x" * 100 not in page
    client.post(path, {**typed, "passkey": answer})
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    second = make_issue()
    client.post(f"/admin/newsletter/issue/{second.pk}/send/", {**typed, "passkey": answer})
    second.refresh_from_db()
    assert second.state == Issue.State.DRAFT
