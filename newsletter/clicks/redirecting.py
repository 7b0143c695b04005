"""Answers a counted link of a mail: leads on to its target at once, whatever else fails."""

from __future__ import annotations

import logging

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from alarmroom.methods import require_safe
from alarmroom.reads import noting as reads
from alarmroom.reads.sources import NEWSLETTER
from newsletter.clicks import noting, targets
from newsletter.mail.clicks import chance_of

logger = logging.getLogger(__name__)


@require_safe
def follow(request: HttpRequest, issue: int, number: int, token: str = "") -> HttpResponse:
    """Lead on to where a link of an issue leads, and note it if the token is one of its mails.

    The target is the row that was frozen with the issue; nothing in the address changes it. A
    token that is cut off, forwarded or made up leads on as well, because the same links stand in
    the web edition for everybody, but only a signed one counts. Nothing is stored here: no reader
    waits for the database (newsletter/clicks/noting.py).
    """
    try:
        found = targets.of(issue)
    except Error:
        # The web edition has the same links, and is answered without a database where it is kept.
        logger.exception("A link of issue %d was not looked up", issue)
        return leading_to(reverse("newsletter:issue", args=[issue]))
    if found is None or (target := found.by_number.get(number)) is None:
        raise Http404
    chance = chance_of(token, str(issue))
    if chance is not None and timezone.now() < found.counted_until:
        noting.note(target.pk, chance, request.method or "", request.META)
        if target.thing and request.method == "GET":
            # The browser asks for the page itself without a Referer. Whose mail it was is not said.
            reads.note(target.thing, request.META, NEWSLETTER)
    return leading_to(target.url)


def leading_to(url: str) -> HttpResponse:
    """Return a redirect that no cache keeps, and of which the target learns nothing."""
    response = HttpResponseRedirect(url)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
