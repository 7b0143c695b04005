"""Similar articles: computed when an article changes, stored, and only read for a page.

Two articles are alike by the topics they share, a rare one counting more than a common one,
and then by the words of their titles and summaries. The measure is the same in both
directions, so one comparison serves both articles.

Post.save() and PostQuerySet.update() mark an article as due when its own row changes. Topics
are rows of another table: the receivers below mark an article whose topics change.
"""

import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.signals import m2m_changed, pre_delete
from django.dispatch import receiver

from alarmroom import kept
from posts.models import Likeness, Post, PostQuerySet, Tag

# How many are stored for each article. A page shows three, but some may be picked by hand already,
# or withdrawn later.
STORED = 6
# Of the articles with common topics, the words of only so many are compared.
COMPARED = 60
# Words count as much as sharing a topic that one article in so many has.
TEXT_WEIGHT = 3.0
# Below this, two articles have nothing in common but the language: a fifth of their words.
LEAST = 0.6

_WORD = re.compile(r"[a-z0-9]{3,}")
_COMMON = frozenset(
    _WORD.findall(
        "about above after again against all also and any are because been before being below "
        "between both but can could did does doing down during each even every few for from had "
        "has have having her here him his how into its just made make many more most much must "
        "need never not now off once one only other our out over own same she should some such "
        "than that the their them then there these they this those through too under until use "
        "very was way were what when where which while who whom whose why will with would you "
        "your"
    )
)


@dataclass(frozen=True)
class Compared:
    """What of an article is compared with the others."""

    title: str
    summary: str
    published_at: datetime | None
    tags: frozenset[int]


def compare(pk: int) -> set[int]:
    """Find what is like a post, and store it for it and for them; return whose list changed.

    A draft and a withdrawn post are like nothing. About eight queries, whatever the number of
    posts. It may run twice.
    """
    found = _read(Post.objects.filter(pk=pk), pk)
    if found is None:
        return set()
    scores = _scores(pk, found) if found.published_at else {}
    with transaction.atomic():
        changed = _store(pk, scores)
        kept.drop(*(f"article-{other}" for other in changed))
        # A post that was edited meanwhile stays due. A change of topics writes the links first
        # and marks this row after it. So either the new topics are read here, or the mark comes
        # after this update and stays.
        if _read(Post.objects.filter(pk=pk).select_for_update(), pk) == found:
            Post.objects.filter(pk=pk).update(likeness_due=False)
    return changed


def _read(posts: PostQuerySet, pk: int) -> Compared | None:
    """Return what of a post is compared; None if it is gone. Two queries."""
    row = posts.order_by().values_list("title", "summary", "published_at").first()
    if row is None:
        return None
    tags = Post.tags.through.objects.filter(post=pk).values_list("tag_id", flat=True)
    return Compared(*row, frozenset(tags))


@receiver(m2m_changed, sender=Post.tags.through)
def topics_changed(instance: Post | Tag, action: str, pk_set: set[int] | None, **_: Any) -> None:
    """Mark the articles whose topics change, after the rows of the topics are written."""
    if isinstance(instance, Post):
        if action.startswith("post_"):
            _mark([instance.pk])
    elif pk_set is not None:
        if action.startswith("post_"):
            _mark(pk_set)
    elif action == "pre_clear":
        # Read before the change, because afterwards the links are gone.
        instance._cleared_posts = list(instance.posts.values_list("pk", flat=True))  # type: ignore[attr-defined]  # read after the change
    elif action == "post_clear":
        _mark(getattr(instance, "_cleared_posts", ()))


@receiver(pre_delete, sender=Tag)
def topic_deleted(instance: Tag, **_: Any) -> None:
    # In the transaction that deletes the topic: no m2m_changed is sent for its rows.
    _mark(instance.posts.values_list("pk", flat=True))


def _mark(pks: Iterable[int]) -> None:
    Post.objects.filter(pk__in=list(pks)).update(likeness_due=True)


def compare_due(seconds: float = 5) -> set[int]:
    """Compare the posts that changed, for so long at most; return whose lists changed."""
    changed: set[int] = set()
    until = time.monotonic() + seconds
    due = Post.objects.filter(likeness_due=True).order_by("-pk")
    for pk in list(due.values_list("pk", flat=True)[:500]):
        if time.monotonic() > until:
            break
        changed |= compare(pk)
    return changed


def telling_words(text: str) -> frozenset[str]:
    """Return the words of a text without common words and without the most common endings."""
    found = (word for word in _WORD.findall(text.lower()) if word not in _COMMON)
    return frozenset(re.sub(r"(?:ing|ies|es|ed|er|s)$", "", word) or word for word in found)


def _scores(pk: int, post: Compared) -> dict[int, float]:
    """Return the score of each other post that is similar enough."""
    public = Post.objects.filter(published_at__isnull=False).exclude(pk=pk).order_by()
    by_tag: dict[int, list[int]] = defaultdict(list)
    if post.tags:
        tagged = Post.tags.through.objects
        pairs = tagged.filter(tag__in=post.tags, post__published_at__isnull=False)
        for tag, other in pairs.exclude(post=pk).values_list("tag_id", "post_id"):
            by_tag[tag].append(other)
    count = public.count() + 1
    scores: dict[int, float] = defaultdict(float)
    for others in by_tag.values():
        rarity = math.log(1 + count / (len(others) + 1))
        for other in others:
            scores[other] += rarity
    candidates = public
    if scores:
        candidates = public.filter(pk__in=nlargest(COMPARED, scores, key=lambda o: (scores[o], o)))
    else:
        candidates = public.order_by("-published_at", "-pk")[: 3 * COMPARED]
    mine = telling_words(f"{post.title} {post.summary}")
    result = {}
    for other, title, summary in candidates.values_list("pk", "title", "summary"):
        theirs = telling_words(f"{title} {summary}")
        shared = len(mine & theirs) / math.sqrt(len(mine) * len(theirs) or 1)
        if (score := scores.get(other, 0) + TEXT_WEIGHT * shared) >= LEAST:
            result[other] = score
    return result


def alike(
    title: str, summary: str, tags: Iterable[int], *, besides: Iterable[int], pk: int | None
) -> list[Post]:
    """Return published articles that are like one that is being written, the most similar first.

    Without their texts. About four queries, whatever the number of articles.
    """
    written = Compared(title, summary, None, frozenset(tags))
    scores = _scores(pk or 0, written)
    for other in besides:
        scores.pop(other, None)
    # Some of them may be scheduled, which is looked up below.
    best = nlargest(4 * STORED, scores, key=lambda other: (scores[other], other))
    found = Post.objects.published().only("pk", "title", "published_at").in_bulk(best)
    return [found[other] for other in best if other in found]


def _store(pk: int, scores: dict[int, float]) -> set[int]:
    """Write the likenesses of a post in both directions; return the posts whose lists changed."""
    # Including the posts that have been similar to it until now.
    known = Likeness.objects.filter(Q(post__in=scores) | Q(post=pk) | Q(other=pk))
    # Where the database can lock rows, one worker at a time. Always in this order, so that two
    # workers never wait for each other.
    rows = list(
        known.order_by("pk").select_for_update().values_list("pk", "post", "other", "score")
    )
    lists: dict[int, dict[int, float]] = defaultdict(dict)
    before: dict[int, set[int]] = defaultdict(set)
    for _, one, other, score in rows:
        before[one].add(other)
        if pk not in (one, other):
            lists[one][other] = score
    for other, score in scores.items():
        lists[other][pk] = score
    lists[pk] = dict(scores)
    changed = set()
    best_pairs: dict[tuple[int, int], float] = {}
    for one in lists.keys() | before.keys():
        best = sorted(lists[one].items(), key=lambda pair: (-pair[1], -pair[0]))[:STORED]
        best_pairs.update({(one, other): score for other, score in best})
        if {other for other, _ in best} != before[one]:
            changed.add(one)
    stale = [row for row, one, other, score in rows if best_pairs.get((one, other)) != score]
    there = {(one, other) for _, one, other, score in rows if best_pairs.get((one, other)) == score}
    Likeness.objects.filter(pk__in=stale).delete()
    Likeness.objects.bulk_create(
        [
            Likeness(post_id=one, other_id=other, score=score)
            for (one, other), score in best_pairs.items()
            if (one, other) not in there
        ],
        # A worker that compares the other post at the same time stores the same rows.
        ignore_conflicts=True,
    )
    return changed


def everything() -> None:
    """Mark every post as due, for instance after many changes of topics."""
    Post.objects.update(likeness_due=True)
