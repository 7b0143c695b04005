"""Why mail servers refused: their codes, and their words without the person they are about."""

from __future__ import annotations

import re
from enum import Enum

from newsletter.delivery import status

# At the beginning of a reply (RFC 2034), or alone as an event has it.
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")
_LONGEST = 300
# Shorter parts of an address are found in any text.
_SHORTEST_NAME = 3


class Reason(Enum):
    """What kind of trouble a code tells of, in words for a table and what helps."""

    GONE = "there is no such mailbox"
    NO_DOMAIN = "the domain takes no mail"
    OURS = "our mail is not believed to be ours"
    POLICY = "they do not want our mail"
    FULL = "the mailbox is full, or switched off"
    LATER = "the server was not reached, or asked to come later until we gave up"
    OTHER = "another reason"


def name_of(code: int | None, reply: str) -> str:
    """Return a code as it is shown: "550 5.7.1", "550", or "" for none."""
    found = _ENHANCED.match(reply)
    if found and code and int(found[1]) == code // 100:
        return f"{code} {found[0]}"
    return str(code or "")


def reason(name: str) -> Reason:
    """Return the reason that a code stands for, by RFC 3463: "550 5.7.1", "5.7.1" or "550"."""
    code, _, rest = name.partition(" ")
    found = _ENHANCED.match(rest or code)
    if found is None:
        # 550 alone is said of mailboxes that are not there and of mail that is not wanted.
        if name in ("551", "553"):
            return Reason.GONE
        return Reason.LATER if name[:1] in ("", "4") else Reason.OTHER
    kind = (int(found[2]), int(found[3]))
    if kind in status.SENDER:
        return Reason.OURS
    if kind in {(1, 2), (1, 10), (4, 4)}:
        return Reason.NO_DOMAIN
    if kind[0] == 1:
        return Reason.GONE
    if kind[0] == 7:
        return Reason.POLICY
    if kind[0] == 2:
        return Reason.FULL
    if found[1] == "4" or kind[0] == 4:
        return Reason.LATER
    return Reason.OTHER


def helps(name: str, sender: str) -> str:
    """Return what can be done about a code, in a sentence. `sender` is our mails' domain."""
    kind = reason(name)
    if kind is Reason.OURS:
        found = _ENHANCED.match(name.rpartition(" ")[2])
        assert found  # noqa: S101  (reason() has read it)
        return status.SENDER[int(found[2]), int(found[3])]
    return {
        Reason.GONE: "The agency may have new addresses: somebody there can tell.",
        Reason.NO_DOMAIN: "The agency may have a new domain: somebody there can tell.",
        Reason.POLICY: f"Ask them to allow mail from {sender}.",
        Reason.FULL: "Nothing is to be done here: they get the next issue once there is room.",
        Reason.LATER: f"If it stays so, ask them whether they hold back mail from {sender}.",
        Reason.OTHER: "Their administrators can say why.",
    }[kind]


def without_person(words: str, address: str | None) -> str:
    """Return a server's words without any address, and without the name before its @.

    Nothing is left where the address is not known any more.
    """
    if not address:
        return ""
    name = address.rpartition("@")[0].lower()
    hidden = []
    for word in words[:_LONGEST].split():
        bare = word.lower()
        is_person = "@" in bare or (len(name) >= _SHORTEST_NAME and name in bare)
        is_person = is_person or bare.strip("<>()[]\"'.,:;…") == name
        if not is_person:
            hidden.append(word)
        elif not hidden or hidden[-1] != "(an address)":
            hidden.append("(an address)")
    return " ".join(hidden)[:_LONGEST]
