"""Where a visitor came from, and whether it was a person, as far as a request says."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from alarmroom.reads.models import LONGEST_SOURCE

# A source is one of these words, or the host of another site, which has a full stop in it.
MACHINE, NEWSLETTER, SEARCH, SITE, DIRECT, OTHER = (
    "machine",
    "newsletter",
    "search",
    "site",
    "direct",
    "other",
)

# What programs call themselves. Browsers have none of these words in their names, but for phones of
# Cubot.
_MACHINES = re.compile(
    r"(?<!cu)bot|crawl|spider|slurp|scan|fetch|monitor|preview|archive|index|headless|lighthouse|curl|wget"
    r"|python|java/|ruby|perl|okhttp|axios|go-http|node|http-client|httpclient|libwww|feed|rss"
    r"|facebookexternalhit|whatsapp|embed|validator|checker|proxy"
)
_SEARCH = re.compile(
    r"(?:[a-z0-9-]+\.)?(?:google\.[a-z.]{2,7}|bing\.com|duckduckgo\.com|ecosia\.org|qwant\.com"
    r"|startpage\.com|kagi\.com|baidu\.com|yandex\.[a-z]{2,3})"
    r"|search\.[a-z0-9-]+\.(?:com|org)|com\.google\.android\.googlequicksearchbox"
)
# Hosts of search engines on which other things than a search are.
_NO_SEARCH = ("mail.", "news.", "docs.", "drive.", "groups.", "sites.", "classroom.", "meet.")
_HOST = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}")


def is_machine(agent: str, language: str) -> bool:
    """Return whether a program asked: by its name, or because it has no language.

    Every browser says which languages its reader wants (Accept-Language); few programs do.
    """
    return not language or not agent or _MACHINES.search(agent.lower()) is not None


def source_of(referer: str, query: str, own: str) -> str:
    """Return the source that a Referer and a query name; `own` is the host of this site.

    A link whose query says that it stood in a mail (utm_medium=email) is the newsletter's.
    """
    if "utm_" in query and _is_of_mail(query):
        return NEWSLETTER
    try:
        host = (urlsplit(referer).hostname or "").lower().removeprefix("www.")
    except ValueError:
        return OTHER
    if not host:
        return OTHER if referer else DIRECT
    if host == own.removeprefix("www."):
        return SITE
    if not host.startswith(_NO_SEARCH) and _SEARCH.fullmatch(host):
        return SEARCH
    return host if len(host) <= LONGEST_SOURCE and _HOST.fullmatch(host) else OTHER


def _is_of_mail(query: str) -> bool:
    try:
        said = parse_qs(query, max_num_fields=20)
    except ValueError:
        return False
    return said.get("utm_medium", [""])[0] == "email" or said.get("utm_source") == ["newsletter"]


def name_of(source: str) -> str:
    """Return what an editor calls a source."""
    return {
        NEWSLETTER: "The Weekly Alarm",
        SEARCH: "Search engines",
        SITE: "Other pages of this site",
        DIRECT: "Directly, or not said",
        OTHER: "Other sites",
        MACHINE: "Machines",
    }.get(source, source)
