"""The settings of the publication: one row, and the sign-up words that were ever shown."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from alarmroom import kept
from alarmroom.characters import without_controls
from alarmroom.desk.content import Shape
from alarmroom.facts import Facts, version_of

LONGEST_ADDRESS, LONGEST_PROFILES, LONGEST_WORDS = 300, 2_000, 500  # characters
_TEXTS = ("name", "tagline", "description", "postal_address", "profiles", "sign_up_words")


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class PublicationQuerySet(models.QuerySet["Publication"]):
    def update(self, **kwargs: Any) -> int:
        changed = super().update(**kwargs)
        kept.drop_everything()
        return changed


class Publication(models.Model):
    """What the publication says about itself, on every page and in every mail: the only row.

    A field that is empty leaves the word to the server's environment, or to the words that the
    site came with.
    """

    name = models.CharField(max_length=60, default=Facts.name)
    tagline = models.CharField(max_length=160, default=Facts.tagline)
    description = models.CharField(max_length=200, default=Facts.description)
    postal_address = models.CharField(max_length=LONGEST_ADDRESS, blank=True)
    profiles = models.TextField(blank=True, validators=[MaxLengthValidator(LONGEST_PROFILES)])
    # The name of a file in the storage. It is made of its content, and stays: an earlier picture
    # can be taken back.
    share_picture = models.CharField(max_length=100, blank=True)
    sign_up_words = models.TextField(
        "sign-up words", blank=True, validators=[MaxLengthValidator(LONGEST_WORDS)]
    )
    issue_weekday = models.PositiveSmallIntegerField(
        "weekday of the issue", choices=Weekday, default=Weekday.THURSDAY
    )
    issue_time = models.TimeField("time of the issue", default=Facts.issue_time)

    objects = PublicationQuerySet.as_manager()

    content_shape = Shape(fields=(*_TEXTS, "share_picture", "issue_weekday", "issue_time"))

    class Meta:
        verbose_name = "settings"
        verbose_name_plural = "settings"
        constraints = [
            models.CheckConstraint(name="publication_is_one", condition=Q(pk=1)),
            models.CheckConstraint(name="publication_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="publication_weekday_known", condition=Q(issue_weekday__range=(0, 6))
            ),
        ]

    def __str__(self) -> str:
        return "Settings"

    def save(self, *args: Any, **kwargs: Any) -> None:
        for field in _TEXTS:
            setattr(self, field, without_controls(getattr(self, field)))
        super().save(*args, **kwargs)
        if self.sign_up_words:
            SignUpWords.objects.get_or_create(
                version=version_of(self.sign_up_words), defaults={"text": self.sign_up_words}
            )
        # Every page shows some of it, and every process remembers it.
        kept.drop_everything()

    def facts(self) -> Facts:
        return Facts(
            name=self.name,
            tagline=self.tagline,
            description=self.description,
            own_postal_address=self.postal_address,
            own_profiles=tuple(self.profiles.split()),
            share_picture=self.share_picture,
            sign_up_words=self.sign_up_words,
            issue_weekday=self.issue_weekday,
            issue_time=self.issue_time,
        )


class SignUpWordsQuerySet(models.QuerySet["SignUpWords"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Words that readers agreed to are never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("Words that readers agreed to are never deleted.")


class SignUpWords(models.Model):
    """The words that stood beside the sign-up button, by a name made of themselves.

    A page that somebody kept may show older ones. The form says which it showed, and the record of
    the consent gets exactly these.
    """

    version = models.CharField(max_length=16, primary_key=True)
    text = models.TextField()
    first_shown_at = models.DateTimeField(default=timezone.now)

    objects = SignUpWordsQuerySet.as_manager()

    def __str__(self) -> str:
        return self.text[:80]
