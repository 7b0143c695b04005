"""Guesses at a password, a code or a passkey of an account that is known: counted and refused by
django-axes, together with those at the sign-in.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.template.defaultfilters import pluralize

from alarmroom.desk.sign_in import locked_sentence
from alarmroom.desk.signing_in import factors, passkeys


class Outcome(Enum):
    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


WRONG_CODE = (
    "That code was not right. It changes every 30 seconds: type the one that stands there now."
)
WRONG_RECOVERY = "That recovery code was not right. Each one works once."
WRONG_PASSKEY = "That passkey was not accepted. Try once more, or another way."
LATE_PASSKEY = (
    "That took longer than five minutes, or another tab asked meanwhile. Use the passkey once more."
)
PASSKEY_NOT_MADE = (
    "No passkey was added: the browser's answer did not fit, or came too late. Try once more."
)
WRONG_PASSWORD = "The password was not right."  # noqa: S105  (a sentence)


def is_locked(request: HttpRequest, user: Any) -> bool:
    return not AxesProxyHandler.is_allowed(request, {"username": user.get_username()})


def count_failure(request: HttpRequest, user: Any) -> None:
    user_login_failed.send(
        sender=__name__, credentials={"username": user.get_username()}, request=request
    )


def try_password(request: HttpRequest, user: Any, password: str) -> tuple[Outcome, str]:
    """Return what came of a password, and the sentence that says so."""
    if is_locked(request, user):
        return Outcome.LOCKED, locked_sentence()
    if user.check_password(password):
        return Outcome.RIGHT, ""
    count_failure(request, user)
    return Outcome.WRONG, WRONG_PASSWORD


def try_code(request: HttpRequest, user: Any, code: str) -> tuple[Outcome, str]:
    """Return what came of a code of the app or a recovery code, and the sentence that says so."""
    if is_locked(request, user):
        return Outcome.LOCKED, locked_sentence()
    answer = factors.check(user, code)
    if answer.is_right:
        return Outcome.RIGHT, ""
    if answer.wait_seconds > 2:
        return Outcome.LOCKED, waiting(answer.wait_seconds)
    count_failure(request, user)
    typed = factors.normalized(code)
    if typed and not (typed.isdecimal() and len(typed) <= factors.DIGITS):
        return Outcome.WRONG, WRONG_RECOVERY
    return Outcome.WRONG, WRONG_CODE


def try_passkey(request: HttpRequest, user: Any, answer: str) -> tuple[Outcome, str]:
    """Return what came of the answer of a passkey, and the sentence that says so."""
    if is_locked(request, user):
        return Outcome.LOCKED, locked_sentence()
    found = passkeys.check(request, user, answer)
    if found is passkeys.Found.RIGHT:
        return Outcome.RIGHT, ""
    if found is passkeys.Found.TOO_LATE:
        # Nothing was checked, so nothing was guessed.
        return Outcome.WRONG, LATE_PASSKEY
    count_failure(request, user)
    return Outcome.WRONG, WRONG_PASSKEY


def try_factor(request: HttpRequest, user: Any, *, code: str, passkey: str) -> tuple[Outcome, str]:
    """Try the code that was typed, or else the answer of a passkey."""
    if passkey and not code:
        return try_passkey(request, user, passkey)
    return try_code(request, user, code)


def waiting(seconds: int) -> str:
    if seconds < 60:
        how_long = f"{seconds} seconds"
    else:
        minutes = -(-seconds // 60)
        how_long = f"{minutes} minute{pluralize(minutes)}"
    return f"There were several wrong codes. Wait {how_long}, then type the code of that moment."
