"""The tick counts itself in the database, and in a file beside it, to notice a restored backup.

The file stands under DATA_DIR, on each machine that runs the tick. What follows from it is in
newsletter/delivery/restored.py.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from newsletter.models import Mark

# The count of ticks; and a number by which a database knows its file.
TICKS, NAME = "ticks", "name of this database"
# The tick runs each minute. A database that was quiet for so long may be a copy.
LONG = timedelta(hours=1)
# The machine sets the time at which a file was put where it is. For one that was copied back, that
# is later than the time which the file itself tells.
PUT_BACK = timedelta(minutes=10)


@dataclass(frozen=True)
class Noted:
    """What the file says, and whether it was copied to where it is."""

    ticks: int
    put_back: bool


def note() -> None:
    """Write the count of ticks into the file, after it is in the database."""
    ticks = Mark.objects.values_list("value", flat=True).get(name=TICKS)
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        fresh.write_text(f"{ticks} {timezone.now().timestamp():.0f}\n")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def is_suspected() -> bool:
    """Whether the database may be an older one, and no tick has looked yet. For workers."""
    mark = Mark.objects.filter(name=TICKS).first()
    return mark is not None and is_older(mark, noted_in_file(), timezone.now())


def is_older(mark: Mark, noted: Noted | None, now: datetime) -> bool:
    """Whether a database with this count is older than the file beside it, or may be."""
    if noted is not None and noted.ticks > mark.value:
        return True
    unknown = noted is None or noted.put_back
    return unknown and mark.at is not None and now - mark.at > LONG


def noted_in_file() -> Noted | None:
    """Return what the file says; None where there is none, or nothing that makes sense."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
        path = _path()
        ticks, written = path.read_text().split()
        put_there = path.stat().st_ctime
        return Noted(int(ticks), put_there - int(written) > PUT_BACK.total_seconds())
    return None


def _path() -> Path:
    mark, _ = Mark.objects.get_or_create(
        name=NAME, defaults={"value": secrets.randbelow(2**62), "at": timezone.now()}
    )
    return Path(settings.DATA_DIR) / "ticks" / f"{mark.value:016x}"
