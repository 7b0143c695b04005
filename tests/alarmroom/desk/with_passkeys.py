"""People with passkeys, and what their browsers send: for the tests of passkeys."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from tests.alarmroom.desk.authenticator import ORIGIN, Authenticator
from tests.alarmroom.desk.test_second_factor import PASSWORD, make_person, type_password

ADD, ASK, ASK_FIRST = (
    "/admin/account/passkeys/new/",
    "/admin/account/passkeys/challenge/",
    "/admin/login/passkey/",
)


@pytest.fixture
def at_home(settings: Settings) -> None:
    """The site's own address, which passkeys are made for."""
    settings.SITE_URL = ORIGIN


def browser() -> Client:
    return Client(SERVER_NAME="localhost")


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
