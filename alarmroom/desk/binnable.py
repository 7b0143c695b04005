"""What a model says about itself to the bin (alarmroom/desk/bin.py), which knows no room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models

# Of a sentence: the object that it names, or of an object that is gone, its model.
About = models.Model | type[models.Model] | None


@dataclass(frozen=True)
class Said:
    """A sentence for editors. Who may not view what it is about gets the words without a name."""

    named: str
    plain: str = ""
    about: About = None


class CannotReturn(Exception):
    """An object cannot be restored; the text says why, and what to do."""


class Binnable(models.Model):
    """Something that a deletion on the desk moves to the bin."""

    class Meta:
        abstract = True

    def why_not_binned(self) -> list[Said]:
        """Return what keeps it out of the bin, in sentences that say what to do."""
        return []

    def said_before_binning(self) -> list[str]:
        """Return what readers notice when it is moved to the bin."""
        return []

    def come_back(self, binned_at: datetime) -> list[str]:
        """Change its fields so that it can be stored again; return what is different, in sentences.

        Nothing is published by that. Raises CannotReturn.
        """
        return []

    def stand_in(self, field: str, name: str) -> models.Model | None:
        """Return what takes the place of a required object that was deleted meanwhile, if any."""
        return None

    def remove_files(self) -> None:
        """Delete its files from the storage; its row is gone for ever. It may run twice."""


class GoesAlong(models.Model):
    """A row that connects two objects, and goes to the bin with each of them.

    A PROTECT on it keeps its objects from Django's deletion, but not out of the bin.
    """

    class Meta:
        abstract = True

    def owner(self) -> models.Model | None:
        """Return the object that changes when this row leaves it; None if that is no change."""
        return None

    def why_kept(self, thing: models.Model) -> Said | None:
        """Return why this row keeps an object out of the bin, and what to do."""
        return None

    def why_not_back(self) -> Said | None:
        """Return why this row cannot come back, although its objects are there."""
        return None

    def said_in_bin(self, thing: models.Model) -> Said | None:
        """Return what becomes of this row when an object is moved to the bin."""
        return None
