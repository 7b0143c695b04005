"""A draft for somebody without an account, who was given a link to it."""

from __future__ import annotations

import contextlib
import re

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control

from alarmroom.desk import revisions
from alarmroom.desk.copies import name_of
from alarmroom.facts import facts
from alarmroom.methods import require_safe
from posts.models import DraftLink
from posts.views import article_queries
from posts.views.preview import context_of

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@require_safe
@cache_control(private=True, no_store=True)
def shared_draft(request: HttpRequest, token: str) -> HttpResponse:
    """The newest saved text of an article. The same 404 for what is wrong, expired or revoked."""
    response = _answer(request, token)
    # What is linked to learns no token, and no engine keeps the page.
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive, nosnippet"
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    link = _open_link(token)
    post = article_queries.any_article(link.post_id) if link else None
    if link is None or post is None:
        # Without suggestions: a token has no words.
        return render(request, "404.html", {"asked": ""}, status=404)
    if request.method == "GET":
        # A database that is busy must not keep the draft from its reader.
        with contextlib.suppress(OperationalError):
            link.count()
    context = context_of(post, revisions.head_of(post).content)
    context["canonical_url"] = settings.SITE_URL  # Its own address leads nowhere yet.
    context["share_picture"] = facts().share_picture_url
    context["shared_by"] = name_of(link.made_by)
    return render(
        request, "posts/article.html", {**context, "post": post, "until": link.expires_at}
    )


def _open_link(token: str) -> DraftLink | None:
    if not _TOKEN.fullmatch(token):
        return None
    return DraftLink.objects.open().of_token(token).select_related("made_by").first()
