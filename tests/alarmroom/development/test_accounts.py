"""The accounts of `make run`: an editor who may everything, and one for each role to try."""

import stat
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django.fixtures import Settings

from alarmroom.desk import roles
from alarmroom.development import accounts
from alarmroom.management.commands import develop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def development(settings: Settings) -> None:
    settings.DEBUG = True


def start(folder: Path) -> list[str]:
    """What a start with the demo does about accounts; return the lines that it prints."""
    accounts.make_roles(folder)
    accounts.make_editor(folder)
    return accounts.lines(folder)


def password(folder: Path, name: str) -> str:
    return (folder / f"{name}-password.txt").read_text().strip()


def test_each_password_is_made_once_and_printed_again(tmp_path: Path) -> None:
    first = start(tmp_path)
    for name in ("editor", "writer", "publisher"):
        path = tmp_path / f"{name}-password.txt"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert f"user {name}, password {password(tmp_path, name)}; " in "\n".join(first)
        assert User.objects.get(username=name).check_password(password(tmp_path, name))
    assert start(tmp_path) == first
    assert all(line in develop.summary(first) for line in first)
    assert User.objects.get(username="editor").is_superuser


def test_the_roles_may_what_their_groups_may_and_sign_in(tmp_path: Path) -> None:
    start(tmp_path)
    for name, role in (("writer", roles.WRITER), ("publisher", roles.PUBLISHER)):
        user = User.objects.get(username=name)
        assert (user.is_staff, user.is_superuser) == (True, False)
        assert user.get_all_permissions() == roles.MAY[role]
        sent = {"username": name, "password": password(tmp_path, name)}
        client = Client()
        client.post("/admin/login/", sent)
        assert client.get("/admin/").status_code == 200


def test_a_password_that_was_changed_is_not_printed_wrongly(tmp_path: Path) -> None:
    start(tmp_path)
    first = password(tmp_path, "writer")
    writer = User.objects.get(username="writer")
    writer.set_password("another one entirely")
    writer.save()
    said = accounts.said_of(tmp_path, "writer")
    assert first not in said
    assert "changepassword writer" in said
    start(tmp_path)
    assert User.objects.get(username="writer").check_password("another one entirely")


def test_an_account_that_was_deleted_does_not_come_back(tmp_path: Path) -> None:
    start(tmp_path)
    User.objects.get(username="publisher").delete()
    assert len(start(tmp_path)) == 2
    assert not User.objects.filter(username="publisher").exists()


def test_a_new_database_beside_old_files_gets_new_passwords(tmp_path: Path) -> None:
    for name in ("editor", "writer"):
        (tmp_path / f"{name}-password.txt").write_text("from before\n")
    start(tmp_path)
    for name in ("editor", "writer"):
        assert password(tmp_path, name) != "from before"
        assert User.objects.get(username=name).check_password(password(tmp_path, name))


@pytest.mark.parametrize("make", [accounts.make_roles, accounts.make_editor])
def test_production_never_gets_them(make: object, settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = False
    with pytest.raises(ImproperlyConfigured):
        make(tmp_path)  # type: ignore[operator]
    assert not User.objects.exists()
    assert list(tmp_path.glob("*.txt")) == []
