"""Links to other sites, tried in the background: which are due, by whom, and how fast."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable

from django.utils import timezone

from posts.checks.manuscript import Text
from posts.checks.reaching import Limits, reach
from posts.checks.targets import target_of
from posts.models.link_check import KEPT, LONGEST_URL, LinkCheck, LinkHost

MOST_OF_A_TEXT = 200  # addresses
# Of one host, so many seconds for each request: 20 a minute.
SPACING = dt.timedelta(seconds=3)
# A worker that died frees a host and a link after so long.
LEASE = dt.timedelta(seconds=60)
LATER = dt.timedelta(seconds=20)
FORGOTTEN_AFTER = dt.timedelta(days=60)


class Busy(Exception):
    """Somebody asks this host just now."""


def urls_in(body: str) -> list[str]:
    """Return the addresses of other sites in a clean body, each once."""
    found = dict.fromkeys(
        target.key
        for link in Text(body).links
        if (target := target_of(link.href)).kind == "elsewhere"
    )
    return [url for url in found if len(url) <= LONGEST_URL][:MOST_OF_A_TEXT]


def ask_for(bodies: Iterable[str]) -> int:
    """Let the links of these texts be tried, unless that was done within a week; return how many.

    It only writes rows; check_due() makes the requests.
    """
    now = timezone.now()
    urls = list(dict.fromkeys(url for body in bodies for url in urls_in(body)))
    for start in range(0, len(urls), 500):
        some = urls[start : start + 500]
        LinkCheck.objects.bulk_create(
            [LinkCheck(url=url, asked_at=now, due_at=now) for url in some], ignore_conflicts=True
        )
        rows = LinkCheck.objects.filter(url__in=some)
        rows.update(asked_at=now)
        rows.filter(checked_at__lte=now - KEPT, due_at=None).update(due_at=now)
    return len(urls)


def forget_old() -> None:
    """Delete what no text has named for long."""
    before = timezone.now() - FORGOTTEN_AFTER
    LinkCheck.objects.filter(asked_at__lt=before).delete()
    LinkHost.objects.filter(free_at__lt=before).delete()


def check_due(seconds: float = 20, limits: Limits | None = None) -> int:
    """Try the links that are due, for about so many seconds; return how many were tried.

    It may run twice at once: a worker claims a link, and each host that it asks.
    """
    until = time.monotonic() + seconds
    tried = 0
    for pk in list(LinkCheck.objects.due(timezone.now()).values_list("pk", flat=True)[:100]):
        if time.monotonic() > until:
            break
        tried += _check(pk, limits)
    return tried


def _check(pk: int, limits: Limits | None) -> bool:
    now = timezone.now()
    if not LinkCheck.objects.due(now).filter(pk=pk).order_by().update(claimed_until=now + LEASE):
        return False  # Another worker was first.
    row = LinkCheck.objects.get(pk=pk)
    asked: dict[str, int] = {}

    def before(host: str) -> None:
        if host not in asked and not claim(host):
            raise Busy
        asked[host] = asked.get(host, 0) + 1

    try:
        outcome = reach(row.url, before=before, limits=limits)
    except Busy:
        LinkCheck.objects.filter(pk=pk).update(claimed_until=None, due_at=timezone.now() + LATER)
        return False
    finally:
        for host, count in asked.items():
            LinkHost.objects.filter(host=host).update(free_at=timezone.now() + count * SPACING)
    LinkCheck.objects.filter(pk=pk).update(
        claimed_until=None,
        due_at=None,
        checked_at=timezone.now(),
        status=outcome.status,
        error=outcome.error,
    )
    return True


def claim(host: str) -> bool:
    """Take a host for one request after the other; whether it was free."""
    now = timezone.now()
    LinkHost.objects.bulk_create([LinkHost(host=host[:255], free_at=now)], ignore_conflicts=True)
    free = LinkHost.objects.filter(host=host[:255], free_at__lte=now)
    return bool(free.update(free_at=now + LEASE))
