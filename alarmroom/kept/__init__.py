"""Kept pages: a public page is rendered once, and kept until something that it shows changes.

A view says what its page shows: `return kept.keep(response, "posts", post.kept_key)`. The
finished page is then written to KEPT_PAGES_ROOT, compressed once, and answered before
Django's handler runs. Whoever changes something calls `kept.drop(key)`: after the commit,
exactly the pages that named the key are gone, for this process at once and for every other of
the host within a tenth of a second, in which a process answers from memory before it looks at
the page's file again. Other hosts see the change after KEPT_PAGES_SECONDS. nginx can serve the
same files itself.

Here is what views and models call. writing.py is the middleware that writes pages down,
answering.py answers from them, files.py has the files, negotiation.py what a browser may ask
of either.

Kept pages are public by design: no cookie, no token, nothing personal (docs/decisions/).
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

from alarmroom.kept.files import shelf

# A browser asks each time, mostly for a 304: an editor who looks at what was just saved must see
# it. A CDN may keep a page for a minute. Either may show an old one once more while it asks, which
# browsers do with what a page needs; of those that do it with pages, static/js/saved.js takes care.
CACHE_CONTROL = "public, max-age=0, s-maxage=60, stale-while-revalidate=300"

# Keys of what stands on every public page: the resources in the sign-up box, the menu in the
# footer.
EVERY_PAGE = ("resources", "pages")


@dataclass(frozen=True)
class Wish:
    """How a response is to be kept."""

    keys: tuple[str, ...]
    until: Callable[[datetime], datetime | None] | None
    page: int


def keep[Response: HttpResponseBase](
    response: Response,
    *keys: str,
    until: Callable[[datetime], datetime | None] | None = None,
    page: int = 1,
) -> Response:
    """Mark a response as public, and to be kept until one of the keys is dropped.

    `until` tells, of the moment at which the rendering began, the one after which the page must
    be rendered again, such as the next scheduled publication. `page` is the number of the page
    that is shown: under any other one that was asked for, it is not kept, or a stranger could
    fill the disk. Returns the response.
    """
    response.kept = Wish(keys, until, page)  # type: ignore[attr-defined]  # ours, read by the middleware
    response["Cache-Control"] = CACHE_CONTROL
    # The content policy's frame-ancestors says it, and every browser that knows both obeys that
    # one alone (https://www.w3.org/TR/CSP3/#frame-ancestors-and-frame-options).
    response.xframe_options_exempt = True  # type: ignore[attr-defined]  # Django's own name
    return response


def drop(*keys: str) -> None:
    """Let go of every kept page that named one of the keys, once this transaction commits."""
    names = tuple(dict.fromkeys(keys))
    if names:
        transaction.on_commit(lambda: shelf().drop(names), robust=True)


def drop_everything() -> None:
    """Let go of every kept page, once this transaction commits."""
    transaction.on_commit(lambda: shelf().clear(), robust=True)


def remember[Value](
    key: str | tuple[str, ...],
    load: Callable[[], Value],
    *,
    part: Hashable = "",
    until: datetime | None = None,
) -> Value:
    """Return what `load` returned in this process since the key was last dropped, or any of them.

    For small things that every page shows; `part` tells several of one key apart. At most
    KEPT_PAGES_SECONDS old with all that is remembered in it, and from before `until`; loaded anew
    each time while nothing is kept at all.
    """
    if not settings.KEPT_PAGES_SECONDS:
        return load()
    on = shelf()
    stamps = (on.stamp(key),) if isinstance(key, str) else tuple(map(on.stamp, key))
    if not all(stamps):
        return load()  # Nobody could say that it was dropped.
    found = _remembered.get((on.root, key, part))
    if found and found[0] == stamps and found[1] > time.monotonic():
        _end_with(found[1])
        return found[2]
    seconds: float = settings.KEPT_PAGES_SECONDS
    if until is not None:
        seconds = min(seconds, until.timestamp() - time.time())
    with ending(time.monotonic() + seconds) as end:
        value = load()
    # The stamps of before loading: a drop in between leaves them different.
    _remembered[on.root, key, part] = (stamps, end.at, value)
    _end_with(end.at)
    return value


@dataclass
class End:
    """When what is being made must be made anew, by the clock that is never set back (s)."""

    at: float


@contextmanager
def ending(at: float) -> Iterator[End]:
    """Make something out of what is remembered; it ends `at` a moment, or with the first of that.

    Without this, each would begin its own KEPT_PAGES_SECONDS, and another host would see a change
    after as many of them as one stands within the other.
    """
    end = End(at)
    token = _making.set(end)
    try:
        yield end
    finally:
        _making.reset(token)


def _end_with(at: float) -> None:
    """Note that what is being made holds something that ends at this moment."""
    end = _making.get()
    if end is not None and at < end.at:
        end.at = at


_making: ContextVar[End | None] = ContextVar("making", default=None)
_remembered: dict[tuple[Path, Hashable, Hashable], tuple[Hashable, float, Any]] = {}
