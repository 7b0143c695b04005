"""An issue of The Weekly Alarm: what an editor writes, and what state it is in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk.binnable import Binnable, Said
from alarmroom.desk.content import Row, Shape
from newsletter.models.delivery import Delivery
from posts.models import Correction, Post
from posts.models.fields import PlainCharField
from posts.models.image import Image
from posts.models.picture_use import users_of
from posts.text.editor import HTMLField

if TYPE_CHECKING:
    from newsletter.models.items import IssueCorrection, IssuePost


class IssueQuerySet(models.QuerySet["Issue"]):
    def published(self) -> Self:
        """The issues whose web edition anybody may read: from the first mail on.

        So is a cancelled issue that somebody has, or may have: the links in that mail lead here.
        """
        mailed = Delivery.objects.filter(
            issue=models.OuterRef("pk"),
            state__in=[Delivery.State.SENDING, Delivery.State.SENT, Delivery.State.UNCERTAIN],
        )
        return self.filter(
            Q(state__in=Issue.OUT_STATES) | Q(models.Exists(mailed), state=Issue.State.CANCELLED)
        )

    def listed(self) -> Self:
        """The published issues that lists and feeds name: all but cancelled ones."""
        return self.filter(state__in=Issue.OUT_STATES)

    def showing(self, image: Image) -> Self:
        """The published issues whose frozen content shows this picture.

        By the rows of note_pictures(); a content that has none yet is searched.
        """
        named = Q()
        for name in image.file_names():
            named |= Q(content__web_html__contains=name)
        searched = Q(content__pictures_noted=False) & named
        return self.published().filter(Q(pk__in=users_of(image, Issue)) | searched)

    def readable(self, numbers: Collection[str]) -> set[str]:
        """Return which of these numbers lead readers to an issue. One query."""
        # A larger number is none, and not every database would take it.
        asked = {int(number) for number in numbers if len(number) < 10}
        found = self.published().filter(number__in=asked)
        return {str(number) for number in found.values_list("number", flat=True)}

    def due(self) -> Self:
        """The scheduled issues whose moment has come."""
        return self.filter(state=Issue.State.SCHEDULED, scheduled_for__lte=timezone.now())

    def newest_first(self) -> Self:
        return self.order_by("-number")

    def beside(self, issue: Issue) -> dict[str, Issue | None]:
        """Return the listed issues before and after one, as `previous` and `next`. One query."""
        listed = self.listed().only("number", "subject")
        before = listed.filter(number__lt=issue.number).order_by("-number").values("number")[:1]
        after = listed.filter(number__gt=issue.number).order_by("number").values("number")[:1]
        found = {
            each.number < issue.number: each
            for each in listed.filter(
                Q(number=models.Subquery(before)) | Q(number=models.Subquery(after))
            )
        }
        return {"previous": found.get(True), "next": found.get(False)}


class Issue(Binnable):
    """One issue of The Weekly Alarm.

    A draft or scheduled issue is rendered from its articles as they are. Starting it freezes
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
    # Only a published issue keeps a picture in the library (posts/models/image.py).
    pictures_stay = "It was mailed with it, so the picture stays."

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
    corrections: models.ManyToManyField[Correction, IssueCorrection] = models.ManyToManyField(
        Correction, through="IssueCorrection", related_name="issues", blank=True
    )
    count_clicks = models.BooleanField(
        "count clicks",
        default=False,
        db_default=False,
        help_text="How often each link is followed, never by whom. Its links then lead through "
        "this site. Off, they lead straight to their pages, and nothing is counted.",
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
    # The last subscriber who has a delivery, while newsletter/delivery/queueing.py writes them.
    queued_to = models.PositiveBigIntegerField(null=True, editable=False)
    # The figures of a large ledger, and when they were counted (newsletter/delivery/counting.py).
    counted: models.JSONField[Any, Any] = models.JSONField(default=dict, editable=False)
    counted_at = models.DateTimeField(null=True, editable=False)
    state_note = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Why it paused, in one sentence."
    )
    # When it paused last, and why: unlike its note, this stays when it goes on.
    paused_at = models.DateTimeField(null=True, editable=False)
    paused_why = models.CharField(
        max_length=300, blank=True, default="", db_default="", editable=False
    )
    failures_in_a_row = models.PositiveIntegerField(default=0, editable=False)
    # Of the last messages, how many were taken and how many failed: older ones count for less and
    # less (newsletter/delivery/throttle.py).
    lately_taken = models.FloatField(default=0, db_default=0, editable=False)
    lately_failed = models.FloatField(default=0, db_default=0, editable=False)
    # Backing off from a mail server that was away: how often in a row, and until when.
    away_in_a_row = models.PositiveIntegerField(default=0, editable=False)
    quiet_until = models.DateTimeField(null=True, blank=True, editable=False)
    # When a delivery task was last asked for: the tick asks for no second one meanwhile.
    woken_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IssueQuerySet.as_manager()

    content_shape = Shape(
        fields=("number", "subject", "preheader", "intro", "corrections", "count_clicks"),
        rows={"issue_posts": Row("post", ("blurb",), label="Articles")},
    )

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
                # Somebody saved another new issue with this number: take the next one.
                if not tries_left:
                    raise

    def get_absolute_url(self) -> str:
        return reverse("newsletter:issue", args=[self.number])

    @property
    def is_open(self) -> bool:
        """Whether its content may still be edited."""
        return self.state in self.OPEN_STATES

    @property
    def backs_off(self) -> bool:
        """Whether nothing is sent for the moment, after which sending goes on by itself."""
        return (
            self.state == self.State.SENDING
            and self.quiet_until is not None
            and self.quiet_until > timezone.now()
        )

    # The bin (alarmroom/desk/bin.py)

    def why_not_binned(self) -> list[Said]:
        if self.is_open:
            return []
        return [Said(f"It is {self.get_state_display()}. What was mailed is kept.")]

    def said_before_binning(self) -> list[str]:
        return ["It is scheduled, and is not sent."] if self.state == self.State.SCHEDULED else []

    def come_back(self, binned_at: datetime) -> list[str]:
        """Come back as a draft: nothing is sent by itself after that."""
        notes = []
        if Issue.objects.filter(number=self.number).exists():
            former, self.number = self.number, None  # type: ignore[assignment]  # save() finds one
            notes.append(f"Another issue has the number {former} by now, so it has the next one.")
        if self.state == self.State.SCHEDULED:
            self.state, self.scheduled_for = self.State.DRAFT, None
            notes.append("It is a draft now, and is not sent by itself.")
        return notes

    def contents(self) -> list[IssuePost]:
        """Return the issue's articles in order, without their long texts. One query.

        Some may be withdrawn or put off by now: `post.is_published` tells.
        """
        entries = self.issue_posts.select_related("post")
        shown = ("post__title", "post__slug", "post__summary", "post__published_at")
        return list(entries.only("issue", "blurb", "post__withdrawn_at", *shown))

    def totals(self) -> dict[str, int]:
        """Count the deliveries in each state, every state named. Slow for a large ledger."""
        found = dict(self.deliveries.order_by().values_list("state").annotate(count=Count("pk")))
        return {state: found.get(state, 0) for state in Delivery.State.values}
