"""Articles: what the publication publishes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from alarmroom.images import Picture
from alarmroom.slugs import free_slug
from posts import html
from posts.editor import HTMLField

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

WORDS_PER_MINUTE = 230


class Image(models.Model):
    """A picture that an editor uploaded, decoded and encoded again by us."""

    file = models.ImageField(
        upload_to="images/%Y/%m/", width_field="width", height_field="height", max_length=200
    )
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    title = models.CharField(
        max_length=200, blank=True, help_text="For finding it again; readers do not see it."
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.title or self.file.name.rsplit("/", 1)[-1]

    @classmethod
    def keep(
        cls, picture: Picture, *, title: str = "", user: AbstractBaseUser | None = None
    ) -> Image:
        """Return the stored image of these bytes; the same picture is kept once."""
        known = cls.objects.filter(sha256=picture.sha256).first()
        if known and known.file.storage.exists(known.file.name):
            return known
        image = known or cls(title=title[:200])
        image.hold(picture, user=user)
        try:
            with transaction.atomic():
                image.save()
        except IntegrityError:
            # Somebody kept the same picture since we looked; theirs is as good.
            image.file.delete(save=False)
            return cls.objects.get(sha256=picture.sha256)
        return image

    def hold(self, picture: Picture, *, user: AbstractBaseUser | None = None) -> None:
        """Store the picture's bytes as this image's file; the row itself is not saved."""
        self.sha256 = picture.sha256
        self.uploaded_by_id = user.pk if user else None
        self.file.save(picture.content.name, picture.content, save=False)


class Author(models.Model):
    """Somebody whose name stands over articles; not an account."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(
        max_length=120, unique=True, blank=True, help_text="Left empty, it is made from the name."
    )
    role = models.CharField(
        max_length=160,
        blank=True,
        help_text="For example: Training coordinator, 14 years on the floor",
    )
    bio = models.TextField(blank=True)
    photo = models.ForeignKey(Image, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("posts:author", args=[self.slug])

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = free_slug(self, self.name)
        super().save(*args, **kwargs)


class TagQuerySet(models.QuerySet["Tag"]):
    def in_use(self) -> Self:
        """The topics under which a reader finds something right now."""
        return self.filter(pk__in=Post.objects.published().values("tags"))


class Tag(models.Model):
    """A topic that readers follow across articles."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(
        max_length=80, unique=True, blank=True, help_text="Left empty, it is made from the name."
    )
    description = models.TextField(blank=True, help_text="Stands at the top of the topic's page.")

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("posts:tag", args=[self.slug])

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = free_slug(self, self.name)
        super().save(*args, **kwargs)


class PostQuerySet(models.QuerySet["Post"]):
    def published(self) -> Self:
        """What an anonymous reader may see right now."""
        return self.filter(published_at__lte=timezone.now())

    def drafts(self) -> Self:
        return self.filter(published_at=None)

    def scheduled(self) -> Self:
        return self.filter(published_at__gt=timezone.now())

    def newest_first(self) -> Self:
        return self.order_by("-published_at", "-pk")

    def publish(self) -> int:
        """Publish now what is a draft or scheduled; return how many. Old dates stay."""
        now = timezone.now()
        waiting = self.filter(models.Q(published_at=None) | models.Q(published_at__gt=now))
        return waiting.update(published_at=now, updated_at=now)

    def back_to_draft(self) -> int:
        """Take what is published or scheduled off the site; return how many."""
        shown = self.filter(published_at__isnull=False)
        return shown.update(published_at=None, updated_at=timezone.now())

    def for_listing(self) -> Self:
        """Newest first, with all that a card shows, and without the long text."""
        return (
            self.newest_first()
            .select_related("author", "cover")
            .prefetch_related("tags")
            .defer("body")
        )

    def for_article(self) -> Self:
        """With all that an article's page shows of the article itself."""
        return self.select_related("author__photo", "cover").prefetch_related("tags")


class Post(models.Model):
    """An article.

    `published_at` alone says where it stands: empty is a draft, the future is
    scheduled, the past is published. The body holds nothing but the allowlist.
    """

    title = models.CharField(max_length=200)
    slug = models.SlugField(
        max_length=200,
        unique=True,
        blank=True,
        help_text="The end of the article's address. Left empty, it is made from the title.",
    )
    summary = models.TextField(
        max_length=400,
        help_text="The dek: one or two sentences. Stands in lists, in mails and in search results.",
    )
    body = HTMLField()
    author = models.ForeignKey(Author, models.PROTECT, related_name="posts")
    cover = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="+")
    cover_alt = models.CharField(
        "alternative text",
        max_length=300,
        blank=True,
        help_text="What the cover shows, for readers who cannot see it.",
    )
    cover_caption = models.CharField("caption", max_length=300, blank=True)
    cover_credit = models.CharField("credit", max_length=160, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="posts")
    published_at = models.DateTimeField(
        null=True,
        blank=True,
        db_index=True,
        help_text="Empty: a draft. In the future: published by itself at that moment.",
    )
    reading_minutes = models.PositiveSmallIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        indexes = [models.Index(fields=["-published_at", "-id"], name="post_newest_first")]
        constraints = [
            models.CheckConstraint(
                name="post_title_not_empty",
                condition=~models.Q(title=""),
                violation_error_message="Give the article a title.",
            ),
            models.CheckConstraint(
                name="post_cover_has_alt",
                condition=models.Q(cover=None) | ~models.Q(cover_alt=""),
                violation_error_message="Say in the alternative text what the cover shows.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("posts:article", args=[self.slug])

    def save(self, *args: Any, **kwargs: Any) -> None:
        made = []
        if not self.slug:
            self.slug = free_slug(self, self.title)
            made.append("slug")
        # A list leaves the body in the database; looking at it here would load and save it.
        if "body" not in self.get_deferred_fields():
            self.body = html.clean(self.body)
            minutes = reading_minutes(self.body)
            if minutes != self.reading_minutes:
                self.reading_minutes = minutes
                made.append("reading_minutes")
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], *made}
        super().save(*args, **kwargs)

    @property
    def is_draft(self) -> bool:
        return self.published_at is None

    @property
    def is_scheduled(self) -> bool:
        return self.published_at is not None and self.published_at > timezone.now()

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


def reading_minutes(body: str) -> int:
    """Return the whole minutes that a reader takes for a body of HTML, at least 1."""
    return max(1, math.ceil(len(strip_tags(body).split()) / WORDS_PER_MINUTE))


class RelatedPost(models.Model):
    """A pointer from one article to another, picked by hand, one way only."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="related_to")
    related = models.ForeignKey(
        Post, models.CASCADE, related_name="related_from", verbose_name="related post"
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
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
        # Naming the article it stands under would load that once for every row of the desk.
        return f"→ {self.related}"
