"""Sessions end when they are idle, and their owner sees and ends them."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from alarmroom.desk.models import Act, Session
from alarmroom.desk.signing_in import sessions
from newsletter.management.commands.tick import tick
from tests.factories import make_post

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

PASSWORD = "answer the call 911"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(autouse=True)
def ruth() -> User:
    return User.objects.create_user("ruth", password=PASSWORD, is_staff=True, is_superuser=True)


def sign_in(agent: str = "", name: str = "ruth") -> Client:
    browser = Client(HTTP_USER_AGENT=agent)
    browser.post("/admin/login/", {"username": name, "password": PASSWORD})
    assert is_signed_in(browser)
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/admin/account/").status_code == 200


def go_on(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    """Move the clock on."""
    for session in Session.objects.all():
        session.expire_date -= timedelta(hours=hours)
        session.save()
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + hours * 3600)


def test_a_session_ends_after_twelve_idle_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = sign_in()
    go_on(monkeypatch, 11.8)
    assert is_signed_in(browser)
    # It was used, so it goes on from then.
    assert Session.objects.get().expire_date - timezone.now() > timedelta(hours=11.9)
    Session.objects.update(expire_date="2020-01-01T00:00:00Z")
    assert not is_signed_in(browser)
    tick()
    assert not Session.objects.exists()


def test_signing_out_ends_the_session() -> None:
    browser = sign_in()
    assert browser.get("/admin/logout/").status_code == 405
    assert browser.post("/admin/logout/").status_code == 200
    assert not is_signed_in(browser)
    assert not Session.objects.filter(account__isnull=False).exists()


def test_a_session_is_not_written_on_each_request(django_assert_num_queries) -> None:
    browser = sign_in()
    with django_assert_num_queries(6) as queries:
        browser.get("/admin/account/")
    assert not [each for each in queries if each["sql"].startswith(("UPDATE", "INSERT"))]


def test_an_open_tab_alone_keeps_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = sign_in()
    post = make_post()
    before = Session.objects.get().expire_date
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + 3600)
    assert browser.get(f"/admin/posts/post/{post.pk}/presence/").status_code < 500
    assert Session.objects.get().expire_date == before
    browser.get("/admin/")
    assert Session.objects.get().expire_date > before


def test_the_list_says_browser_and_system_and_marks_this_one() -> None:
    browser, phone = sign_in("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), sign_in(PHONE)
    page = phone.get("/admin/account/").content.decode()
    assert page.index("Safari on iPhone") < page.index("This one") < page.index("Firefox on Linux")
    assert browser.session.session_key not in page and phone.session.session_key not in page


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("", "A browser"),
        ("<script>", "A browser"),
        ("x" * 100_000, "A browser"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh) Version/18.0 Safari/605.1", "Safari on Mac"),
    ],
)
def test_browsers_in_words(agent: str, words: str) -> None:
    assert sessions.browser_of(agent) == words


def test_one_session_or_all_others_are_ended() -> None:
    here, there, elsewhere = sign_in(), sign_in(), sign_in()
    token = sessions.token_of(there.session.session_key)
    here.post("/admin/account/sessions/end/", {"session": token})
    assert is_signed_in(here) and not is_signed_in(there) and is_signed_in(elsewhere)
    here.post("/admin/account/sessions/end/", {"others": "1"})
    assert is_signed_in(here) and not is_signed_in(elsewhere)
    assert Act.objects.filter(kind="sessions").count() == 2


def test_nobody_ends_the_session_of_somebody_else_nor_this_one() -> None:
    User.objects.create_user("dele", password=PASSWORD, is_staff=True)
    mine, theirs = sign_in(), sign_in(name="dele")
    for browser in (mine, theirs):
        for named in (mine, theirs):
            token = sessions.token_of(named.session.session_key)
            browser.post("/admin/account/sessions/end/", {"session": token})
    assert is_signed_in(mine) and is_signed_in(theirs)
    mine.post("/admin/account/sessions/end/", {"others": "1"})
    assert is_signed_in(theirs)


def test_changing_the_password_ends_the_others() -> None:
    here, there = sign_in(), sign_in()
    new = "another call 912"
    here.post(
        "/admin/password_change/",
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )
    assert is_signed_in(here) and not is_signed_in(there)
    assert here.get("/admin/account/").content.decode().count("This one") == 1
    assert "End it" not in here.get("/admin/account/").content.decode()
    assert Act.objects.filter(kind="password", name="ruth").count() == 1


def test_a_password_that_somebody_else_changes_ends_all_sessions() -> None:
    dele = User.objects.create_user("dele", password=PASSWORD, is_staff=True)
    theirs, mine = sign_in(name="dele"), sign_in()
    new = "another call 912"
    path = f"/admin/auth/user/{dele.pk}/password/"
    form = {"password1": new, "password2": new, "usable_password": "true", "set-password": "1"}
    assert mine.post(path, form).status_code == 302
    assert is_signed_in(mine) and not is_signed_in(theirs)
    assert not Session.objects.filter(account=dele.pk).exists()
    assert Act.objects.get(kind="password").detail == "Of dele"


def test_guesses_at_the_old_password_are_counted() -> None:
    browser = sign_in()
    new = "another call 912"
    form = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    for _ in range(5):
        browser.post("/admin/password_change/", form)
    response = browser.post("/admin/password_change/", {**form, "old_password": PASSWORD})
    assert response["Location"] == "/admin/password_change/"
    assert User.objects.get(username="ruth").check_password(PASSWORD)


def test_readers_get_no_session(client: Client) -> None:
    client.get("/")
    assert not Session.objects.exists() and not client.cookies
