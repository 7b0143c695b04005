"""Rate limits of the sign-up form: for a network, for a mailbox and for the whole site.

Anybody can type anybody's address into the form. The counters are rows of the database, so the
limits hold for all processes together and survive a restart. The rows hold keyed hashes and no
address (docs/decisions/sign-ups-are-limited.md). The tick deletes old rows.
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
# A mailbox gets its first SIGN_UP_MAILS_PER_ADDRESS mails without a pause. Before each later mail,
# the next of these pauses must have passed since the mail before; the last one then repeats.
PAUSES = [timedelta(days=days) for days in (1, 2, 4, 8, 16, 32)]
# A mailbox's count starts again at 0 when it got no such mail for this long.
RESET_AFTER = timedelta(days=64)
# Domains of Gmail, which ignores dots before the @. Both names are the same mailbox.
DOTLESS_DOMAINS = {"gmail.com", "googlemail.com"}


class TooManySignUps(Exception):
    """A limit is reached. The message is for the reader and says nothing about any address."""

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def count_sign_up(network: str) -> None:
    """Count a sign-up from a network ("" where it is unknown), or raise TooManySignUps.

    Call it in a transaction: what it counted before it raises must be rolled back. Each limit is
    a condition of the UPDATE, so two processes cannot both take the last one.
    """
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    by_network = keyed_hash("network", f"{hour.isoformat()} {network}")
    by_site = keyed_hash("site", "")
    SignUpCount.objects.bulk_create(
        [SignUpCount(subject=subject, hour=hour) for subject in (by_network, by_site)],
        ignore_conflicts=True,
    )
    if not count_below_limit(by_network, hour, settings.SIGN_UPS_PER_HOUR_AND_NETWORK):
        if not network:
            logger.warning("Sign-ups are refused: no visitor's address is known (TRUSTED_PROXIES)")
        raise TooManySignUps(
            "Too many addresses were entered from your network in the last hour, so we have not "
            "taken this one. Try again in an hour, or now from another connection, such as your "
            "phone's.",
            hour + HOUR - now,
        )
    if not count_below_limit(by_site, hour, settings.SIGN_UPS_PER_HOUR):
        logger.warning("Sign-ups are refused until the hour is over (SIGN_UPS_PER_HOUR)")
        raise TooManySignUps(
            "More people are signing up right now than we can take, so we have not taken this "
            "address. Try again in an hour.",
            hour + HOUR - now,
        )


def count_below_limit(subject: str, hour: datetime, limit: int) -> bool:
    """Count one more for a subject in an hour; return False if it has reached its limit."""
    below_limit = SignUpCount.objects.filter(subject=subject, hour=hour, count__lt=limit)
    return bool(below_limit.update(count=F("count") + 1))


def lock_mail_count(address: str) -> SignUpMails:
    """Lock and return the row that counts the mails to an address's mailbox."""
    mailbox = keyed_hash("mailbox", mailbox_of(address))
    return SignUpMails.objects.select_for_update().get_or_create(mailbox=mailbox)[0]


def may_mail(mails: SignUpMails) -> bool:
    """Return whether another sign-up may send a mail to this mailbox now."""
    now = timezone.now()
    if mails.last_at is None or mails.last_at <= now - RESET_AFTER:
        return True
    over_limit = mails.count - settings.SIGN_UP_MAILS_PER_ADDRESS
    if over_limit < 0:
        return True
    return mails.last_at + PAUSES[min(over_limit, len(PAUSES) - 1)] <= now


def count_mail(mails: SignUpMails) -> None:
    """Count a mail that a sign-up sends. `mails` must be locked by lock_mail_count()."""
    now = timezone.now()
    if mails.last_at is None or mails.last_at <= now - RESET_AFTER:
        mails.count = 0
    mails.count = min(mails.count + 1, 1000)
    mails.last_at = now
    mails.save(update_fields=["count", "last_at"])


def reset_mail_count(address: str) -> None:
    """Delete a mailbox's count, because its owner confirmed and so wants our mails."""
    SignUpMails.objects.filter(mailbox=keyed_hash("mailbox", mailbox_of(address))).delete()


def delete_outdated() -> None:
    """Delete the rows that no limit needs any more. The tick calls it."""
    now = timezone.now()
    SignUpCount.objects.filter(hour__lte=now - 2 * HOUR).delete()
    SignUpMails.objects.filter(last_at__lte=now - RESET_AFTER).delete()
    # Rows of sign-ups that sent no mail.
    SignUpMails.objects.filter(last_at=None).delete()


def mailbox_of(address: str) -> str:
    """Return one spelling for all addresses that most likely lead to the same mailbox.

    Only for counting: a subscriber keeps the address as it is
    (docs/decisions/one-lower-case-address.md).
    """
    local, _, domain = address.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in DOTLESS_DOMAINS:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def keyed_hash(kind: str, value: str) -> str:
    """Return a hash that only this site's SECRET_KEY can make."""
    return salted_hmac(f"subscribers.guards.{kind}", value, algorithm="sha256").hexdigest()
