"""Signing in over an open form: the right account only, under the limits of the sign-in page."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from alarmroom.desk.models import Session

pytestmark = pytest.mark.django_db

PASSWORD = "answer the call 911"
OFFICE = "203.0.113.7"
HERE = {"HTTP_ORIGIN": "http://testserver", "REMOTE_ADDR": OFFICE}


@pytest.fixture(autouse=True)
def editor() -> User:
    return User.objects.create_user("ruth", password=PASSWORD, is_staff=True)


@pytest.fixture
def browser() -> Client:
    """A browser with the token of a form that is older than its session."""
    return Client(enforce_csrf_checks=True)


def ask(browser: Client, password: str | None = PASSWORD, **more: Any) -> HttpResponse:
    name = more.pop("name", "ruth")
    account = more.pop("account", None) or User.objects.get(username="ruth").pk
    form: dict[str, Any] = {"_account": account}
    if password is not None:
        form |= {"username": name, "password": password}
    return browser.post("/admin/sign-in-again/", form, **{**HERE, **more})


def is_signed_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def test_the_right_password_signs_in_and_gives_a_token_that_works(browser: Client) -> None:
    response = ask(browser)
    assert (response.status_code, response.json()["state"]) == (200, "signed-in")
    assert "no-store" in response["Cache-Control"]
    # The token is that of the new cookie: a form with it is accepted, one with another is not.
    for token, status in (("a" * 64, 403), (response.json()["token"], 200)):
        sent = browser.post("/admin/password_change/", {"csrfmiddlewaretoken": token}, **HERE)
        assert sent.status_code == status


def test_a_wrong_password_is_refused_in_a_sentence(browser: Client) -> None:
    response = ask(browser, "wrong")
    assert response.status_code == 400
    assert response.json()["state"] == "refused"
    assert "The password is wrong" in response.json()["error"]
    assert not is_signed_in(browser)


def test_guesses_count_together_with_those_of_the_sign_in_page(browser: Client) -> None:
    page = Client()
    for _ in range(2):
        form = {"username": "ruth", "password": "wrong", "next": "/admin/"}
        page.post("/admin/login/", form, REMOTE_ADDR=OFFICE)
    for _ in range(2):
        assert ask(browser, "wrong").status_code == 400
    assert ask(browser, "wrong").status_code == 429
    locked = ask(browser)
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.json()["error"]
    assert not is_signed_in(browser)


def test_another_account_is_refused_and_not_signed_in(browser: Client) -> None:
    User.objects.create_user("dele", password=PASSWORD, is_staff=True)
    assert ask(browser, name="dele").status_code == 409
    assert not is_signed_in(browser)
    assert not Session.objects.exists()


@pytest.mark.parametrize("account", ["0", "x", "", "9" * 5000, "1 OR 1=1"])
def test_an_odd_account_is_no_account(browser: Client, account: str) -> None:
    response = browser.post(
        "/admin/sign-in-again/",
        {"username": "ruth", "password": PASSWORD, "_account": account},
        **HERE,
    )
    assert response.status_code == 409
    assert not is_signed_in(browser)


@pytest.mark.parametrize("changes", [{"is_staff": False}, {"is_active": False}])
def test_an_account_that_may_not_use_the_desk_is_refused(
    browser: Client, changes: dict[str, bool]
) -> None:
    User.objects.filter(username="ruth").update(**changes)
    assert ask(browser).status_code == 400
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_SEC_FETCH_SITE": "same-site"},
    ],
)
def test_another_site_signs_nobody_in(browser: Client, headers: dict[str, str]) -> None:
    assert ask(browser, **headers).status_code == 403
    assert ask(browser, None, **headers).status_code == 403
    assert not is_signed_in(browser)


def test_whoever_is_signed_in_gets_a_new_token_without_the_password(browser: Client) -> None:
    assert ask(browser, None).status_code == 401
    ask(browser)
    response = ask(browser, None)
    assert response.status_code == 200
    form = {"csrfmiddlewaretoken": response.json()["token"]}
    assert browser.post("/admin/password_change/", form, **HERE).status_code == 200
    # The form of another account gets none.
    other = User.objects.create_user("dele", password=PASSWORD, is_staff=True)
    refused = ask(browser, None, account=other.pk)
    assert (refused.status_code, refused.json()) == (401, {"state": "signed-out"})


def test_only_a_post_is_answered(client: Client) -> None:
    for method in (client.get, client.head, client.put, client.delete):
        assert method("/admin/sign-in-again/").status_code == 405
