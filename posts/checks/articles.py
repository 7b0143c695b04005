"""Checking stored articles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, QuerySet

from posts.checks.manuscript import Manuscript
from posts.checks.report import Report, check_all
from posts.models import Post


def manuscript_of(post: Post, *, topics: int, related: int) -> Manuscript:
    """Return a stored article as the rules read it."""
    return Manuscript(
        title="" if post.is_untitled else post.title,
        dek=post.summary,
        body=post.body,
        slug=post.slug,
        search_title=post.search_title,
        topics=topics,
        related=related,
        cover=post.cover_id,
        cover_alt=post.cover_alt,
        cover_caption=post.cover_caption,
        cover_credit=post.cover_credit,
        publishes_at=post.published_at,
    )


def check_stored(posts: QuerySet[Post]) -> Iterable[tuple[Post, Report]]:
    """Return each of these articles with its report, a hundred at a time."""
    pks = list(posts.order_by().values_list("pk", flat=True))
    for start in range(0, len(pks), 100):
        rows: list[Any] = list(
            Post.objects.filter(pk__in=pks[start : start + 100])
            .order_by("pk")
            .defer("body_served")
            .annotate(
                topics_count=Count("tags", distinct=True),
                related_count=Count("related_to", distinct=True),
            )
        )
        manuscripts = [
            manuscript_of(post, topics=post.topics_count, related=post.related_count)
            for post in rows
        ]
        yield from zip(rows, check_all(manuscripts), strict=True)
