"""Links to other sites: when each was tried last, and what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Q

LONGEST_URL = 500  # characters; a longer address is not tried
KEPT = dt.timedelta(days=7)


class LinkCheckQuerySet(models.QuerySet["LinkCheck"]):
    def due(self, now: dt.datetime) -> Self:
        """Those that wait to be tried, and which no worker is trying."""
        free = Q(claimed_until=None) | Q(claimed_until__lte=now)
        return self.filter(free, due_at__lte=now).order_by("due_at", "pk")

    def known(self, now: dt.datetime) -> Self:
        """Those whose result is still good."""
        return self.filter(checked_at__gt=now - KEPT)


class LinkCheck(models.Model):
    """An address of another site that an article links to. The rows are also the queue.

    `error` says in a sentence why it could not be reached; empty if it could.
    """

    url = models.CharField(max_length=LONGEST_URL, unique=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    claimed_until = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(db_index=True)
    checked_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True, default="")

    objects = LinkCheckQuerySet.as_manager()

    def __str__(self) -> str:
        return self.url


class LinkHost(models.Model):
    """A host that is asked: one request at a time, and at most 20 a minute."""

    host = models.CharField(max_length=255, unique=True)
    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.host
