"""An article as others show it: as a search result, and beside a shared link.

As posts/views/preview.py shows it, saved or not.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP as Source
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from alarmroom.methods import allow, require_safe
from posts import share_image
from posts.checks.listing import LONGEST_DEK, LONGEST_TITLE, cut
from posts.models.image import Image
from posts.previews import KINDS
from posts.views.preview import CSP, article_for, never_kept, shown

# The page of a preview in a tab of its own. The frame in it inherits this, and a mail has its
# styles in itself.
TAB_CSP: dict[str, list[str]] = {
    **settings.SECURE_CSP,
    "style-src-attr": [Source.UNSAFE_INLINE],
    "style-src-elem": [Source.SELF, Source.UNSAFE_INLINE],
}


@allow("GET", "HEAD", "POST")
@never_kept
@csp_override(CSP)
@xframe_options_sameorigin
def search_result(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The article as search engines show it, cut where they cut."""
    post = shown(request, pk).post
    title, dek = " ".join((post.search_title or post.title).split()), " ".join(post.summary.split())
    return render(
        request,
        "admin/posts/post/as_search.html",
        {
            "host": settings.SITE_HOST,
            "folders": post.get_absolute_url().strip("/").split("/"),
            "title": cut(title, LONGEST_TITLE),
            "dek": cut(dek, LONGEST_DEK),
            "published_at": post.published_at,
            "title_over": max(0, len(title) - LONGEST_TITLE),
            "dek_over": max(0, len(dek) - LONGEST_DEK),
            "longest_title": LONGEST_TITLE,
            "longest_dek": LONGEST_DEK,
        },
    )


@allow("GET", "HEAD", "POST")
@never_kept
@csp_override(CSP)
@xframe_options_sameorigin
def social_card(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The article as it stands beside a link that somebody shares."""
    seen = shown(request, pk)
    post, topic = seen.post, seen.topics[0].name if seen.topics else ""
    version = share_image.version(post, topic)
    picture = _drawn(version, post.title, topic, post.author.name, post.cover)
    return render(
        request,
        "admin/posts/post/as_card.html",
        {
            "host": settings.SITE_HOST,
            "title": post.title,
            "dek": post.summary,
            # In the page itself: what is not saved has no address.
            "picture": f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}",
        },
    )


@require_safe
@never_kept
@csp_override(TAB_CSP)
def tab(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A tab for the preview; static/js/desk/preview-tab.js puts in what the form sends."""
    article_for(request, pk)
    return render(
        request,
        "admin/posts/post/preview_tab.html",
        {"kinds": [(kind.key, kind.name, kind.url(pk)) for kind in KINDS], "is_stored": bool(pk)},
    )


@lru_cache(maxsize=16)
def _drawn(version: str, title: str, topic: str, author: str, cover: Image | None) -> bytes:
    """Draw the picture. `version` tells a cover from the same one with another focal point."""
    return share_image.draw(title, topic, author, cover)
