"""Writing pages down: the outermost middleware, so that every header is there."""

from __future__ import annotations

import gzip
import hashlib
import logging
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import brotli
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from alarmroom.kept import End, Wish, ending
from alarmroom.kept.files import Shelf, bare, shelf
from alarmroom.kept.negotiation import OF_BODY, is_known, preferred

logger = logging.getLogger(__name__)

# These belong to one connection or one moment, not to the page.
NOT_KEPT = {"content-length", "content-encoding", "date", "connection", "server", "etag", "vary"}
# What is worth compressing while a reader waits for it: text, from so many bytes on.
TEXT = re.compile(r"text/|image/svg|application/(?:[a-z.\-]+\+)?(?:json|xml)\b")
COMPRESSED_FROM = 500


@dataclass(frozen=True)
class Rendering:
    """When a page began to be rendered, after so many drops, and when what it is made of ends."""

    began: datetime
    drops: int
    end: End


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
        with ending(math.inf) as end:
            response = self.get_response(request)
        wish: Wish | None = getattr(response, "kept", None)
        if not is_public(request, response):
            return response
        if response.cookies:
            # Such as the end of an old session. It is somebody's own, and so is the answer.
            response["Cache-Control"] = "private, no-store"
            return response
        if response.status_code != 200 or response.streaming:
            return response
        # A view may know a version of its own (posts/share_image.py).
        response.setdefault("ETag", f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"')
        if wish and request.method == "GET" and settings.KEPT_PAGES_SECONDS:
            try:
                self.store(on, request, response, wish, Rendering(began, drops, end))
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
        rendering: Rendering,
    ) -> None:
        if settings.SECURE_HSTS_SECONDS and not request.is_secure():
            return  # It has not the headers of the one that readers get.
        query = bare(request.META.get("QUERY_STRING", ""))
        if query != ("" if wish.page == 1 else f"page={wish.page}"):
            return
        stem = on.path(request.META.get("HTTP_HOST", ""), request.path_info, query)
        if stem is None:
            return
        with ending(rendering.end.at) as end:
            moment = wish.until and wish.until(rendering.began)
        left = min(settings.KEPT_PAGES_SECONDS, end.at - time.monotonic())
        expires = time.time() + left
        if moment:
            expires = min(expires, moment.timestamp())
        if expires <= time.time():
            return  # Something was published while it was rendered.
        headers = [
            (name, value) for name, value in response.items() if name.lower() not in NOT_KEPT
        ]
        headers += [("ETag", response["ETag"]), ("Vary", "Accept-Encoding")]
        on.store(stem, response.content, headers, wish.keys, expires, rendering.drops)


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
