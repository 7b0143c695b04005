"""What was heard of a message after its mail server had taken it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from newsletter.models.delivery import Delivery


class DeliveryEvent(models.Model):
    """One thing that a mail server, a mail service or the recipient said about a delivery.

    The ledger says what the server answered; an event says what came afterwards. Events are only
    added, and `key` keeps one that is reported twice from being counted twice.
    """

    class Kind(models.TextChoices):
        HARD_BOUNCE = "hard bounce", "hard bounce"
        SOFT_BOUNCE = "soft bounce", "soft bounce"
        COMPLAINT = "complaint", "complaint"
        AUTO_REPLY = "auto-reply", "auto-reply"
        UNSUBSCRIBED = "unsubscribed", "unsubscribed"

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField(help_text="When it happened, as far as the report says.")
    noted_at = models.DateTimeField(default=timezone.now)
    source = models.CharField(
        max_length=40, help_text="Who said so: smtp, mailbox, site, or the name of a mail service."
    )
    status = models.CharField(
        max_length=11, blank=True, help_text="The enhanced status code, 5.1.1 (RFC 3463)."
    )
    said = models.CharField(max_length=300, blank=True, help_text="The reason in its own words.")
    key = models.CharField(
        max_length=64, unique=True, help_text="The same report has the same key: hex SHA-256."
    )

    class Meta:
        ordering = ["pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["delivery", "kind"], name="event_of_delivery")]
        constraints = [
            models.CheckConstraint(
                name="event_kind_known",
                condition=models.Q(
                    kind__in=[
                        "hard bounce",
                        "soft bounce",
                        "complaint",
                        "auto-reply",
                        "unsubscribed",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery}: {self.kind}"
