"""The second factor of an account: an app that shows six digits, passkeys, and recovery codes.

django-otp keeps them. Whoever has an app or a passkey has recovery codes, too. A session in which
the second step was taken carries a mark; it is read on each request of the desk without a query
(alarmroom/desk/signing_in/middleware.py).
"""

from __future__ import annotations

import math
import secrets
from base64 import b32encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from alarmroom.desk import log
from alarmroom.desk.models import Act
from alarmroom.desk.roles import needs_second_factor
from alarmroom.desk.signing_in import passkeys
from alarmroom.desk.signing_in.sessions import end_sessions

# In the session: the second step was taken.
MARK = "second_factor"
DIGITS = 6
RECOVERY_CODES = 10
# Without the letters and digits that are taken for one another.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
RECOVERY_LENGTH = 10
LONGEST_CODE = 40  # characters, with what people put between them
# After each wrong code the next one waits twice as long, up to 17 minutes. Whoever knows a password
# can so guess 85 times a day at a million codes, and never keeps the owner out for longer.
MOST_FAILURES = 11


@dataclass(frozen=True)
class Answer:
    """What came of a code: whether it was right, and how long the next one has to wait."""

    is_right: bool
    wait_seconds: int = 0
    was_recovery: bool = False


def is_required(user: Any) -> bool:
    """Whether an account may use the desk with a second factor only."""
    return bool(settings.SECOND_FACTOR_REQUIRED and needs_second_factor(user))


def app_of(user: Any) -> TOTPDevice | None:
    device: TOTPDevice | None = TOTPDevice.objects.filter(user=user.pk, confirmed=True).first()
    return device


def has_one(user: Any) -> bool:
    return app_of(user) is not None or passkeys.has_one(user)


def count_of(user: Any) -> int:
    """Return how many apps and passkeys an account has."""
    return (app_of(user) is not None) + len(passkeys.passkeys_of(user))


def may_remove_one(user: Any) -> bool:
    """Whether an account may do without one of its apps and passkeys."""
    return not is_required(user) or count_of(user) > 1


def codes_left(user: Any) -> int:
    return int(StaticToken.objects.filter(device__user=user.pk).count())


def mark(request: HttpRequest) -> None:
    """Note in the session that the second step was taken."""
    request.session[MARK] = True


# Checking a code


def check(user: Any, code: str) -> Answer:
    """Check a code of the app or a recovery code. It works once: of two requests, one is right."""
    typed = normalized(code)
    is_app = len(typed) == DIGITS and typed.isdecimal()
    devices = TOTPDevice.objects if is_app else StaticDevice.objects
    with transaction.atomic():
        device = devices.select_for_update().filter(user=user.pk, confirmed=True).first()
        if device is None:
            return Answer(False)
        allowed, why = device.verify_is_allowed()
        if not allowed:
            wait = (why["locked_until"] - timezone.now()).total_seconds()
            return Answer(False, max(1, math.ceil(wait)))
        if device.verify_token(typed):
            return Answer(True, was_recovery=not is_app)
        if device.throttling_failure_count > MOST_FAILURES:
            device.throttling_failure_count = MOST_FAILURES
            device.save(update_fields=["throttling_failure_count"])
    return Answer(False)


def normalized(code: str) -> str:
    """Return a code as it was meant: people type spaces, dashes and capitals."""
    code = code[:LONGEST_CODE].lower()
    return "".join(character for character in code if character.isascii() and character.isalnum())


# Setting up


def new_key() -> str:
    """Return a new secret, in hexadecimal digits, for the app."""
    return secrets.token_hex(20)


def key_for_typing(key: str) -> str:
    """Return a secret as people type it: base 32, in groups of four."""
    text = b32encode(bytes.fromhex(key)).decode().lower()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def picture_of(key: str, user: Any) -> str:
    """Return the QR code of a secret as the address of an image (`data:`)."""
    site = "The Alarm Room"
    secret = b32encode(bytes.fromhex(key)).decode()
    query = urlencode({"secret": secret, "issuer": site}, quote_via=quote)
    address = f"otpauth://totp/{quote(f'{site}:{user.get_username()}')}?{query}"
    picture: str = segno.make(address, error="m", micro=False).svg_data_uri(
        scale=5, border=4, dark="#17212f", light="#ffffff"
    )
    return picture


def set_up(
    user: Any, key: str, code: str, *, session_key: str | None, is_first: bool = False
) -> list[str] | None:
    """Store an app whose code proves that it knows the key; return the recovery codes.

    None if the code is wrong, or if the account has a second factor already and this is to be its
    first. The app that it had is replaced, and the recovery codes with it; passkeys stay. Its other
    sessions end: they did not take the second step.
    """
    typed = normalized(code)
    totp = TOTP(bytes.fromhex(key), digits=DIGITS)
    totp.time = timezone.now().timestamp()
    if not (len(typed) == DIGITS and typed.isdecimal() and totp.verify(int(typed), tolerance=1)):
        return None
    with transaction.atomic():
        lock(user)
        had_one = has_one(user)
        if is_first and had_one:
            return None
        was_replaced = bool(TOTPDevice.objects.filter(user=user.pk).delete()[0])
        # So this code cannot be used once more, for signing in.
        TOTPDevice.objects.create(
            user_id=user.pk, name="App", key=key, confirmed=True, last_t=totp.t(), drift=totp.drift
        )
        log.record(Act.Kind.FACTOR_SET, by=user, detail="An app")
        codes = make_recovery_codes(user) if was_replaced or not had_one else []
        end_sessions(user, but=session_key)
    return codes


def add_passkey(
    user: Any, passkey: Any, name: str, *, session_key: str | None, is_first: bool = False
) -> list[str] | None:
    """Store a passkey that was made a moment ago; return recovery codes, where there were none.

    None if there is no room for it, if it is stored already, or if the account has a second factor
    and this is to be its first. The other sessions of the account end.
    """
    passkey.name = name
    try:
        with transaction.atomic():
            lock(user)
            had_one = has_one(user)
            if (is_first and had_one) or len(passkeys.passkeys_of(user)) >= passkeys.MOST:
                return None
            passkey.save()
            log.record(Act.Kind.FACTOR_SET, by=user, detail=f"Passkey “{name}”")
            codes = [] if had_one else make_recovery_codes(user)
            end_sessions(user, but=session_key)
    except IntegrityError:
        return None
    return codes


def renew_recovery_codes(user: Any) -> list[str]:
    """Make new recovery codes; the old ones do not work any more."""
    with transaction.atomic():
        lock(user)
        log.record(Act.Kind.RECOVERY_CODES, by=user)
        return make_recovery_codes(user)


def make_recovery_codes(user: Any) -> list[str]:
    StaticDevice.objects.filter(user=user.pk).delete()
    device = StaticDevice.objects.create(user_id=user.pk, name="Recovery codes", confirmed=True)
    codes = [
        "".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    half = RECOVERY_LENGTH // 2
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def remove(user: Any, *, by: Any) -> bool:
    """Remove every second factor of an account and its recovery codes; False if it had none.

    For somebody who lost them: `by` is whoever administers accounts, or None for the command line.
    All sessions of the account end.
    """
    with transaction.atomic():
        lock(user)
        if not has_one(user):
            return False
        TOTPDevice.objects.filter(user=user.pk).delete()
        WebAuthnCredential.objects.filter(user=user.pk).delete()
        StaticDevice.objects.filter(user=user.pk).delete()
        log.record(Act.Kind.FACTOR_REMOVED, by=by, detail=f"Of {user.get_username()}")
        end_sessions(user)
    return True


def remove_app(user: Any, *, session_key: str | None) -> bool:
    """Remove the app of one's own account; False if there is none, or it has to stay."""
    return remove_one(user, TOTPDevice.objects.filter(user=user.pk), session_key)


def remove_passkey(user: Any, pk: int, *, session_key: str | None) -> bool:
    """Remove a passkey of one's own account; False if there is none, or it has to stay."""
    return remove_one(user, WebAuthnCredential.objects.filter(user=user.pk, pk=pk), session_key)


def remove_one(user: Any, rows: QuerySet[Any], session_key: str | None) -> bool:
    """Remove one second factor; with the last one the recovery codes go, too."""
    with transaction.atomic():
        # Of two at once, the second one sees that it would be the last.
        lock(user)
        row = rows.first()
        if row is None or not may_remove_one(user):
            return False
        what = "An app" if isinstance(row, TOTPDevice) else f"Passkey “{row.name}”"
        row.delete()
        if not has_one(user):
            StaticDevice.objects.filter(user=user.pk).delete()
        log.record(Act.Kind.FACTOR_REMOVED, by=user, detail=what)
        end_sessions(user, but=session_key)
    return True


def lock(user: Any) -> None:
    """Let nobody else change the second factor of an account in this transaction."""
    accounts = get_user_model()._default_manager.select_for_update(no_key=True)
    list(accounts.filter(pk=user.pk).values_list("pk"))
