"""The library: the pictures that editors uploaded, and what keeps one from being deleted.

A picture that a text shows stays. A cover or a photo may be moved to the bin, and is put in its
place again when it comes back. Which texts show it: posts/models/picture_use.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from alarmroom.desk import bin
from alarmroom.desk.binnable import Binnable, CannotReturn, Said
from alarmroom.images import Picture
from posts.models.fields import PlainCharField
from posts.pictures.renditions import delete_copies, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser


# Functions that return what shows a picture within a text, and what refers to one. Each model that
# can use a picture adds its own (posts/models/article.py, newsletter/apps.py).
SHOWN_IN: list[Callable[[Image], Iterable[models.Model]]] = []
USED_BY: list[Callable[[Image], Iterable[models.Model]]] = []
# What to do about a text that shows a picture; what cannot be changed any more says something else
# in its attribute `pictures_stay`.
TAKE_OUT = "Take it out there first."
# Called with a picture that came back from the bin: a text may name it, and came back before.
CAME_BACK: list[Callable[[Image], None]] = []
# Whether a text names a picture that has no row any more.
NAMED_IN: list[Callable[[Image], bool]] = []


def uses_of_images() -> Iterator[tuple[type[models.Model], str]]:
    """Yield each model that uses pictures, with the name of its key to one: articles, texts, …"""
    for found in Image._meta.get_fields(include_hidden=True):
        if not (found.auto_created and not found.concrete and found.one_to_many):
            continue
        field: Any = found.field  # type: ignore[union-attr]  # of a foreign key
        if field.model is not FormerFile:
            yield field.model, field.name


class ImageQuerySet(models.QuerySet["Image"]):
    def renditions_due(self) -> Self:
        """Images whose copies are due, and which no worker has claimed."""
        return self.filter(renditions_due_at__lte=timezone.now()).order_by("renditions_due_at")

    def without_alt(self) -> Self:
        """Those that say nothing to readers who cannot see them, and are not decorative."""
        return self.filter(alt="", decorative=False)

    def with_uses(self) -> Self:
        """With the number of places in which each is used, as `uses_count`."""
        counts: Any = models.Value(0)
        for model, name in uses_of_images():
            used = model._base_manager.filter(**{name: models.OuterRef("pk")}).order_by()
            count = used.values(name).annotate(count=models.Count("pk")).values("count")
            counts += Coalesce(models.Subquery(count), 0)
        return self.annotate(uses_count=counts)

    def unused(self) -> Self:
        """Those that no text shows, and that are nobody's cover or photo."""
        found = self
        for model, name in uses_of_images():
            used = model._base_manager.filter(**{name: models.OuterRef("pk")})
            found = found.filter(~models.Exists(used))
        return found

    def same_as(self, *sha256: str) -> Image | None:
        """Return the picture that has, or had, one of these hashes: of its file, or as sent."""
        hashes = [each for each in sha256 if each]
        either = models.Q(sha256__in=hashes) | models.Q(source_sha256__in=hashes)
        if found := self.filter(either).first():
            return found
        former = FormerFile.objects.filter(either).select_related("image").first()
        return former.image if former else None

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete pictures. Raises ProtectedError if one of them is in use."""
        for image in self:
            image.refuse_if_used()
        return super().delete()


class Image(Binnable):
    """A picture that an editor uploaded, decoded and encoded again by us.

    `renditions` says which copies of it are stored (posts/pictures/renditions.py). A worker makes
    them: while `renditions_due_at` is set, they are still to be made, from that moment on.

    When it is cropped, turned or replaced, it gets another file, because an address always means
    the same bytes. The files that it had stand in `past`, the last one at the end, and stay: texts
    and mails name them (posts/revising.py). `edit` says how the present file was made.
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
    source_sha256 = models.CharField(
        max_length=64,
        blank=True,
        default="",
        editable=False,
        db_index=True,
        help_text="Of the file as it was uploaded; empty if that is not known.",
    )
    past = models.JSONField(default=list, editable=False)
    edit = models.JSONField(default=dict, editable=False)
    title = PlainCharField(
        "name",
        max_length=200,
        blank=True,
        help_text="For finding it again; readers do not see it.",
    )
    alt = PlainCharField(
        "alternative text",
        max_length=300,
        blank=True,
        default="",
        help_text="What it shows, for readers who cannot see it.",
    )
    decorative = models.BooleanField(
        "decorative: nothing to say",
        default=False,
        help_text="For a picture without which nothing is missing.",
    )
    caption = PlainCharField(
        max_length=300, blank=True, default="", help_text="The usual one; each text has its own."
    )
    credit = PlainCharField(
        max_length=160, blank=True, default="", help_text="Who made it, and for whom."
    )
    licence = PlainCharField(
        max_length=120, blank=True, default="", help_text="What allows us to show it."
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
            models.CheckConstraint(
                name="image_decorative_says_nothing",
                condition=models.Q(decorative=False) | models.Q(alt=""),
                violation_error_message=(
                    "A decorative picture has no alternative text. Untick “decorative”, or empty "
                    "the text."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.file.name).rsplit("/", 1)[-1]

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_new = self._state.adding
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            if is_new and self.past:
                FormerFile.list_those_of(self)
            if self.came_back:
                self.came_back = False
                for tell in CAME_BACK:
                    tell(self)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self.refuse_if_used()
        return super().delete(*args, **kwargs)

    @property
    def lacks_alt(self) -> bool:
        return not self.alt and not self.decorative

    def file_names(self) -> list[str]:
        """Return the names of its file, and of those that it had."""
        return [str(self.file.name), *(each["file"] for each in self.past)]

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

    came_back = False  # From the bin; its row is not stored yet.

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
        if again := Image.objects.same_as(self.sha256, *(each["sha256"] for each in self.past)):
            raise CannotReturn(
                f"The library has this picture again, as “{again}”. Use that, and leave this one "
                "in the bin."
            )
        self.came_back = True
        return []

    def remove_files(self) -> None:
        names = self.file_names()
        hashes = [self.sha256, *(each["sha256"] for each in self.past)]
        again = Image.objects.filter(models.Q(sha256__in=hashes) | models.Q(file__in=names))
        former = FormerFile.objects.filter(name__in=names)
        if again.exists() or former.exists():
            return
        # A text may show it since, or be in the bin itself and come back.
        if any(named(self) for named in NAMED_IN) or any(map(bin.mentions, names)):
            return
        delete_copies(self.file.storage, self.sha256, self.renditions)
        for each in self.past:
            delete_copies(self.file.storage, each["sha256"], each["renditions"])
        for name in names:
            self.file.storage.delete(name)

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
        """Store a picture, or return the image that has, or had, the same content.

        Raises OSError; then nothing is stored.
        """
        known: Image | None = cls.objects.filter(sha256=picture.sha256).first()
        known = known or cls.objects.same_as(picture.sha256, picture.source_sha256)
        if known and known.file.storage.exists(str(known.file.name)):
            return known
        if known and known.sha256 != picture.sha256:
            return known  # Its present file was lost, and this is another one.
        image = known or cls(title=title[:200])
        image.hold(picture, user=user)
        try:
            with transaction.atomic():
                image.save()
        except IntegrityError:
            # Somebody stored the same picture since we looked, so theirs is used.
            kept = cls.objects.get(sha256=picture.sha256)
            if kept.file.name != image.file.name:
                image.file.storage.delete(str(image.file.name))
            return kept
        if not image.file.storage.exists(str(image.file.name)):
            # Somebody deleted the last picture with this file for ever at the same moment.
            store(picture, image)
        return image

    def hold(self, picture: Picture, *, user: AbstractBaseUser | None = None) -> None:
        """Store the picture's bytes as this image's file; the row itself is not saved.

        Raises OSError; then nothing is stored.
        """
        self.sha256, self.source_sha256 = picture.sha256, picture.source_sha256
        self.uploaded_by_id = user.pk if user else None
        self.renditions, self.renditions_due_at = {}, timezone.now()
        self.show_file(store(picture, self), picture.width, picture.height)

    def show_file(self, name: str, width: int, height: int) -> None:
        """Let a stored file be this image's; the row itself is not saved."""
        # Django would open the file for its size where there was another one before.
        self.__dict__.pop("file", None)
        self.file = name
        self.width, self.height = width, height


def store(picture: Picture, image: Image) -> str:
    """Store a picture's bytes, completely or not at all, and return the name of the file.

    The name is made of the hash, so the same picture may be stored twice. Raises OSError.
    """
    field: Any = image._meta.get_field("file")
    name: str = field.generate_filename(image, str(picture.content.name))
    picture.content.seek(0)
    put(field.storage, name, picture.content.read())
    return name


class FormerFile(models.Model):
    """The name of a file that a picture had, under which texts may still show it.

    The rows are made of `Image.past`, for finding a picture by them.
    """

    # Not kept in the bin: Image.save() writes them when the picture comes back.
    made_again = True

    name = models.CharField(max_length=200, unique=True)
    image = models.ForeignKey(Image, models.CASCADE, related_name="former_files")
    sha256 = models.CharField(max_length=64, db_index=True)
    source_sha256 = models.CharField(max_length=64, blank=True, default="", db_index=True)

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def list_those_of(image: Image) -> None:
        """Make the rows of a picture again."""
        FormerFile.objects.filter(image=image).delete()
        FormerFile.objects.bulk_create(
            FormerFile(
                name=each["file"],
                image=image,
                sha256=each["sha256"],
                source_sha256=each["source_sha256"],
            )
            for each in image.past
        )
