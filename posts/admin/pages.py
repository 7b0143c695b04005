"""The desk's pages about the publication, and the list of old addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk.bin_admin import BinAdminMixin
from alarmroom.desk.menu import Place
from alarmroom.desk.versioned import VersionedAdminMixin
from alarmroom.desk.writing import Frame, WritingPageMixin
from posts.admin.shared import EditorPageMixin, SlugForm
from posts.models import Page
from posts.models.addresses import KINDS, FormerSlug
from posts.models.article import reading_minutes, words_in

if TYPE_CHECKING:
    PageAdminBase = admin.ModelAdmin[Page]
    FormerSlugAdminBase = admin.ModelAdmin[FormerSlug]
else:
    PageAdminBase = FormerSlugAdminBase = admin.ModelAdmin


class PageForm(SlugForm):
    class Meta:
        model = Page
        fields = "__all__"
        labels = Page.content_shape.labels
        widgets = {
            "title": forms.Textarea(
                attrs={"rows": 1, "class": "sheet__title", "placeholder": "Title"}
            ),
            "summary": forms.Textarea(
                attrs={
                    "rows": 1,
                    "class": "sheet__dek",
                    "placeholder": "One or two sentences under the title",
                }
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())


@admin.register(Page)
class PageAdmin(
    BinAdminMixin, WritingPageMixin, EditorPageMixin, VersionedAdminMixin, PageAdminBase
):
    guide = {"": "pages"}
    menu_place = Place("Pages", new="Write a page")
    form = PageForm
    list_name = "Pages"
    sections_open_at_first = ("Address",)
    list_display = ["title", "address", "show_in_footer", "position", "updated_at"]
    list_editable = ["show_in_footer", "position"]
    search_fields = ["title", "summary"]
    prepopulated_fields = {"slug": ["title"]}
    fieldsets = [
        (None, {"fields": ["title", "summary", "body"]}),
        ("Address", {"fields": ["slug"]}),
        ("Footer", {"fields": ["show_in_footer", "position"]}),
    ]

    def fill_frame(self, frame: Frame, thing: Any, request: HttpRequest) -> None:
        page: Page | None = thing
        frame.words = words_in(page.body) if page else 0
        frame.minutes = reading_minutes(page.body) if page else 1
        if page:
            # It has no draft: what is saved is on the site.
            frame.state, frame.state_name = "published", "On the site"
            frame.text_html = page.body_html
            frame.preview_url = page.get_absolute_url()

    def section_line(self, name: str, thing: Any) -> str:
        page: Page | None = thing
        if page and name == "Address":
            return page.get_absolute_url()
        if page and name == "Footer":
            return f"Shown, as number {page.position}" if page.show_in_footer else "Not shown"
        return ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Page]:
        # The list shows no text; the form of a page loads it.
        return super().get_queryset(request).defer("body_served")

    def seen_by_readers(self, thing: Any) -> bool:
        return True

    def view_on_site(self, obj: Page) -> str:
        return obj.get_absolute_url()

    @admin.display(description="Address", ordering="slug")
    def address(self, page: Page) -> SafeString:
        return format_html('<a href="{0}">{0}</a>', page.get_absolute_url())


@admin.register(FormerSlug)
class FormerSlugAdmin(FormerSlugAdminBase):
    """Read-only: the models add and remove old addresses themselves."""

    guide = {"": "publish"}
    menu_place = Place("Articles", "Old addresses", rank=9)
    list_display = ["address", "kind", "leads_to", "changed_at"]
    list_display_links = None
    search_fields = ["slug"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[FormerSlug]:
        texts = ("body", "body_served")
        return (
            super()
            .get_queryset(request)
            .select_related(*KINDS)
            .defer(*(f"{kind}__{text}" for kind in ("post", "page") for text in texts))
        )

    @admin.display(description="Address", ordering="slug")
    def address(self, former: FormerSlug) -> str:
        return former.slug

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: FormerSlug | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FormerSlug | None = None) -> bool:
        # The deletion pages of other models ask this, too: an article's old addresses go with it.
        match = request.resolver_match
        return match is None or "formerslug" not in (match.url_name or "")

    @admin.display(description="Of")
    def kind(self, former: FormerSlug) -> str:
        thing: Any = former.thing
        return {"tag": "topic", "post": "article"}.get(thing.kind(), thing.kind())

    @admin.display(description="Leads to")
    def leads_to(self, former: FormerSlug) -> SafeString:
        return format_html('<a href="{}">{}</a>', former.thing.get_absolute_url(), former.thing)
