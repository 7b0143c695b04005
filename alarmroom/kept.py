"""Kept pages: a public page is rendered once, and kept until something that it shows changes.

A view says what its page shows: `return kept.keep(response, "posts", post.kept_key)`. The
finished page is then written to KEPT_PAGES_ROOT, compressed once, and answered before
Django's handler runs. Whoever changes something calls `kept.drop(key)`: after the commit,
exactly the pages that named the key are gone, for every process of the host at once,
because a process looks at the page's file (one stat) before it answers from memory. Other
hosts see the change after KEPT_PAGES_SECONDS. nginx can serve the same files itself.

Kept pages are public by design: no cookie, no token, nothing personal (docs/decisions/).
"""

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
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import brotli
from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers

logger = logging.getLogger(__name__)

# What may become part of a file's name, besides one of our own hosts (own_hosts()).
PATH = re.compile(r"(?:/[A-Za-z0-9_\-][A-Za-z0-9._\-]*)*/?")
# The one query a kept page may have; anything else is answered by Django, and not kept.
QUERY = re.compile(r"(?:page=[1-9][0-9]{0,5})?")
# What others hang on a link to see who follows it. No page of ours reads it, so it is left out.
TRACKING = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|gbraid|wbraid|dclid|msclkid|mc_cid|mc_eid|igsh|igshid|twclid)=[^&]*"
)
LONG_PAST = 1_700_000_000  # seconds since 1970
IN_MEMORY = 2_000  # pages of a process, the last used
# So old at most in a browser or a CDN, which may show it once more while it asks for a new one.
CACHE_CONTROL = "public, max-age=10, s-maxage=60, stale-while-revalidate=300"
# These belong to one connection or one moment, not to the page.
NOT_KEPT = {"content-length", "content-encoding", "date", "connection", "server", "etag", "vary"}

# What a 304 leaves out, because it has no body.
OF_BODY = ("Content-Type", "Content-Length", "Content-Encoding")
# What is worth compressing while a reader waits for it: text, from so many bytes on.
TEXT = re.compile(r"text/|image/svg|application/(?:[a-z.\-]+\+)?(?:json|xml)\b")
COMPRESSED_FROM = 500

# Keys of what stands on every public page: the resources in the sign-up box, the menu in the
# footer.
EVERY_PAGE = ("resources", "pages")


# What views and models call


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
    response.kept = Wish(keys, until, page)  # type: ignore[attr-defined]  # ours, read by the middleware below
    response["Cache-Control"] = CACHE_CONTROL
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
    KEPT_PAGES_SECONDS old, and from before `until`; loaded anew each time while nothing is kept
    at all.
    """
    if not settings.KEPT_PAGES_SECONDS:
        return load()
    on = shelf()
    stamps = on.stamp(key) if isinstance(key, str) else tuple(map(on.stamp, key))
    found = _remembered.get((on.root, key, part))
    if found and found[0] == stamps and found[1] > time.monotonic():
        return found[2]
    seconds: float = settings.KEPT_PAGES_SECONDS
    if until is not None:
        seconds = min(seconds, until.timestamp() - time.time())
    expires = time.monotonic() + seconds
    value = load()
    # The stamps of before loading: a drop in between leaves them different.
    _remembered[on.root, key, part] = (stamps, expires, value)
    return value


_remembered: dict[tuple[Path, Hashable, Hashable], tuple[Hashable, float, Any]] = {}


# The files


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
        """Return a number that is another after each drop of the key, or of everything (ns)."""
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
        """Write a page down, unless something was dropped since it began to be rendered."""
        meta = json.dumps(
            {"headers": headers, "expires": expires, "sha256": hashlib.sha256(body).hexdigest()}
        )
        files = {
            ".html": body,
            ".html.br": brotli.compress(body, quality=9),
            ".html.gz": gzip.compress(body, 9, mtime=0),
            ".json": meta.encode(),  # Last: it makes the page count.
        }
        with self.locked():
            if self.drops() != drops:
                return
            Path(stem).parent.mkdir(parents=True, exist_ok=True)
            for ending, content in files.items():
                temporary = Path(f"{stem}{ending}.{os.getpid()}")
                temporary.write_bytes(content)
                number = int.from_bytes(hashlib.sha256(content).digest()[:8])
                # The body's time tells its versions apart, for nginx makes its ETag of time and
                # size. The headers' time is the second in which the page ends, so that sweeping
                # needs to open nothing; the rest tells versions apart as well, for a new file
                # may get the number of the one before.
                moment = (
                    int(expires) * 1_000_000_000 + number % 1_000_000_000
                    if ending == ".json"
                    else number % LONG_PAST * 1_000_000_000
                )
                os.utime(temporary, ns=(moment, moment))
                temporary.replace(f"{stem}{ending}")
            name = hashlib.sha256(stem.encode()).hexdigest()[:32]
            for key in keys:
                folder = self.keys / key
                folder.mkdir(exist_ok=True)
                link = folder / name
                if not link.is_symlink():
                    link.symlink_to(stem)

    def drop(self, keys: Iterable[str]) -> None:
        with self.locked():
            self._note_drop(self.last_drop)
            for key in keys:
                self._note_drop(self.keys / f"{key}.stamp")
                folder = self.keys / key
                for link in folder.iterdir() if folder.is_dir() else ():
                    self._remove(os.readlink(link))
                    link.unlink(missing_ok=True)

    def clear(self) -> None:
        """Let go of every page and of everything remembered."""
        with self.locked():
            self._note_drop(self.last_drop)
            for stamp in self.keys.glob("*.stamp"):
                self._note_drop(stamp)
            for stem in self._stems():
                self._remove(stem)

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
    def _remove(stem: str) -> None:
        for ending in (".json", ".html", ".html.br", ".html.gz"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{stem}{ending}")

    @staticmethod
    def _note_drop(file: Path) -> None:
        """Give the file a new time. Needs no room on the disk once the file is there."""
        file.touch()
        before = file.stat().st_mtime_ns
        now = max(time.time_ns(), before + 1)
        os.utime(file, ns=(now, now))


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


# Writing pages down: the outermost middleware, so that every header is there


class KeepPagesMiddleware:
    """Keeps the pages that asked for it, and gives every public answer what a kept page has.

    That is an ETag, a 304 for who knows it, and a compressed body. The latter would give secrets
    away that stand beside a visitor's own words (BREACH); public answers contain none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        on = shelf()
        began, drops = timezone.now(), on.drops()
        response = self.get_response(request)
        wish: Wish | None = getattr(response, "kept", None)
        if response.status_code != 200 or response.streaming or not is_public(request, response):
            return response
        if response.cookies:
            # Such as the end of an old session. It is somebody's own, and so is the answer.
            response["Cache-Control"] = "private, no-store"
            return response
        # A view may know a version of its own (posts/share_image.py).
        response.setdefault("ETag", f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"')
        if wish and request.method == "GET" and settings.KEPT_PAGES_SECONDS:
            try:
                self.store(on, request, response, wish, began, drops)
            except (OSError, DatabaseError):
                # A full disk costs speed, not the page; so does a database that goes away now.
                logger.exception("%s could not be kept", request.path)
        pack(request, response)
        if is_known(request.META, response["ETag"], response.get("Last-Modified")):
            response.status_code, response.content = 304, b""
            for name in OF_BODY:
                del response[name]
        return response

    def store(
        self,
        on: Shelf,
        request: HttpRequest,
        response: HttpResponse,
        wish: Wish,
        began: datetime,
        drops: int,
    ) -> None:
        query = bare(request.META.get("QUERY_STRING", ""))
        if query != ("" if wish.page == 1 else f"page={wish.page}"):
            return
        stem = on.path(request.META.get("HTTP_HOST", ""), request.path_info, query)
        if stem is None:
            return
        expires = time.time() + settings.KEPT_PAGES_SECONDS
        if moment := wish.until and wish.until(began):
            expires = min(expires, moment.timestamp())
        if expires <= time.time():
            return  # Something was published while it was rendered.
        headers = [
            (name, value) for name, value in response.items() if name.lower() not in NOT_KEPT
        ]
        headers += [("ETag", response["ETag"]), ("Vary", "Accept-Encoding")]
        on.store(stem, response.content, headers, wish.keys, expires, drops)


def is_public(request: HttpRequest, response: HttpResponse) -> bool:
    """Return whether a response is the same for everybody, as a view said: kept or cacheable."""
    return request.method in ("GET", "HEAD") and (
        hasattr(response, "kept") or "public" in response.get("Cache-Control", "")
    )


def pack(request: HttpRequest, response: HttpResponse) -> None:
    """Compress the body of a response as its browser likes, where that is worth it."""
    if not TEXT.match(response.get("Content-Type", "")) or "Content-Encoding" in response:
        return
    patch_vary_headers(response, ["Accept-Encoding"])
    coding = preferred(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    if not coding or len(response.content) < COMPRESSED_FROM:
        return
    # Quickly: this one is not kept.
    response.content = (
        brotli.compress(response.content, quality=4)
        if coding == "br"
        else gzip.compress(response.content, 5, mtime=0)
    )
    response["Content-Encoding"] = coding
    response["Content-Length"] = str(len(response.content))


def bare(query: str) -> str:
    """Return a query without what others hung on it to see who follows a link."""
    if not query:
        return ""
    return "&".join(part for part in query.split("&") if not TRACKING.fullmatch(part))


def is_known(environ: Mapping[str, Any], tag: str, modified: str | None) -> bool:
    """Return whether whoever asks has this version of a page already (RFC 9110 13.2.2).

    By its tag in whatever coding (the weak comparison of 13.1.2). By its date alone only if
    that is exactly the same one: a withdrawn article makes a feed's an earlier one, and 13.1.3
    leaves that to us.
    """
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        return tag.removeprefix("W/") in known or known.strip() == "*"
    return modified is not None and environ.get("HTTP_IF_MODIFIED_SINCE") == modified


# Answering: WSGI, before Django's handler


class Page:
    """One kept page in memory, its answers prepared."""

    __slots__ = ("answers", "expires", "file", "modified", "tag")

    def __init__(self, stem: str, file: tuple[int, int]) -> None:
        """Raises FileNotFoundError or ValueError when it is not, or no longer, whole."""
        meta = json.loads(Path(f"{stem}.json").read_bytes())
        bodies = {
            coding: Path(f"{stem}.{ending}").read_bytes()
            for coding, ending in (("", "html"), ("br", "html.br"), ("gzip", "html.gz"))
        }
        if hashlib.sha256(bodies[""]).hexdigest() != meta["sha256"]:
            raise ValueError("These files are of two versions of the page.")
        self.file = file
        self.expires: float = meta["expires"]
        common = [(name, value) for name, value in meta["headers"]]
        said = dict(common)
        self.tag: str = said["ETag"]
        self.modified: str | None = said.get("Last-Modified")
        self.answers = {
            coding: (
                [
                    *common,
                    *([("Content-Encoding", coding)] if coding else []),
                    ("Content-Length", str(len(body))),
                ],
                [body],
            )
            for coding, body in bodies.items()
        }


class KeptPages:
    """WSGI middleware: answers GET and HEAD of kept pages, and leaves the rest to Django."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application
        self.pages: OrderedDict[str, Page] = OrderedDict()
        self.shelf = shelf()
        self.enabled = bool(settings.KEPT_PAGES_SECONDS)
        self.only_secure = settings.SECURE_SSL_REDIRECT
        self.secure_header = settings.SECURE_PROXY_SSL_HEADER

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.enabled and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            page = self.find(environ)
            if page is not None:
                return self.answer(page, environ, start_response)
        return self.application(environ, start_response)

    def find(self, environ: WSGIEnvironment) -> Page | None:
        if self.only_secure and not self.is_secure(environ):
            return None  # Django redirects to HTTPS.
        query = bare(environ.get("QUERY_STRING", ""))
        stem = self.shelf.path(environ.get("HTTP_HOST", ""), environ["PATH_INFO"], query)
        if stem is None:
            return None
        page = self.pages.get(stem)
        try:
            found = os.stat(stem + ".json")
            file = (found.st_ino, found.st_mtime_ns)
            if page is None or page.file != file:
                page = self.pages[stem] = Page(stem, file)
                while len(self.pages) > IN_MEMORY:
                    self.pages.popitem(last=False)
        except (OSError, ValueError, KeyError):
            self.pages.pop(stem, None)
            return None
        if page.expires < time.time():
            return None
        return page

    def is_secure(self, environ: WSGIEnvironment) -> bool:
        if self.secure_header:
            header, value = self.secure_header
            return bool(environ.get(header, "").split(",")[0].strip() == value)
        return bool(environ.get("wsgi.url_scheme") == "https")

    def answer(
        self, page: Page, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        coding = preferred(environ.get("HTTP_ACCEPT_ENCODING", ""))
        headers, body = page.answers[coding]
        if is_known(environ, page.tag, page.modified):
            start_response("304 Not Modified", [pair for pair in headers if pair[0] not in OF_BODY])
            return []
        start_response("200 OK", headers.copy())
        return body if environ["REQUEST_METHOD"] == "GET" else []


def preferred(accepted: str) -> str:
    """Return the coding to answer in: "br", "gzip", or "" (RFC 9110 12.5.3)."""
    if not accepted:
        return ""
    codings = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        codings[name.strip()] = not re.fullmatch(r"\s*q=0(\.0{0,3})?\s*", weight)
    for coding in ("br", "gzip"):
        if codings.get(coding, False):
            return coding
    return ""
