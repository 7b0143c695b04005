"""The mail that nobody but a person can judge, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from alarmroom.characters import without_controls
from alarmroom.desk.menu import Place
from newsletter.feedback.parts import as_text, leaves, read
from newsletter.models import ReceivedMail

# Characters of a mail that are shown.
SHOWN = 20_000


@admin.register(ReceivedMail)
class ReceivedMailAdmin(admin.ModelAdmin):
    """Replies, and what came back in a form that is not known. It is looked at, never changed."""

    guide = {"": "readers"}
    menu_place = Place("Readers", "Received mail", rank=5)
    list_display = ["at", "why", "sender", "subject"]
    list_filter = ["why"]
    search_fields = ["sender__startswith"]
    search_help_text = "The beginning of a sender’s address"
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["at", "why", "sender", "recipient", "subject", "words"]}),
        ("As it came", {"fields": ["as_it_came", "size", "source"]}),
    ]
    readonly_fields = ["words", "as_it_came"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReceivedMail]:
        found = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and str(match.url_name).endswith("_changelist")
        return found.defer("raw") if is_list else found

    @admin.display(description="Text")
    def words(self, mail: ReceivedMail) -> str:
        """What a person reads of the mail: its plain text."""
        parts = leaves(read(bytes(mail.raw)))
        texts = [part.text for part in parts if part.kind == "text/plain"]
        return without_controls("\n\n".join(texts))[:SHOWN].strip()

    @admin.display(description="Header and text")
    def as_it_came(self, mail: ReceivedMail) -> str:
        return without_controls(as_text(bytes(mail.raw)[:SHOWN], ""))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A mail names readers.
        return super().has_view_permission(request, obj) and request.user.has_perm(
            "subscribers.view_subscriber"
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
