"""The Weekly Alarm: its issues, and the ledger of their delivery."""

from __future__ import annotations

import hashlib
from typing import Any, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from posts.editor import HTMLField
from posts.library import Image
from posts.models import Post
from posts.text_fields import PlainCharField, PlainTextField
from subscribers.models import Subscriber


class IssueQuerySet(models.QuerySet["Issue"]):
    def published(self) -> Self:
        """The issues whose web edition anybody may read: from the first mail on.

        A cancelled issue is one of them where somebody has it, or may have: the links in that
        mail lead to it.
        """
        mailed = Delivery.objects.filter(
            issue=models.OuterRef("pk"),
            state__in=[Delivery.State.SENDING, Delivery.State.SENT, Delivery.State.UNCERTAIN],
        )
        return self.filter(
            Q(state__in=Issue.OUT_STATES) | Q(models.Exists(mailed), state=Issue.State.CANCELLED)
        )

    def listed(self) -> Self:
        """The published issues that we point to: not one that was cancelled on its way."""
        return self.filter(state__in=Issue.OUT_STATES)

    def showing(self, image: Image) -> Self:
        """The published issues that were frozen with a picture, and show it from then on."""
        return self.published().filter(content__web_html__contains=str(image.file.name))

    def due(self) -> Self:
        """The scheduled issues whose moment has come."""
        return self.filter(state=Issue.State.SCHEDULED, scheduled_for__lte=timezone.now())

    def newest_first(self) -> Self:
        return self.order_by("-number")


class Issue(models.Model):
    """One issue of The Weekly Alarm.

    While it is a draft or scheduled it is made of live articles. Starting it freezes
    what is sent (see Content); from then on only its state changes.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        SCHEDULED = "scheduled", "scheduled"
        SENDING = "sending", "sending"
        PAUSED = "paused", "paused"
        SENT = "sent", "sent"
        CANCELLED = "cancelled", "cancelled"

    OPEN_STATES = (State.DRAFT, State.SCHEDULED)
    OUT_STATES = (State.SENDING, State.PAUSED, State.SENT)

    number = models.PositiveIntegerField(
        unique=True, blank=True, help_text="Left empty, it follows the last issue."
    )
    subject = PlainCharField(max_length=150)
    preheader = PlainCharField(
        max_length=150, blank=True, help_text="The line that mail programs show after the subject."
    )
    intro = HTMLField("introduction", short=True, blank=True)
    posts: models.ManyToManyField[Post, IssuePost] = models.ManyToManyField(
        Post, through="IssuePost", related_name="issues"
    )
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT, editable=False)
    scheduled_for = models.DateTimeField(null=True, blank=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    recipients = models.PositiveIntegerField(default=0, editable=False)
    state_note = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Why it paused, in one sentence."
    )
    failures_in_a_row = models.PositiveIntegerField(default=0, editable=False)
    # The mail server was away: how often in a row, and when to knock again.
    away_in_a_row = models.PositiveIntegerField(default=0, editable=False)
    quiet_until = models.DateTimeField(null=True, blank=True, editable=False)
    # When a delivery task was last asked for, so that wake-ups do not pile up.
    woken_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IssueQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        permissions = [("send_issue", "Can send, schedule, pause and cancel issues")]
        constraints = [
            models.CheckConstraint(
                name="issue_state_known",
                condition=Q(
                    state__in=["draft", "scheduled", "sending", "paused", "sent", "cancelled"]
                ),
            ),
            models.CheckConstraint(
                name="issue_scheduled_has_time",
                condition=~Q(state="scheduled") | Q(scheduled_for__isnull=False),
            ),
            models.CheckConstraint(
                name="issue_subject_not_empty",
                condition=~Q(subject=""),
                violation_error_message="Give the issue a subject.",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number}: {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.number is not None:
            super().save(*args, **kwargs)
            return
        for tries_left in reversed(range(10)):
            last = Issue.objects.aggregate(last=models.Max("number"))["last"] or 0
            self.number = last + 1
            try:
                with transaction.atomic():
                    super().save(*args, **kwargs)
                return
            except IntegrityError:
                # Another new issue took the number in this moment: take the next one.
                if not tries_left:
                    raise

    def get_absolute_url(self) -> str:
        return reverse("newsletter:issue", args=[self.number])

    @property
    def is_open(self) -> bool:
        """Whether its content may still be edited."""
        return self.state in self.OPEN_STATES

    def contents(self) -> list[IssuePost]:
        """Return what the issue is made of, in its order, without the long texts. One query.

        Some of it may be withdrawn by now, or put off: `post.is_published` tells.
        """
        entries = self.issue_posts.select_related("post")
        shown = ("post__title", "post__slug", "post__summary", "post__published_at")
        return list(entries.only("issue", "blurb", *shown))

    def totals(self) -> dict[str, int]:
        """Return the number of deliveries in each state, every state named."""
        found = dict(self.deliveries.order_by().values_list("state").annotate(count=Count("pk")))
        return {state: found.get(state, 0) for state in Delivery.State.values}


class IssuePost(models.Model):
    """An article's place in an issue."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="issue_posts")
    post = models.ForeignKey(Post, models.PROTECT, related_name="issue_posts")
    position = models.PositiveSmallIntegerField(default=0)
    blurb = PlainTextField(
        max_length=600, blank=True, help_text="Left empty, the article's summary stands there."
    )

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "post"],
                name="issue_post_once",
                violation_error_message="This article is in the issue twice.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.issue} / {self.post}"


class Content(models.Model):
    """What an issue was frozen to when it started: these bytes, and no others, are sent.

    `mime` is the finished message with a token in each place that differs between
    recipients (see newsletter/mail.py); `sha256` is its hash in hex.
    """

    issue = models.OneToOneField(Issue, models.CASCADE, related_name="content")
    mime = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    web_html = models.TextField(help_text="The web edition: no personal links.")
    text = models.TextField()
    frozen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.issue}, frozen"

    @property
    def is_intact(self) -> bool:
        """Whether the bytes are still those that were frozen."""
        return hashlib.sha256(self.mime).hexdigest() == self.sha256


class Delivery(models.Model):
    """One issue on its way to one subscriber.

    The rows are both the queue and the ledger: a worker records that it is about to
    talk to the mail server, so a crash can leave a delivery in doubt but never sends it
    twice.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        SENDING = "sending", "sending"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "skipped"
        UNCERTAIN = "uncertain", "uncertain"

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="deliveries")
    # A subscriber may be erased; the ledger still balances.
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
