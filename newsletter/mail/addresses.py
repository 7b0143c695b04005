"""How an address is written in a mail and said to a mail server: in ASCII alone.

Sign-ups store it so. An address that came another way is turned here, as far as it has such a form.
"""

from __future__ import annotations

from alarmroom.environment import ascii_host


def written(address: str) -> str:
    """Return an address with its domain in ASCII (IDNA, RFC 5891).

    Raises ValueError, with a reason that an editor understands, where it has no such form. Letters
    beyond ASCII before the @ need SMTPUTF8 (RFC 6531), which few servers take and no message of
    ours uses.
    """
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError(
            f"{address!r} has letters beyond ASCII before the @. That needs SMTPUTF8, which the "
            "newsletter does not use, because most mail servers do not take it."
        )
    try:
        return f"{local}@{ascii_host(domain)}"
    except ValueError as error:
        raise ValueError(f"{address!r} has a domain that cannot be one.") from error
