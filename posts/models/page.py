"""Pages: the texts about the publication itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.urls import reverse

from alarmroom import kept
from alarmroom.desk.binnable import Binnable
from alarmroom.desk.content import Shape
from posts.models.addresses import Slugged, SluggedQuerySet, not_reserved, reserved_slugs
from posts.models.body import WithBody, WithBodyQuerySet
from posts.models.fields import PlainCharField, PlainTextField
from posts.text import html
from posts.text.editor import HTMLField


class PageQuerySet(WithBodyQuerySet["Page"], SluggedQuerySet["Page"]):  # type: ignore[override]  # each makes a manager of its own class
    def in_footer(self) -> Self:
        return self.filter(show_in_footer=True).order_by("position", "title")


class Page(WithBody, Slugged, Binnable):
    """A text about the publication itself, at the top of the site: /about/, /privacy/."""

    title = PlainCharField(max_length=120)
    slug = models.SlugField(
        max_length=80,
        unique=True,
        blank=True,
        validators=[not_reserved],
        help_text="The page's address. Left empty, it is made from the title.",
    )
    summary = PlainTextField(
        max_length=400,
        blank=True,
        help_text="One or two sentences under the title. Search engines show them, too.",
    )
    body: models.TextField[str, str] = HTMLField()
    show_in_footer = models.BooleanField(
        default=True, help_text="Link to it at the foot of every page."
    )
    position = models.PositiveSmallIntegerField(
        "order", default=0, help_text="In the footer, the lowest number comes first."
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = PageQuerySet.as_manager()

    content_shape = Shape(
        fields=("title", "slug", "summary", "body", "show_in_footer", "position"),
        labels={"slug": "Address", "body": "Text"},
    )

    class Meta:
        ordering = ["position", "title"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("posts:page", args=[self.slug])

    def said_before_binning(self) -> list[str]:
        return ["It is on the site. Readers no longer find it, nor its address."]

    def come_back(self, binned_at: datetime) -> list[str]:
        notes = self.find_address()
        if self.slug in reserved_slugs():
            former, self.slug = self.slug, self.make_slug(f"about-{self.slug}")
            notes.append(f"“{former}” is an address of the site itself. It has “{self.slug}” now.")
        self.body = html.clean(self.body)
        return [*notes, "It is on the site again."]

    def slugs_to_avoid(self) -> set[str]:
        return super().slugs_to_avoid() | reserved_slugs()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = self.make_slug(self.title)
        super().save(*args, **kwargs)


def footer_pages() -> list[tuple[str, str]]:
    """Return the title and address of each page that the footer links to; mostly no query."""

    def load() -> list[tuple[str, str]]:
        pages = Page.objects.in_footer().only("title", "slug")
        return [(page.title, page.get_absolute_url()) for page in pages]

    return kept.remember("pages", load)
