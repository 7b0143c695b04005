"""A forgotten password: a link by mail, sent by a worker.

Whoever asks gets the same answer after the same work, whether an account has the name or not. The
link works once and for an hour. It chooses a new password and no more: the second factor is asked
at the next sign-in as ever.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from alarmroom.clients import client_network
from alarmroom.desk import log
from alarmroom.desk.models import Act, PasswordReset
from alarmroom.desk.models.password_reset import LONGEST_NAME
from alarmroom.desk.signing_in.sessions import end_sessions
from alarmroom.mail import transactional
from alarmroom.site_url import absolute_url

logger = logging.getLogger(__name__)

# What is answered in an hour: of one name, of one network, and in all. More is not, and not said.
OF_NAME, OF_NETWORK, OF_ALL = 3, 10, 200
WITHIN = timedelta(hours=1)
KEPT = timedelta(days=1)
# Longer than a mail server may take over one message (SMTP_TIMEOUT).
TRIED_AGAIN_AFTER = timedelta(minutes=15)
MOST_ACCOUNTS = 5  # with one mail address
# Rooms above may forbid an address: it then gets no mail, as of suppressed ones.
FORBIDDEN: list[Callable[[str], bool]] = []


def hashed(what: str, text: str) -> str:
    return salted_hmac(f"alarmroom.password-reset.{what}", text, algorithm="sha256").hexdigest()


def ask(request: HttpRequest, name: str) -> bool:
    """Store a request, unless there were too many; return whether it was stored."""
    name = name.strip()[:LONGEST_NAME]
    where = client_network(request)
    mailbox, network = hashed("name", name.lower()), hashed("network", where)
    recent = PasswordReset.objects.filter(at__gt=timezone.now() - WITHIN)
    # All three are counted, whatever the first says.
    of_name = recent.filter(mailbox=mailbox).count()
    of_network = recent.filter(network=network).count()
    of_all = recent.count()
    too_many = of_name >= OF_NAME or of_all >= OF_ALL or (where and of_network >= OF_NETWORK)
    if too_many or not name:
        return False
    PasswordReset.objects.create(name=name, mailbox=mailbox, network=network)
    return True


def due() -> Any:
    """The requests that no worker is at."""
    idle = Q(tried_at=None) | Q(tried_at__lt=timezone.now() - TRIED_AGAIN_AFTER)
    return PasswordReset.objects.filter(idle).exclude(name="")


def send_due() -> int:
    """Send the links that were asked for; return how many. Safe to run twice at once."""
    sent = 0
    for row in due().order_by("pk")[:OF_ALL]:
        if not due().filter(pk=row.pk).update(tried_at=timezone.now()):
            continue
        if row.at < timezone.now() - WITHIN:
            logger.error("A link for a new password could not be sent for an hour; it is given up")
        else:
            try:
                sent += sum(send_link(user) for user in accounts_of(row.name))
            except (OSError, smtplib.SMTPException, ValueError):
                # It is tried again, until an hour has passed.
                logger.exception("A link for a new password could not be sent")
                continue
        PasswordReset.objects.filter(pk=row.pk).update(name="")
    return sent


def accounts_of(name: str) -> list[Any]:
    """Return the accounts of the desk with this user name or mail address, and with a password."""
    accounts = get_user_model()._default_manager.filter(is_active=True, is_staff=True)
    found = accounts.filter(Q(username=name) | Q(email__iexact=name)).exclude(email="")
    return [user for user in found.order_by("pk")[:MOST_ACCOUNTS] if user.has_usable_password()]


def send_link(user: Any) -> bool:
    if any(is_forbidden(user.email) for is_forbidden in FORBIDDEN):
        logger.info("A link for a new password was not sent: the address is suppressed")
        return False
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    link = reverse(
        "admin:password_reset_confirm", args=[uid, default_token_generator.make_token(user)]
    )
    context = {"person": user, "link": absolute_url(link)}
    transactional("password_reset", user.email, context).send(using="default")
    return True


def owner_of(uid: str, token: str) -> Any:
    """Return the account that a link belongs to, or None if it does not work any more."""
    try:
        pk = int(urlsafe_base64_decode(uid[:40]))
    except (ValueError, OverflowError):
        return None
    if not 0 < pk < 2**63:
        return None
    accounts = get_user_model()._default_manager.filter(is_active=True, is_staff=True)
    user = accounts.filter(pk=pk).first()
    return user if user and default_token_generator.check_token(user, token) else None


def change_password(uid: str, token: str, password: str) -> bool:
    """Set a new password by a link; of two who use it at once, one does. All sessions end."""
    with transaction.atomic():
        found = owner_of(uid, token)
        if found is None:
            return False
        accounts = get_user_model()._default_manager.select_for_update(no_key=True)
        list(accounts.filter(pk=found.pk).values_list("pk"))
        user = owner_of(uid, token)
        if user is None:
            return False
        user.set_password(password)
        user.save(update_fields=["password"])
        log.record(Act.Kind.PASSWORD, by=user, detail="By a link that was sent by mail")
        end_sessions(user)
    return True


def forget_old() -> None:
    """Delete requests that do not count any more. For the tick."""
    old = PasswordReset.objects.filter(at__lt=timezone.now() - KEPT)
    # A delete takes SQLite's write lock even where there is nothing to delete.
    if old.exists():
        old.delete()
