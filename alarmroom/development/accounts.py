"""The accounts of a development machine: an editor who may everything, and some to try the roles.

Each is made once, with a password of its own in a file that only its owner can read. An account
that was deleted is not made again, for its file is still there. None of it ever runs in production.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured

from alarmroom.desk import roles

EDITOR = "editor"
# Account, its group, and what it may, for whoever tries the roles.
OF_ROLES = (
    ("writer", roles.WRITER, "writes and submits"),
    ("publisher", roles.PUBLISHER, "publishes and sends"),
)


def has_editor() -> bool:
    """Whether this is a later start: the editor's account is made last at the first one."""
    return get_user_model().objects.filter(username=EDITOR).exists()


def make_editor(folder: Path) -> None:
    """Make the editor's account if it is missing, and store its password for later starts."""
    if not has_editor():
        users = get_user_model().objects
        users.create_superuser(EDITOR, _address(EDITOR), _new_password(folder, EDITOR))


def make_roles(folder: Path) -> None:
    """Make an account for each role that a newcomer may try, unless it was made before."""
    users = get_user_model().objects
    for name, role, _ in OF_ROLES:
        group = Group.objects.filter(name=role).first()
        is_known = users.filter(username=name).exists()
        if group is None or is_known or (has_editor() and _file(folder, name).exists()):
            continue
        password = _new_password(folder, name)
        user = users.create_user(name, _address(name), password, is_staff=True)
        user.groups.add(group)


def lines(folder: Path) -> list[str]:
    """Return what is printed of the accounts: name, password, what it may."""
    kinds = ((EDITOR, "may do everything"), *((name, may) for name, _, may in OF_ROLES))
    return [f"{said}; {may}" for name, may in kinds if (said := said_of(folder, name))]


def said_of(folder: Path, name: str) -> str:
    """Return name and password of an account; "" for one that is not there.

    The password is the stored one, if it is still valid.
    """
    account = get_user_model().objects.filter(username=name).first()
    if account is None:
        return ""
    path = _file(folder, name)
    kept = path.read_text().strip() if path.is_file() else ""
    if kept and account.check_password(kept):
        return f"user {name}, password {kept}"
    return (
        f"user {name}, password the one you set "
        f"(`python manage.py changepassword {name}` sets a new one)"
    )


def _address(name: str) -> str:
    return f"{name}@{settings.SITE_HOST}"


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}-password.txt"


def _new_password(folder: Path, name: str) -> str:
    """Make a password, and store it in a file that only its owner can read."""
    if not settings.DEBUG:
        raise ImproperlyConfigured("These accounts are for a development machine only.")
    password = secrets.token_urlsafe(9)
    path = _file(folder, name)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")
    return password
