"""How many readers each limit is about, for the estimate of how long an issue takes.

Counted by a task now and then: to look at every address takes seconds for a million.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.utils import timezone

from newsletter.delivery import rules
from newsletter.delivery.gateways import domain_of
from newsletter.models import Gate, MailDomain, Mark
from subscribers.models import Subscriber

COUNTED, FRESH_FOR = "readers counted", timedelta(hours=6)
CHUNK = 5_000


def are_due() -> bool:
    """Whether the readers of some limit should be counted. For the tick."""
    single = rules.read(timezone.now()).single
    if not single:
        return False
    known = Gate.objects.filter(key__in=single).exclude(readers=None).count()
    lately = timezone.now() - FRESH_FOR
    return known < len(single) or not Mark.objects.filter(name=COUNTED, at__gt=lately).exists()


def count() -> None:
    """Count the readers of each limit."""
    found: Counter[str] = Counter(dict.fromkeys(rules.read(timezone.now()).single, 0))
    names = [key.removeprefix("gateway:") for key in found if key.startswith("gateway:")]
    services = MailDomain.objects.filter(gateway__in=names) if names else MailDomain.objects.none()
    gateways = dict(services.values_list("name", "gateway"))
    addresses = Subscriber.objects.mailable().values_list("address", flat=True)
    for address in addresses.order_by().iterator(CHUNK):
        domain = domain_of(address)
        for key in (f"domain:{domain}", f"gateway:{gateways.get(domain, '')}"):
            if key in found:
                found[key] += 1
    Gate.objects.bulk_create([Gate(key=key) for key in found], ignore_conflicts=True)
    for key, readers in found.items():
        Gate.objects.filter(key=key).update(readers=readers)
    Mark.objects.update_or_create(name=COUNTED, defaults={"at": timezone.now()})
