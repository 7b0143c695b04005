"""The ledger: one row for each issue on its way to one subscriber."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from subscribers.models import Subscriber


class Delivery(models.Model):
    """One issue on its way to one subscriber.

    The rows are both the queue and the ledger. A worker records that it is about to talk to
    the mail server, so a crash can leave a delivery in doubt, but nobody is mailed twice.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        SENDING = "sending", "sending"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "skipped"
        UNCERTAIN = "uncertain", "uncertain"

    issue = models.ForeignKey("newsletter.Issue", models.PROTECT, related_name="deliveries")
    # Null once the subscriber is erased: the totals must still balance.
    subscriber = models.ForeignKey(
        Subscriber, models.SET_NULL, null=True, related_name="deliveries"
    )
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    leased_by = models.CharField(max_length=40, blank=True, default="")
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    code = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The mail server's last reply code (RFC 5321 4.2)."
    )
    reply = models.CharField(max_length=300, blank=True, default="")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["issue", "due_at", "id"],
                name="delivery_queue",
                condition=Q(state="queued"),
            ),
            models.Index(
                fields=["leased_until"],
                name="delivery_leased",
                condition=Q(leased_until__isnull=False),
            ),
            models.Index(fields=["issue", "state"], name="delivery_totals"),
            models.Index(
                fields=["issue"], name="delivery_in_doubt", condition=Q(state="uncertain")
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["issue", "subscriber"], name="delivery_once"),
            models.CheckConstraint(
                name="delivery_state_known",
                condition=Q(
                    state__in=["queued", "sending", "sent", "failed", "skipped", "uncertain"]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue} → {self.subscriber}: {self.state}"
