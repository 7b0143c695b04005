"""What a mail server's refusal is about: an address, or us.

By the enhanced status code (RFC 3463, registered by RFC 5248), which a reply that has one begins
with (RFC 2034).
"""

from __future__ import annotations

import re
from enum import Enum

from newsletter.delivery.answers import Fate, Outcome

# Class, subject and detail have no leading zeros, and at most three digits (RFC 3463 2).
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")


class Trouble(Enum):
    """What a refused message says about the next one."""

    ADDRESS = "address"
    """There is no such mailbox: no further mail will ever arrive."""
    PERHAPS_ADDRESS = "perhaps address"
    """The mailbox refuses mail, or the server gives no reason that says more."""
    SENDER = "sender"
    """The server does not believe that the mail is ours, or wants none of us: all are refused."""
    OTHER = "other"


# The mailbox or its domain is not there, or takes no mail at all (RFC 3463 3.2, RFC 7505).
_NO_MAILBOX = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10)}
_DISABLED = {(2, 0), (2, 1), (1, 0), (1, 4)}
# In a sentence each: what is wrong, and where it is mended.
SENDER = {
    (1, 7): "It takes the sender's address for none. Check NEWSLETTER_ENVELOPE_FROM.",
    (1, 8): "It does not accept the sender's domain. Check its DNS records.",
    (7, 20): "The mail has no valid DKIM signature. Let the relay sign it for your domain.",
    (7, 21): "The DKIM signature is not accepted. Let the relay sign the mail for your domain.",
    (7, 22): "The DKIM signature is of another domain. Let the relay sign the mail for yours.",
    (7, 23): "SPF does not allow this server to send for your domain. Mend the SPF record.",
    (7, 24): "The SPF record of your domain has a mistake. Mend it.",
    (7, 25): "The sending server's address has no name in reverse DNS. Whoever runs it adds one.",
    (7, 26): (
        "Neither SPF nor DKIM proves that the mail is yours. Mend the SPF record of your domain, "
        "and let the relay sign with DKIM."
    ),
    (7, 27): "The sender's domain says that it takes no mail. Check NEWSLETTER_ENVELOPE_FROM.",
    (7, 509): "The mail fails the DMARC rule of your own domain. Mend SPF and DKIM.",
    (7, 515): (
        "Microsoft wants SPF, DKIM and DMARC from whoever sends much. Your domain lacks one of "
        "them. Add it to the DNS records."
    ),
}


def enhanced(outcome: Outcome) -> tuple[int, int, int] | None:
    """Return class, subject and detail of the enhanced status code, (5, 1, 1), or None.

    A code whose class is not that of the reply is none (RFC 2034 4).
    """
    found = _ENHANCED.match(outcome.reply)
    if found is None or outcome.code is None or int(found[1]) != outcome.code // 100:
        return None
    return int(found[1]), int(found[2]), int(found[3])


def trouble(outcome: Outcome) -> Trouble:
    """Return what a rejected message says; OTHER for every other fate."""
    if outcome.fate is not Fate.REJECTED or outcome.code is None:
        return Trouble.OTHER
    status = enhanced(outcome)
    if status is None:
        # 550: mailbox not found, or no access; 553: its name is not allowed (RFC 5321 4.2.3).
        return Trouble.PERHAPS_ADDRESS if outcome.code in (550, 551, 553) else Trouble.OTHER
    kind = status[1:]
    if kind in _NO_MAILBOX:
        return Trouble.ADDRESS
    if kind in SENDER:
        return Trouble.SENDER
    return Trouble.PERHAPS_ADDRESS if kind in _DISABLED else Trouble.OTHER


def advice(outcome: Outcome) -> str:
    """Return what is wrong with the sender and where it is mended, "" for another trouble."""
    code = enhanced(outcome)
    return SENDER.get(code[1:], "") if code else ""


def why_paused(outcome: Outcome) -> str:
    """Return why an issue pauses for trouble with its sender, and what to do, in sentences."""
    return f"{advice(outcome)} The mail server's words: {outcome.code} {outcome.reply}".strip()


def why_refused(said: str) -> str:
    """Return why an issue pauses that the server refused before it heard of a recipient.

    `said` is the text of a ServerRefuses, which begins with the reply code where there is one.
    """
    code, _, reply = said.partition(" ")
    if not (code.isdecimal() and len(code) == 3):
        return said
    known = advice(Outcome(Fate.REJECTED, int(code), reply))
    return f"{known} The mail server refuses us: {said}".strip()
