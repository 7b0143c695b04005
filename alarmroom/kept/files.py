"""The files of kept pages: where they are, and how they are written, dropped and swept."""

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

# Which paths may become part of a file's name; the host must be one of own_hosts().
PATH = re.compile(r"(?:/[A-Za-z0-9_\-][A-Za-z0-9._\-]*)*/?")
# The only query that a kept page may have. With any other, Django answers and nothing is kept.
QUERY = re.compile(r"(?:page=[1-9][0-9]{0,5})?")
# Parameters that other sites add to links for tracking. No page reads them, so they are ignored.
TRACKING = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|gbraid|wbraid|dclid|msclkid|mc_cid|mc_eid|igsh|igshid|twclid)=[^&]*"
)
LONG_PAST = 1_700_000_000  # seconds since 1970
SECOND = 1_000_000_000  # nanoseconds

logger = logging.getLogger(__name__)


class PageStore:
    """The folder of kept pages, which all processes of a host share.

    A page is `<host>/<path>/index.html`, or `page=2.html` for the second page of a list, or
    `file.html` for a path without a final slash. Beside it lie `.html.br`, `.html.gz` and `.json`
    with its headers; a page without its `.json` does not count. `.keys/<key>/` has a link to
    each page that named the key. The time of the file `.keys/<key>.stamp` changes when the key
    is dropped, that of `.drop` when anything is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys = root / ".keys"
        self._keys = str(self.keys)  # Used several times a page, where a Path would be slow.
        self.lock = root / ".lock"
        self.last_drop = root / ".drop"
        self.own_drops = 0  # how many drops this process made

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        self.keys.mkdir(parents=True, exist_ok=True)
        with self.lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def drops(self) -> int:
        """Return a number that is different after each drop of anything (ns)."""
        try:
            return os.stat(self.last_drop).st_mtime_ns
        except FileNotFoundError:
            return 0

    def stamp(self, key: str) -> int:
        """Return a number that is different after each drop of the key, or of everything (ns).

        0 means that there is none, because the disk is full.
        """
        file = f"{self._keys}/{key}.stamp"
        try:
            return os.stat(file).st_mtime_ns
        except FileNotFoundError:
            # It is made now, so that clear() finds it.
            with contextlib.suppress(OSError):
                self.keys.mkdir(parents=True, exist_ok=True)
                Path(file).touch()
                return os.stat(file).st_mtime_ns
            return 0

    def path(self, host: str, path: str, query: str) -> str | None:
        """Return the page's file name without its ending, or None if it is never kept."""
        if not (host in own_hosts() and PATH.fullmatch(path) and QUERY.fullmatch(query)):
            return None
        if path.endswith("/"):
            return f"{self.root}/{host}{path}{query or 'index'}"
        # For instance of a feed. The same path with a slash is another address.
        return None if query else f"{self.root}/{host}{path}/file"

    def write(
        self,
        stem: str,
        body: bytes,
        headers: list[tuple[str, str]],
        keys: Iterable[str],
        expires: float,
        drops: int,
        counts: str = "",
    ) -> None:
        """Write a page, unless something was dropped since its rendering began.

        `drops` is what drops() returned then. Raises OSError, for instance if the disk is full;
        then nothing of the page is left.
        """
        keys = tuple(keys)
        meta = json.dumps(
            {
                "headers": headers,
                "expires": expires,
                "sha256": hashlib.sha256(body).hexdigest(),
                "keys": keys,
                "counts": counts,
            }
        )
        bodies = {
            ".html": body,
            ".html.br": brotli.compress(body, quality=10),
            ".html.gz": gzip.compress(body, 9, mtime=0),
        }
        with self.locked():
            if self.drops() != drops:
                return
            try:
                if not drops:
                    # Before the first page: dropping it must need no room on the disk.
                    self.last_drop.touch()
                Path(stem).parent.mkdir(parents=True, exist_ok=True)
                for ending, content in bodies.items():
                    # nginx makes its ETag of a file's time and size, so each version needs a time
                    # of its own.
                    self._write(f"{stem}{ending}", content, _number(content) % LONG_PAST * SECOND)
                self._link(stem, keys)
                # Last, because it makes the page count. The seconds of its time say when the page
                # expires, so that sweep() need not open it. The nanoseconds tell versions apart:
                # a new file may get the inode number of the old one.
                content = meta.encode()
                ends = int(expires) * SECOND + _number(content) % SECOND
                self._write(f"{stem}.json", content, ends)
            except OSError:
                self._remove(stem)
                raise

    @staticmethod
    def _write(file: str, content: bytes, moment: int) -> None:
        """Replace a file in one step, and give it this modification time (ns)."""
        temporary = Path(f"{file}.{os.getpid()}")
        try:
            temporary.write_bytes(content)
            os.utime(temporary, ns=(moment, moment))
            temporary.replace(file)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _link(self, stem: str, keys: Iterable[str]) -> None:
        """Write the links by which drop() finds a page."""
        name = hashlib.sha256(stem.encode()).hexdigest()[:32]
        for key in keys:
            folder = self.keys / key
            folder.mkdir(exist_ok=True)
            link = folder / name
            if not link.is_symlink():
                link.symlink_to(stem)

    def drop(self, keys: Iterable[str]) -> None:
        """Remove the pages that named one of the keys, and outdate what is remembered by one.

        All stamps change before the first page goes. A process that still read an old stamp has
        read the old drops() too, and write() refuses what it makes of it.
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
        """Remove every page, and outdate everything that is remembered."""
        with self.locked():
            for stamp in self.keys.glob("*.stamp"):
                self._note_drop(stamp)
            self._note_drop(self.last_drop)
            for stem in self._stems():
                self._remove(stem)
        self.own_drops += 1

    def sweep(self) -> int:
        """Remove the pages that have expired or will within a second; return how many.

        Called by the tick. Django does not answer from an expired page, but nginx would.
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
        """Yield the file name of each page, without its ending."""
        for folder, folders, files in os.walk(self.root):
            # A folder may be named feed.json.
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                if name.endswith(".json"):
                    yield f"{folder}/{name.removesuffix('.json')}"

    @staticmethod
    def _names(stem: str, key: str) -> bool:
        """Return whether the page that is stored now names a key; an earlier version of it did."""
        try:
            return key in json.loads(Path(f"{stem}.json").read_bytes())["keys"]
        except (OSError, ValueError, KeyError):
            return True  # Without a readable .json, the rest of the page is of no use.

    @staticmethod
    def _remove(stem: str) -> None:
        for ending in (".json", ".html", ".html.br", ".html.gz"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{stem}{ending}")

    @staticmethod
    def _note_drop(file: Path) -> None:
        """Give the file a new time, or remove it if the disk is full.

        Either changes what drops() and stamp() return. A full disk must not keep a page from
        being dropped.
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
    """Return the first eight bytes of the content's hash, as a number."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8])


def own_hosts() -> frozenset[str]:
    """Return the hosts whose pages are kept, as browsers send them.

    Only exact names. With patterns, any port or a final dot, a stranger could make up any number
    of hosts and fill the disk.
    """
    return _own_hosts(tuple(settings.ALLOWED_HOSTS), settings.SITE_URL)


@lru_cache(maxsize=8)
def _own_hosts(allowed: tuple[str, ...], site_url: str) -> frozenset[str]:
    named = {host.lower() for host in allowed if not host.startswith(("*", "."))}
    return frozenset({*named, urlsplit(site_url).netloc.lower()} - {""})


def page_store() -> PageStore:
    """Return the store in KEPT_PAGES_ROOT."""
    return _page_store(str(settings.KEPT_PAGES_ROOT))


@lru_cache(maxsize=8)
def _page_store(root: str) -> PageStore:
    return PageStore(Path(root))


def bare(query: str) -> str:
    """Return a query without tracking parameters."""
    if not query:
        return ""
    return "&".join(part for part in query.split("&") if not TRACKING.fullmatch(part))
