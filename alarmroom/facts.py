"""What the publication says about itself: its name, its postal address, its words.

Editors change it under Settings (alarmroom/publication/). What they left empty is what the server's
environment says. Reading it costs a look at the time of one file: the stamp of the key KEY among
the kept pages (alarmroom/kept/), which every process of the host shares. A save changes it, with
all other stamps, when it commits; so web processes, workers and the clock agree from then on.
Other hosts follow within KEPT_PAGES_SECONDS, as they do with pages.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.templatetags.static import static
from django.utils import timezone

from alarmroom import kept
from alarmroom.kept.files import page_store
from alarmroom.site_url import absolute_url

KEY = "publication"
# Where no pages are kept, as in development.
SECONDS = 60

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Facts:
    """The values that hold now. Those of a publication that nobody has changed yet."""

    name: str = "The Alarm Room"
    tagline: str = "For the people who answer, and for those who train and lead them."
    description: str = "A publication for 911 dispatchers and the people who train and lead them."
    own_postal_address: str = ""
    own_profiles: tuple[str, ...] = ()
    share_picture: str = ""
    """The name of a file in the storage."""
    sign_up_words: str = ""
    issue_weekday: int = 3
    issue_time: dt.time = dt.time(9)

    @property
    def postal_address(self) -> str:
        return self.own_postal_address or str(settings.POSTAL_ADDRESS)

    @property
    def profiles(self) -> list[str]:
        return list(self.own_profiles or settings.SITE_PROFILES)

    @property
    def share_picture_url(self) -> str:
        """The whole address of the picture beside a link to a page that has none of its own."""
        if self.share_picture:
            return absolute_url(default_storage.url(self.share_picture))
        return f"{settings.SITE_URL}{static('img/share.png')}"

    def next_issue_at(self, after: dt.datetime | None = None) -> dt.datetime:
        """Return the next moment at which an issue is usually sent."""
        local = timezone.localtime(after)
        days = (self.issue_weekday - local.weekday()) % 7
        day = local.date() + dt.timedelta(days=days)
        found = timezone.make_aware(dt.datetime.combine(day, self.issue_time))
        if found > local:
            return found
        day += dt.timedelta(days=7)
        return timezone.make_aware(dt.datetime.combine(day, self.issue_time))


@dataclass(frozen=True)
class Known:
    facts: Facts
    stamp: int
    until: float


_known: dict[Path, Known] = {}


def facts() -> Facts:
    """Return what holds now. Mostly without a query."""
    store = page_store()
    stamp = store.stamp(KEY)
    known = _known.get(store.root)
    if known and stamp and known.stamp == stamp and known.until > time.monotonic():
        kept.expires_by(known.until)
        return known.facts
    try:
        found = _load()
    except DatabaseError:
        # A page for bad times needs a name, too.
        logger.warning("The settings of the publication could not be read")
        return known.facts if known else Facts()
    until = time.monotonic() + (settings.KEPT_PAGES_SECONDS or SECONDS)
    # A transaction may see an older row than the stamp promises, or one that is rolled back.
    if not connection.in_atomic_block:
        remember(found, stamp, until)
        kept.expires_by(until)
    return found


def remember(found: Facts, stamp: int, until: float) -> None:
    _known[page_store().root] = Known(found, stamp, until)


def _load() -> Facts:
    # By its name: the room of the model is above this module.
    row = apps.get_model("publication", "Publication").objects.filter(pk=1).first()
    return row.facts() if row else Facts()


def version_of(words: str) -> str:
    """Return the name under which sign-up words are kept for ever."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]
