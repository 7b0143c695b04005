"""Articles: what the publication publishes."""

from __future__ import annotations

import calendar
import math
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.dispatch import Signal
from django.utils import timezone
from django.utils.formats import date_format

from alarmroom import kept
from alarmroom.desk import dates
from alarmroom.desk.binnable import Binnable, GoesAlong, Said
from alarmroom.desk.content import Row, Shape
from posts.models import access
from posts.models.addresses import Slugged, SluggedQuerySet, address
from posts.models.author import Author
from posts.models.body import WithBody, WithBodyQuerySet, texts_with
from posts.models.fields import PlainCharField, PlainTextField
from posts.models.image import SHOWN_IN, USED_BY, Image
from posts.models.topic import START_HERE, Tag
from posts.text import html
from posts.text.editor import HTMLField
from posts.text.plain import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

WORDS_PER_MINUTE = 230
LONGEST_SEARCH_TITLE = 70  # characters; about 60 are shown
_UNTITLED = "Untitled, "
# Fields that no page shows, so that a change of them makes no page stale.
NOT_ON_ANY_PAGE = {"body_served", "served_of", "likeness_due", "created_at", "owner"}
# What posts/likeness.py reads of an article's own row; its topics are the other part.
READ_BY_LIKENESS = {"title", "summary", "published_at"}
# The values of an article that is not withdrawn.
NOT_WITHDRAWN = {"withdrawn_at": None, "was_published_at": None}

# Sent with the `queryset` and the `pks` before and after PostQuerySet.update(), for which Django
# sends no signal. posts/freshness.py listens; it imports this module, so no call is possible.
posts_updating = Signal()
posts_updated = Signal()


class PostQuerySet(WithBodyQuerySet["Post"], SluggedQuerySet["Post"]):  # type: ignore[override]  # each makes a manager of its own class
    def published(self) -> Self:
        """What an anonymous reader may see right now."""
        return self.filter(published_at__lte=timezone.now())

    def update(self, **kwargs: Any) -> int:
        if kwargs.keys() <= NOT_ON_ANY_PAGE:
            return super().update(**kwargs)
        if not READ_BY_LIKENESS.isdisjoint(kwargs):
            kwargs.setdefault("likeness_due", True)
        pks = list(self.values_list("pk", flat=True))
        posts_updating.send(Post, queryset=self, pks=pks)
        changed = super().update(**kwargs)
        posts_updated.send(Post, queryset=self, pks=pks)
        return changed

    def bulk_create(self, objs: Iterable[Post], *args: Any, **kwargs: Any) -> list[Post]:
        made = super().bulk_create(objs, *args, **kwargs)
        # After the rows exist: a page that is rendered before would be kept without them.
        kept.drop_everything()
        return made

    def visible_to(self, user: Any) -> Self:
        """What an account may see on the desk; access.may_see() says the same of one article."""
        if access.sees_all(user):
            return self
        if user.has_perm("posts.change_post"):
            return self.filter(owner=user.pk)
        return self.none()

    def choosable_by(self, user: Any) -> Self:
        """What an account may name in a text of its own: what it sees, and what readers see."""
        if access.sees_all(user):
            return self
        own = models.Q(owner=user.pk) if user.has_perm("posts.change_post") else models.Q()
        return self.filter(own | models.Q(published_at__lte=timezone.now()))

    def drafts(self) -> Self:
        return self.filter(published_at=None, withdrawn_at=None)

    def in_review(self) -> Self:
        """What was submitted, and nobody has decided about yet (posts/reviewing.py)."""
        return self.filter(models.Exists(_open_reviews()))

    def not_in_review(self) -> Self:
        return self.exclude(models.Exists(_open_reviews()))

    def with_review(self) -> Self:
        """With the answer of `is_in_review`, without a query for each."""
        return self.annotate(in_review_now=models.Exists(_open_reviews()))

    def scheduled(self) -> Self:
        return self.filter(published_at__gt=timezone.now())

    def newest_first(self) -> Self:
        return self.order_by("-published_at", "-pk")

    def publish(self) -> int:
        """Publish now what is a draft or scheduled; return how many. Old dates stay."""
        now = timezone.now()
        waiting = self.filter(models.Q(published_at=None) | models.Q(published_at__gt=now))
        return waiting.update(**NOT_WITHDRAWN, published_at=now, updated_at=now)

    def back_to_draft(self) -> int:
        """Make what is published, scheduled or withdrawn a draft again; return how many."""
        shown = self.filter(
            models.Q(published_at__isnull=False) | models.Q(withdrawn_at__isnull=False)
        )
        return shown.update(**NOT_WITHDRAWN, published_at=None, updated_at=timezone.now())

    def withdrawn(self) -> Self:
        """Articles that were published and then withdrawn; their address answers 410."""
        return self.filter(withdrawn_at__isnull=False)

    def withdraw(self) -> int:
        """Withdraw what is published; return how many."""
        now = timezone.now()
        return self.published().update(
            published_at=None,
            was_published_at=models.F("published_at"),
            withdrawn_at=now,
            updated_at=now,
        )

    def bring_back(self) -> int:
        """Publish what was withdrawn, or came back from the bin, under its old date.

        Return how many.
        """
        back = self.filter(published_at=None, was_published_at__isnull=False)
        return back.update(
            **NOT_WITHDRAWN,
            published_at=models.F("was_published_at"),
            updated_at=timezone.now(),
        )

    def for_listing(self, under: Tag | None = None) -> Self:
        """Newest first, with everything that a card shows, and without the body.

        In the list of a topic, pass it as `under`: each card then names another of the article's
        topics, or none.
        """
        return (
            self.newest_first()
            .select_related("author", "cover")
            .with_topic(besides=under)
            .defer("body", "body_served")
        )

    def with_topic(self, besides: Tag | None = None) -> Self:
        """With the name of the first of its topics, for a card, without another query."""
        topics = Tag.objects.filter(posts=models.OuterRef("pk")).exclude(slug=START_HERE)
        if besides:
            topics = topics.exclude(pk=besides.pk)
        # Not by first_before_names(): SQLite takes no row of the outer query in an ORDER BY.
        first = topics.filter(pk=models.OuterRef("first_topic")).values("name")[:1]
        by_name = topics.order_by("name").values("name")[:1]
        return self.annotate(topic_name=Coalesce(models.Subquery(first), models.Subquery(by_name)))


def _open_reviews() -> models.QuerySet[Any]:
    # The model of reviews imports this one.
    reviews: Any = apps.get_model("posts", "Review")
    found: models.QuerySet[Any] = reviews.objects.open().filter(post=models.OuterRef("pk"))
    return found


class Post(WithBody, Slugged, Binnable):
    """An article.

    `published_at` alone decides what readers see: without one it is not public, with one in the
    future it is scheduled, with one in the past it is published. So a withdrawn article has none;
    `withdrawn_at` tells it from a draft. The body contains only what the allowlist permits.
    """

    SEEN_BY = ("published_at", "was_published_at")

    title = PlainCharField(max_length=200)
    slug = models.SlugField(
        max_length=200,
        unique=True,
        blank=True,
        help_text="The end of the article's address. Left empty, it is made from the title.",
    )
    search_title = PlainCharField(
        "title in search results",
        max_length=LONGEST_SEARCH_TITLE,
        blank=True,
        default="",
        help_text="For a title that is too long for search engines. Left empty: the title.",
    )
    summary = PlainTextField(
        max_length=400,
        help_text="The dek: one or two sentences. Stands in lists, in mails and in search results.",
    )
    body: models.TextField[str, str] = HTMLField()
    author = models.ForeignKey(Author, models.PROTECT, related_name="posts")
    cover = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="+")
    cover_alt = PlainCharField(
        "alternative text",
        max_length=300,
        blank=True,
        help_text="What the cover shows, for readers who cannot see it.",
    )
    cover_caption = PlainCharField("caption", max_length=300, blank=True)
    cover_credit = PlainCharField("credit", max_length=160, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="posts")
    first_topic = models.ForeignKey(
        Tag,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The topic that cards and mails name. Empty, or none of the article's: by name.",
    )
    published_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Empty: a draft. In the future: published by itself at that moment.",
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    was_published_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Of a withdrawn article: the date it had, and gets again if it comes back.",
    )
    revised_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When an editor last told readers that the published text had changed.",
    )
    reading_minutes = models.PositiveSmallIntegerField(default=1, editable=False)
    likeness_due = models.BooleanField(
        default=True, editable=False, help_text="Whether posts/likeness.py has yet to look at it."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="The account that wrote it: see posts/models/access.py.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PostQuerySet.as_manager()

    content_shape = Shape(
        fields=(
            "title",
            "slug",
            "search_title",
            "summary",
            "body",
            "author",
            "tags",
            "first_topic",
            "cover",
            "cover_alt",
            "cover_caption",
            "cover_credit",
        ),
        state=("published_at",),
        rows={"related_to": Row("related", label="Related articles")},
        groups=(("cover", "cover_alt", "cover_caption", "cover_credit"),),
        labels={"slug": "Address", "summary": "Dek", "body": "Text", "tags": "Topics"},
    )

    class Meta:
        verbose_name = "article"
        ordering = ["-published_at", "-pk"]
        permissions = [
            ("override_checks", "Can publish in spite of checks, with a reason"),
            ("publish_post", "Can publish, update and withdraw articles"),
            ("change_any_post", "Can see and change the articles of others"),
            ("edit_source", "Can edit the source of a text"),
        ]
        indexes = [
            models.Index(fields=["-published_at", "-id"], name="post_newest_first"),
            # How many there are of a year, and which changed last, without a look at any.
            models.Index(fields=["published_at", "updated_at"], name="post_changed_within"),
            models.Index(
                fields=["id"], name="post_likeness_due", condition=models.Q(likeness_due=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="post_title_not_empty",
                condition=~models.Q(title=""),
                violation_error_message="Give the article a title.",
            ),
            models.CheckConstraint(
                name="post_cover_has_alt",
                # A draft may lack it: nobody reads it, and it must be possible to save.
                condition=models.Q(cover=None)
                | ~models.Q(cover_alt="")
                | models.Q(published_at=None),
                violation_error_message="Say in the alternative text what the cover shows.",
            ),
            models.CheckConstraint(
                name="post_withdrawn_is_off_the_site",
                condition=models.Q(withdrawn_at=None)
                | models.Q(published_at=None, was_published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return address("posts:article", self.slug)

    def save(self, *args: Any, **kwargs: Any) -> None:
        made = []
        if not self.slug:
            self.slug = self.make_slug(self.title)
            made.append("slug")
        # for_listing() defers the body: reading it here would load it and save it again.
        if "body" not in self.get_deferred_fields():
            self.body = html.clean(self.body)
            minutes = reading_minutes(self.body)
            if minutes != self.reading_minutes:
                self.reading_minutes = minutes
                made.append("reading_minutes")
        if self.published_at and (self.withdrawn_at or self.was_published_at):
            self.withdrawn_at = self.was_published_at = None
            made.extend(NOT_WITHDRAWN)
        fields = kwargs.get("update_fields")
        # Every save of these fields counts as a change: this instance may be older than the row.
        if fields is None or not READ_BY_LIKENESS.isdisjoint({*fields, *made}):
            self.likeness_due = True
            made.append("likeness_due")
        if fields is not None:
            kwargs["update_fields"] = {*fields, *made}
        super().save(*args, **kwargs)

    @classmethod
    def read_from(cls, body: str) -> dict[str, Any]:
        return {"reading_minutes": reading_minutes(body)}

    # The bin (alarmroom/desk/bin.py)

    def said_before_binning(self) -> list[str]:
        if self.is_published:
            return ["It is published. Readers no longer find it, nor its address."]
        if self.is_scheduled:
            return ["It is scheduled, and is not published then."]
        return []

    def come_back(self, binned_at: datetime) -> list[str]:
        """Come back as a draft, or withdrawn: nothing that readers do not see is published by this.

        `was_published_at` keeps the date of what was published, for bring_back().
        """
        notes = self.find_address()
        self.body = html.clean(self.body)
        if self.published_at is None:
            return notes
        when = dates.moment(self.published_at)
        if self.published_at <= binned_at:
            self.was_published_at = self.published_at
            notes.append("It is a draft now: readers do not see it.")
        else:
            notes.append(f"It is a draft now. It was scheduled for {when}.")
        self.published_at = None
        return notes

    def stand_in(self, field: str, name: str) -> models.Model | None:
        if field != "author" or not name:
            return None
        return Author.objects.filter(name=name).first() or Author.objects.create(name=name)

    @property
    def is_draft(self) -> bool:
        return self.published_at is None and self.withdrawn_at is None

    @property
    def is_in_review(self) -> bool:
        known = self.__dict__.get("in_review_now")
        if known is None:
            known = bool(self.pk) and self.reviews.filter(verdict="").exists()
        return bool(known)

    @property
    def is_untitled(self) -> bool:
        """Whether nobody has given it a title yet; see untitled()."""
        month, _, day = self.title.removeprefix(_UNTITLED).partition(" ")
        return (
            self.title.startswith(_UNTITLED) and month in calendar.month_name[1:] and day.isdigit()
        )

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def is_scheduled(self) -> bool:
        return self.published_at is not None and self.published_at > timezone.now()

    @property
    def was_seen(self) -> bool:
        return self.is_published or self.was_published_at is not None

    @property
    def is_published(self) -> bool:
        return self.published_at is not None and self.published_at <= timezone.now()

    def connected(self) -> models.QuerySet[Post]:
        """The published posts that an editor picked for "Connecting the dots", in order."""
        return (
            Post.objects.published()
            .for_listing()
            .filter(related_from__post=self)
            .order_by("related_from__position", "related_from__pk")
        )

    @property
    def topic(self) -> str:
        """The name of its first topic: from with_topic(), or else from its tags."""
        if "topic_name" in self.__dict__:
            return self.__dict__["topic_name"] or ""
        return next((tag.name for tag in self.topics() if tag.slug != START_HERE), "")

    def topics(self) -> list[Tag]:
        """Return its topics: the one that an editor put first, then the others by name."""
        return sorted(self.tags.all(), key=lambda tag: tag.pk != self.first_topic_id)

    @property
    def was_revised(self) -> bool:
        """Whether readers were told that the text changed, on a later day than the publication."""
        return bool(
            self.revised_at
            and self.published_at
            and timezone.localdate(self.revised_at) > timezone.localdate(self.published_at)
        )

    @property
    def modified_at(self) -> datetime | None:
        """The date of the last change that readers were told about, as the page shows it.

        Feeds and search engines get the same: a corrected comma does not make an article new.
        """
        return self.revised_at if self.was_revised else self.published_at


def untitled(moment: datetime) -> str:
    """Return the title of a draft that has none: "Untitled, November 27"."""
    return f"{_UNTITLED}{date_format(timezone.localtime(moment), 'F j')}"


def words_in(body: str) -> int:
    """Return how many words a body of HTML has."""
    return len(text_of(body).split())


def reading_minutes(body: str) -> int:
    """Return how many minutes it takes to read a body of HTML, at least 1."""
    return max(1, math.ceil(words_in(body) / WORDS_PER_MINUTE))


class RelatedPost(GoesAlong):
    """A link from one article to another that an editor picked; it goes one way only."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="related_to")
    related = models.ForeignKey(
        Post, models.CASCADE, related_name="related_from", verbose_name="related post"
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = "related article"
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["post", "related"],
                name="related_post_once",
                violation_error_message="This related post is picked twice.",
            ),
            models.CheckConstraint(
                name="related_post_not_itself",
                condition=~models.Q(post=models.F("related")),
                violation_error_message="An article cannot be its own related post.",
            ),
        ]

    def __str__(self) -> str:
        # Without self.post, which would be loaded again for every row of the admin's inline.
        return f"→ {self.related}"

    def said_in_bin(self, thing: models.Model) -> Said:
        if self.related_id == thing.pk:
            return Said(
                f"“{self.post}” leads on to it, and no longer does.",
                "One article leads on to it, and no longer does.",
                self.post,
            )
        return Said(
            f"It leads on to “{self.related}”.", "It leads on to one article.", self.related
        )


class Likeness(models.Model):
    """How similar two articles are; computed by posts/likeness.py when one of them changes.

    Only the few most similar articles of each are stored. A higher score is more similar.
    """

    # Not kept in the bin: posts/likeness.py compares an article that is published again.
    made_again = True

    # The unique constraint below serves as the index.
    post = models.ForeignKey(Post, models.CASCADE, related_name="likenesses", db_index=False)
    other = models.ForeignKey(Post, models.CASCADE, related_name="+")
    score = models.FloatField()

    class Meta:
        verbose_name_plural = "likenesses"
        constraints = [models.UniqueConstraint(fields=["post", "other"], name="likeness_once")]

    def __str__(self) -> str:
        return f"{self.post_id} ~ {self.other_id}: {self.score:.2f}"


def things_that_refer_to(image: Image) -> list[models.Model]:
    """Return what has a picture as its cover or as its photo."""
    return [
        *Post.objects.filter(cover=image).defer("body", "body_served"),
        *Author.objects.filter(photo=image),
    ]


SHOWN_IN.append(texts_with)
USED_BY.append(things_that_refer_to)
