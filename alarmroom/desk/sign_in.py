"""How often a password may be guessed at the desk's sign-in (docs/decisions/sign-in.md).

django-axes counts the failures and refuses; this module says what is counted, and the words.
A network is the first address of a /24 of IPv4 or a /64 of IPv6: no full address is stored.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.db.models import Q, Sum
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from alarmroom.clients import client_network

# How many failures lock: one account from one network, one account from all networks, and one
# network for all accounts.
OF_ACCOUNT_AND_NETWORK = settings.AXES_FAILURE_LIMIT
OF_ACCOUNT = 6 * OF_ACCOUNT_AND_NETWORK
OF_NETWORK = 6 * OF_ACCOUNT_AND_NETWORK
# How long a network counts as known for an account after a sign-in.
LOG_KEPT = timedelta(days=90)


def network(request: HttpRequest) -> str | None:
    """Return the network of a client as one address; None where it is not known."""
    return client_network(request).partition("/")[0] or None


class SignInHandler(AxesDatabaseHandler):
    """Counts failures by account and network.

    The lock of an account does not apply to networks from which it has signed in lately. So nobody
    can lock editors out of their own office by guessing from elsewhere.
    """

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Count a failure, without the form in which it was made: that may hold a whole text."""
        if request is None:
            return
        bare = copy.copy(request)
        bare.GET = bare.POST = QueryDict()
        super().user_login_failed(sender, credentials, bare, **kwargs)
        for name in ("axes_locked_out", "axes_credentials", "axes_failures_since_start"):
            setattr(request, name, getattr(bare, name))

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Return the failures, scaled so that AXES_FAILURE_LIMIT is the number that locks."""
        name = (credentials or {}).get("username") or request.POST.get("username") or ""
        where = request.axes_ip_address
        since = request.axes_attempt_time - settings.AXES_COOLOFF_TIME
        recent = AccessAttempt.objects.filter(attempt_time__gte=since)
        account, same_network = Q(username=name), Q(ip_address=where)
        counts = recent.aggregate(
            both=Sum("failures_since_start", filter=account & same_network, default=0),
            account=Sum("failures_since_start", filter=account, default=0),
            network=Sum("failures_since_start", filter=same_network, default=0),
        )
        if where is None:
            # The network is not known, and all clients without one would be counted together.
            counts["network"] = 0
        elif counts["account"] >= OF_ACCOUNT and is_known(name, where):
            counts["account"] = 0
        return max(
            counts["both"],
            counts["account"] * OF_ACCOUNT_AND_NETWORK // OF_ACCOUNT,
            counts["network"] * OF_ACCOUNT_AND_NETWORK // OF_NETWORK,
        )


def is_known(name: str, where: str) -> bool:
    """Return whether an account signed in from this network lately."""
    since = timezone.now() - LOG_KEPT
    log = AccessLog.objects.filter(username=name, ip_address=where, attempt_time__gte=since)
    return log.exists()


def forget_old() -> None:
    """Delete failures and sign-ins that are too old to count."""
    now = timezone.now()
    for model, kept in ((AccessAttempt, timedelta(days=1)), (AccessLog, LOG_KEPT)):
        old = model._default_manager.filter(attempt_time__lt=now - kept)
        # A delete takes SQLite's write lock even where there is nothing to delete.
        if old.exists():
            old.delete()


def locked_sentence() -> str:
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return (
        "There were too many wrong passwords, for this account or from your network. Wait "
        f"{minutes} minutes, then try again; further tries do not make it longer. If you "
        "cannot wait, ask whoever runs the site to unlock it."
    )


class SignInForm(AdminAuthenticationForm):
    """Says that an account is locked, and for how long, whether the password is right or not."""

    def get_invalid_login_error(self) -> ValidationError:
        if getattr(self.request, "axes_locked_out", False):
            return ValidationError(locked_sentence(), code="locked")
        return super().get_invalid_login_error()
