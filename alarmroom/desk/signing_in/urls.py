"""The addresses of signing in, which are part of the desk's."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from alarmroom.desk.signing_in import account, passkey_pages, recovery, reset_pages, steps
from alarmroom.methods import allow, require_safe

BOTH = ("GET", "HEAD", "POST")


def urls(site: admin.AdminSite) -> list[URLPattern]:
    own: dict[str, tuple[str, Any]] = {
        "signing_in": ("account/", require_safe(partial(account.signing_in, site))),
        "second_factor_set_up": ("account/app/", allow(*BOTH)(partial(account.set_up, site))),
        "second_factor_remove": (
            "account/app/remove/",
            allow(*BOTH)(partial(account.remove, site)),
        ),
        "passkey_add": ("account/passkeys/new/", allow(*BOTH)(partial(passkey_pages.add, site))),
        "passkey_remove": (
            "account/passkeys/<int:pk>/remove/",
            allow(*BOTH)(partial(passkey_pages.remove, site)),
        ),
        "passkey_challenge": (
            "account/passkeys/challenge/",
            allow("POST")(passkey_pages.challenge),
        ),
        "recovery_codes": (
            "account/recovery-codes/",
            allow(*BOTH)(partial(recovery.recovery_codes, site)),
        ),
        "recovery_codes_file": (
            "account/recovery-codes/file/",
            require_safe(recovery.download),
        ),
        "recovery_codes_renew": (
            "account/recovery-codes/new/",
            allow(*BOTH)(partial(account.renew_codes, site)),
        ),
        "sessions_end": ("account/sessions/end/", allow("POST")(partial(account.end, site))),
    }
    before: dict[str, tuple[str, Any]] = {
        "second_factor": ("login/code/", steps.second_factor),
        "second_factor_needed": ("login/set-up/", steps.second_factor_needed),
        "password_reset": ("password-reset/", reset_pages.forgotten),
        "password_reset_confirm": ("password-reset/<str:uid>/<str:token>/", reset_pages.choose),
    }
    challenge = allow("POST")(passkey_pages.challenge_at_sign_in)
    # In a report of an error, nothing that was typed stands.
    secret = sensitive_post_parameters()
    return [
        path("login/passkey/", never_cache(challenge), name="passkey_challenge_at_sign_in"),
        *(
            path(route, never_cache(secret(allow(*BOTH)(view))), name=name)
            for name, (route, view) in before.items()
        ),
        *(
            path(route, secret(site.admin_view(view)), name=name)
            for name, (route, view) in own.items()
        ),
    ]
