"""Who takes the mail of a domain: many agencies share one gateway, and one refusal.

Workers look it up while they send (newsletter/delivery/gateways.py). Where that is not known, each
domain stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import batched

from newsletter.models import MailDomain

AT_ONCE = 500


def of(domains: Iterable[str]) -> dict[str, str]:
    """Return the gateways of these domains, as far as they are known. A query for 500."""
    found: dict[str, str] = {}
    for part in batched(domains, AT_ONCE):
        known = MailDomain.objects.filter(name__in=part).exclude(gateway="")
        found.update(known.values_list("name", "gateway"))
    return found
