"""Passkeys: adding one, needing one, removing and losing it."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnAttestation, WebAuthnCredential
from pytest_django.fixtures import Settings

from alarmroom.desk.models import Act, Session
from alarmroom.desk.signing_in import confirming, factors, passkeys
from tests.alarmroom.desk.authenticator import Authenticator
from tests.alarmroom.desk.test_second_factor import (
    KEY,
    PASSWORD,
    code_of,
    give_factor,
    is_signed_in,
    make_person,
    type_password,
)
from tests.alarmroom.desk.with_passkeys import (
    ADD,
    ASK,
    ASK_FIRST,
    add,
    asked,
    at_home,
    browser,
    sign_in,
    with_passkey,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.postgresql,
    pytest.mark.usefixtures("at_home"),
]
__all__ = ["at_home"]


@pytest.fixture
def client() -> Client:
    return browser()


@pytest.fixture
def required(settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


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
    assert not row.aaguid and not WebAuthnAttestation.objects.exists()
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


# Who needs one


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
