"""Plain text in the database: titles, names, summaries, without control characters.

To a migration these are Django's own fields: what they add is no matter of the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from alarmroom.characters import without_controls
from posts.text.limits import refuse_longer

if TYPE_CHECKING:
    CharFieldBase = models.CharField[str, str]
    TextFieldBase = models.TextField[str, str]
else:
    CharFieldBase, TextFieldBase = models.CharField, models.TextField


# Characters of what stands about a topic, or about an author.
LONGEST_DESCRIPTION = 5_000


class _Plain:
    """Takes control characters out on every way into the database; see alarmroom/characters.py."""

    def to_python(self, value: Any) -> Any:
        return self.plain(super().to_python(value))  # type: ignore[misc]  # of Django's field

    def get_prep_value(self, value: Any) -> Any:
        return self.plain(super().get_prep_value(value))  # type: ignore[misc]  # likewise

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        # The object in hand shows what was stored, not what was sent.
        value = self.plain(super().pre_save(model_instance, add))  # type: ignore[misc]  # likewise
        setattr(model_instance, self.attname, value)  # type: ignore[attr-defined]  # likewise
        return value

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, kwargs = super().deconstruct()  # type: ignore[misc]  # likewise
        return name, self.django_path, args, kwargs  # type: ignore[attr-defined]  # likewise

    @staticmethod
    def plain(value: Any) -> Any:
        """Return a text without control characters; anything else as it is."""
        return without_controls(value) if isinstance(value, str) else value


class PlainCharField(_Plain, CharFieldBase):
    django_path = "django.db.models.CharField"


class PlainTextField(_Plain, TextFieldBase):
    """`longest`: more characters are refused before saving, and not cut off by the browser."""

    django_path = "django.db.models.TextField"

    def __init__(self, *args: Any, longest: int | None = None, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(*args, **kwargs)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        if self.longest is not None:
            refuse_longer(value, self.longest)
