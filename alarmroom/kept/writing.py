"""The middleware that stores pages. It is the outermost one, so it sees every header."""

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

from alarmroom.kept import CachePolicy, Expiry, expiring
from alarmroom.kept.files import PageStore, bare, page_store
from alarmroom.kept.negotiation import OF_BODY, is_known, preferred
from alarmroom.reads.noting import note

logger = logging.getLogger(__name__)

# Headers of one response, which are not stored with the page.
NOT_KEPT = {"content-length", "content-encoding", "date", "connection", "server", "etag", "vary"}
# What is compressed while a reader waits: text of at least so many bytes.
TEXT = re.compile(r"text/|image/svg|application/(?:[a-z.\-]+\+)?(?:json|xml)\b")
COMPRESSED_FROM = 500


@dataclass(frozen=True)
class Rendering:
    """When the rendering of a page began, the store's drops() then, and when its parts expire."""

    began: datetime
    drops: int
    expiry: Expiry


class KeepPagesMiddleware:
    """Stores the pages that have a cache policy, and finishes every public response.

    Every public response gets an ETag, is answered with 304 where the browser has it, and is
    compressed. Compression can leak a secret that stands beside text which the visitor chose
    (BREACH); public responses contain no secret.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        store = page_store()
        began, drops = timezone.now(), store.drops()
        with expiring(math.inf) as expiry:
            response = self.get_response(request)
        policy: CachePolicy | None = getattr(response, "cache_policy", None)
        if not is_public(request, response):
            return response
        if response.cookies:
            # For instance one that ends an old session. It belongs to one visitor.
            response["Cache-Control"] = "private, no-store"
            return response
        if response.status_code != 200 or response.streaming:
            return response
        if policy and policy.counts and request.method == "GET":
            note(policy.counts, request.META)
        # A view may have set an ETag of its own (posts/share_image.py).
        response.setdefault("ETag", f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"')
        if policy and request.method == "GET" and settings.KEPT_PAGES_SECONDS:
            try:
                self.keep(store, request, response, policy, Rendering(began, drops, expiry))
            except (OSError, DatabaseError):
                # The visitor gets the page all the same.
                logger.exception("%s could not be kept", request.path)
        pack(request, response)
        if is_known(request.META, response["ETag"], response.get("Last-Modified")):
            response.status_code, response.content = 304, b""
            for name in OF_BODY:
                del response[name]
        return response

    def keep(
        self,
        store: PageStore,
        request: HttpRequest,
        response: HttpResponse,
        policy: CachePolicy,
        rendering: Rendering,
    ) -> None:
        if settings.SECURE_HSTS_SECONDS and not request.is_secure():
            return  # Over plain HTTP, some headers are missing.
        query = bare(request.META.get("QUERY_STRING", ""))
        if query != ("" if policy.page == 1 else f"page={policy.page}"):
            return
        stem = store.path(request.META.get("HTTP_HOST", ""), request.path_info, query)
        if stem is None:
            return
        with expiring(rendering.expiry.at) as expiry:
            moment = policy.until and policy.until(rendering.began)
        left = min(settings.KEPT_PAGES_SECONDS, expiry.at - time.monotonic())
        expires = time.time() + left
        if moment:
            expires = min(expires, moment.timestamp())
        if expires <= time.time():
            return  # Something was published while it was rendered.
        headers = [
            (name, value) for name, value in response.items() if name.lower() not in NOT_KEPT
        ]
        headers += [("ETag", response["ETag"]), ("Vary", "Accept-Encoding")]
        store.write(
            stem, response.content, headers, policy.keys, expires, rendering.drops, policy.counts
        )


def is_public(request: HttpRequest, response: HttpResponse) -> bool:
    """Return whether a view said that the response is the same for everybody."""
    return request.method in ("GET", "HEAD") and (
        hasattr(response, "cache_policy") or "public" in response.get("Cache-Control", "")
    )


def pack(request: HttpRequest, response: HttpResponse) -> None:
    """Compress the body of a response if the browser accepts it and it makes a difference."""
    if not TEXT.match(response.get("Content-Type", "")) or "Content-Encoding" in response:
        return
    patch_vary_headers(response, ["Accept-Encoding"])
    coding = preferred(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    if not coding or len(response.content) < COMPRESSED_FROM:
        return
    # At a fast level, because this result is used once. A kept page is compressed harder.
    response.content = (
        brotli.compress(response.content, quality=4)
        if coding == "br"
        else gzip.compress(response.content, 5, mtime=0)
    )
    response["Content-Encoding"] = coding
    response["Content-Length"] = str(len(response.content))
