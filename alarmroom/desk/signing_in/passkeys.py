"""Passkeys: a key in a computer, a phone or a stick signs a challenge of ours (WebAuthn).

django-otp-webauthn keeps the public keys and words what browsers are asked; py_webauthn verifies
what they answer. The package's own pages and scripts are not used: each form of ours that asks for
a code takes the answer of a passkey in its place (static/js/desk/passkey.js).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from enum import Enum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnCredential
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    base64url_to_bytes,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import UserVerificationRequirement

# In the session: what a passkey was asked to sign, and what a new one was.
ASKED, ASKED_NEW = "passkey_asked", "passkey_asked_new"
LASTS = 5 * 60  # seconds
MOST = 20  # of one account
LONGEST_NAME = 64  # characters
LONGEST_ANSWER = 32_000  # characters of JSON; a key of the longest kind needs a tenth
LONGEST_BYTES = 1023  # of an id (WebAuthn, 5.8.3) and of a key, as the columns say
# Some keys count further than PostgreSQL's integers.
HIGHEST_COUNT = 2**31 - 1


class Found(Enum):
    RIGHT = "right"
    WRONG = "wrong"
    TOO_LATE = "too late"


# Where passkeys work


def origin() -> str:
    """Return the site's address as browsers write it: a passkey works at no other."""
    split = urlsplit(settings.SITE_URL.lower())
    usual = {"https": 443, "http": 80}.get(split.scheme)
    return f"{split.scheme}://{split.netloc.removesuffix(f':{usual}')}"


def host() -> str:
    """Return the name that passkeys are made for. With another one, all of them end."""
    return urlsplit(settings.SITE_URL).hostname or ""


def are_possible() -> bool:
    """Whether browsers make passkeys for SITE_URL: over HTTPS, for a name that is no number."""
    name = host()
    try:
        ip_address(name)
    except ValueError:
        local = name == "localhost" or name.endswith(".localhost")
        return bool(name) and (settings.SITE_URL.startswith("https://") or local)
    return False


def work_here(request: HttpRequest) -> bool:
    """Whether the page that is asked for has the site's own address."""
    return are_possible() and urlsplit(origin()).netloc == request.get_host().lower()


def elsewhere(request: HttpRequest) -> str:
    """Return the address at which passkeys work, if it is not that of this page."""
    return "" if work_here(request) else origin()


class Helper(WebAuthnHelper):
    """What browsers are asked, by the settings of this site."""

    def get_relying_party_domain(self) -> str:
        return host()

    def get_allowed_origins(self) -> list[str]:
        return [origin()]

    def get_generate_authentication_options_kwargs(self, **asked: Any) -> dict[str, Any]:
        # The package would discourage it. So a computer that is left open does not answer for
        # whoever sits down at it; a plain key without a PIN still does, beside the password.
        found: dict[str, Any] = super().get_generate_authentication_options_kwargs(**asked)
        return {**found, "user_verification": UserVerificationRequirement.PREFERRED}


# The passkeys of an account


def passkeys_of(user: Any) -> list[Any]:
    return list(WebAuthnCredential.objects.filter(user=user.pk, confirmed=True).order_by("pk"))


def has_one(user: Any) -> bool:
    return bool(WebAuthnCredential.objects.filter(user=user.pk, confirmed=True).exists())


def name_of(typed: str, otherwise: str) -> str:
    """Return a name as it was typed, in one line, or another one where nothing was."""
    words = "".join(one if one.isprintable() else " " for one in typed[: 4 * LONGEST_NAME])
    return " ".join(words.split())[:LONGEST_NAME].strip() or otherwise


# Using one


def ask(request: HttpRequest, user: Any) -> dict[str, Any]:
    """Return what the browser lets a passkey of an account sign; its answer works once."""
    options, state = Helper(request).authenticate_begin(user=user, require_user_verification=False)
    uses = {one.credential_id_sha256: use_of(one) for one in passkeys_of(user)}
    request.session[ASKED] = {**noted(user, state), "uses": uses}
    return dict(options)


def check(request: HttpRequest, user: Any, answer: str) -> Found:
    """Return whether this account's passkey signed what this browser was asked last.

    Whatever comes of it, the question is used up. Two requests at once may both have read it from
    the session; so each use changes the row, and an answer to a question from before it is void.
    """
    asked = request.session.pop(ASKED, None)
    if not is_current(asked, user):
        return Found.TOO_LATE
    try:
        credential = parse_authentication_credential_json(read(answer))
    except Exception:
        # A stranger's bytes: the parsers raise what they meet in them, of many classes.
        return Found.WRONG
    digest = WebAuthnCredential.get_credential_id_sha256(credential.raw_id)
    with transaction.atomic():
        rows = WebAuthnCredential.objects.select_for_update()
        row = rows.filter(user=user.pk, confirmed=True, credential_id_sha256=digest).first()
        if row is None or asked["uses"].get(digest) != use_of(row):
            return Found.WRONG
        try:
            found = verify_authentication_response(
                credential=credential,
                credential_current_sign_count=row.sign_count,
                credential_public_key=bytes(row.public_key),
                expected_challenge=base64url_to_bytes(asked["challenge"]),
                expected_rp_id=host(),
                expected_origin=[origin()],
            )
        except Exception:  # as above
            return Found.WRONG
        row.sign_count = min(found.new_sign_count, HIGHEST_COUNT)
        row.backup_state = found.credential_backed_up
        row.set_last_used_timestamp(commit=False)
        row.save(update_fields=["sign_count", "backup_state", "last_used_at"])
    return Found.RIGHT


def use_of(row: Any) -> str:
    """Return what differs after each use of a passkey."""
    return row.last_used_at.isoformat() if row.last_used_at else ""


# Making one


def ask_new(request: HttpRequest, user: Any) -> dict[str, Any]:
    """Return what the browser needs to make a passkey for an account."""
    options, state = Helper(request).register_begin(user)
    request.session[ASKED_NEW] = noted(user, state)
    return dict(options)


def made(request: HttpRequest, user: Any, answer: str) -> Any:
    """Return the passkey that a browser made, not stored yet; None if it is not as it was asked."""
    asked = request.session.pop(ASKED_NEW, None)
    if not is_current(asked, user):
        return None
    try:
        data = read(answer)
        credential = parse_registration_credential_json(data)
        found = verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(asked["challenge"]),
            expected_rp_id=host(),
            expected_origin=[origin()],
        )
        row = Helper(request).create_credential(user, found, credential, {})
    except Exception:
        # A stranger's bytes: the parsers raise what they meet in them, of many classes.
        return None
    if max(len(found.credential_id), len(found.credential_public_key)) > LONGEST_BYTES:
        return None
    row.aaguid = ""  # Of which make a key is decides nothing, so it is not kept.
    row.sign_count = min(row.sign_count, HIGHEST_COUNT)
    row.transports = list(dict.fromkeys(row.transports))
    return row


# Questions and answers


def noted(user: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the session keeps of a question."""
    return {"account": user.pk, "challenge": state["challenge"], "at": int(time.time())}


def is_current(asked: Mapping[str, Any] | None, user: Any) -> bool:
    return bool(asked and asked["account"] == user.pk and 0 <= time.time() - asked["at"] < LASTS)


def read(answer: str) -> dict[str, Any]:
    """Return an answer's JSON; raise ValueError if it is none."""
    if len(answer) > LONGEST_ANSWER:
        raise ValueError
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise ValueError
    return found
