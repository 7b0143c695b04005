"""What is answered when there is nothing to show: 400, 404, 410, 500 and 503."""

from __future__ import annotations

import hashlib
import logging
import re
import sys
from base64 import b64encode
from html import unescape
from urllib.parse import unquote

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.csp import CSP, build_policy

from posts.models import Post, Tag
from posts.search import finding
from posts.search.query import Query, words_of
from posts.search.spelling import NEAR, likeness

logger = logging.getLogger(__name__)

SUGGESTIONS = 5
RETRY_AFTER = 60  # seconds
_WORD = re.compile(r"[^\W\d_]{2,40}")
_MAX_WORDS = 8
# So much of what was asked for must be in the name of what is offered.
_SHARE = 0.6
# No address of ours is nearly as long. A longer one is not looked at.
_LOOKED_AT = 500
# What clings to an address that was copied out of a sentence, and how pages end elsewhere.
_CLINGING = "/.,;:!?)]>'\"»”’"
_ENDINGS = (".html", ".htm", ".aspx", ".asp")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
# What SQLite says when the file, and not the question, is the trouble.
_SQLITE_AWAY = ("unable to open", "disk i/o error", "locked", "not a database", "malformed")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404, with what the words of the address find. Never fails itself."""
    asked = " ".join(asked_for(request.path_info))
    said: dict[str, object] = {"asked": asked}
    if asked:
        try:
            said["found"] = nearest(asked)
            said["topics"] = [] if said["found"] else finding.popular_topics()
        except Exception as error:
            if is_away(error):
                return unavailable()
            logger.exception("The 404 of %r could not search", request.path_info[:200])
    try:
        return render(request, "404.html", said, status=404)
    except Exception as error:
        if is_away(error):
            return unavailable()
        logger.exception("The 404 of %r could not be rendered", request.path_info[:200])
        return alone("lost.html", status=404)


def asked_for(path: str) -> list[str]:
    """Return the words of the last part of an address that has any.

    Strangers send anything, so the work grows with the length alone, and the length has a bound.
    """
    if len(path) > _LOOKED_AT:
        return []
    path = path.rstrip(_CLINGING)
    for ending in _ENDINGS:
        if path.lower().endswith(ending):
            path = path[: -len(ending)]
            break
    if "." in path:
        return []  # Somebody looks for a file, and mostly for a hole.
    for segment in reversed(unquote(path).split("/")):
        if words := _WORD.findall(segment):
            return words[:_MAX_WORDS]
    return []


def nearest(asked: str) -> list[finding.Suggestion]:
    """Return a few topics, authors and articles that fit the words best; at most eight queries.

    A search finds a word anywhere in a text. An address was made of a title or a name, so
    only what is called like it counts.
    """
    query = finding.parse(asked)
    if found := _alike(query, finding.suggest_as_typed(query)):
        return found
    text = finding.respelled(query)
    if text and (found := _alike(query, finding.suggest_as_typed(finding.parse(text)))):
        return found
    # A word of the old title may be gone; the long ones tell most.
    telling = sorted(asked.split(), key=len, reverse=True)
    for words in [text] if text else [" ".join(telling[:2]), telling[0]]:
        if found := _alike(query, [as_suggestion(hit) for hit in finding.search(words).hits]):
            return found
    return []


def _alike(asked: Query, found: list[finding.Suggestion]) -> list[finding.Suggestion]:
    """Return those in whose name or address most of the words asked for stand, or nearly."""
    words = [word for term in asked.required for word in term.words]
    alike = []
    for one in found:
        theirs = words_of(f"{one.label} {one.url.rstrip('/').rpartition('/')[2]}")
        same = sum(any(_is_like(word, other) for other in theirs) for word in words)
        if same >= _SHARE * len(words):
            alike.append(one)
    return alike[:SUGGESTIONS]


def _is_like(word: str, other: str) -> bool:
    """Return whether a word is the other one, a form or the beginning of it, or has a slip."""
    shorter, longer = sorted((word, other), key=len)
    if word == other or (len(shorter) > 3 and longer.startswith(shorter)):
        return True
    return len(shorter) > 5 and likeness(word, other) >= NEAR


def as_suggestion(hit: finding.Hit) -> finding.Suggestion:
    title = unescape(hit.title.replace("<mark>", "").replace("</mark>", ""))
    return finding.Suggestion("article", title, hit.post.get_absolute_url())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 for what Django refuses to read. Needs nothing but the template."""
    return alone("400.html", status=400)


def gone(request: HttpRequest, post: Post) -> HttpResponse:
    """Answer 410 for an article that was withdrawn; its text is not shown any more."""
    context = {"post": post, "topics": Tag.objects.in_use()}
    return render(request, "410.html", context, status=410)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 while the database is away. Needs nothing but the template."""
    if is_away(sys.exception()):
        return unavailable()
    return alone("500.html", status=500)


def unavailable() -> HttpResponse:
    """Answer 503, and say when to ask again (RFC 9110 15.6.4)."""
    response = alone("503.html", status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    return response


def alone(template: str, status: int) -> HttpResponse:
    """Return a page that needs no other file: its style stands in it, and its policy names it."""
    html = loader.get_template(template).render()
    digests = [hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(html)]
    named = [f"'sha256-{b64encode(digest).decode()}'" for digest in digests]
    response = HttpResponse(html, status=status)
    policy = {**settings.SECURE_CSP, "style-src": named}
    response[CSP.HEADER_ENFORCE.value] = build_policy(policy)
    return response


def is_away(error: BaseException | None) -> bool:
    """Return whether an error comes from a database that cannot be reached, or is too busy."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    if connection.connection is None:
        return True
    if connection.vendor == "sqlite":
        return any(words in str(error).lower() for words in _SQLITE_AWAY)
    return not connection.is_usable()
