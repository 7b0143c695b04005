"""The three queries of an article's page, and a fourth for one with corrections.

Their time does not grow with the number of articles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.db.models import (
    BigAutoField,
    BigIntegerField,
    Count,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    SlugField,
    Subquery,
)
from django.db.models.functions import JSONObject
from django.utils import timezone

from alarmroom.prepared import Param, Prepared, Row
from posts.models import Correction, Likeness, Post, PostQuerySet, RelatedPost, Tag
from posts.models.topic import START_HERE, TagQuerySet
from posts.text.body import fingerprint
from posts.views.article_values import Connected, Corrected, Topic, as_card, as_correction, as_topic

# "Connecting the dots" shows the articles that an editor picked, and similar ones up to so many.
CONNECTED = 3
# The fields that a card needs.
CARD = (
    *("title", "slug", "summary", "published_at", "reading_minutes", "author__name"),
    *("cover__file", "cover__width", "cover__height", "cover__sha256"),
    *("cover__focal_x", "cover__focal_y", "cover__renditions"),
)

_now = Param("now", DateTimeField())
_pk = Param("pk", BigAutoField())
_public = Q(published_at__lte=_now)


def _whole() -> PostQuerySet:
    """Posts with their author, their cover, and links to the newer and the older article."""
    at = Q(published_at=OuterRef("published_at"))
    others = Post.objects.order_by("published_at", "pk")
    # Written so that the database walks the index from this post to the next: one bound on the
    # date, and then an exclusion. "Later, or the same date and a higher number" means the same,
    # but is planned as a scan.
    newer = others.filter(_public, published_at__gte=OuterRef("published_at"))
    newer = newer.exclude(at & Q(pk__lte=OuterRef("pk")))
    older = others.filter(published_at__lte=OuterRef("published_at"))
    older = older.exclude(at & Q(pk__gte=OuterRef("pk"))).reverse()
    picks = RelatedPost.objects.filter(post=OuterRef("pk")).order_by().values("post")
    link = JSONObject(pk="pk", slug="slug", title="title")
    return (
        Post.objects.select_related("author__photo", "cover")
        .annotate(
            newer=Subquery(newer.values_list(link)[:1]),
            older=Subquery(older.values_list(link)[:1]),
            picks=Subquery(picks.values(count=Count("pk"))),
            corrected=Exists(Correction.objects.filter(post=OuterRef("pk"), taken_back_at=None)),
        )
        .order_by()
    )


@cache
def _connected(limit: int) -> Prepared[Post]:
    """The articles of "Connecting the dots": the picked ones first, all without their body."""

    def write() -> PostQuerySet:
        picked = RelatedPost.objects.filter(post=_pk).order_by()
        alike = Likeness.objects.filter(post=_pk).order_by()
        either = picked.values("related").union(alike.values("other"), all=True)
        place = picked.filter(related=OuterRef("pk")).values("position", "pk")
        return (
            Post.objects.filter(_public, pk__in=either)
            .with_topic()
            .alias(
                place=Subquery(place.values("position")[:1]),
                pick_pk=Subquery(place.values("pk")[:1]),
                score=Subquery(alike.filter(other=OuterRef("pk")).values("score")[:1]),
            )
            .select_related("author", "cover")
            .only(*CARD)
            .order_by(
                F("place").asc(nulls_last=True), "pick_pk", F("score").desc(nulls_last=True), "-pk"
            )[:limit]
        )

    return Prepared(write)


_BY_SLUG = Prepared(lambda: _whole().filter(_public, slug=Param("slug", SlugField())))
_BY_PK = Prepared(lambda: _whole().filter(pk=_pk))


def _topics() -> TagQuerySet:
    topics = Tag.objects.filter(posts=_pk).exclude(slug=START_HERE).only("name", "slug")
    first = Post.objects.filter(pk=_pk).order_by().values("first_topic")
    return topics.first_before_names(Subquery(first[:1]))


_TOPICS = Prepared(_topics)
_CORRECTIONS = Prepared(lambda: Correction.objects.shown().filter(post=_pk).only("at", "text"))


@dataclass(frozen=True)
class ArticleRow:
    """The row of a published article, joined with its author, cover and neighbours."""

    row: Row

    @property
    def pk(self) -> int:
        return int(_BY_SLUG.column(self.row, "id"))

    @property
    def author(self) -> int:
        """The author's primary key."""
        return int(_BY_SLUG.column(self.row, "author"))

    @property
    def picks(self) -> int:
        """How many articles an editor picked for "Connecting the dots"."""
        return _BY_SLUG.column(self.row, "picks") or 0

    @property
    def corrected(self) -> bool:
        """Whether readers are told of a correction."""
        return bool(_BY_SLUG.column(self.row, "corrected"))

    @property
    def is_finished(self) -> bool:
        """Whether its served body is stored, so that the page depends on this row alone."""
        body = _BY_SLUG.column(self.row, "body")
        return bool(_BY_SLUG.column(self.row, "served_of") == fingerprint(body))

    def post(self) -> Post:
        """Return the post, with `newer` and `older` (pk, slug and title, or None)."""
        return _BY_SLUG.instance(self.row)


def published_article(slug: str) -> ArticleRow | None:
    """Return a published article. One query."""
    rows = _BY_SLUG.rows(slug=slug, now=timezone.now())
    return ArticleRow(rows[0]) if rows else None


def any_article(pk: int) -> Post | None:
    """Return a post as `ArticleRow.post()` does, whatever its state. One query."""
    if pk > BigIntegerField.MAX_BIGINT:
        return None  # The database would refuse such a number.
    return _BY_PK.first(pk=pk, now=timezone.now())


def topics(post: Post | ArticleRow) -> list[Topic]:
    """Return the article's tags, the first one first. One query."""
    return _TOPICS.each(as_topic, pk=post.pk)


def corrections(post: Post | ArticleRow) -> list[Corrected]:
    """Return what readers are told of corrections, by date. One query if there are any."""
    if not post.corrected:  # type: ignore[union-attr]  # annotated in _whole()
        return []
    return _CORRECTIONS.each(as_correction, pk=post.pk)


def connected(post: Post | ArticleRow) -> list[Connected]:
    """Return the related articles: those an editor picked, then similar ones. One query."""
    limit = max(CONNECTED, post.picks or 0)  # type: ignore[union-attr]  # annotated in _whole()
    return _connected(limit).each(as_card, pk=post.pk, now=timezone.now())
