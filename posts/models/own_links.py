"""Where the numbered links of texts lead now (posts/text/own_links.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.utils import timezone

from posts.models.addresses import address
from posts.text.own_links import Goal, goals_in, with_addresses

_AT_ONCE = 1_000


def addresses_of(goals: Iterable[Goal]) -> dict[Goal, str]:
    """Return the paths of what readers may open. A query for articles, and one for pages."""
    found: dict[Goal, str] = {}
    wanted: dict[str, list[int]] = {}
    for kind, pk in sorted(goals):
        wanted.setdefault(kind, []).append(pk)
    # By name, because the models of articles and pages need this module.
    posts: Any = apps.get_model("posts", "Post")._base_manager
    pages: Any = apps.get_model("posts", "Page")._base_manager
    public = {
        "article": ("posts:article", posts.filter(published_at__lte=timezone.now())),
        "page": ("posts:page", pages.all()),
    }
    for kind, pks in wanted.items():
        view, rows = public[kind]
        for start in range(0, len(pks), _AT_ONCE):
            some = rows.filter(pk__in=pks[start : start + _AT_ONCE]).order_by()
            for pk, slug in some.values_list("pk", "slug"):
                found[kind, pk] = address(view, slug)
    return found


def resolved(html: str) -> str:
    """Return a clean text with the present addresses in its links. At most two queries."""
    goals = goals_in(html)
    return with_addresses(html, addresses_of(goals), goals=goals) if goals else html
