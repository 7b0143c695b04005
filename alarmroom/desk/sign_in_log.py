"""What the log has about signing in.

Names that belong to no account are never written: people type passwords into the wrong field.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver
from django.utils import timezone

from alarmroom.desk import log
from alarmroom.desk.models import Act
from alarmroom.desk.signing_in.sessions import keep_alive

# Of one account and one kind, the log has one line in this time: whoever guesses on and on cannot
# fill it. How often was tried, django-axes knows.
ONE_LINE_IN: timedelta = settings.AXES_COOLOFF_TIME


@receiver(user_logged_in)
def log_sign_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    keep_alive(request)
    if user.is_staff:
        log.record(Act.Kind.SIGNED_IN, by=user)


@receiver(user_login_failed)
def log_failure(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    record_once(Act.Kind.FAILED, credentials.get("username"))


@receiver(user_locked_out)
def log_lock(sender: Any, username: Any, **kwargs: Any) -> None:
    record_once(Act.Kind.LOCKED, username)


def record_once(kind: Act.Kind, name: Any) -> None:
    """Write a line about the account of this name, if there is one and none was written lately."""
    accounts = get_user_model()._default_manager.filter(is_staff=True)
    account: Any = accounts.filter(username=name).first() if isinstance(name, str) else None
    if account is None:
        return
    since = timezone.now() - ONE_LINE_IN
    if not Act.objects.filter(account=account.pk, kind=kind, at__gte=since).exists():
        log.record(kind, by=account)
