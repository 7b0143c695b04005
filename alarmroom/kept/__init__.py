"""Kept pages: a public page is rendered once, and stored until something that it shows changes.

A view names what its page shows: `return kept.keep(response, "posts", "post-7")`. These names
are the page's keys. The middleware writes the finished page to KEPT_PAGES_ROOT, compressed, and
later requests are answered from that file, before Django's handler runs.

Whoever changes something calls `kept.drop(key)`. After the commit, every page that named the key
is removed. The process that dropped it stops answering from it at once. The other processes of
the host stop within a tenth of a second: for that long they answer from memory without a look at
the file. Other hosts stop after KEPT_PAGES_SECONDS. nginx can serve the same files by itself.

This module has what views and models call. writing.py is the middleware that stores pages,
answering.py answers from them, files.py reads and writes the files, negotiation.py decides on
304 and on the compression.

Only public pages are kept: no cookie, no token, nothing personal (docs/decisions/).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http.response import HttpResponseBase

from alarmroom.kept.files import page_store

# Browsers ask at each visit, and mostly get a 304: an editor must see what was just saved. A CDN
# may answer from its copy for a minute. After that, both may show the old copy once more while
# they fetch the new one; static/js/saved.js makes an editor's browser fetch it at once.
CACHE_CONTROL = "public, max-age=0, s-maxage=60, stale-while-revalidate=300"

# The keys of what every public page shows: the resources in the sign-up box, the footer's menu.
EVERY_PAGE = ("resources", "pages")


@dataclass(frozen=True)
class CachePolicy:
    """How a response is kept: under which keys, until when, and as which page of a list.

    `counts` is the name under which its reads are counted, or empty.
    """

    keys: tuple[str, ...]
    until: Callable[[datetime], datetime | None] | None
    page: int
    counts: str


def keep[Response: HttpResponseBase](
    response: Response,
    *keys: str,
    until: Callable[[datetime], datetime | None] | None = None,
    page: int = 1,
    counts: str = "",
) -> Response:
    """Mark a response as public, and to be kept until one of the keys is dropped; return it.

    `until` is called with the moment at which the rendering began. It returns the moment at
    which the page must be rendered again, such as the next scheduled publication, or None.
    `page` is the number of the page that the response shows. The response is only kept where
    that number was asked for: `?page=` takes any number, and a stranger could fill the disk.
    `counts` is a name such as "article-7", if reads of the page are counted (alarmroom/reads/).
    """
    response.cache_policy = CachePolicy(keys, until, page, counts)  # type: ignore[attr-defined]  # ours, read by the middleware
    response["Cache-Control"] = CACHE_CONTROL
    # The content policy says the same by frame-ancestors, which browsers prefer to this header
    # (https://www.w3.org/TR/CSP3/#frame-ancestors-and-frame-options).
    response.xframe_options_exempt = True  # type: ignore[attr-defined]  # Django's own name
    return response


def drop(*keys: str) -> None:
    """Remove every kept page that named one of the keys, once this transaction commits."""
    names = tuple(dict.fromkeys(keys))
    if names:
        transaction.on_commit(lambda: page_store().drop(names), robust=True)


def drop_everything() -> None:
    """Remove every kept page, once this transaction commits."""
    transaction.on_commit(lambda: page_store().clear(), robust=True)


def remember[Value](
    key: str | tuple[str, ...],
    load: Callable[[], Value],
    *,
    part: Hashable = "",
    until: datetime | None = None,
) -> Value:
    """Return what `load` returned when this process last called it for the key.

    It is called again after the key (or one of them) was dropped, after KEPT_PAGES_SECONDS, and
    from the moment `until` on. For small things that every page shows; `part` tells apart
    several things under one key. While no pages are kept, nothing is remembered either.
    """
    if not settings.KEPT_PAGES_SECONDS:
        return load()
    store = page_store()
    stamps = (store.stamp(key),) if isinstance(key, str) else tuple(map(store.stamp, key))
    if not all(stamps):
        return load()  # Without a stamp, a drop of the key would not be noticed.
    found = _remembered.get((store.root, key, part))
    if found and found[0] == stamps and found[1] > time.monotonic():
        expires_by(found[1])
        return found[2]
    seconds: float = settings.KEPT_PAGES_SECONDS
    if until is not None:
        seconds = min(seconds, until.timestamp() - time.time())
    with expiring(time.monotonic() + seconds) as expiry:
        value = load()
    # With the stamps from before loading: after a drop in between, they differ from the file's.
    _remembered[store.root, key, part] = (stamps, expiry.at, value)
    expires_by(expiry.at)
    return value


@dataclass
class Expiry:
    """When what is being made must be made again (seconds of time.monotonic())."""

    at: float


@contextmanager
def expiring(at: float) -> Iterator[Expiry]:
    """Note, while something is made, when it expires: `at`, or with the first of its parts.

    A part is what remember() returns meanwhile. It may be almost KEPT_PAGES_SECONDS old already,
    and what contains it must not live longer: otherwise a change made on another host would show
    only after several times KEPT_PAGES_SECONDS.
    """
    expiry = Expiry(at)
    token = _being_made.set(expiry)
    try:
        yield expiry
    finally:
        _being_made.reset(token)


def expires_by(at: float) -> None:
    """Note that what is being made has a part that expires at this moment."""
    expiry = _being_made.get()
    if expiry is not None and at < expiry.at:
        expiry.at = at


_being_made: ContextVar[Expiry | None] = ContextVar("being_made", default=None)
_remembered: dict[tuple[Path, Hashable, Hashable], tuple[Hashable, float, Any]] = {}
