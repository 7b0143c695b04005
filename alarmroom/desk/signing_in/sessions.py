"""The sessions of an account: they end after 12 idle hours, and their owner sees and ends them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from alarmroom.desk.models import Session

# In the session: when it began, when it was used last (seconds since 1970), and in which browser.
STARTED, SEEN, BROWSER = "started", "seen", "browser"
# A session that is used is written no more often. So it ends after 12 idle hours, or up to so much
# earlier.
WRITTEN_EVERY = 5 * 60  # seconds
LONGEST_AGENT = 300  # characters
MOST_SHOWN = 50

# The first that stands in the header is the browser; the others claim to be it, too.
BROWSERS = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
]
SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
]


@dataclass(frozen=True)
class Seen:
    """A session as its owner sees it. `token` names it in a form, and is not its key."""

    token: str
    what: str
    started: datetime | None
    seen: datetime | None
    is_this: bool


def browser_of(agent: str) -> str:
    """Return a browser and its system in words, out of the header User-Agent."""
    agent = agent[:LONGEST_AGENT]
    browser = next((name for mark, name in BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def keep_alive(request: HttpRequest) -> None:
    """Note that a session is used, every few minutes; its twelve hours begin anew then."""
    now, session = int(time.time()), request.session
    seen = session.get(SEEN)
    if isinstance(seen, int) and 0 <= now - seen < WRITTEN_EVERY:
        return
    session[SEEN] = now
    session.setdefault(STARTED, now)
    session[BROWSER] = browser_of(request.headers.get("User-Agent", ""))


def sessions_of(user: Any, this_key: str | None) -> list[Seen]:
    """Return the sessions in which an account is signed in, this one first, then by their use."""
    found = []
    hashed = user.get_session_auth_hash()
    rows = Session.objects.filter(account=user.pk, expire_date__gt=timezone.now())
    for row in rows.order_by("-expire_date")[:MOST_SHOWN]:
        data = row.get_decoded()
        # One from before the password was changed is signed out when it is used next.
        if not constant_time_compare(str(data.get(HASH_SESSION_KEY, "")), hashed):
            continue
        found.append(
            Seen(
                token=token_of(row.session_key),
                what=str(data.get(BROWSER) or "A browser"),
                started=moment(data.get(STARTED)),
                seen=moment(data.get(SEEN)),
                is_this=row.session_key == this_key,
            )
        )
    return sorted(found, key=lambda seen: not seen.is_this)


def moment(seconds: object) -> datetime | None:
    return (
        datetime.fromtimestamp(seconds, timezone.get_current_timezone())
        if isinstance(seconds, int)
        else None
    )


def token_of(key: str) -> str:
    hashed = salted_hmac("alarmroom.desk.signing_in.sessions", key, algorithm="sha256")
    return hashed.hexdigest()[:20]


def end_session(user: Any, token: str, this_key: str | None) -> bool:
    """End one of the account's sessions, but not this one; return whether there was one."""
    keys = Session.objects.filter(account=user.pk).values_list("session_key", flat=True)
    chosen = [key for key in keys if key != this_key and token_of(key) == token]
    return bool(Session.objects.filter(session_key__in=chosen).delete()[0]) if chosen else False


def end_sessions(user: Any, *, but: str | None = None) -> int:
    """End all sessions of an account, but for one; return how many."""
    return int(Session.objects.filter(account=user.pk).exclude(session_key=but or "").delete()[0])


def forget_ended() -> None:
    """Delete the sessions that ended by themselves. For the tick."""
    ended = Session.objects.filter(expire_date__lt=timezone.now())
    # A delete takes SQLite's write lock even where there is nothing to delete.
    if ended.exists():
        ended.delete()
