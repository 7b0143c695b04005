"""What was asked for on the page "Forgotten password"."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

LONGEST_NAME = 254  # characters, as of a mail address


class PasswordReset(models.Model):
    """One request for a link. A worker looks up whose it is, sends it, and empties `name`.

    The request itself looks nothing up: it takes as long for a name that nobody has.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    # The user name or mail address that was typed; "" once it is handled.
    name = models.CharField(max_length=LONGEST_NAME)
    # For counting: keyed hashes of what was typed, and of the network that it came from.
    mailbox = models.CharField(max_length=64, db_index=True)
    network = models.CharField(max_length=64, db_index=True)
    # When a worker began with it last; another one tries again later.
    tried_at = models.DateTimeField(null=True)

    secret_fields = ("name", "mailbox", "network")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"request {self.pk}"
