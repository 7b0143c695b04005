"""Comments on an article: writing and resolving them, whom they name, on which paragraph they are.

All of it is linear in the length of the text: no pattern is matched against what people write.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk import letters
from alarmroom.desk.comparing import blocks
from alarmroom.desk.copies import name_of
from posts.models import Post, access
from posts.models.comment import LONGEST_COMMENT, LONGEST_QUOTE, Comment
from posts.text.plain import line_of

MOST_COMMENTS = 1_000  # on one article
MOST_NAMED = 10  # in one comment
MOST_OFFERED = 100  # names, for the completion
LONGEST_NAME = 150
# A paragraph is the one that was commented on if it still has so much of its words.
ENOUGH = 0.5
_OF_NAMES = frozenset("._+-")


class Refused(Exception):
    """A comment was not stored; the text says why."""


@dataclass(frozen=True)
class Said:
    """What came of a comment: whom it told, and which names are nobody's who may see it."""

    comment: Comment
    told: list[str]
    unknown: list[str]


def names_in(text: str) -> list[str]:
    """Return the names that a text mentions as @name, each once, in order."""
    found: dict[str, None] = {}
    parts = text[:LONGEST_COMMENT].split("@")
    for before, part in pairwise(parts):
        if before and (before[-1].isalnum() or before[-1] in _OF_NAMES):
            continue  # a mail address
        end = 0
        while end < min(len(part), LONGEST_NAME) and (
            part[end].isalnum() or part[end] in _OF_NAMES
        ):
            end += 1
        if name := part[:end].rstrip(".+-"):
            found[name] = None
    return list(found)[:MOST_NAMED]


def add(
    post: Post,
    by: Any,
    text: str,
    *,
    thread: Comment | None = None,
    quote: str = "",
    place: int | None = None,
) -> Said:
    """Store a comment, or an answer to one, and owe a letter to whom it names. Raises Refused."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Refused("Write something first.")
    if len(text) > LONGEST_COMMENT:
        raise Refused(f"A comment may have {LONGEST_COMMENT:,} characters. Shorten it.")
    if Comment.objects.filter(post=post).count() >= MOST_COMMENTS:
        raise Refused("This article has as many comments as it can hold.")
    names = names_in(text)
    accounts = {
        user.get_username(): user
        for user in get_user_model().objects.filter(
            username__in=names, is_active=True, is_staff=True
        )
    }
    named = {name: user for name, user in accounts.items() if access.may_see(user, post)}
    with transaction.atomic():
        comment = Comment.objects.create(
            post=post,
            by=by,
            text=text,
            thread=thread,
            quote="" if thread else " ".join(quote.split())[:LONGEST_QUOTE],
            place=None if thread else place,
        )
        if thread:
            # Whoever answers has something to say about it.
            Comment.objects.filter(pk=thread.pk).update(resolved_at=None, resolved_by=None)
        told = [user for user in named.values() if user.pk != by.pk]
        comment.named.set(told)
        for user in told:
            letters.write(
                user,
                f"comment-{comment.pk}",
                heading=f"{name_of(by)} names you in a comment on “{post.title}”",
                about=f"On: “{comment.quote}”" if comment.quote else post.title,
                said=text,
                url=reverse("admin:posts_post_change", args=[post.pk]) + "#section-comments",
                link="Answer it",
            )
    unknown = [name for name in names if name not in named]
    return Said(comment, [name_of(user) for user in told], unknown)


def resolve(post: Post, pk: int, by: Any) -> bool:
    """Resolve a thread; False if it is resolved already, or not there."""
    rows = Comment.objects.threads().filter(post=post, pk=pk, resolved_at=None)
    return bool(rows.update(resolved_at=timezone.now(), resolved_by=by))


def reopen(post: Post, pk: int) -> bool:
    rows = Comment.objects.threads().filter(post=post, pk=pk, resolved_at__isnull=False)
    return bool(rows.update(resolved_at=None, resolved_by=None))


def people_for(post: Post) -> list[tuple[str, str]]:
    """Return user name and name of those who may be named, for the completion. One query."""
    sees = ("view_post", "change_any_post")
    held = Q(user_permissions__codename__in=sees) | Q(groups__permissions__codename__in=sees)
    users = get_user_model().objects.filter(is_active=True, is_staff=True)
    users = users.filter(Q(is_superuser=True) | Q(pk=post.owner_id) | held).distinct()
    return [
        (user.get_username(), name_of(user)) for user in users.order_by("username")[:MOST_OFFERED]
    ]


# On which paragraph a comment is


class Paragraphs:
    """The paragraphs of a body, to find again the one that a comment is on."""

    def __init__(self, body: str) -> None:
        self.texts = [line_of(block) for block in blocks.split(body)]
        self.words = [frozenset(text.casefold().split()) for text in self.texts]
        self.by_text: dict[str, int] = {}
        for at, text in enumerate(self.texts):
            self.by_text.setdefault(text[:LONGEST_QUOTE], at)

    def find(self, quote: str, place: int | None) -> int | None:
        """Return where the paragraph stands now; None if it is gone."""
        if not quote:
            return None
        there = place if place is not None and place < len(self.texts) else None
        if there is not None and self.texts[there][:LONGEST_QUOTE] == quote:
            return there
        if quote in self.by_text:
            return self.by_text[quote]
        wanted = frozenset(quote.casefold().split())
        if not wanted:
            return None

        def likeness(at: int) -> tuple[float, int]:
            return len(wanted & self.words[at]) / len(wanted), -abs(at - (place or 0))

        best = max(range(len(self.texts)), key=likeness, default=None)
        return best if best is not None and likeness(best)[0] >= ENOUGH else None


@dataclass(frozen=True)
class Thread:
    """A comment with its answers, and where its paragraph stands now."""

    comment: Comment
    answers: list[Comment]
    place: int | None

    @property
    def is_gone(self) -> bool:
        return bool(self.comment.quote) and self.place is None


def threads_of(post: Post, body: str) -> list[Thread]:
    """Return all threads of an article: as the text goes, and those on no paragraph last."""
    rows: Iterable[Comment] = (
        Comment.objects.filter(post=post)
        .select_related("by", "resolved_by")
        .order_by("at", "pk")[:MOST_COMMENTS]
    )
    first: list[Comment] = []
    answers: dict[int, list[Comment]] = {}
    for comment in rows:
        if comment.thread_id:
            answers.setdefault(comment.thread_id, []).append(comment)
        else:
            first.append(comment)
    paragraphs = Paragraphs(body if first else "")
    found = [
        Thread(each, answers.get(each.pk, []), paragraphs.find(each.quote, each.place))
        for each in first
    ]
    return sorted(found, key=lambda each: (each.place is None, each.place or 0, each.comment.pk))
