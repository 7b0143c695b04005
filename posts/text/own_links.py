"""Links of a text to our own articles and pages, by their number: no new address breaks them.

The editor writes `/to/article/12/` (static/js/blocks/links.js). Readers get the present address,
and of what they cannot read the words alone. Where a text leaves unfinished, the address still
works, because posts/views/own_links.py sends it on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings

# What is linked to: "article" or "page", and its primary key.
Goal = tuple[str, int]
# More of them in one text stay as they are, and are sent on.
MOST_LINKS = 1_000

_OPENED = re.compile(r"<a [^<>]*>")
_HREF = re.compile(r' href="([^"]*)"')
_OWN = re.compile(r"/to/(article|page)/([0-9]{1,9})/(#[^#]*)?")


def own_link(kind: str, pk: int) -> str:
    """Return the address that the editor writes."""
    return f"/to/{kind}/{pk}/"


def goal_of(href: str) -> tuple[Goal, str] | None:
    """Return what an address leads to and the place in it ("#…" or ""), if it is one of these."""
    found = _OWN.fullmatch(href.removeprefix(settings.SITE_URL))
    return ((found[1], int(found[2])), found[3] or "") if found else None


def goals_in(html: str) -> set[Goal]:
    """Return what the links of a clean text lead to by number."""
    if "/to/" not in html:
        return set()
    found: set[Goal] = set()
    for tag in _OPENED.finditer(html):
        href = _HREF.search(tag[0])
        goal = goal_of(href[1]) if href else None
        if goal and len(found) < MOST_LINKS:
            found.add(goal[0])
    return found


def with_addresses(html: str, addresses: Mapping[Goal, str], *, goals: set[Goal]) -> str:
    """Return a clean text in which these links have their present addresses.

    Of a link to a goal without one only the words stay. A link has no link within it.
    """
    if not goals:
        return html
    out: list[str] = []
    done = 0
    for tag in _OPENED.finditer(html):
        href = _HREF.search(tag[0])
        found = goal_of(href[1]) if href else None
        if href is None or found is None or found[0] not in goals:
            continue
        goal, place = found
        out.append(html[done : tag.start()])
        done = tag.end()
        if goal in addresses:
            out += [tag[0][: href.start(1)], addresses[goal], place, tag[0][href.end(1) :]]
        else:
            end = html.find("</a>", done)
            out.append(html[done:end])
            done = end + len("</a>")
    out.append(html[done:])
    return "".join(out)
