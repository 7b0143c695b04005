"""What the desk says once a form is saved: one sentence of the house, instead of Django's."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

# A page of the form follows, so that it needs no link to itself.
STAYS = ("_continue", "_saveasnew")


class SavedAdmin(admin.ModelAdmin):
    """Says that something was saved. It is a last base, so that an admin may say it otherwise."""

    def saved_sentence(self, request: HttpRequest, thing: Any) -> SafeString | str:
        """Return what is said of a saved form; nothing where the admin has said it already."""
        if any(name in request.POST for name in STAYS):
            return "Saved."
        return format_html("Saved: {}.", self.with_link(request, thing))

    def with_link(self, request: HttpRequest, thing: Any) -> SafeString | str:
        """Return the name of an object, as a link for whoever may see its page."""
        if not self.has_view_or_change_permission(request, thing):
            return str(thing)
        where = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return format_html('<a href="{}">{}</a>', reverse(where, args=[quote(thing.pk)]), thing)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        with _Saying(request, self.saved_sentence(request, obj)):
            return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        with _Saying(request, self.saved_sentence(request, obj)):
            return super().response_change(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        with _Saying(request, f"Deleted: {obj_display}."):
            return super().response_delete(request, obj_display, obj_id)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and "_save" in request.POST:
            # Of a list whose rows are changed in it.
            with _Saying(request, "Saved."):
                return super().changelist_view(request, extra_context)
        return super().changelist_view(request, extra_context)

    def message_user(
        self,
        request: HttpRequest,
        message: Any,
        level: int | str = messages.INFO,
        extra_tags: str = "",
        fail_silently: bool = False,
    ) -> None:
        ours: str | None = getattr(request, "desk_says", None)
        if ours is not None and level == messages.SUCCESS:
            if not ours:
                return
            message = ours
        super().message_user(request, message, level, extra_tags, fail_silently)


class _Saying:
    """While Django answers a form, its message that all went well is one of ours."""

    def __init__(self, request: HttpRequest, sentence: str) -> None:
        self.request: Any = request
        self.sentence = sentence

    def __enter__(self) -> None:
        self.request.desk_says = self.sentence

    def __exit__(self, *_: object) -> None:
        self.request.desk_says = None
