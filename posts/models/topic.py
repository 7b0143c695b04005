"""Topics: what readers follow across articles. In code they are tags."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models.functions import Coalesce

from posts.models.addresses import Slugged, SluggedQuerySet, address
from posts.models.fields import LONGEST_DESCRIPTION, PlainCharField, PlainTextField


def _published(tags: type[models.Model]) -> models.QuerySet[Any]:
    """Return the published posts, by the relation that they have with their tags."""
    posts: Any = tags._meta.get_field("posts").related_model
    published: models.QuerySet[Any] = posts.objects.published()
    return published


# The topic whose articles the front page shows under its name: what editors hand to new readers. It
# is a topic in everything else, so the desk needs nothing more for it.
START_HERE = "start-here"


class TagQuerySet(SluggedQuerySet["Tag"]):
    def in_use(self) -> Self:
        """The topics that have a published article."""
        return self.filter(pk__in=_published(self.model).values("tags"))

    def with_counts(self) -> Self:
        """With the number of published articles of each topic, as `articles`."""
        tagged = _published(self.model).filter(tags=models.OuterRef("pk")).order_by()
        count = tagged.values("tags").annotate(count=models.Count("pk")).values("count")
        return self.annotate(articles=Coalesce(models.Subquery(count), 0))

    def with_latest(self) -> Self:
        """With the primary key of the newest published article of each topic, as `latest`."""
        tagged = _published(self.model).filter(tags=models.OuterRef("pk"))
        newest = tagged.order_by("-published_at", "-pk").values("pk")
        return self.annotate(latest=models.Subquery(newest[:1]))

    def first_before_names(self, first: Any) -> Self:
        """In the order in which an article names them: the one that its editor put first, then
        by name.

        `first` is its primary key, or an expression of it that names no outer query.
        """
        is_first = models.When(pk=first, then=models.Value(0))
        return self.order_by(models.Case(is_first, default=models.Value(1)), "name")


class Tag(Slugged):
    """A topic that readers follow across articles."""

    name = PlainCharField(max_length=80, unique=True)
    slug = models.SlugField(
        max_length=80, unique=True, blank=True, help_text="Left empty, it is made from the name."
    )
    description = PlainTextField(
        blank=True,
        longest=LONGEST_DESCRIPTION,
        help_text="Stands at the top of the topic's page.",
    )

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = "topic"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("posts:tag", self.slug)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = self.make_slug(self.name)
        super().save(*args, **kwargs)
