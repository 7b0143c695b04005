"""How fast issues may be sent: what an editor has set, and what the workers keep count of."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from alarmroom.environment import ascii_host
from posts.models.fields import PlainCharField

BULK = "bulk"
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def clean_domain(text: str) -> str:
    """Return a domain as addresses have it: in lower case and ASCII, without a dot at its end.

    Raises ValueError when it can be none.
    """
    name = ascii_host(text.strip().lower().removeprefix("@").removesuffix(".")).lower()
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(f"{text} is no domain")
    return name


class SendingLimit(models.Model):
    """At most so many messages of issues in so much time, for all workers together."""

    class Scope(models.TextChoices):
        ALL = "all", "all mail of issues"
        DOMAIN = "domain", "one domain of readers"
        GATEWAY = "gateway", "one mail service"

    class Per(models.TextChoices):
        MINUTE = "minute", "a minute"
        HOUR = "hour", "an hour"
        DAY = "day", "a day"

    scope = models.CharField("for", max_length=7, choices=Scope, default=Scope.DOMAIN)
    name = PlainCharField(
        "domain",
        max_length=253,
        blank=True,
        help_text=(
            "Of readers: example.org. Of a mail service that takes mail for many domains: "
            "outlook.com, pphosted.com. Left empty for all mail of issues."
        ),
    )
    messages = models.PositiveIntegerField(
        "at most", validators=[MinValueValidator(1), MaxValueValidator(10_000_000)]
    )
    per = models.CharField("messages", max_length=6, choices=Per, default=Per.HOUR)

    class Meta:
        ordering = ["scope", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "name"],
                name="sending_limit_once",
                violation_error_message="There is a limit for this already. Change that one.",
            ),
            models.CheckConstraint(name="sending_limit_allows_some", condition=Q(messages__gte=1)),
        ]

    def __str__(self) -> str:
        about = self.get_scope_display() if self.scope == self.Scope.ALL else self.name
        return f"{about}: {self.messages:,} {self.get_per_display()}"

    def clean(self) -> None:
        if self.scope == self.Scope.ALL:
            if self.name.strip():
                raise ValidationError(
                    {"name": "A limit for all mail of issues has no domain. Leave this empty."}
                )
            self.name = ""
            return
        try:
            self.name = clean_domain(self.name)
        except ValueError:
            raise ValidationError(
                {"name": "Write the domain alone, as it stands after the @: example.org"}
            ) from None

    @property
    def seconds(self) -> int:
        return {"minute": 60, "hour": 3600, "day": 86_400}[self.per]

    @property
    def key(self) -> str:
        """The key of the Gate that keeps count of it."""
        return f"{self.scope}:{self.name or BULK}"


# Doubling from what a receiver takes from a domain that it has never seen.
USUAL_STEPS = "500, 1000, 2000, 4000, 8000, 16000, 32000, 64000"
MOST_STEPS = 60


class WarmUp(models.Model):
    """More mail each day from a domain that is new to the receivers. At most one row.

    A day counts when an issue was sent on it. After the last one nothing is limited any more.
    """

    steps = PlainCharField(
        "messages a day",
        max_length=400,
        default=USUAL_STEPS,
        help_text=(
            "How many messages may leave on the first day on which an issue is sent, on the "
            "second, and so on. After the last day there is no limit."
        ),
    )
    day_number = models.PositiveSmallIntegerField(default=0, editable=False)
    day = models.DateField(null=True, editable=False)
    only_one = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "warm-up plan"
        constraints = [
            models.CheckConstraint(name="warm_up_only_one", condition=Q(only_one=True)),
        ]

    def __str__(self) -> str:
        return "Warm-up plan"

    def clean(self) -> None:
        try:
            plan = self.plan()
        except ValueError:
            plan = []
        if not plan or len(plan) > MOST_STEPS or not all(0 < step < 10**8 for step in plan):
            raise ValidationError(
                {"steps": f"Write whole numbers with commas between them: {USUAL_STEPS}"}
            )
        self.steps = ", ".join(str(step) for step in plan)

    def plan(self) -> list[int]:
        """Return the steps in order. Raises ValueError when they are none."""
        return [int(step) for step in self.steps.split(",") if step.strip()]


class Gate(models.Model):
    """Where the workers keep count of one limit, or of one mail service that asked for a pause.

    Moments are whole microseconds since 1970, so that a worker can change one only if it is what
    it has read (newsletter/delivery/buckets.py).
    """

    key = models.CharField(max_length=270, unique=True)
    # The next free turn; and where the line of those that were given a turn to come ends.
    next_at = models.BigIntegerField(default=0)
    line_to = models.BigIntegerField(default=0)
    # A mail service that puts mail off is left alone until then, by this name alone.
    held_until = models.DateTimeField(null=True)
    held_times = models.PositiveSmallIntegerField(default=0)
    held_why = models.CharField(max_length=300, blank=True)
    # How many readers it is about, as last counted (newsletter/delivery/readers.py).
    readers = models.PositiveIntegerField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["held_until"], name="gates_held", condition=Q(held_times__gt=0))
        ]

    def __str__(self) -> str:
        return self.key


class MailDomain(models.Model):
    """Which mail service takes the mail of a domain, as its MX records say."""

    name = models.CharField(max_length=253, unique=True)
    gateway = models.CharField(
        max_length=253,
        blank=True,
        help_text="Empty where it is not known: then only the domain counts.",
    )
    looked_up_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["looked_up_at"], name="mail_domains_by_age")]

    def __str__(self) -> str:
        return f"{self.name} → {self.gateway or '?'}"


class Mark(models.Model):
    """A number that the clock keeps from one tick to the next, by its name."""

    name = models.CharField(max_length=40, unique=True)
    value = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
