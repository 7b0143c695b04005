"""What became of an issue, in figures: counted from the ledger at times, read by who looks."""

from __future__ import annotations

from typing import Any

from django.db import models

from newsletter.models.issue import Issue


class Report(models.Model):
    """The figures of one issue as they were last counted (newsletter/reports/storing.py).

    They name nobody. What they are made of is the ledger, so a report can be counted anew at
    any time; nothing is kept here that is not kept there.
    """

    issue = models.OneToOneField(Issue, models.CASCADE, related_name="report")
    figures: models.JSONField[Any, Any] = models.JSONField(default=dict)
    counted_at = models.DateTimeField(null=True)
    # When it is counted again; null for never.
    next_at = models.DateTimeField(null=True, db_index=True)
    told_at = models.DateTimeField(
        null=True, help_text="When an editor was told of the result by mail."
    )

    class Meta:
        default_permissions = ()  # Whoever may view issues sees their reports.

    def __str__(self) -> str:
        return f"Report of {self.issue}"


class DomainFigures(models.Model):
    """What became of an issue at the addresses of one domain.

    Where only few readers have an address of a domain, its row is as good as their names: see
    newsletter/reports/figures.py, which shows them to nobody who may not see readers.
    """

    report = models.ForeignKey(Report, models.CASCADE, related_name="domains")
    domain = models.CharField(
        max_length=254, help_text="After the last @, in lower case; empty for erased readers."
    )
    gateway = models.CharField(
        max_length=254, blank=True, help_text="Who takes the mail of the domain, where known."
    )
    recipients = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField()
    bounced = models.PositiveIntegerField()
    hard = models.PositiveIntegerField(help_text="Of those that bounced, how many for good.")
    complained = models.PositiveIntegerField()
    # Not "left", which is a word of SQL.
    unsubscribed = models.PositiveIntegerField()
    doubtful = models.PositiveIntegerField()
    skipped = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField()
    status = models.CharField(
        max_length=20, blank=True, help_text="The code that most bounces had: 550 5.7.1."
    )
    said = models.CharField(
        max_length=300, blank=True, help_text="One server's words with it, without any address."
    )
    said_by = models.PositiveIntegerField(default=0, help_text="How many bounces had that code.")

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["report", "recipients"], name="domains_by_recipients"),
            models.Index(fields=["report", "bounced"], name="domains_by_bounces"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["report", "domain"], name="domain_once"),
        ]

    def __str__(self) -> str:
        return f"{self.domain}: {self.delivered} of {self.recipients}"
