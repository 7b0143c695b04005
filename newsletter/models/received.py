"""What came back, or was written to us, and waits for somebody to look at it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class ReceivedMail(models.Model):
    """A mail that the programme could not act on, or that a person wrote.

    Of what a mail service reports, an event that fits no delivery here. `raw` is its beginning
    (newsletter/feedback/keeping.py says how much is kept, and for how long).
    """

    class Why(models.TextChoices):
        PERSON = "person", "somebody wrote"
        UNPROVEN = "unproven", "proves nothing"
        UNKNOWN = "unknown", "form not known"
        NO_DELIVERY = "no delivery", "fits no delivery"
        NO_READER = "no reader", "leaves by a key that is nobody’s"
        BROKEN = "broken", "cannot be read"

    # Not for anybody's eyes, and no list is found by it.
    secret_fields = ("key",)

    at = models.DateTimeField(default=timezone.now, db_index=True)
    why = models.CharField("kind", max_length=11, choices=Why)
    source = models.CharField(max_length=40, help_text="mailbox, or the name of a mail service.")
    sender = models.CharField("from", max_length=254, blank=True)
    recipient = models.CharField("to", max_length=254, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    size = models.PositiveIntegerField(help_text="In bytes, of the whole.")
    raw = models.BinaryField()
    key = models.CharField(
        max_length=64, unique=True, help_text="SHA-256: what comes twice is kept once."
    )

    class Meta:
        verbose_name = "received mail"
        verbose_name_plural = "received mails"
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="received_mail_why_known",
                condition=models.Q(
                    why__in=[
                        "person",
                        "unproven",
                        "unknown",
                        "no delivery",
                        "no reader",
                        "broken",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.subject or f"{self.get_why_display()}, {self.at:%B %-d}"
