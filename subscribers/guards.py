"""What one client, one mailbox and all of them together can make the sign-up form do.

Anybody can type anybody's address into the form. Rows of the database count, so the limits hold
for all processes together and are not forgotten by a restart. The rows hold keyed hashes and no
address (docs/decisions/sign-ups-are-limited.md); the tick removes them.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from subscribers.models import SignUpCount, SignUpMails

logger = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
# After its free mails (SIGN_UP_MAILS_PER_ADDRESS), a mailbox gets the next one only when so much
# time has passed since the last, and from then on one after each time of the last pause.
PAUSES = [timedelta(days=days) for days in (1, 2, 4, 8, 16, 32)]
# A mailbox that nobody asked a mail for so long starts anew.
FORGOTTEN_AFTER = timedelta(days=64)
# Providers at which dots in front of the @ do not count, and which are one.
DOTLESS_DOMAINS = {"gmail.com", "googlemail.com"}


class TooManySignUps(Exception):
    """A limit is reached; the message is for the reader. It says nothing about any address."""

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def count_sign_up(network: str) -> None:
    """Count a sign-up from a network ("" where it is unknown), or raise TooManySignUps.

    To be called in a transaction: what is counted before it raises must be rolled back. Each
    limit is part of the condition of an UPDATE, so two processes cannot both take the last one.
    """
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    by_network = hashed("network", f"{hour.isoformat()} {network}")
    by_site = hashed("site", "")
    SignUpCount.objects.bulk_create(
        [SignUpCount(subject=subject, hour=hour) for subject in (by_network, by_site)],
        ignore_conflicts=True,
    )
    if not counted(by_network, hour, settings.SIGN_UPS_PER_HOUR_AND_NETWORK):
        if not network:
            logger.warning("Sign-ups are refused: no visitor's address is known (TRUSTED_PROXIES)")
        raise TooManySignUps(
            "Too many addresses were entered from your network in the last hour, so we have not "
            "taken this one. Try again in an hour, or now from another connection, such as your "
            "phone's.",
            hour + HOUR - now,
        )
    if not counted(by_site, hour, settings.SIGN_UPS_PER_HOUR):
        logger.warning("Sign-ups are refused until the hour is over (SIGN_UPS_PER_HOUR)")
        raise TooManySignUps(
            "More people are signing up right now than we can take, so we have not taken this "
            "address. Try again in an hour.",
            hour + HOUR - now,
        )


def counted(subject: str, hour: datetime, limit: int) -> bool:
    """Count one more of a subject in an hour; False where it has reached its limit."""
    open_rows = SignUpCount.objects.filter(subject=subject, hour=hour, count__lt=limit)
    return bool(open_rows.update(count=F("count") + 1))


def mails_of(address: str) -> SignUpMails:
    """Return the row that counts the mails to an address's mailbox, locked until the commit."""
    mailbox = hashed("mailbox", mailbox_of(address))
    return SignUpMails.objects.select_for_update().get_or_create(mailbox=mailbox)[0]


def may_mail(mails: SignUpMails) -> bool:
    """Return whether another request may cause a mail to this mailbox now."""
    now = timezone.now()
    if mails.last_at is None or mails.last_at <= now - FORGOTTEN_AFTER:
        return True
    beyond = mails.count - settings.SIGN_UP_MAILS_PER_ADDRESS
    if beyond < 0:
        return True
    return mails.last_at + PAUSES[min(beyond, len(PAUSES) - 1)] <= now


def count_mail(mails: SignUpMails) -> None:
    """Count a mail that a request causes. `mails` is locked (mails_of)."""
    now = timezone.now()
    if mails.last_at is None or mails.last_at <= now - FORGOTTEN_AFTER:
        mails.count = 0
    mails.count = min(mails.count + 1, 1000)
    mails.last_at = now
    mails.save(update_fields=["count", "last_at"])


def start_anew(address: str) -> None:
    """Forget what was mailed to a mailbox, because its owner pressed the button of a mail."""
    SignUpMails.objects.filter(mailbox=hashed("mailbox", mailbox_of(address))).delete()


def forget_old() -> None:
    """Remove what no limit needs any more. For the tick."""
    now = timezone.now()
    SignUpCount.objects.filter(hour__lte=now - 2 * HOUR).delete()
    SignUpMails.objects.filter(last_at__lte=now - FORGOTTEN_AFTER).delete()
    # Of requests that caused no mail.
    SignUpMails.objects.filter(last_at=None).delete()


def mailbox_of(address: str) -> str:
    """Return one spelling for the addresses that most likely end in one mailbox.

    Only for counting: a subscriber keeps the address as it is
    (docs/decisions/one-lower-case-address.md).
    """
    local, _, domain = address.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in DOTLESS_DOMAINS:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def hashed(kind: str, value: str) -> str:
    """Return a hash that only this site's SECRET_KEY can make."""
    return salted_hmac(f"subscribers.guards.{kind}", value, algorithm="sha256").hexdigest()
