"""Where the links of a text lead: to something of ours, into the text itself, or elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve

# The views whose address ends with the slug of something, and what that is called here.
KINDS = {
    "posts:article": "post",
    "posts:share-image": "post",
    "posts:tag": "tag",
    "posts:tag-feed": "tag",
    "posts:author": "author",
    "posts:author-feed": "author",
    "posts:page": "page",
    "posts:to-article": "post-number",
    "posts:to-page": "page-number",
}
# Only the desk may open these.
_OF_THE_DESK = ("admin", "preview", "desk")


@dataclass(frozen=True)
class Target:
    """What a link leads to. `kind` is one of:

    "post", "tag", "author", "page", or the name of a view, each with its `key` (slug or number);
    "post-number" and "page-number" (a primary key: posts/text/own_links.py);
    "fragment" (a place in the text, `key` its id), "desk", "elsewhere", "nowhere" (no address of
    ours), "fine" (an address of ours that is always there) and "other" (a mail, a phone number).
    """

    kind: str
    key: str = ""


def target_of(href: str, slug: str = "") -> Target:
    """Return where a link of the article with this slug leads. No query."""
    href = href.strip().replace("\\", "/")
    try:
        parts = urlsplit(href)
        if parts.scheme.lower() not in ("", "http", "https"):
            return Target("other")
        if not (parts.scheme or parts.netloc or parts.path or parts.query):
            return Target("fragment", parts.fragment) if parts.fragment else Target("fine")
        parts = urlsplit(urljoin(f"{settings.SITE_URL}/articles/{slug or '-'}/", href))
        host = (parts.hostname or "").lower()
        if host.removeprefix("www.") != own_host().removeprefix("www."):
            return Target("elsewhere", href)
    except ValueError:
        return Target("nowhere", href)
    return _of_path(parts.path or "/")


def own_host() -> str:
    return (urlsplit(settings.SITE_URL).hostname or "").lower()


@lru_cache(maxsize=2_000)
def _of_path(path: str) -> Target:
    first = path.lstrip("/").partition("/")[0]
    if first in _OF_THE_DESK:
        return Target("desk", path)
    for each in (path, f"{path}/"):
        try:
            match = resolve(each)
        except Resolver404:
            continue
        kind = KINDS.get(match.view_name, match.view_name)
        key = match.kwargs.get("slug", match.kwargs.get("number"))
        if key is None:
            return Target("fine")
        return Target(kind, str(key))
    return Target("nowhere", path)
