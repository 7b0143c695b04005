"""Which mail service takes the mail of a domain: agencies share Proofpoint, Barracuda, Microsoft.

DNS is asked by a task of its own, never by a worker that sends: the answers are kept in a table
for a week. Where there is no answer, the domain alone counts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import dns.exception
import dns.resolver
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from newsletter.delivery.batches import Turns
from newsletter.models import MailDomain, Mark
from newsletter.models.limits import clean_domain
from subscribers.models import Subscriber

logger = logging.getLogger(__name__)

# How long an answer is used, and how long after none DNS is asked again.
FRESH_FOR = timedelta(days=7)
# So many subscribers are looked at in one transaction, for domains that are new.
SPAN = 5_000
# So many domains are looked up at once, each for so many seconds at most.
AT_ONCE, PATIENCE = 16, 4.0
# How long one task looks up, and how long DNS is left alone that answers nothing at all.
SECONDS = 15.0
AWAY_FOR = timedelta(hours=1)
# The mark of the last subscriber whose domain is in the table; and of when DNS was away.
SEEN, AWAY = "domains seen", "dns away"

# Under these, a name is registered one level further down.
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gob", "gouv", "gov", "govt", "mil", "net", "or", "org"}

type Ask = Callable[[str], str | None]


def domain_of(address: str) -> str:
    """Return the domain of an address as limits have it, "" for none."""
    domain = address.rpartition("@")[2]
    # Readers' addresses are stored like this already; an odd one costs a little more.
    if domain.isascii() and domain.islower() and not domain.endswith("."):
        return domain
    try:
        return clean_domain(domain)
    except ValueError:
        return domain.lower().removesuffix(".")


def service(host: str) -> str:
    """Return the mail service that a mail server's name belongs to: its registered domain.

    By a rule of thumb, which is right for the services that many domains share:
    mx0a-001b2c01.pphosted.com is pphosted.com, and mx.police.example.co.uk is example.co.uk.
    """
    labels = host.lower().removesuffix(".").split(".")
    keep = 2
    if len(labels) > 2 and len(labels[-1]) == 2:
        if labels[-1] == "us" and len(labels[-2]) == 2:
            keep = 4  # ci.dover.nh.us: the places of a state.
        elif labels[-2] in _SECOND_LEVEL:
            keep = 3
    return ".".join(labels[-keep:])


def resolver() -> dns.resolver.Resolver:
    """Return the machine's own resolver, as /etc/resolv.conf says."""
    return dns.resolver.Resolver()


def ask_dns(domain: str) -> str | None:
    """Return the mail service of a domain, "" where it has none, None where DNS says nothing."""
    try:
        answer = resolver().resolve(domain, "MX", search=False, lifetime=PATIENCE)
    except dns.resolver.NXDOMAIN:
        return ""
    except dns.resolver.NoAnswer:
        return service(domain)  # Its own address takes its mail (RFC 5321 5.1).
    except (dns.exception.DNSException, OSError, ValueError):
        return None
    best = min((int(each.preference), str(each.exchange).lower()) for each in answer)
    name = best[1].removesuffix(".")
    return service(name) if name else ""  # A dot alone takes no mail (RFC 7505).


def note_domains(seconds: float) -> bool:
    """Write the domains of subscribers who are new into the table; return whether all are."""
    deadline = time.monotonic() + seconds
    turns = Turns()
    while True:
        mark, _ = Mark.objects.get_or_create(name=SEEN)
        found = list(
            Subscriber.objects.filter(pk__gt=mark.value)
            .order_by("pk")
            .values_list("pk", "address")[:SPAN]
        )
        if not found:
            return True
        names = {domain_of(address) for _, address in found} - {""}
        known = set(MailDomain.objects.filter(name__in=names).values_list("name", flat=True))
        new = [MailDomain(name=name) for name in sorted(names - known) if len(name) <= 253]
        with transaction.atomic():
            MailDomain.objects.bulk_create(new, ignore_conflicts=True, batch_size=500)
            # Another worker may have been further.
            Mark.objects.filter(pk=mark.pk, value=mark.value).update(value=found[-1][0])
        if time.monotonic() > deadline:
            return False
        turns.leave_one()


def due() -> QuerySet[MailDomain]:
    """The domains that were never looked up, or long ago."""
    old = Q(looked_up_at=None) | Q(looked_up_at__lt=timezone.now() - FRESH_FOR)
    return MailDomain.objects.filter(old)


def is_due() -> bool:
    """Whether there is something to look up. For the tick."""
    if not settings.DELIVERY_LOOKS_UP_GATEWAYS:
        return False
    if Mark.objects.filter(name=AWAY, at__gt=timezone.now() - AWAY_FOR).exists():
        return False
    seen = Mark.objects.filter(name=SEEN).values_list("value", flat=True).first() or 0
    return Subscriber.objects.filter(pk__gt=seen).exists() or due().exists()


def look_up(seconds: float = SECONDS, ask: Ask = ask_dns) -> int:
    """Look up domains that are due for so many seconds; return how many were answered.

    DNS is asked outside of transactions. If it answers nothing at all, it is left alone for an
    hour, and what is known stays.
    """
    deadline = time.monotonic() + seconds
    note_domains(seconds / 3)
    answered = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while time.monotonic() < deadline:
            batch = list(
                due().order_by(F("looked_up_at").asc(nulls_first=True), "pk")[: 2 * AT_ONCE]
            )
            if not batch:
                break
            found = dict(zip(batch, pool.map(ask, [row.name for row in batch]), strict=True))
            if all(gateway is None for gateway in found.values()) and len(batch) >= 3:
                Mark.objects.update_or_create(name=AWAY, defaults={"at": timezone.now()})
                logger.warning("DNS answers nothing; gateways are looked up again in an hour")
                break
            answered += _keep(found.items())
    return answered


def _keep(found: Iterable[tuple[MailDomain, str | None]]) -> int:
    """Write answers down; what was not answered keeps its gateway, and is asked in a day."""
    now = timezone.now()
    in_a_day = now - FRESH_FOR + timedelta(days=1)
    answered = 0
    with transaction.atomic():
        for row, gateway in found:
            answered += gateway is not None
            if gateway is None:
                MailDomain.objects.filter(pk=row.pk).update(looked_up_at=in_a_day)
            else:
                MailDomain.objects.filter(pk=row.pk).update(looked_up_at=now, gateway=gateway)
    return answered


def gateways_of(domains: Iterable[str]) -> dict[str, str]:
    """Return the gateway of each of these domains that has one. One query."""
    rows = MailDomain.objects.filter(name__in=list(domains)).exclude(gateway="")
    return dict(rows.values_list("name", "gateway"))
