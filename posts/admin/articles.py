"""Articles on the desk: the list, the page of one, and the actions.

The form is in posts/admin/article_form.py, the related articles in posts/admin/related.py.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.db import IntegrityError
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from alarmroom.desk.models import Revision
from alarmroom.desk.picture_field import PictureAdminMixin
from alarmroom.desk.versioned import VersionedAdminMixin
from posts.admin.article_form import PostForm, picture_problems
from posts.admin.related import RelatedPostInline
from posts.admin.shared import (
    EditorPageMixin,
    moment,
    thumbnail,
)
from posts.models import Post, PostQuerySet
from posts.models.image import Image

if TYPE_CHECKING:
    PostAdminBase = admin.ModelAdmin[Post]
else:
    PostAdminBase = admin.ModelAdmin


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("draft", "Draft"),
            ("scheduled", "Scheduled"),
            ("published", "Published"),
            ("withdrawn", "Withdrawn"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        assert isinstance(queryset, PostQuerySet)  # noqa: S101 (for the type checker)
        match self.value():
            case "draft":
                return queryset.drafts()
            case "scheduled":
                return queryset.scheduled()
            case "published":
                return queryset.published()
            case "withdrawn":
                return queryset.withdrawn()
        return queryset


@admin.register(Post)
class PostAdmin(EditorPageMixin, PictureAdminMixin, VersionedAdminMixin, PostAdminBase):
    form = PostForm
    inlines = [RelatedPostInline]
    list_display = ["title", "state", "author", "updated", "see"]
    list_filter = [StateFilter, "tags", "author"]
    list_select_related = ["author"]
    list_per_page = 50
    show_full_result_count = False
    # Drafts come first, on both databases, which differ in where they sort NULL.
    ordering = [F("published_at").desc(nulls_first=True), "-updated_at", "-pk"]
    search_fields = ["title", "summary"]
    search_help_text = "Search titles and summaries"
    autocomplete_fields = ["author", "tags", "cover"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["cover_now"]
    save_on_top = False
    actions = ["publish_now", "back_to_draft", "withdraw", "bring_back"]

    # Pages

    def may_upload(self, request: HttpRequest) -> bool:
        return request.user.has_perm("posts.add_image")

    def get_form(
        self, request: HttpRequest, obj: Post | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Post]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.user = request.user  # for _take_cover()
        if not self.may_upload(request):
            form.base_fields.pop("cover_file", None)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Post | None = None) -> Any:
        cover = ["cover", "cover_alt", "cover_caption", "cover_credit"]
        if self.may_upload(request):
            cover.insert(0, "cover_file")
        if obj and obj.cover_id:
            cover.insert(0, "cover_now")
        publishing = ["published_at"]
        if obj and obj.is_published:
            publishing.append("tell_readers")
        return [
            (None, {"fields": ["title", "slug", "summary", "body"]}),
            ("Author and topics", {"fields": ["author", "tags"]}),
            ("Cover", {"fields": cover}),
            ("Publishing", {"fields": publishing}),
        ]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            if request.method != "POST":
                raise
            # Somebody took the same address after it was checked and before it was saved. The
            # second try finds it, and shows the error at the field.
            return super().changeform_view(request, *args, **kwargs)

    def keeps_back(self, request: HttpRequest, obj: Any) -> bool:
        """A plain save of a published article waits; "Update article" gives it to readers."""
        plain = "_save" in request.POST or "_continue" in request.POST
        return plain and "_update" not in request.POST and obj.is_published

    def revision_kind(self, request: HttpRequest, obj: Any, change: bool) -> Revision.Kind:
        if obj.withdrawn_at or obj.published_at is None:
            return Revision.Kind.SAVED
        if obj.is_scheduled:
            return Revision.Kind.SCHEDULED
        head = getattr(request, "desk_head", None)
        was = head.content["state"]["published_at"] if head else None
        seen = was is not None and dt.datetime.fromisoformat(was) <= timezone.now()
        return Revision.Kind.UPDATED if seen else Revision.Kind.PUBLISHED

    def view_on_site(self, obj: Post) -> str | None:
        return obj.get_absolute_url() if obj.is_published else None

    # Columns

    @admin.display(description="State", ordering="published_at")
    def state(self, post: Post) -> SafeString:
        if post.withdrawn_at:
            when = date_format(timezone.localtime(post.withdrawn_at), "N j, Y")
            return format_html('<span class="state state-withdrawn">Withdrawn</span> {}', when)
        if post.published_at is None:
            return format_html('<span class="state state-draft">{}</span>', "Draft")
        when = date_format(timezone.localtime(post.published_at), "N j, Y, P")
        if post.is_scheduled:
            return format_html('<span class="state state-scheduled">Scheduled</span> for {}', when)
        return format_html('<span class="state state-published">Published</span> {}', when)

    @admin.display(description="Updated", ordering="updated_at")
    def updated(self, post: Post) -> str:
        return date_format(timezone.localtime(post.updated_at), "N j, Y")

    @admin.display(description="Read")
    def see(self, post: Post) -> SafeString:
        if post.is_published:
            return format_html('<a href="{}">View</a>', post.get_absolute_url())
        return format_html('<a href="{}">Preview</a>', reverse("posts:preview", args=[post.pk]))

    def shown_choice(self, name: str, thing: Any) -> SafeString | str:
        return thumbnail(thing) if isinstance(thing, Image) else str(thing)

    @admin.display(description="Cover now")
    def cover_now(self, post: Post) -> SafeString | str:
        return thumbnail(post.cover)

    # What happened

    def response_add(
        self, request: HttpRequest, obj: Post, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.say_what_happened(request, obj)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Post) -> HttpResponse:
        self.say_what_happened(request, obj)
        return super().response_change(request, obj)

    def say_what_happened(self, request: HttpRequest, post: Post) -> None:
        """Tell the editor where the article stands now, and what is left to do."""
        if IS_POPUP_VAR in request.POST:
            return
        if getattr(request, "desk_keeps_back", False):
            text = format_html(
                "Saved. Readers still see the text of {}, until you press “Update article”.",
                moment(Post.objects.values_list("updated_at", flat=True).get(pk=post.pk)),
            )
        elif post.withdrawn_at:
            text = mark_safe(
                "Saved. It stays withdrawn, and its address says so, until you publish it again "
                "or choose “Bring back” in the list of posts."
            )
        elif post.published_at is None:
            text = format_html(
                'Saved as a draft: only the desk sees it. <a href="{}">Preview</a>',
                reverse("posts:preview", args=[post.pk]),
            )
        elif post.is_scheduled:
            text = format_html("It will publish by itself on {}.", moment(post.published_at))
        else:
            text = format_html(
                'Published, dated {}. <a href="{}">Read it on the site</a>',
                moment(post.published_at),
                post.get_absolute_url(),
            )
        self.message_user(request, text, messages.SUCCESS)
        if post.published_at is None:
            for problem in picture_problems(post.body):
                self.message_user(request, f"Before it is published: {problem}", messages.WARNING)

    # Actions

    def about_to_change(self, queryset: QuerySet[Post]) -> dict[int, Any]:
        """Return when each article was published, before an action changes that."""
        return dict(queryset.values_list("pk", "published_at"))

    def record_changes(
        self, request: HttpRequest, before: dict[int, Any], kind: Revision.Kind
    ) -> None:
        """Record a revision of each article that an action has published or taken off the site."""
        posts = Post.objects.filter(pk__in=before).defer("body_served")
        changed = [post for post in posts if post.published_at != before[post.pk]]
        self.record_each(request, changed, kind)

    @admin.action(description="Publish now", permissions=["change"])
    def publish_now(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        ready = []
        for post in queryset.defer(None):
            problems = [] if post.is_published else picture_problems(post.body)
            if problems:
                self.message_user(
                    request, f"“{post}” was not published. {problems[0]}", messages.ERROR
                )
            else:
                ready.append(post.pk)
        changing = self.about_to_change(Post.objects.filter(pk__in=ready))
        count = Post.objects.filter(pk__in=ready).publish()
        self.record_changes(request, changing, Revision.Kind.PUBLISHED)
        self.message_user(
            request,
            f"{count} article{pluralize(count)} published."
            if count
            else "Nothing to publish: the chosen articles are on the site already.",
            messages.SUCCESS if count else messages.INFO,
        )

    @admin.action(description="Back to draft", permissions=["change"])
    def back_to_draft(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        changing = self.about_to_change(queryset.order_by())
        count = Post.objects.filter(pk__in=changing).back_to_draft()
        self.record_changes(request, changing, Revision.Kind.SAVED)
        self.message_user(
            request,
            f"{count} article{pluralize(count)} taken off the site; readers no longer find "
            f"{pluralize(count, 'it,them')}."
            if count
            else "The chosen articles are drafts already.",
            messages.SUCCESS if count else messages.INFO,
        )

    @admin.action(description="Withdraw: its address says that it is gone", permissions=["change"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        changing = self.about_to_change(queryset.order_by())
        count = Post.objects.filter(pk__in=changing).withdraw()
        self.record_changes(request, changing, Revision.Kind.WITHDRAWN)
        self.message_user(
            request,
            f"{count} article{pluralize(count)} withdrawn. Readers who come to "
            f"{pluralize(count, 'its address,their addresses')} are told so."
            if count
            else "Nothing to withdraw: none of the chosen articles is published.",
            messages.SUCCESS if count else messages.INFO,
        )

    @admin.action(description="Bring back what was withdrawn", permissions=["change"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        changing = self.about_to_change(queryset.order_by())
        count = Post.objects.filter(pk__in=changing).bring_back()
        self.record_changes(request, changing, Revision.Kind.PUBLISHED)
        self.message_user(
            request,
            f"{count} article{pluralize(count)} back on the site, under "
            f"{pluralize(count, 'its old date,their old dates')}."
            if count
            else "None of the chosen articles is withdrawn.",
            messages.SUCCESS if count else messages.INFO,
        )
