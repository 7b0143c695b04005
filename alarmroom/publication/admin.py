"""Settings on the desk: one page, with its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.core.files.storage import default_storage
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static

from alarmroom.desk import log
from alarmroom.desk.content import Content, content_of
from alarmroom.desk.differences import differences, shown_value
from alarmroom.desk.menu import Place
from alarmroom.desk.models import Act
from alarmroom.desk.models.act import LONGEST_DETAIL
from alarmroom.desk.picture_field import PictureAdminMixin
from alarmroom.desk.revisions import Head
from alarmroom.desk.versioned import VersionedAdminMixin
from alarmroom.desk.writing import problems_of
from alarmroom.publication.forms import PublicationForm
from alarmroom.publication.models import Publication

if TYPE_CHECKING:
    PublicationAdminBase = admin.ModelAdmin[Publication]
else:
    PublicationAdminBase = admin.ModelAdmin

MOST_SHOWN = (LONGEST_DETAIL - 20) // 2  # characters
# Who may see what the server's environment says.
SEE_ENVIRONMENT = "auth.change_user"


@admin.register(Publication)
class PublicationAdmin(PictureAdminMixin, VersionedAdminMixin, PublicationAdminBase):
    guide = {"": "settings"}
    menu_place = Place("Settings", "The publication", rank=0)
    form = PublicationForm
    fieldsets = [
        ("The publication", {"fields": ["name", "tagline", "description"]}),
        ("Postal address", {"fields": ["postal_address"]}),
        ("The Weekly Alarm", {"fields": ["issue_weekday", "issue_time"]}),
        ("Sign-up words", {"fields": ["sign_up_words"]}),
        (
            "Sharing and profiles",
            {"fields": ["profiles", "share_file", "share_removed", "share_picture"]},
        ),
    ]
    history_about = "One line for each time that somebody changed or restored the settings."
    change_form_template = "admin/publication/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        # Without the fields of the form that are none of the row.
        return [
            (name, {"fields": [each for each in options["fields"] if not _is_extra(each)]})
            for name, options in self.fieldsets or []
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list of one row is its page."""
        if self.has_view_permission(request):
            return redirect("admin:publication_publication_change", 1)
        return super().changelist_view(request, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        thing: Publication | None = context.get("original")
        context["title"] = "Settings"
        context["subtitle"] = None
        picture = thing.share_picture if thing else ""
        context["share_url"] = default_storage.url(picture) if picture else static("img/share.png")
        context["has_own_picture"] = bool(picture)
        if context["errors"]:
            context["problems"] = list(problems_of(context["adminform"], []))
        if request.user.has_perm(SEE_ENVIRONMENT):
            context["environment"] = environment()
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        head: Head = request.desk_head  # type: ignore[attr-defined]  # of VersionedAdminMixin
        super().save_related(request, form, formsets, change)
        now = content_of(Publication.objects.get(pk=form.instance.pk))
        # A line for each: a postal address and a tagline do not fit into one.
        for each in differences(self, head.content, now):
            log.record(
                Act.Kind.SETTINGS,
                by=request.user,
                about=form.instance,
                label=each.label,
                detail=in_words(each.name, head.content, now),
            )

    def response_change(self, request: HttpRequest, obj: Publication) -> HttpResponse:
        self.message_user(
            request, "Saved. Readers, feeds and mails have it from now on.", messages.SUCCESS
        )
        return redirect("admin:publication_publication_change", obj.pk)


def in_words(name: str, before: Content, after: Content) -> str:
    """Return what a setting was and what it is now. Either is cut where a line has no room."""
    if name == "share_picture":
        return "Another picture" if after["fields"][name] else "The one that the site came with"
    field: Any = Publication._meta.get_field(name)
    old, new = (
        " ".join(shown_value(field, each["fields"].get(name)).split()) for each in (before, after)
    )
    return f"Was: {log.plain(old, MOST_SHOWN)} · Now: {log.plain(new, MOST_SHOWN)}"


def _is_extra(name: object) -> bool:
    return name in ("share_file", "share_removed", "share_picture")


def environment() -> list[tuple[str, str, str]]:
    """Return what only the server's environment sets: words, value, name. No secrets."""
    # Without the name and the password in it.
    server = urlsplit(settings.SMTP_URL)
    return [
        ("Address of the site", settings.SITE_URL, "SITE_URL"),
        ("Time zone", settings.TIME_ZONE, "TIME_ZONE"),
        ("Sender of mails to one person", settings.DEFAULT_FROM_EMAIL, "DEFAULT_FROM_EMAIL"),
        ("Sender of the issue", settings.NEWSLETTER_FROM_EMAIL, "NEWSLETTER_FROM_EMAIL"),
        ("Domain of mails", settings.MAIL_DOMAIN, "MAIL_DOMAIN"),
        ("Mail server", f"{server.hostname}, {server.scheme}", "SMTP_URL"),
        ("Postal address, if none is set above", settings.POSTAL_ADDRESS, "POSTAL_ADDRESS"),
        (
            "Profiles, if none are set above",
            ", ".join(settings.SITE_PROFILES) or "none",
            "SITE_PROFILES",
        ),
        ("Database", connection.vendor.capitalize(), "DATABASE_URL"),
        ("Pages are kept for", f"{settings.KEPT_PAGES_SECONDS} s", "KEPT_PAGES_SECONDS"),
    ]
