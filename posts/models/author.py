"""Authors: whose names stand over articles."""

from __future__ import annotations

from typing import Any

from django.db import models

from alarmroom.desk.content import Shape
from posts.models.addresses import Slugged, SluggedQuerySet, address
from posts.models.fields import LONGEST_DESCRIPTION, PlainCharField, PlainTextField
from posts.models.image import Image


class AuthorQuerySet(SluggedQuerySet["Author"]):
    pass


class Author(Slugged):
    """Somebody whose name stands over articles; not an account."""

    name = PlainCharField(max_length=120)
    slug = models.SlugField(
        max_length=120, unique=True, blank=True, help_text="Left empty, it is made from the name."
    )
    role = PlainCharField(
        max_length=160,
        blank=True,
        help_text="For example: Training coordinator, 14 years on the floor",
    )
    bio = PlainTextField(blank=True, longest=LONGEST_DESCRIPTION)
    photo = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="+")

    objects = AuthorQuerySet.as_manager()

    content_shape = Shape(
        fields=("name", "slug", "role", "bio", "photo"), labels={"slug": "Address"}
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("posts:author", self.slug)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = self.make_slug(self.name)
        super().save(*args, **kwargs)
