"""What is stored of reads: for a day, hashes that nobody can undo; for ever, numbers."""

from __future__ import annotations

from django.db import models

LONGEST_THING = 30  # characters, as in "article-123"
LONGEST_SOURCE = 100


class Salt(models.Model):
    """The random key of one day. The tick destroys it when the day is over."""

    day = models.DateField(unique=True)
    key = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Salt of {self.day}"


class Visit(models.Model):
    """One visitor who opened one thing on one day, once however often it was.

    `visitor` is a keyed hash (noting.py) whose key is gone the next day: then it leads to nobody.
    """

    day = models.DateField()
    thing = models.CharField(max_length=LONGEST_THING)
    visitor = models.BigIntegerField()
    source = models.CharField(max_length=LONGEST_SOURCE)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["thing", "day", "visitor"], name="visit_once_a_day_and_thing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.thing}, {self.day}, {self.source}"


class ReadCount(models.Model):
    """How many visitors opened one thing on one day that is over, by where they came from."""

    day = models.DateField()
    thing = models.CharField(max_length=LONGEST_THING)
    source = models.CharField(max_length=LONGEST_SOURCE)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["thing", "day", "source"], name="read_count_once_a_day_and_source"
            )
        ]

    def __str__(self) -> str:
        return f"{self.thing}, {self.day}, {self.source}: {self.count}"
