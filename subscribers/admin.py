"""What editors see and do about subscribers. Nobody is signed up by hand here."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminFileWidget
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import dates
from alarmroom.desk.bin_admin import BinAdminMixin
from alarmroom.desk.bulk import Outcome, asks_first
from alarmroom.desk.exports import Column
from alarmroom.desk.lists import Part, Tab, View
from alarmroom.desk.menu import Place
from alarmroom.desk.picture_field import PictureAdminMixin, PictureField
from alarmroom.desk.versioned import VersionedAdminMixin
from alarmroom.images import SMALL_SIDE, Picture
from subscribers import finding, home, notices, signup, tokens
from subscribers.forms import AddressField
from subscribers.models import ConsentEvent, Notice, Resource, Subscriber, Suppression

# Registered by being imported.
ON_HOME, IN_SEARCH = home.readers, finding.readers


class ReadOnlyAdmin(admin.ModelAdmin):
    """A record: to be looked at, and neither written nor deleted by hand."""

    show_full_result_count = False  # Counting a big table takes longer than the page.

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def by_editor(request: HttpRequest) -> str:
    """Return how the consent record names whoever acted in the admin."""
    return f"the admin, by {request.user}"


STATES = {
    Subscriber.State.CONFIRMED: "Subscribed",
    Subscriber.State.PENDING: "To be confirmed",
    Subscriber.State.UNSUBSCRIBED: "Left",
}


def _in(state: Subscriber.State) -> Part:
    return lambda readers, request: readers.filter(state=state)


VIEWS = (
    View(
        "",
        "All",
        nothing="Nobody has signed up yet.",
        hint="Whoever signs up on the site stands here, first as somebody to be confirmed.",
    ),
    View("confirmed", "Subscribed", _in(Subscriber.State.CONFIRMED), "Nobody is subscribed yet."),
    View(
        "pending",
        "To be confirmed",
        _in(Subscriber.State.PENDING),
        "Nobody has to confirm.",
        "Who signed up, and has not opened the link in the mail yet, stands here.",
    ),
    View("unsubscribed", "Left", _in(Subscriber.State.UNSUBSCRIBED), "Nobody has left."),
)


MOST_AT_ONCE = 500  # readers; each is recorded apart


def plan_unsubscribe(
    desk: Any, request: HttpRequest, readers: models.QuerySet[Subscriber]
) -> list[Outcome]:
    return [
        Outcome(reader, "left already", "Left already. Nothing happens.", does=False)
        if reader.state == Subscriber.State.UNSUBSCRIBED
        else Outcome(
            reader,
            "will be unsubscribed",
            f"{STATES[Subscriber.State(reader.state)]} → left. No issue is sent there any more.",
        )
        for reader in readers
    ]


def plan_suppress(
    desk: Any, request: HttpRequest, readers: models.QuerySet[Subscriber]
) -> list[Outcome]:
    never = {
        *Suppression.objects.filter(address__in=readers.values("address")).values_list(
            "address", flat=True
        )
    }
    return [
        Outcome(reader, "suppressed already", "Never mailed already. Nothing happens.", does=False)
        if reader.address in never
        else Outcome(
            reader,
            "will never be mailed again",
            f"{STATES[Subscriber.State(reader.state)]} → never mailed, whoever signs it up again.",
        )
        for reader in readers
    ]


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin):
    """Looking up a reader who wrote to us, and ending what they asked to end."""

    guide = {"": "readers"}
    is_personal = True  # The log names no address.
    menu_place = Place("Readers")
    list_display = ["address", "standing", "asked", "agreed", "left"]
    views = VIEWS
    export_columns = (
        Column("Address", lambda reader: reader.address),
        Column("State", lambda reader: STATES[Subscriber.State(reader.state)]),
        Column("Asked", lambda reader: reader.created_at),
        Column("Confirmed", lambda reader: reader.confirmed_at),
        Column("Left", lambda reader: reader.unsubscribed_at),
    )
    search_fields = ["address__startswith"]
    search_help_text = "Search addresses"
    ordering = ["-pk"]
    readonly_fields = [
        "address",
        "state",
        "created_at",
        "confirm_requested_at",
        "confirmed_at",
        "unsubscribed_at",
    ]
    actions = ["unsubscribe", "suppress"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # Consent is given by its owner, with a double opt-in.

    def has_change_permission(self, request: HttpRequest, obj: Subscriber | None = None) -> bool:
        # The actions need the permission. The page is only to be read: were it saved, it would
        # write back what it had read, over an unsubscribe of this moment.
        return obj is None and super().has_change_permission(request)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Subscriber], search_term: str
    ) -> tuple[models.QuerySet[Subscriber], bool]:
        """Find addresses by their beginning, or else by any part, which reads all of them."""
        # Addresses are kept in lower case, and LIKE on the column itself can use its index.
        typed = search_term.strip().lower()
        if not typed:
            return queryset, False
        begin = queryset.filter(address__startswith=typed)
        shown = getattr(request, "desk_list", None)
        if shown is None or begin.order_by().exists():
            return begin, False
        within = queryset.filter(address__contains=typed)
        shown.notes.append(f"No address begins with “{typed}”. These have it within.")
        return within, False

    def may_export(self, request: HttpRequest) -> bool:
        # All addresses in one file: more than looking a reader up.
        own = request.user.has_perm("subscribers.export_subscriber")
        return own and super().may_export(request)  # type: ignore[misc]  # of ListAdmin

    def more_tabs(self, request: HttpRequest) -> list[Tab]:
        if not request.user.has_perm("subscribers.view_suppression"):
            return []
        url = reverse("admin:subscribers_suppression_changelist")
        return [Tab("Never to be mailed", url, Suppression.objects.count())]

    @admin.display(description="State", ordering="state")
    def standing(self, reader: Subscriber) -> SafeString:
        state = Subscriber.State(reader.state)
        return format_html('<span class="state state-{}">{}</span>', state, STATES[state])

    @admin.display(description="Asked", ordering="created_at")
    def asked(self, reader: Subscriber) -> str:
        return dates.moment(reader.created_at)

    @admin.display(description="Confirmed", ordering="confirmed_at", empty_value="–")
    def agreed(self, reader: Subscriber) -> str | None:
        return dates.moment(reader.confirmed_at) if reader.confirmed_at else None

    @admin.display(description="Left", ordering="unsubscribed_at", empty_value="–")
    def left(self, reader: Subscriber) -> str | None:
        return dates.moment(reader.unsubscribed_at) if reader.unsubscribed_at else None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        # The notices of a reader who asks to be erased go too, though none is deleted by hand.
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        missing.discard(Notice._meta.verbose_name)
        return deleted, counts, missing, protected

    def delete_model(self, request: HttpRequest, obj: Subscriber) -> None:
        # The consent record outlives the subscriber, so it must not end with "confirmed".
        signup.unsubscribe(obj, where=f"erased in {by_editor(request)}")
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Subscriber]) -> None:
        for subscriber in queryset:
            self.delete_model(request, subscriber)

    @admin.action(description="Unsubscribe…", permissions=["change"])
    @asks_first(
        plan_unsubscribe,
        title="Unsubscribe {}?",
        button="Unsubscribe {}",
        most=MOST_AT_ONCE,
        note="The record of consent keeps that you did.",
    )
    def unsubscribe(self, request: HttpRequest, queryset: models.QuerySet[Subscriber]) -> None:
        where = by_editor(request)
        done = sum(signup.unsubscribe(subscriber, where) for subscriber in queryset)
        self.tell(request, queryset.count(), done, "unsubscribed")

    @admin.action(description="Never mail again…", permissions=["change"])
    @asks_first(
        plan_suppress,
        title="Never mail {} again?",
        button="Never mail {}",
        most=MOST_AT_ONCE,
        note="Who may can lift it again.",
    )
    def suppress(self, request: HttpRequest, queryset: models.QuerySet[Subscriber]) -> None:
        done = sum(
            signup.suppress(subscriber.address, Suppression.Reason.EDITOR, where=by_editor(request))
            for subscriber in queryset
        )
        self.tell(request, queryset.count(), done, "suppressed")

    def tell(self, request: HttpRequest, picked: int, done: int, what: str) -> None:
        """Say how many of the picked subscribers an action changed."""
        text = f"{done} of {picked} {what}."
        if done < picked:
            text += f" The others were {what} already."
        self.message_user(request, text, messages.SUCCESS)


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    """The record of consent, for whoever asks what an address agreed to and when."""

    guide = {"": "readers"}
    menu_place = Place("Readers", "Consent", rank=1)
    list_display = ["at", "address", "kind", "where"]
    list_filter = ["kind"]
    search_fields = ["address__startswith"]
    search_help_text = "The beginning of an address"
    ordering = ["-pk"]
    fields = ["at", "address", "kind", "where", "wording"]


class SuppressionForm(forms.ModelForm):
    """Takes any spelling of an address and keeps the one that sign-ups are compared to."""

    address = AddressField()

    class Meta:
        model = Suppression
        fields = ["address", "reason", "note"]


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin):
    """Addresses never to be mailed. Deleting one lifts it; nobody is subscribed by that."""

    guide = {"": "readers"}
    menu_place = Place("Readers", "Never mailed", "Suppress an address", rank=2)
    form = SuppressionForm
    is_personal = True  # The log names no address.
    list_display = ["address", "reason", "note", "created_at"]
    list_filter = ["reason"]
    search_fields = ["address__startswith"]
    search_help_text = "The beginning of an address"
    ordering = ["-pk"]
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False  # Lift it and add another: then both stand in the record.

    def save_model(
        self, request: HttpRequest, obj: Suppression, form: forms.ModelForm, change: bool
    ) -> None:
        signup.suppress(obj.address, obj.reason, obj.note, where=by_editor(request))
        # The admin goes on with the row that the flow wrote.
        obj.pk = Suppression.objects.get(address=obj.address).pk

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        signup.release(obj, where=by_editor(request))

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Suppression]) -> None:
        for suppression in queryset:
            signup.release(suppression, where=by_editor(request))


RESOURCE_FILE = Resource._meta.get_field("file")


class ResourceForm(forms.ModelForm):
    """Decodes and encodes a new cover again, as every picture that is uploaded."""

    # No link to the file: the address that Django's widget would show leads nowhere.
    file = forms.FileField(widget=forms.FileInput, validators=RESOURCE_FILE.validators)
    cover = PictureField(
        max_side=SMALL_SIDE,
        required=False,
        widget=AdminFileWidget,
        help_text="A JPEG or PNG picture of the first page; stands in the sign-up box.",
    )

    class Meta:
        model = Resource
        fields = ["title", "slug", "description", "file", "cover", "position"]

    def clean_cover(self) -> Any:
        cover = self.cleaned_data["cover"]
        return cover.content if isinstance(cover, Picture) else cover


@admin.register(Resource)
class ResourceAdmin(BinAdminMixin, PictureAdminMixin, VersionedAdminMixin, admin.ModelAdmin):
    """The free leadership resources, in the order of the sign-up box."""

    guide = {"": "free-resources"}
    menu_place = Place("Readers", "Resources", rank=3)
    form = ResourceForm
    list_display = ["title", "position", "stored_file", "created_at"]
    list_editable = ["position"]
    fields = ["title", "slug", "description", "stored_file", "file", "cover", "position"]
    readonly_fields = ["stored_file"]
    prepopulated_fields = {"slug": ["title"]}

    @admin.display(description="current file", empty_value="none yet")
    def stored_file(self, resource: Resource) -> str | None:
        """The name of the file, behind the same signed link that readers get."""
        if not resource.pk or not resource.file:
            return None
        name = PurePosixPath(resource.file.name or "").name
        return format_html('<a href="{}">{}</a>', tokens.resource_link(resource), name)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """The mails that sign-ups owe: what was sent, what waits, and what went wrong."""

    guide = {"": "readers"}
    menu_place = Place("Readers", "Notices", rank=4)
    list_display = ["created_at", "subscriber", "kind", "state", "tries", "due_at", "last_error"]
    list_filter = ["state", "kind"]
    list_select_related = ["subscriber"]
    search_fields = ["subscriber__address__startswith"]
    search_help_text = "The beginning of an address"
    ordering = ["-pk"]
    fields = [
        "subscriber",
        "kind",
        "state",
        "tries",
        "due_at",
        "last_error",
        "created_at",
        "sent_at",
    ]
    actions = ["try_again_now"]

    def has_view_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        # Each row names a reader, and so may the mail server's reply.
        return super().has_view_permission(request, obj) and request.user.has_perm(
            "subscribers.view_subscriber"
        )

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscribers.change_notice")

    @admin.action(description="Try again now", permissions=["retry"])
    def try_again_now(self, request: HttpRequest, queryset: models.QuerySet[Notice]) -> None:
        count = notices.try_again(queryset)
        skipped = queryset.count() - count
        text = f"{count} put back into the queue."
        if skipped:
            text += f" {skipped} left alone: sent already, being sent, or no longer needed."
        self.message_user(request, text, messages.SUCCESS)
