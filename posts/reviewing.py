"""Submitting an article, approving it, asking for changes: what stands before publishing.

Each step is one conditional statement: of two people who decide at once, the second is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk import letters
from alarmroom.desk.copies import name_of
from posts.models import Post
from posts.models.review import Review


class Decided(Exception):
    """Somebody else was faster; `review` is what stands now, if anything does."""

    def __init__(self, review: Review | None) -> None:
        super().__init__()
        self.review = review


def open_review(post: Post) -> Review | None:
    found = Review.objects.open().filter(post=post)
    review = found.select_related("submitted_by", "decided_by").first()
    if review:
        review.post = post  # It is known: no query for it.
    return review


def last_review(post: Post) -> Review | None:
    found = Review.objects.filter(post=post).newest_first()
    return found.select_related("submitted_by", "decided_by").first()


def submit(post: Post, by: Any, note: str = "", *, wished_for: dt.date | None = None) -> Review:
    """Ask for a review. Raises Decided if one is asked for already."""
    try:
        with transaction.atomic():
            return Review.objects.create(
                post=post, submitted_by=by, note=note, wished_for=wished_for
            )
    except IntegrityError:
        raise Decided(open_review(post)) from None


def wish(post: Post, seen: dt.date, to: dt.date) -> bool:
    """Wish for another day; return whether it was still wished for the one that was seen."""
    rows = Review.objects.open().filter(post=post, wished_for=seen)
    return bool(rows.update(wished_for=to))


def take_back(post: Post, by: Any) -> None:
    """End one's own request. Raises Decided if there is none any more."""
    rows = Review.objects.open().filter(post=post, submitted_by=by)
    verdict = Review.Verdict.TAKEN_BACK
    if not rows.update(verdict=verdict, decided_at=timezone.now(), decided_by=by):
        raise Decided(last_review(post))


def decide(review: Review, verdict: Review.Verdict, by: Any, answer: str = "") -> None:
    """Approve, or ask for changes; whoever submitted it is told by mail. Raises Decided."""
    with transaction.atomic():
        rows = Review.objects.open().filter(pk=review.pk)
        if not rows.update(
            verdict=verdict, decided_at=timezone.now(), decided_by=by, answer=answer
        ):
            raise Decided(Review.objects.select_related("decided_by").filter(pk=review.pk).first())
        review.refresh_from_db()
        tell(review)


def published(pks: Iterable[int], by: Any) -> None:
    """Close the requests of articles that have just been given to readers, or got a date."""
    with transaction.atomic():
        open_ones = Review.objects.open().filter(post__in=list(pks))
        for review in open_ones.select_related("post", "submitted_by"):
            rows = Review.objects.open().filter(pk=review.pk)
            verdict = Review.Verdict.PUBLISHED
            if rows.update(verdict=verdict, decided_at=timezone.now(), decided_by=by):
                review.refresh_from_db()
                tell(review)


def tell(review: Review) -> None:
    """Owe a letter to whoever submitted, unless they decided themselves."""
    to, by = review.submitted_by, review.decided_by
    if to is None or to == by:
        return
    who, post = name_of(by) if by else "Somebody", review.post
    asks = review.verdict == Review.Verdict.CHANGES
    verb = {"approved": "approved", "changes": "asks for changes to"}.get(
        review.verdict, "published"
    )
    if review.verdict == Review.Verdict.PUBLISHED and not post.is_published:
        verb = "scheduled"
    letters.write(
        to,
        f"review-{review.pk}",
        heading=f"{who} {verb} “{post.title}”",
        about=post.title,
        said=review.answer,
        url=reverse("admin:posts_post_change", args=[post.pk]),
        link="Go on writing" if asks else "Open the article",
    )
