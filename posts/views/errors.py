"""The pages of errors: 400, 404, 410, 500 and 503."""

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
from posts.search.query import Query
from posts.search.spelling import NEAR, likeness

logger = logging.getLogger(__name__)

SUGGESTIONS = 5
RETRY_AFTER = 60  # seconds
_WORD = re.compile(r"[^\W\d_]{2,40}")
_MAX_WORDS = 8
# How alike a suggestion's name and the words of the address must be, from 0 to 1 (Dice): twice the
# words that they share, divided by all words of both.
_ALIKE = 0.65
# If the address has only one word, and the name has it.
_ALIKE_ONE = 0.5
# No address of the site is nearly as long. A longer one is not searched for.
_MAX_PATH = 500
# The punctuation after an address that was copied from a sentence, and other sites' file endings.
_PUNCTUATION = "/.,;:!?)]>'\"»”’"
_ENDINGS = (".html", ".htm", ".aspx", ".asp")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
# Parts of SQLite's messages when the file cannot be used. Other messages are about the statement.
_SQLITE_AWAY = ("unable to open", "disk i/o error", "locked", "not a database", "malformed")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404, with suggestions from the words of the address. Never raises an error."""
    asked = " ".join(asked_for(request.path_info))
    context: dict[str, object] = {"asked": asked}
    if asked:
        try:
            context["found"] = nearest(asked)
            context["topics"] = [] if context["found"] else finding.popular_topics()
        except Exception as error:
            if is_away(error):
                return unavailable()
            logger.exception("The 404 of %r could not search", request.path_info[:200])
    try:
        return render(request, "404.html", context, status=404)
    except Exception as error:
        if is_away(error):
            return unavailable()
        logger.exception("The 404 of %r could not be rendered", request.path_info[:200])
        return standalone_page("lost.html", status=404)


def asked_for(path: str) -> list[str]:
    """Return the words of the last part of an address that has any.

    The work grows with the length alone, and a path that is too long has no words.
    """
    if len(path) > _MAX_PATH:
        return []
    path = path.rstrip(_PUNCTUATION)
    for ending in _ENDINGS:
        if path.lower().endswith(ending):
            path = path[: -len(ending)]
            break
    if "." in path:
        return []  # A file: mostly a scan for weaknesses.
    for segment in reversed(unquote(path).split("/")):
        if words := _WORD.findall(segment):
            return words[:_MAX_WORDS]
    return []


def nearest(asked: str) -> list[finding.Suggestion]:
    """Return a few topics, authors and articles that fit the words best; at most eight queries.

    A search finds a word anywhere in a text. An address was made of a title or a name, so only
    what has a similar name is suggested.
    """
    query = finding.parse(asked)
    if found := _alike(query, finding.suggest_as_typed(query)):
        return found
    text = finding.respelled(query)
    if text and (found := _alike(query, finding.suggest_as_typed(finding.parse(text)))):
        return found
    # The title may have changed since; long words are the most specific.
    telling = sorted(asked.split(), key=len, reverse=True)
    for words in [text] if text else [" ".join(telling[:2]), telling[0]]:
        if found := _alike(query, [as_suggestion(hit) for hit in finding.search(words).hits]):
            return found
    return []


def _alike(asked: Query, found: list[finding.Suggestion]) -> list[finding.Suggestion]:
    """Return those whose name or address is like the words asked for."""
    words = [word for term in asked.required for word in term.words]
    alike = []
    for one in found:
        names = (one.label, one.url.rstrip("/").rpartition("/")[2])
        if any(is_near(words, content_words(name)) for name in names):
            alike.append(one)
    return alike[:SUGGESTIONS]


def content_words(name: str) -> list[str]:
    """Return the words of a name without those that say nothing, such as "the"."""
    return [word for term in finding.parse(name.replace("-", " ")).required for word in term.words]


def is_near(asked: list[str], theirs: list[str]) -> bool:
    """Return whether these words of an address may be meant for a name of those words.

    One word of a long title, or two of three, is not enough: a wrong guess is worse than none.
    """
    if not asked or not theirs:
        return False
    same = sum(any(_is_like(word, other) for other in theirs) for word in asked)
    likeness_of_all = 2 * same / (len(asked) + len(theirs))
    if same == len(asked):
        # Two words that are both there are enough, however long the name is.
        return same > 1 or likeness_of_all >= _ALIKE_ONE
    return likeness_of_all >= _ALIKE


def _is_like(word: str, other: str) -> bool:
    """Return whether two words are the same, one begins the other, or they differ by a slip."""
    shorter, longer = sorted((word, other), key=len)
    if word == other or (len(shorter) > 3 and longer.startswith(shorter)):
        return True
    return len(shorter) > 5 and likeness(word, other) >= NEAR


def as_suggestion(hit: finding.Hit) -> finding.Suggestion:
    title = unescape(hit.title.replace("<mark>", "").replace("</mark>", ""))
    return finding.Suggestion("article", title, hit.post.get_absolute_url())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 for a request that Django refuses. Needs no database."""
    return standalone_page("400.html", status=400)


def gone(request: HttpRequest, post: Post) -> HttpResponse:
    """Answer 410 for a withdrawn article, without its text."""
    context = {"post": post, "topics": Tag.objects.in_use()}
    return render(request, "410.html", context, status=410)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 while the database cannot be reached. Needs no database."""
    if is_away(sys.exception()):
        return unavailable()
    return standalone_page("500.html", status=500)


def unavailable() -> HttpResponse:
    """Answer 503 with Retry-After (RFC 9110 15.6.4)."""
    response = standalone_page("503.html", status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    return response


def standalone_page(template: str, status: int) -> HttpResponse:
    """Return a page that needs no other file. Its policy allows the style within it by its hash."""
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
