"""What of a mail comes back when something is said about it, and proves which delivery it was.

Anybody can write a bounce. It is believed only if it has something of the mail with it that nobody
can guess: the Message-ID, the address that bounces go to where that is an own one for each mail
(VERP), or the mark that a mail service is given. Each carries an HMAC of the delivery. Whoever has
a copy of the mail can forge one, and has its unsubscribe link, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

# What a mail service calls the mark of a delivery, in the metadata that it hands back.
MARK_NAME = "delivery"
# Of 96 and of 80 bits. Some servers write the part before the @ in capitals, so it is hex.
MESSAGE_ID_PROOF, ADDRESS_PROOF = 24, 20
LARGEST = 2**63 - 1  # that the database can hold

_MESSAGE_ID = re.compile(r"<([0-9]{1,10})\.([0-9]{1,19})\.([0-9a-f]{24})@")
_MARK = re.compile(r"d([0-9]{1,19})-([0-9a-f]{20})")
# So many Message-IDs of one mail are looked at: its own, those it answers, one that it returns.
LOOKED_AT = 50


def message_id(delivery_pk: int, issue_number: int) -> str:
    """Return the Message-ID of a delivery: the same at every try, and nobody can guess it.

    It contains the two numbers so that a bounce can be traced to its delivery.
    """
    proof = _message_id_proof(issue_number, delivery_pk, settings.SECRET_KEY)
    return f"<{issue_number}.{delivery_pk}.{proof}@{settings.MAIL_DOMAIN}>"


def envelope_sender() -> str:
    """Return the address that bounces go to (RFC 5321 4.4) where no delivery has its own."""
    configured: str = settings.NEWSLETTER_ENVELOPE_FROM
    return configured or _address(settings.NEWSLETTER_FROM_EMAIL)


@lru_cache(maxsize=8)
def _address(sender: str) -> str:
    """Return the address of a sender. It is asked for each mail, and takes long to be found."""
    return parseaddr(sender)[1]


def return_path(delivery_pk: int) -> str:
    """Return the envelope sender of a delivery: its own where NEWSLETTER_VERP is set.

    With NEWSLETTER_VERP=+ it is bounces+d123-0123456789abcdef0123@example.org. The mail server of
    that domain must put what comes to it into the mailbox of bounces@example.org.
    """
    sender = envelope_sender()
    separator: str = settings.NEWSLETTER_VERP
    if not separator:
        return sender
    local, _, domain = sender.rpartition("@")
    return f"{local}{separator}{mark(delivery_pk)}@{domain}"


def mark(delivery_pk: int) -> str:
    """Return the signed number of a delivery, for a mail service to hand back (its metadata)."""
    return f"d{delivery_pk}-{_mark_proof(delivery_pk, settings.SECRET_KEY)}"


# Reading. What was made with an earlier SECRET_KEY is known as long as that is a fallback.


def of_message_ids(text: str) -> int | None:
    """Return the delivery whose Message-ID stands in a text, with angle brackets; or None.

    Its domain does not matter, because MAIL_DOMAIN may have been another one.
    """
    for number, found in enumerate(_MESSAGE_ID.finditer(text)):
        if number == LOOKED_AT:
            return None
        issue, delivery = int(found[1]), int(found[2])
        if delivery <= LARGEST and any(
            constant_time_compare(found[3], _message_id_proof(issue, delivery, key))
            for key in _keys()
        ):
            return delivery
    return None


def of_address(address: str) -> int | None:
    """Return the delivery whose own envelope sender an address is, or None.

    What stands before the mark does not matter: a forwarding server may have put something there
    (SRS, BATV), and NEWSLETTER_ENVELOPE_FROM may have been another one.
    """
    local = address.strip("<> \t").rpartition("@")[0].lower()
    proof = local[-ADDRESS_PROOF - 1 :]
    number = local[: -len(proof)].rpartition("d")[2] if proof else ""
    return of_mark(f"d{number}{proof}")


def of_mark(text: str) -> int | None:
    """Return the delivery whose mark a text is, or None."""
    found = _MARK.fullmatch(text.lower())
    if found is None or int(found[1]) > LARGEST:
        return None
    delivery = int(found[1])
    proven = any(constant_time_compare(found[2], _mark_proof(delivery, key)) for key in _keys())
    return delivery if proven else None


def _keys() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS


def _message_id_proof(issue_number: int, delivery_pk: int, key: str) -> str:
    value = f"{issue_number}.{delivery_pk}"
    proof = salted_hmac("newsletter.message-id", value, secret=key, algorithm="sha256")
    return proof.hexdigest()[:MESSAGE_ID_PROOF]


def _mark_proof(delivery_pk: int, key: str) -> str:
    proof = salted_hmac("newsletter.mark", str(delivery_pk), secret=key, algorithm="sha256")
    return proof.hexdigest()[:ADDRESS_PROOF]
