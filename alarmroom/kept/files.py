"""The files of kept pages: where a page lies, how it is written, dropped and swept."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import brotli
from django.conf import settings

# What may become part of a file's name, besides one of our own hosts (own_hosts()).
PATH = re.compile(r"(?:/[A-Za-z0-9_\-][A-Za-z0-9._\-]*)*/?")
# The one query a kept page may have; anything else is answered by Django, and not kept.
QUERY = re.compile(r"(?:page=[1-9][0-9]{0,5})?")
# What others hang on a link to see who follows it. No page of ours reads it, so it is left out.
TRACKING = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|gbraid|wbraid|dclid|msclkid|mc_cid|mc_eid|igsh|igshid|twclid)=[^&]*"
)
LONG_PAST = 1_700_000_000  # seconds since 1970
SECOND = 1_000_000_000  # nanoseconds

logger = logging.getLogger(__name__)


class Shelf:
    """The folder of kept pages.

    `<host>/<path>/index.html` (`page=2.html`; `file.html` of a path without a slash), beside
    it `.html.br`, `.html.gz` and `.json` (its headers; without it the page does not count).
    `.keys/<key>/` holds a link to each page
    that named the key, and its own time is the moment the key was last dropped.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys = root / ".keys"
        self._keys = str(self.keys)  # Asked for several times a page; a Path takes its time.
        self.lock = root / ".lock"
        self.last_drop = root / ".drop"
        self.own_drops = 0  # how often this process removed pages

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        self.keys.mkdir(parents=True, exist_ok=True)
        with self.lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def drops(self) -> int:
        """Return a number that is another after each drop (ns)."""
        try:
            return os.stat(self.last_drop).st_mtime_ns
        except FileNotFoundError:
            return 0

    def stamp(self, key: str) -> int:
        """Return a number that is another after each drop of the key, or of everything (ns).

        0 is none: the disk has no room for one.
        """
        file = f"{self._keys}/{key}.stamp"
        try:
            return os.stat(file).st_mtime_ns
        except FileNotFoundError:
            # Made now, so that clear() finds it.
            with contextlib.suppress(OSError):
                self.keys.mkdir(parents=True, exist_ok=True)
                Path(file).touch()
                return os.stat(file).st_mtime_ns
            return 0

    def path(self, host: str, path: str, query: str) -> str | None:
        """Return the page's file without its ending, or None for what is never kept."""
        if not (host in own_hosts() and PATH.fullmatch(path) and QUERY.fullmatch(query)):
            return None
        if path.endswith("/"):
            return f"{self.root}/{host}{path}{query or 'index'}"
        # A feed's, say. Without the slash it is another address, which may be redirected.
        return None if query else f"{self.root}/{host}{path}/file"

    def store(
        self,
        stem: str,
        body: bytes,
        headers: list[tuple[str, str]],
        keys: Iterable[str],
        expires: float,
        drops: int,
    ) -> None:
        """Write a page down, unless something was dropped since it began to be rendered.

        What cannot be written whole, such as to a full disk, is not kept at all (OSError).
        """
        keys = tuple(keys)
        meta = json.dumps(
            {
                "headers": headers,
                "expires": expires,
                "sha256": hashlib.sha256(body).hexdigest(),
                "keys": keys,
            }
        )
        bodies = {
            ".html": body,
            ".html.br": brotli.compress(body, quality=9),
            ".html.gz": gzip.compress(body, 9, mtime=0),
        }
        with self.locked():
            if self.drops() != drops:
                return
            try:
                if not drops:
                    # There before the first page is, so that a drop of it needs no room.
                    self.last_drop.touch()
                Path(stem).parent.mkdir(parents=True, exist_ok=True)
                for ending, content in bodies.items():
                    # The time tells versions apart, for nginx makes its ETag of time and size.
                    self._write(f"{stem}{ending}", content, _number(content) % LONG_PAST * SECOND)
                self._link(stem, keys)
                # Last: it makes the page count. Its time is the second in which the page ends, so
                # that sweeping needs to open nothing; the rest tells versions apart as well, for
                # a new file may get the number of the one before.
                content = meta.encode()
                ends = int(expires) * SECOND + _number(content) % SECOND
                self._write(f"{stem}.json", content, ends)
            except OSError:
                self._remove(stem)
                raise

    @staticmethod
    def _write(file: str, content: bytes, moment: int) -> None:
        """Put a file in the place of what is there, with the time of a moment (ns)."""
        temporary = Path(f"{file}.{os.getpid()}")
        try:
            temporary.write_bytes(content)
            os.utime(temporary, ns=(moment, moment))
            temporary.replace(file)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _link(self, stem: str, keys: Iterable[str]) -> None:
        """Let a page be found by its keys."""
        name = hashlib.sha256(stem.encode()).hexdigest()[:32]
        for key in keys:
            folder = self.keys / key
            folder.mkdir(exist_ok=True)
            link = folder / name
            if not link.is_symlink():
                link.symlink_to(stem)

    def drop(self, keys: Iterable[str]) -> None:
        """Let go of the pages that named one of the keys, and of what is remembered by one.

        All stamps come first: whoever still finds one of the old finds the old drops() too,
        and will not be let store() what was made with it.
        """
        keys = tuple(keys)
        with self.locked():
            for key in keys:
                self._note_drop(self.keys / f"{key}.stamp")
            self._note_drop(self.last_drop)
            for key in keys:
                folder = self.keys / key
                for link in folder.iterdir() if folder.is_dir() else ():
                    stem = os.readlink(link)
                    if self._names(stem, key):
                        self._remove(stem)
                    link.unlink(missing_ok=True)
        self.own_drops += 1

    def clear(self) -> None:
        """Let go of every page and of everything remembered."""
        with self.locked():
            for stamp in self.keys.glob("*.stamp"):
                self._note_drop(stamp)
            self._note_drop(self.last_drop)
            for stem in self._stems():
                self._remove(stem)
        self.own_drops += 1

    def sweep(self) -> int:
        """Remove the pages that are too old, or are within a second; return how many.

        Django never answers from them anyway; nginx, which knows no end, would. For the tick.
        """
        now, count = time.time(), 0
        if not self.root.is_dir():
            return 0
        with self.locked():
            for stem in self._stems():
                with contextlib.suppress(FileNotFoundError):
                    if os.stat(f"{stem}.json").st_mtime_ns // 1_000_000_000 < now:
                        self._remove(stem)
                        count += 1
        return count

    def _stems(self) -> Iterator[str]:
        """Return the files of all pages, without their endings."""
        for folder, folders, files in os.walk(self.root):
            # A folder may be called feed.json.
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                if name.endswith(".json"):
                    yield f"{folder}/{name.removesuffix('.json')}"

    @staticmethod
    def _names(stem: str, key: str) -> bool:
        """Return whether a page that named a key once still does: it was rendered anew since."""
        try:
            return key in json.loads(Path(f"{stem}.json").read_bytes())["keys"]
        except (OSError, ValueError, KeyError):
            return True  # Nobody knows; and without that file, the rest of it has no use.

    @staticmethod
    def _remove(stem: str) -> None:
        for ending in (".json", ".html", ".html.br", ".html.gz"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{stem}{ending}")

    @staticmethod
    def _note_drop(file: Path) -> None:
        """Give the file a new time, or take it away where the disk has no room for one.

        Either is another number than before, to drops() and to stamp(). A full disk must not
        keep a page from being dropped.
        """
        try:
            file.touch()
            before = file.stat().st_mtime_ns
            now = max(time.time_ns(), before + 1)
            os.utime(file, ns=(now, now))
        except OSError:
            logger.exception("%s could not be noted", file.name)
            file.unlink(missing_ok=True)


def _number(content: bytes) -> int:
    """Return a number of eight bytes that another content does not have."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8])


def own_hosts() -> frozenset[str]:
    """Return the hosts of which pages are kept, as readers' browsers say them.

    No patterns, foreign ports or final dots: a stranger would think of any number of them.
    """
    return _own_hosts(tuple(settings.ALLOWED_HOSTS), settings.SITE_URL)


@lru_cache(maxsize=8)
def _own_hosts(allowed: tuple[str, ...], site_url: str) -> frozenset[str]:
    named = {host.lower() for host in allowed if not host.startswith(("*", "."))}
    return frozenset({*named, urlsplit(site_url).netloc.lower()} - {""})


def shelf() -> Shelf:
    """Return the shelf of KEPT_PAGES_ROOT."""
    return _shelf(str(settings.KEPT_PAGES_ROOT))


@lru_cache(maxsize=8)
def _shelf(root: str) -> Shelf:
    return Shelf(Path(root))


def bare(query: str) -> str:
    """Return a query without what others hung on it to see who follows a link."""
    if not query:
        return ""
    return "&".join(part for part in query.split("&") if not TRACKING.fullmatch(part))
