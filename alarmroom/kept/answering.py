"""Answers from kept pages. WSGI middleware that runs before Django's handler."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings

from alarmroom.kept.files import bare, page_store
from alarmroom.kept.negotiation import OF_BODY, is_known, preferred
from alarmroom.reads.noting import note

IN_MEMORY = 2_000  # pages of a process, those that were used last
# For so long, a page in memory is used without a look at its file. Each look releases the
# interpreter's lock, which costs a busy process more than everything else here. A drop made by
# this process is noticed at once, one made by another process within this time.
UNSEEN_SECONDS = 0.1
# Where nginx says which page it answered from a file (deploy/nginx.conf).
READ = "/.read"


class Page:
    """One kept page in memory, with its headers and bodies ready to be sent."""

    __slots__ = ("answers", "counts", "drops", "expires", "file", "modified", "tag", "until")

    def __init__(self, stem: str, file: tuple[int, int]) -> None:
        """Read the page's files. Raises OSError or ValueError if they are not complete."""
        meta = json.loads(Path(f"{stem}.json").read_bytes())
        bodies = {
            coding: Path(f"{stem}.{ending}").read_bytes()
            for coding, ending in (("", "html"), ("br", "html.br"), ("gzip", "html.gz"))
        }
        if hashlib.sha256(bodies[""]).hexdigest() != meta["sha256"]:
            raise ValueError("These files are of two versions of the page.")
        self.file = file
        # The file is looked at again when the store's own_drops differs from `drops`, and from
        # `until` on (seconds of time.monotonic()).
        self.drops, self.until = 0, 0.0
        self.expires: float = meta["expires"]
        # Under which name its reads are counted. Files of an earlier version say nothing.
        self.counts: str = meta.get("counts", "")
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
        # The result of PageStore.path() for the host and path of pages in memory, without a query.
        self.stems: dict[tuple[str, str], str] = {}
        self.store = page_store()
        self.enabled = bool(settings.KEPT_PAGES_SECONDS)
        self.only_secure = settings.SECURE_SSL_REDIRECT
        self.secure_header = settings.SECURE_PROXY_SSL_HEADER

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.enabled and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            page = self.find(environ)
            if page is not None:
                return self.answer(page, environ, start_response)
            if environ["PATH_INFO"] == READ:
                return self.note_read(environ, start_response)
        return self.application(environ, start_response)

    def find(self, environ: WSGIEnvironment) -> Page | None:
        if self.only_secure and not self.is_secure(environ):
            return None  # Django redirects to HTTPS.
        address = environ.get("HTTP_HOST", ""), environ["PATH_INFO"]
        query = environ.get("QUERY_STRING")
        stem = None if query else self.stems.get(address)
        if stem is None:
            stem = self.store.path(*address, bare(query or ""))
            if stem is None:
                return None
        page = self.pages.get(stem)
        now, drops = time.monotonic(), self.store.own_drops
        if page is not None and now < page.until and drops == page.drops:
            return page
        try:
            found = os.stat(stem + ".json")
            file = (found.st_ino, found.st_mtime_ns)
            is_new = page is None or page.file != file
            if page is None or page.file != file:
                page = Page(stem, file)
            self.pages[stem] = page
            # A look at its file counts as a use, so the order is true to UNSEEN_SECONDS.
            self.pages.move_to_end(stem)
            if is_new:
                while len(self.pages) > IN_MEMORY:
                    self.pages.popitem(last=False)
                if not query:
                    if len(self.stems) >= IN_MEMORY:
                        self.stems.clear()
                    self.stems[address] = stem
        except (OSError, ValueError, KeyError):
            self.pages.pop(stem, None)
            return None
        left = page.expires - time.time()
        if left < 0:
            return None
        page.drops, page.until = drops, now + min(UNSEEN_SECONDS, left)
        return page

    def note_read(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Count a reader to whom nginx gave a page. Whoever else says so could have read it."""
        page = self.find({**environ, "PATH_INFO": environ.get("HTTP_X_READ", "")})
        if page is not None and page.counts:
            note(page.counts, environ)
        start_response("204 No Content", [("Cache-Control", "no-store")])
        return []

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
        # A 304, too: somebody came back and reads what the browser has.
        if page.counts and environ["REQUEST_METHOD"] == "GET":
            note(page.counts, environ)
        if is_known(environ, page.tag, page.modified):
            start_response("304 Not Modified", [pair for pair in headers if pair[0] not in OF_BODY])
            return []
        start_response("200 OK", headers.copy())
        return body if environ["REQUEST_METHOD"] == "GET" else []
