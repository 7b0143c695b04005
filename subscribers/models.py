"""Readers who signed up for The Weekly Alarm, and what they agreed to."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Self

from django.core.files.storage import Storage, storages
from django.core.validators import FileExtensionValidator
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from alarmroom import kept
from alarmroom.desk.binnable import Binnable
from alarmroom.desk.content import Shape
from alarmroom.slugs import free_slug
from subscribers import covers

CONFIRM_DAYS = 7


def new_key() -> str:
    """Return 24 URL-safe characters nobody can guess (144 bits)."""
    return secrets.token_urlsafe(18)


def private_storage() -> Storage:
    """Return the storage that has no public address."""
    return storages["private"]


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def confirmed(self) -> Self:
        return self.filter(state=Subscriber.State.CONFIRMED)

    def mailable(self) -> Self:
        """The subscribers to whom an issue may be sent now: confirmed and not suppressed."""
        suppressed = Suppression.objects.filter(address=models.OuterRef("address"))
        return self.confirmed().filter(~models.Exists(suppressed))


class Subscriber(models.Model):
    """A reader who asked for The Weekly Alarm.

    `key` is the unguessable part of the unsubscribe link and never expires.
    `confirm_key` is the unguessable part of the confirmation link. It was made at
    `confirm_requested_at` and works for CONFIRM_DAYS from then on; asking again does not make
    it work for longer. A sign-up after unsubscribing makes a new key, so older links stop
    working.
    """

    class State(models.TextChoices):
        PENDING = "pending", "pending"
        CONFIRMED = "confirmed", "confirmed"
        UNSUBSCRIBED = "unsubscribed", "unsubscribed"

    address = models.EmailField(
        max_length=254, unique=True, help_text="In lower case, the domain in ASCII."
    )
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    confirm_key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    confirm_requested_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    unsubscribed_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # No admin page shows them, or can be filtered by them (alarmroom/desk/guard.py).
    secret_fields = ("key", "confirm_key")

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        verbose_name = "reader"
        ordering = ["-created_at", "-pk"]
        permissions = [("export_subscriber", "Can export the addresses of readers")]
        indexes = [models.Index(fields=["state", "id"], name="subscriber_state")]
        constraints = [
            models.CheckConstraint(
                name="subscriber_state_known",
                condition=models.Q(state__in=["pending", "confirmed", "unsubscribed"]),
            ),
            models.CheckConstraint(
                name="subscriber_address_lower_case",
                condition=models.Q(address=Lower("address")),
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def confirm_link_ends(self) -> datetime:
        return self.confirm_requested_at + timedelta(days=CONFIRM_DAYS)

    @property
    def confirm_link_expired(self) -> bool:
        return self.confirm_link_ends < timezone.now()


class ConsentEventQuerySet(models.QuerySet["ConsentEvent"]):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("A consent event is never changed; write another one.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("A consent event is never deleted.")


class ConsentEvent(models.Model):
    """What somebody agreed to: what, when, where, and in which words. Append-only.

    It names the address itself and outlives the subscriber; the database refuses to
    change or delete a row (triggers, see the migrations).
    """

    class Kind(models.TextChoices):
        REQUESTED = "requested", "asked to subscribe"
        CONFIRMED = "confirmed", "confirmed by the link in the mail"
        UNSUBSCRIBED = "unsubscribed", "unsubscribed"
        SUPPRESSED = "suppressed", "suppressed"
        RELEASED = "released", "suppression lifted"

    subscriber = models.ForeignKey(
        Subscriber, models.DO_NOTHING, db_constraint=False, null=True, related_name="consent_events"
    )
    address = models.EmailField(max_length=254, db_index=True)
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    where = models.CharField(
        max_length=300, blank=True, help_text="The page, the link or the person it came through."
    )
    wording = models.TextField(blank=True, help_text="The words that stood beside the button.")

    objects = ConsentEventQuerySet.as_manager()

    class Meta:
        verbose_name = "record of consent"
        verbose_name_plural = "records of consent"
        ordering = ["-at", "-pk"]
        # For the figures of the last weeks (subscribers/growth.py).
        indexes = [models.Index(fields=["at", "kind"], name="consent_event_weeks")]

    def __str__(self) -> str:
        return f"{self.address}: {self.get_kind_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("A consent event is never changed; write another one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("A consent event is never deleted.")


class Suppression(models.Model):
    """An address that must never be mailed, whatever its subscription says.

    It stays when the subscriber is deleted.
    """

    class Reason(models.TextChoices):
        HARD_BOUNCE = "hard_bounce", "the address does not exist"
        COMPLAINT = "complaint", "reported as spam"
        REQUEST = "request", "asked never to be mailed"
        EDITOR = "editor", "an editor's decision"

    address = models.EmailField(max_length=254, unique=True)
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="suppression_address_lower_case",
                condition=models.Q(address=Lower("address")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address} ({self.get_reason_display()})"


class Notice(models.Model):
    """One transactional mail to a subscriber, and whether it was sent.

    Written with the sign-up in one transaction and sent by the worker, so no mail is lost while
    the mail server is down. After a crash it may be sent twice, which is harmless.
    """

    class Kind(models.TextChoices):
        CONFIRM = "confirm", "please confirm"
        ALREADY = "already", "you are already subscribed"
        WELCOME = "welcome", "welcome, with the resources"

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "no longer needed"

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["due_at"], name="notice_due", condition=models.Q(state="queued")),
            models.Index(fields=["id"], name="notice_failed", condition=models.Q(state="failed")),
        ]
        constraints = [
            models.CheckConstraint(
                name="notice_state_known",
                condition=models.Q(state__in=["queued", "sent", "failed", "skipped"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} → {self.subscriber}"


class SignUpRequest(models.Model):
    """An address that was typed into the form, until a worker has processed it.

    The page writes the same row for every address. So neither its answer nor the time it takes
    shows who is subscribed. A worker decides which mail the address gets and deletes the row.
    """

    address = models.EmailField(max_length=254)
    where = models.CharField(max_length=300, blank=True)
    wording = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["due_at", "pk"]
        default_permissions = ()  # No admin page shows them.

    def __str__(self) -> str:
        return f"request {self.pk}"


class SignUpCount(models.Model):
    """How many sign-ups one network, or the whole site, has made in one hour.

    `subject` is a keyed hash (subscribers/guards.py). A network is hashed together with the hour,
    so that rows of different hours cannot be linked to the same network.
    """

    subject = models.CharField(max_length=64)
    hour = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(name="sign_up_count_once", fields=["subject", "hour"]),
        ]

    def __str__(self) -> str:
        return f"{self.count} in the hour of {self.hour}"


class SignUpMails(models.Model):
    """How many mails sign-ups have sent to one mailbox, and when the last one was.

    `mailbox` is a keyed hash (subscribers/guards.py).
    """

    mailbox = models.CharField(max_length=64, unique=True)
    count = models.PositiveSmallIntegerField(default=0)
    last_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "sign up mails"

    def __str__(self) -> str:
        return f"{self.count} until {self.last_at}"


class Resource(Binnable):
    """A free leadership resource that subscribers get.

    The file is in the private storage. It can only be downloaded through a signed link that
    expires.
    """

    title = models.CharField(max_length=160)
    slug = models.SlugField(
        max_length=160, unique=True, blank=True, help_text="Left empty, it is made from the title."
    )
    description = models.TextField(max_length=500)
    file = models.FileField(
        upload_to="resources/",
        storage=private_storage,
        max_length=200,
        validators=[
            FileExtensionValidator(
                ["pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "zip", "csv"],
                message="Upload a PDF, an Office or OpenDocument file, an EPUB, a CSV or a ZIP.",
            )
        ],
    )
    cover = models.ImageField(
        upload_to="resources/",
        blank=True,
        width_field="cover_width",
        height_field="cover_height",
        max_length=200,
    )
    cover_width = models.PositiveIntegerField(null=True, blank=True, editable=False)
    cover_height = models.PositiveIntegerField(null=True, blank=True, editable=False)
    cover_copies = models.JSONField(
        default=dict, blank=True, editable=False, help_text="See subscribers/covers.py."
    )
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    # Without its files, which are replaced and not kept.
    content_shape = Shape(
        fields=("title", "slug", "description", "position"), labels={"slug": "Address"}
    )

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = free_slug(self, self.title)
        super().save(*args, **kwargs)
        # Only now the file has its name.
        if self.cover_copies.get("of", "") != (self.cover.name or ""):
            # After the transaction: a picture is decoded and encoded, which takes long.
            transaction.on_commit(self.make_cover_copies, robust=True)

    # The bin (alarmroom/desk/bin.py)

    def said_before_binning(self) -> list[str]:
        return ["Subscribers no longer get it, and the links in their mails stop working."]

    def come_back(self, binned_at: datetime) -> list[str]:
        notes = ["Subscribers get it again."]
        if Resource.objects.filter(slug=self.slug).exists():
            former, self.slug = self.slug, free_slug(self, self.slug)
            notes.append(
                f"Another resource has the address “{former}” by now. It has “{self.slug}” instead."
            )
        return notes

    def remove_files(self) -> None:
        covers_named = [self.cover.name, *covers.names_of(self.cover_copies)]
        for field, names in (("file", [self.file.name]), ("cover", covers_named)):
            if names[0] and Resource.objects.filter(**{field: names[0]}).exists():
                continue
            for name in filter(None, names):
                getattr(self, field).storage.delete(name)

    def make_cover_copies(self) -> None:
        """Make smaller copies of the cover; note which there are, unless it was replaced since.

        Until then, pages show the whole cover.
        """
        self.cover_copies = covers.copies_of(self.cover)
        same = Resource.objects.filter(pk=self.pk, cover=self.cover.name or "")
        if same.update(cover_copies=self.cover_copies):
            kept.drop("resources")

    @property
    def lacks_copies(self) -> bool:
        """Whether its cover has not all of its copies: one from before there were large ones."""
        return bool(self.cover) and covers.LARGE not in self.current_copies

    def complete_cover_copies(self) -> None:
        """Make the copies that its cover lacks. Safe twice at once, and for one that is replaced.

        Where they cannot be made that is noted, so that it is not tried again every minute.
        """
        if not self.current_copies:
            self.make_cover_copies()
            return
        large = covers.large_copies_of(self.cover)
        lacking = Resource.objects.filter(pk=self.pk, cover=self.cover.name or "")
        lacking = lacking.exclude(cover_copies__has_key=covers.LARGE)
        if lacking.update(cover_copies={**self.cover_copies, covers.LARGE: large}):
            kept.drop("resources")
            return
        for name in covers.names_of(large):
            self.cover.storage.delete(name)

    @property
    def current_copies(self) -> dict[str, Any]:
        """The copies of the cover that is there now; those of an earlier one do not count."""
        is_current = self.cover_copies.get("of", "") == (self.cover.name or "")
        return self.cover_copies if is_current else {}

    @property
    def cover_sources(self) -> list[tuple[str, str]]:
        """The type and the `srcset` of each format of the cover; none without copies."""
        return covers.sources(self.cover, self.current_copies)

    @property
    def small_cover_url(self) -> str:
        """The smallest copy that every browser can show, or else the whole cover."""
        return covers.first_url(self.cover, self.current_copies)

    @property
    def large_cover_sources(self) -> list[tuple[str, str]]:
        """As `cover_sources`, for the sign-up page; none of a cover from before there were any."""
        return covers.sources(self.cover, self.current_copies.get(covers.LARGE, {}))

    @property
    def large_cover_url(self) -> str:
        return covers.first_url(self.cover, self.current_copies.get(covers.LARGE, {}))

    @property
    def mail_cover_url(self) -> str:
        """The cover for a mail: a JPEG, PNG or GIF, or else empty."""
        return covers.mail_url(self.cover, self.current_copies.get(covers.LARGE, {}))
