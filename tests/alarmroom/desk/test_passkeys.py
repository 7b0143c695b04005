"""Passkeys: adding one, using it wherever a code is asked, forging it, and removing it."""

import json
import re
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnAttestation, WebAuthnCredential
from pytest_django.fixtures import Settings

from alarmroom.desk.models import Act, Session
from alarmroom.desk.signing_in import confirming, factors, passkeys
from newsletter.models import Issue
from tests.alarmroom.desk.authenticator import ORIGIN, PRESENT, Authenticator
from tests.alarmroom.desk.test_second_factor import (
    KEY,
    PASSWORD,
    code_of,
    give_factor,
    is_signed_in,
    make_person,
    type_code,
    type_password,
)
from tests.factories import make_issue

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

ADD, ASK, ASK_FIRST = (
    "/admin/account/passkeys/new/",
    "/admin/account/passkeys/challenge/",
    "/admin/login/passkey/",
)


@pytest.fixture(autouse=True)
def at_home(settings: Settings) -> None:
    """The site's own address, which passkeys are made for."""
    settings.SITE_URL = ORIGIN


def browser() -> Client:
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def client() -> Client:
    return browser()


def asked(client: Client, path: str = ASK, **form: str) -> dict[str, Any]:
    response = client.post(path, form)
    assert response.status_code == 200, response.content
    options: dict[str, Any] = response.json()["options"]
    return options


def add(client: Client, *, name: str = "Office key", key: Authenticator | None = None, **more: Any):
    """Add a passkey on the page of one's account, as its script does."""
    key = key or Authenticator()
    client.post(ADD, {"password": PASSWORD, **more})
    answer = key.made(asked(client, new="yes"))
    response = client.post(ADD, {"name": name, "new_passkey": answer})
    assert response.status_code == 302, response.content
    return key


def with_passkey(client: Client, name: str = "ruth", **fields: Any) -> tuple[User, Authenticator]:
    """A person who added a passkey and is signed out again."""
    user = make_person(name, **fields)
    type_password(client, name)
    key = add(client)
    client.post("/admin/account/recovery-codes/")
    client.logout()
    return user, key


def sign_in(client: Client, key: Authenticator, name: str = "ruth") -> HttpResponse:
    type_password(client, name)
    return client.post("/admin/login/code/", {"passkey": key.signed(asked(client, ASK_FIRST))})


# Adding one


def test_the_first_passkey_asks_for_the_password_and_gives_recovery_codes(client: Client) -> None:
    user = make_person()
    type_password(client)
    other = browser()
    type_password(other)
    # Without the password the browser is not asked, so no key stays behind in it.
    assert client.post(ASK, {"new": "yes"}).status_code == 409
    wrong = client.post(ADD, {"password": "wrong"})
    assert "The password was not right" in wrong.content.decode()
    assert client.post(ASK, {"new": "yes"}).status_code == 409
    add(client, name="  Office\n\tkey ")
    page = client.get("/admin/account/recovery-codes/").content.decode()
    assert len(re.findall("<code>[a-z0-9]{5}-[a-z0-9]{5}</code>", page)) == factors.RECOVERY_CODES
    row = WebAuthnCredential.objects.get()
    assert (row.user, row.name, row.transports) == (user, "Office key", ["internal"])
    # Nothing says of which make it is.
    assert not WebAuthnAttestation.objects.exists()
    assert client.session[factors.MARK] and is_signed_in(client) and not is_signed_in(other)
    line = Act.objects.get(kind="factor_set", account=user.pk)
    assert line.detail == "Passkey “Office key”"
    page = client.get("/admin/account/").content.decode()
    assert "Office key" in page and "not used yet" in page


def test_a_second_passkey_keeps_the_codes_and_asks_for_the_first(client: Client) -> None:
    user, key = with_passkey(client)
    codes = set(StaticToken.objects.values_list("token", flat=True))
    sign_in(client, key)
    other = browser()
    sign_in(other, key)
    missing = client.post(ADD, {"password": PASSWORD})
    assert "Use your passkey, or type a recovery code." in missing.content.decode()
    assert client.post(ASK, {"new": "yes"}).status_code == 409
    add(client, name="Phone", passkey=key.signed(asked(client)))
    assert len(passkeys.passkeys_of(user)) == 2
    assert set(StaticToken.objects.values_list("token", flat=True)) == codes
    assert is_signed_in(client) and not is_signed_in(other)


def test_an_app_beside_a_passkey_replaces_nothing(client: Client) -> None:
    user, key = with_passkey(client)
    codes = set(StaticToken.objects.values_list("token", flat=True))
    sign_in(client, key)
    client.get("/admin/account/app/")
    new = client.session["second_factor_key"]
    form = {"new_code": code_of(new), "password": PASSWORD, "passkey": key.signed(asked(client))}
    assert client.post("/admin/account/app/", form)["Location"] == "/admin/account/"
    assert factors.app_of(user) and passkeys.has_one(user)
    assert set(StaticToken.objects.values_list("token", flat=True)) == codes
    # Replacing the app makes new codes, and the passkey stays.
    assert factors.set_up(user, KEY, code_of(), session_key=None)
    assert passkeys.has_one(user)
    assert not codes & set(StaticToken.objects.values_list("token", flat=True))


def test_a_key_that_was_forged_or_belongs_to_somebody_is_not_added(client: Client) -> None:
    _, theirs = with_passkey(browser(), "theirs")
    user = make_person()
    type_password(client)
    client.post(ADD, {"password": PASSWORD})
    elsewhere = Authenticator(origin="https://evil.example")
    other_host = Authenticator(host="evil.example")
    taken = Authenticator(id=theirs.id)
    absent = Authenticator(flags=0)
    huge = Authenticator(id=b"x" * 1024)
    for key in (elsewhere, other_host, taken, absent, huge):
        answer = key.made(asked(client, new="yes"))
        said = client.post(ADD, {"name": "x", "new_passkey": answer}).content.decode()
        assert "No passkey was added" in said
    old = Authenticator().made(asked(client, new="yes"))
    asked(client, new="yes")
    for answer in (old, "{}", "[]", "x", "[" * 20_000, '{"id": 1}', "1" * 40_000, '"\\ud800"'):
        said = client.post(ADD, {"name": "x", "new_passkey": answer}).content.decode()
        assert "No passkey was added" in said
    assert not factors.has_one(user)


def test_an_account_has_so_many_passkeys_and_no_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, key = with_passkey(client)
    sign_in(client, key)
    monkeypatch.setattr(passkeys, "MOST", 1)
    assert "as many passkeys as an account may have" in client.get(ADD).content.decode()
    another = Authenticator()
    row = WebAuthnCredential(user=user, credential_id=another.id, public_key=b"x", aaguid="")
    assert factors.add_passkey(user, row, "One more", session_key=None) is None
    assert len(passkeys.passkeys_of(user)) == 1


@pytest.mark.parametrize(
    ("address", "possible"),
    [
        ("https://www.example.org", True),
        ("http://localhost:8000", True),
        ("http://www.example.org", False),
        ("https://192.0.2.1", False),
        ("https://[2001:db8::1]:8443", False),
    ],
)
def test_where_browsers_make_none_none_is_offered(
    client: Client, settings: Settings, address: str, possible: bool
) -> None:
    settings.SITE_URL = address
    assert passkeys.are_possible() == possible
    make_person()
    type_password(client)
    assert ("Add a passkey…" in client.get("/admin/account/").content.decode()) == possible
    assert client.get(ADD).status_code == (200 if possible else 404)


def test_the_sites_address_is_compared_as_browsers_write_it(settings: Settings) -> None:
    for address in ("https://WWW.example.org", "https://www.example.org:443"):
        settings.SITE_URL = address
        assert passkeys.origin() == "https://www.example.org"
        assert passkeys.host() == "www.example.org"


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
    assert type_code(client, codes[0])["Location"] == "/admin/bin/"
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


# Who needs one


@pytest.fixture
def required(settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.mark.usefixtures("required")
def test_who_needs_one_may_begin_with_a_passkey(client: Client) -> None:
    user = make_person(is_superuser=True)
    assert type_password(client)["Location"] == "/admin/login/set-up/"
    assert "Use a passkey instead" in client.get("/admin/login/set-up/").content.decode()
    page = client.get("/admin/login/set-up/?with=passkey").content.decode()
    assert "Add it and sign in" in page and "needs JavaScript" in page
    key = Authenticator()
    client.post("/admin/login/set-up/?with=passkey", {"passkey": key.made({"challenge": "eA"})})
    assert not factors.has_one(user) and not is_signed_in(client)
    answer = key.made(asked(client, ASK_FIRST, new="yes"))
    done = client.post("/admin/login/set-up/?with=passkey", {"passkey": answer, "name": "Phone"})
    assert done["Location"] == "/admin/account/recovery-codes/"
    assert is_signed_in(client)
    client.post(done["Location"])
    client.logout()
    assert sign_in(client, key)["Location"] == "/admin/bin/"
    assert is_signed_in(client)


@pytest.mark.usefixtures("required")
def test_of_two_who_know_the_password_the_first_sets_it_up(client: Client) -> None:
    """Nobody replaces what the owner set up meanwhile, and nobody adds to it."""
    user = make_person(is_superuser=True)
    type_password(client)
    late = Authenticator()
    answer = late.made(asked(client, ASK_FIRST, new="yes"))
    owner = browser()
    type_password(owner)
    owner_key = Authenticator()
    made = owner_key.made(asked(owner, ASK_FIRST, new="yes"))
    owner.post("/admin/login/set-up/", {"passkey": made})
    assert client.post("/admin/login/set-up/", {"passkey": answer})["Location"] == "/admin/login/"
    assert client.post(ASK_FIRST, {"new": "yes"}).status_code == 409
    # As if both had looked before either wrote.
    assert factors.set_up(user, KEY, code_of(), session_key=None, is_first=True) is None
    row = WebAuthnCredential(user=user, credential_id=late.id, public_key=b"x", aaguid="")
    assert factors.add_passkey(user, row, "Late", session_key=None, is_first=True) is None
    assert len(passkeys.passkeys_of(user)) == 1 and not factors.app_of(user)


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


# Removing and losing it


def remove(client: Client, **form: str) -> HttpResponse:
    pk = WebAuthnCredential.objects.order_by("pk").first().pk
    return client.post(f"/admin/account/passkeys/{pk}/remove/", {"password": PASSWORD, **form})


def test_removing_the_last_one_ends_codes_sessions_and_the_mark(client: Client) -> None:
    user, key = with_passkey(client)
    sign_in(client, key)
    other = browser()
    sign_in(other, key)
    assert remove(client).status_code == 200
    assert passkeys.has_one(user)
    assert remove(client, passkey=key.signed(asked(client))).status_code == 302
    assert not factors.has_one(user) and not StaticToken.objects.exists()
    assert is_signed_in(client) and not is_signed_in(other)
    assert factors.MARK not in client.session
    assert Act.objects.get(kind="factor_removed").detail == "Passkey “Office key”"
    # Whoever kept the key gets nowhere with it.
    stranger = browser()
    assert type_password(stranger)["Location"] == "/admin/bin/"
    assert stranger.post(ASK).status_code == 409


def test_one_that_was_removed_meanwhile_signs_nobody_in(client: Client) -> None:
    user, key = with_passkey(client)
    give_factor(user)
    type_password(client)
    answer = key.signed(asked(client, ASK_FIRST))
    assert factors.remove_passkey(user, WebAuthnCredential.objects.get().pk, session_key=None)
    assert StaticToken.objects.exists()
    assert is_refused(client, answer)


def test_nobody_removes_somebody_elses(client: Client) -> None:
    theirs, _ = with_passkey(browser(), "theirs")
    _, key = with_passkey(client)
    sign_in(client, key)
    pk = WebAuthnCredential.objects.get(user=theirs).pk
    path = f"/admin/account/passkeys/{pk}/remove/"
    client.post(path, {"password": PASSWORD, "passkey": key.signed(asked(client))})
    assert client.get(path)["Location"] == "/admin/account/"
    assert passkeys.has_one(theirs)


@pytest.mark.usefixtures("required")
def test_who_needs_one_keeps_the_last(client: Client) -> None:
    user = make_person(is_superuser=True)
    type_password(client)
    key = Authenticator()
    made = key.made(asked(client, ASK_FIRST, new="yes"))
    client.post("/admin/login/set-up/", {"passkey": made})
    remove(client, passkey=key.signed(asked(client)))
    assert passkeys.has_one(user)
    give_factor(user)
    # The app was set up elsewhere, so this session has ended.
    client.logout()
    assert sign_in(client, key).status_code == 302
    assert remove(client, passkey=key.signed(asked(client)))["Location"] == "/admin/account/"
    assert factors.app_of(user) and not passkeys.has_one(user)
    # Of two at once, the second one sees that it would be the last.
    assert not factors.remove_app(user, session_key=None)
    assert factors.app_of(user) and is_signed_in(client)


def test_an_administrator_or_the_command_line_removes_them_all(client: Client) -> None:
    lost, key = with_passkey(browser(), "lost")
    give_factor(lost)
    theirs = browser()
    assert sign_in(theirs, key, "lost").status_code == 302
    make_person("admin", is_superuser=True)
    type_password(client, "admin")
    page = client.get(f"/admin/auth/user/{lost.pk}/change/").content.decode()
    assert "Reset the second factor" in page
    client.post(f"/admin/account/{lost.pk}/reset/", {"password": PASSWORD})
    assert not WebAuthnCredential.objects.exists() and not TOTPDevice.objects.exists()
    assert not StaticToken.objects.exists() and not is_signed_in(theirs)
    assert Act.objects.get(kind="factor_removed").detail == "Of lost"
    again, _ = with_passkey(browser(), "again")
    call_command("reset_second_factor", "again", stdout=StringIO())
    assert not factors.has_one(again)
    assert not Session.objects.filter(account=again.pk).exists()


def test_their_rows_are_not_on_the_desk_and_go_with_the_account(client: Client) -> None:
    lost, _ = with_passkey(browser(), "lost")
    make_person("admin", is_superuser=True)
    type_password(client, "admin")
    for model in ("webauthncredential", "webauthnattestation", "webauthnuserhandle"):
        assert client.get(f"/admin/django_otp_webauthn/{model}/").status_code == 404
    page = client.get(f"/admin/auth/user/{lost.pk}/delete/")
    handle = lost.webauthn_user_handle.handle_hex
    assert page.status_code == 200 and handle not in page.content.decode()
    client.post(f"/admin/auth/user/{lost.pk}/delete/", {"post": "yes"})
    assert not WebAuthnCredential.objects.exists()


def test_a_confirmation_is_only_for_its_own_page(client: Client) -> None:
    """The password for another page lets nobody make a passkey."""
    make_person()
    type_password(client)
    client.post("/admin/account/app/", {"password": PASSWORD, "new_code": "000000"})
    assert client.session[confirming.CONFIRMED]
    assert client.post(ASK, {"new": "yes"}).status_code == 409


def test_a_key_that_asks_for_nothing_is_enough_beside_the_password(client: Client) -> None:
    _, key = with_passkey(client)
    key.flags = PRESENT
    assert sign_in(client, key).status_code == 302
