"""What a mail service calls a message that it has taken."""

from __future__ import annotations

from django.db import models

from newsletter.models.delivery import Delivery


class ServiceMessage(models.Model):
    """The id under which a mail service speaks of a delivery, and its first word about it.

    Only what leaves through a service's API has one. The ledger alone says what became of it.
    """

    delivery = models.OneToOneField(
        Delivery, models.CASCADE, primary_key=True, related_name="service_message"
    )
    service = models.CharField(max_length=40)
    remote_id = models.CharField(max_length=200)
    status = models.CharField(max_length=10)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["remote_id"], name="message_of_service")]

    def __str__(self) -> str:
        return f"{self.service} {self.remote_id}: {self.status}"
