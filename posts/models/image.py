"""The library: the pictures that editors uploaded, and what keeps one from being deleted.

A picture that a text shows stays. A cover or a photo may be moved to the bin, and is put in its
place again when it comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from alarmroom.desk import bin
from alarmroom.desk.binnable import Binnable, CannotReturn, Said
from alarmroom.images import Picture
from posts.pictures.renditions import delete_copies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser


# Functions that return what shows a picture within a text, and what refers to one. Each model that
# can use a picture adds its own (posts/models/article.py, newsletter/apps.py).
SHOWN_IN: list[Callable[[Image], Iterable[models.Model]]] = []
USED_BY: list[Callable[[Image], Iterable[models.Model]]] = []
# What to do about a text that shows a picture; what cannot be changed any more says something else
# in its attribute `pictures_stay`.
TAKE_OUT = "Take it out there first."


class ImageQuerySet(models.QuerySet["Image"]):
    def renditions_due(self) -> Self:
        """Images whose copies are due, and which no worker has claimed."""
        return self.filter(renditions_due_at__lte=timezone.now()).order_by("renditions_due_at")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete pictures. Raises ProtectedError if one of them is in use."""
        for image in self:
            image.refuse_if_used()
        return super().delete()


class Image(Binnable):
    """A picture that an editor uploaded, decoded and encoded again by us.

    `renditions` says which copies of it are stored (posts/pictures/renditions.py). A worker makes
    them: while `renditions_due_at` is set, they are still to be made, from that moment on.
    """

    file = models.ImageField(
        upload_to="images/%Y/%m/",
        width_field="width",
        height_field="height",
        max_length=200,
        db_index=True,
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
    focal_x = models.PositiveSmallIntegerField(
        "focal point, from the left",
        default=50,
        validators=[MaxValueValidator(100)],
        help_text="In percent. Where a page shows only a part of the picture, this point stays.",
    )
    focal_y = models.PositiveSmallIntegerField(
        "focal point, from the top",
        default=50,
        validators=[MaxValueValidator(100)],
        help_text="In percent.",
    )
    renditions = models.JSONField(default=dict, editable=False)
    renditions_due_at = models.DateTimeField(
        null=True, default=timezone.now, editable=False, db_index=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        verbose_name = "picture"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="image_focal_point_inside",
                condition=models.Q(focal_x__lte=100, focal_y__lte=100),
                violation_error_message="The focal point lies within 0 and 100 percent.",
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.file.name).rsplit("/", 1)[-1]

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self.refuse_if_used()
        return super().delete(*args, **kwargs)

    def refuse_if_used(self) -> None:
        """Raise ProtectedError, which names what uses this picture, if anything does."""
        if things := self.used_by():
            names = ", ".join(f"“{thing}”" for thing in things)
            raise models.ProtectedError(f"“{self}” is shown by {names}.", set(things))

    def used_by(self) -> list[models.Model]:
        """Return what uses this picture, for instance articles, authors and issues."""
        found = (thing for find in USED_BY for thing in find(self))
        return list(dict.fromkeys((*self.shown_in(), *found)))

    def shown_in(self) -> list[models.Model]:
        """Return the texts that show this picture, for instance of articles and of issues."""
        return [thing for find in SHOWN_IN for thing in find(self)]

    # The bin (alarmroom/desk/bin.py). Its file stays where it is until the row is deleted for ever.

    def why_not_binned(self) -> list[Said]:
        return [
            Said(
                f"“{thing}” shows it. {getattr(thing, 'pictures_stay', TAKE_OUT)}",
                f"One {thing._meta.verbose_name} shows it, and has to be changed first.",
                thing,
            )
            for thing in self.shown_in()
        ]

    def come_back(self, binned_at: datetime) -> list[str]:
        if again := Image.objects.filter(sha256=self.sha256).first():
            raise CannotReturn(
                f"The library has this picture again, as “{again}”. Use that, and leave this one "
                "in the bin."
            )
        return []

    def remove_files(self) -> None:
        again = Image.objects.filter(models.Q(sha256=self.sha256) | models.Q(file=self.file.name))
        # A text may show it since, or be in the bin itself and come back.
        if again.exists() or self.shown_in() or bin.mentions(str(self.file.name)):
            return
        delete_copies(self)
        self.file.storage.delete(str(self.file.name))

    @property
    def focus(self) -> str:
        """The CSS classes that keep the focal point visible; empty if it is in the middle.

        In steps of 10 percent, because the CSP allows no inline style (components.css).
        """
        x, y = round(self.focal_x / 10), round(self.focal_y / 10)
        across = f"focus-x{x}" if x != 5 else ""
        down = f"focus-y{y}" if y != 5 else ""
        return f"{across} {down}".strip()

    @classmethod
    def keep(
        cls, picture: Picture, *, title: str = "", user: AbstractBaseUser | None = None
    ) -> Image:
        """Store a picture, or return the image that has the same bytes already."""
        known = cls.objects.filter(sha256=picture.sha256).first()
        if known and known.file.storage.exists(str(known.file.name)):
            return known
        image = known or cls(title=title[:200])
        image.hold(picture, user=user)
        try:
            with transaction.atomic():
                image.save()
        except IntegrityError:
            # Somebody stored the same picture since we looked, so theirs is used.
            image.file.delete(save=False)
            return cls.objects.get(sha256=picture.sha256)
        return image

    def hold(self, picture: Picture, *, user: AbstractBaseUser | None = None) -> None:
        """Store the picture's bytes as this image's file; the row itself is not saved."""
        self.sha256 = picture.sha256
        self.uploaded_by_id = user.pk if user else None
        self.renditions, self.renditions_due_at = {}, timezone.now()
        self.file.save(str(picture.content.name), picture.content, save=False)
