"""Articles on the desk: the list, the page of one, and the actions.

The form is in posts/admin/article_form.py, the list in article_list.py, its actions in
article_actions.py, the states in article_states.py, the related articles in related.py.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import dates
from alarmroom.desk.bin_admin import BinAdminMixin, message_button
from alarmroom.desk.menu import Place
from alarmroom.desk.models import Revision
from alarmroom.desk.picture_field import PictureAdminMixin
from alarmroom.desk.revisions import Head
from alarmroom.desk.versioned import VersionedAdminMixin
from alarmroom.desk.writing import HISTORY, Frame, WritingPageMixin
from posts.admin.article_access import ArticleAccessMixin
from posts.admin.article_actions import ArticleActionsMixin
from posts.admin.article_form import PostForm, usual_author
from posts.admin.article_list import ArticleListMixin
from posts.admin.article_states import STATE_MEANS, state_date, state_of
from posts.admin.checking import ChecksMixin, check_stored_for, waits_for_update
from posts.admin.comments import CommentsMixin
from posts.admin.corrections import CorrectionsMixin
from posts.admin.draft_links import DraftLinksMixin
from posts.admin.known_picks import KnownPicksMixin
from posts.admin.moving import MovingMixin
from posts.admin.readers import ReadersMixin
from posts.admin.related import RelatedPostInline
from posts.admin.related_views import RelatedViewsMixin
from posts.admin.reviews import ReviewsMixin
from posts.admin.shared import (
    EditorPageMixin,
    thumbnail,
)
from posts.admin.topic_picker import topic_picker
from posts.checks.pictures import picture_errors
from posts.models import Post
from posts.models.article import words_in
from posts.models.image import Image
from posts.previews import KINDS, tab_url

if TYPE_CHECKING:
    PostAdminBase = admin.ModelAdmin[Post]
else:
    PostAdminBase = admin.ModelAdmin


# The sections of the rail.
STATE, WHO, COVER = "State and publishing", "Author and topics", "Cover"
ADDRESS = "Address and search title"
COVER_WIDTH = 640  # px: twice the rail, for screens with twice the pixels


@admin.register(Post)
class PostAdmin(
    ArticleAccessMixin,
    ReviewsMixin,
    CommentsMixin,
    CorrectionsMixin,
    ReadersMixin,
    ChecksMixin,
    DraftLinksMixin,
    BinAdminMixin,
    WritingPageMixin,
    EditorPageMixin,
    PictureAdminMixin,
    MovingMixin,
    ArticleActionsMixin,
    ArticleListMixin,
    RelatedViewsMixin,
    VersionedAdminMixin,
    KnownPicksMixin,
    PostAdminBase,
):
    guide = {"changelist": "lists", "": "write"}
    menu_place = Place("Articles", new="Write an article")
    form = PostForm
    inlines = [RelatedPostInline]
    autocomplete_fields = ["author", "cover"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["cover_now"]
    save_on_top = False
    list_name = "Articles"
    history_about = (
        "One line for each time that somebody saved, published or restored, with cover, topics and "
        "related articles."
    )
    rows_called = "article"
    sections_after_inlines = (ADDRESS,)
    sections_open_at_first = (STATE, WHO)

    # Pages

    def may_upload(self, request: HttpRequest) -> bool:
        return request.user.has_perm("posts.add_image")

    def get_form(
        self, request: HttpRequest, obj: Post | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Post]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.user = request.user  # for _take_cover()
        form.may_publish = self.has_publish_permission(request, obj)
        if not self.may_upload(request):
            form.base_fields.pop("cover_file", None)
        for name in ("author", "cover"):
            if field := form.base_fields.get(name):
                # Authors and pictures are changed on their own pages: fewer stops for the keyboard.
                widget: Any = field.widget
                widget.can_change_related = widget.can_delete_related = False
                widget.can_view_related = False
        if cover := form.base_fields.get("cover"):
            # For static/js/desk/cover.js.
            select = getattr(cover.widget, "widget", cover.widget)
            select.attrs["data-small"] = reverse("admin:posts_image_small", args=[0])
            if obj and obj.cover_id:
                select.attrs["data-stored"] = obj.cover_id
        if topics := form.base_fields.get("tags"):
            topic_picker(request, topics, form.base_fields.get("first_topic"))
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Post | None = None) -> Any:
        cover = ["cover", "cover_alt", "cover_caption", "cover_credit"]
        if self.may_upload(request):
            cover.insert(0, "cover_file")
        if obj and obj.cover_id:
            cover.insert(0, "cover_now")
        publishing = ["published_at"] if self.has_publish_permission(request, obj) else []
        if publishing and obj and obj.is_published:
            publishing.append("tell_readers")
        return [
            (None, {"fields": ["title", "summary", "body"]}),
            (STATE, {"fields": publishing}),
            (WHO, {"fields": ["author", "tags", "first_topic"]}),
            (COVER, {"fields": cover}),
            (ADDRESS, {"fields": ["slug", "search_title"]}),
        ]

    def keeps_back(self, request: HttpRequest, obj: Any) -> bool:
        """A plain save of a published article waits; "Update article" gives it to readers.

        Whoever may not publish changes nothing of what readers see, or will see at its date.
        """
        if not self.has_publish_permission(request, obj):
            return obj.published_at is not None
        return waits_for_update(request.POST, obj)

    def revision_kind(self, request: HttpRequest, obj: Any, change: bool) -> Revision.Kind:
        if obj.withdrawn_at or obj.published_at is None:
            return Revision.Kind.SAVED
        if obj.is_scheduled:
            return Revision.Kind.SCHEDULED
        head = getattr(request, "desk_head", None)
        was = head.content["state"]["published_at"] if head else None
        seen = was is not None and dt.datetime.fromisoformat(was) <= timezone.now()
        return Revision.Kind.UPDATED if seen else Revision.Kind.PUBLISHED

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if "author" not in initial and (author := usual_author(request.user)):
            initial["author"] = author.pk
        return initial

    # The page

    def fill_frame(self, frame: Frame, thing: Any, request: HttpRequest) -> None:
        post: Post | None = thing
        self.show_checks(frame, post)
        frame.has_dates = True
        frame.may_publish = self.has_publish_permission(request, post)
        frame.thing = "article"
        frame.words = words_in(post.body) if post else 0
        frame.minutes = post.reading_minutes if post else 1
        frame.live_preview = frame.preview_url = reverse("posts:preview-new")
        pk = post.pk if post else None
        frame.previews = [(kind.key, kind.name, kind.url(pk)) for kind in KINDS]
        frame.preview_tab = tab_url(pk)
        self.show_review(frame, post, request)
        if post is None:
            frame.state_name = "New"
            return
        self.show_comments(frame, post, request)
        frame.state, frame.state_name = state_of(post)
        frame.text_html = post.body_html
        frame.live_preview = frame.preview_url = reverse("posts:preview", args=[post.pk])
        if frame.may_save:
            frame.share_url = reverse("admin:posts_post_share", args=[post.pk])
            frame.links.append((frame.share_url, "Share a draft…"))
        self.show_corrections(frame, post)
        self.show_readers(frame, post)
        if post.is_published:
            frame.site_url = post.get_absolute_url()
        head: Head | None = getattr(request, "desk_head", None)
        if head:
            frame.words = words_in(head.content["fields"]["body"])
            frame.minutes = Post.read_from(head.content["fields"]["body"])["reading_minutes"]

    def section_line(self, name: str, thing: Any) -> str:
        post: Post | None = thing
        if post is None:
            return {STATE: "Never published", HISTORY: ""}.get(name, "")
        match name:
            case "State and publishing":
                self.newest_review(post)
                return state_of(post)[1]
            case "Author and topics":
                count = len(post.tags.all())
                return f"{post.author}, {count} topic{pluralize(count)}"
            case "Cover":
                if not post.cover_id:
                    return "None"
                return "With alternative text" if post.cover_alt else "Alternative text is missing"
            case "Address and search title":
                return f"/{post.slug}/"
        return ""

    def section_top(self, name: str, thing: Any, request: HttpRequest) -> SafeString | str:
        if name != STATE:
            return ""
        post: Post | None = thing
        if post is None:
            return format_html("<p>{}</p>", "Only the desk sees it until you publish it.")
        key, words = state_of(post)
        head: Head | None = getattr(request, "desk_head", None)
        may_publish = self.has_publish_permission(request, post)
        frees = "you press “Update article”" if may_publish else "a publisher updates it"
        means = STATE_MEANS[key]
        if head and head.waiting:
            means = self.about_waiting(post, head.waiting, frees)
        return format_html(
            '<p class="rs__state"><span class="state state-{}">{}</span> <span>{}</span></p>'
            "<p>{}</p>{}",
            key,
            words,
            state_date(post),
            means,
            self.about_review(post),
        )

    def about_waiting(self, post: Post, waiting: Revision, frees: str) -> SafeString:
        """Say that changes wait, since when, and what can be done with them."""
        return format_html(
            '<span class="waits"><strong>Changes waiting</strong> since {}. Readers see the text '
            'before them until {}.</span> <a href="{}">See what changed'
            '</a> <button class="btn" formaction="{}" name="drop" value="1" formnovalidate>'
            "Drop the changes</button>",
            dates.moment(waiting.at),
            frees,
            f"{self.address_of('compare', post.pk)}?from=readers&to=now",
            self.address_of("drop", post.pk),
        )

    def view_on_site(self, obj: Post) -> str | None:
        return obj.get_absolute_url() if obj.is_published else None

    # The bin

    def get_urls(self) -> list[URLPattern]:
        again = path(
            "<int:pk>/publish-again/",
            self.admin_site.admin_view(self.publish_again),
            name="posts_post_publish_again",
        )
        return [again, *super().get_urls()]

    def after_restore(self, request: HttpRequest, thing: Post) -> SafeString | str:
        if thing.is_withdrawn or thing.was_published_at is None:
            return ""
        if not self.has_publish_permission(request, thing):
            return ""
        when = dates.day(thing.was_published_at)
        url = reverse("admin:posts_post_publish_again", args=[thing.pk])
        return message_button(f"Publish again, dated {when}", url)

    def publish_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Publish an article that came back from the bin, under its old date."""
        if not self.has_publish_permission(request):
            raise PermissionDenied
        post = get_object_or_404(Post.objects.defer("body", "body_served"), pk=pk)
        if not self.has_publish_permission(request, post):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        with transaction.atomic():
            back = Post.objects.filter(pk=pk, withdrawn_at=None, was_published_at__isnull=False)
            checked = check_stored_for(self, request, back, address=request.path)
            changing = self.about_to_change(Post.objects.filter(pk__in=checked.ready))
            count = Post.objects.filter(pk__in=checked.ready).bring_back()
            self.record_changes(request, changing, Revision.Kind.PUBLISHED, checked.notes)
        if checked.page:
            return checked.page
        if count:
            self.log_change(request, post, "Published again, under its old date.")
            post.refresh_from_db(fields=["published_at"])
            self.say_what_happened(request, post)
        elif not checked.stopped:
            self.message_user(request, f"“{post}” is no draft with an old date.", messages.INFO)
        return redirect("admin:posts_post_change", pk)

    def seen_by_readers(self, thing: Any) -> bool:
        return bool(thing.is_published)

    def shown_choice(self, name: str, thing: Any) -> SafeString | str:
        return thumbnail(thing) if isinstance(thing, Image) else str(thing)

    @admin.display(description="Cover now")
    def cover_now(self, post: Post) -> SafeString | str:
        return thumbnail(post.cover, COVER_WIDTH)

    # What happened

    def response_add(
        self, request: HttpRequest, obj: Post, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.say_what_happened(request, obj, leaves="_continue" not in request.POST)
        if on := self.went_on_to_review(request, obj):
            return on
        return super().response_add(request, obj, post_url_continue)

    def saved_sentence(self, request: HttpRequest, thing: Any) -> str:
        """Nothing more: what happened was said."""
        return ""

    def response_change(self, request: HttpRequest, obj: Post) -> HttpResponse:
        self.say_what_happened(request, obj, leaves="_continue" not in request.POST)
        if on := self.went_on_to_review(request, obj):
            return on
        return super().response_change(request, obj)

    def say_what_happened(self, request: HttpRequest, post: Post, leaves: bool = False) -> None:
        """Tell the editor where the article stands now, and what is left to do.

        A page that is not the article's own names it.
        """
        if IS_POPUP_VAR in request.POST:
            return
        text: SafeString | str
        if getattr(request, "desk_keeps_back", False):
            stands = Post.objects.only("published_at", "updated_at").get(pk=post.pk)
            frees = "you press “Update article”"
            if not self.has_publish_permission(request, stands):
                frees = "a publisher updates it"
            see = "will still see" if stands.is_scheduled else "still see"
            text = format_html(
                "Saved. Readers {} the text of {}, until {}.",
                see,
                dates.moment_with_zone(stands.updated_at),
                frees,
            )
        elif post.withdrawn_at:
            text = (
                "Saved. It stays withdrawn, and its address says so, until you publish it again "
                "or choose “Bring back” in the list of articles."
            )
        elif post.published_at is None:
            text = format_html(
                'Saved as a draft: only the desk sees it. <a href="{}">Preview</a>',
                reverse("posts:preview", args=[post.pk]),
            )
        elif post.is_scheduled:
            text = format_html(
                "It will publish by itself on {}.", dates.moment_with_zone(post.published_at)
            )
        else:
            text = format_html(
                'Published, dated {}. <a href="{}">Read it on the site</a>',
                dates.moment_with_zone(post.published_at),
                post.get_absolute_url(),
            )
        if leaves:
            name = self.with_link(request, post)  # type: ignore[attr-defined]  # of SavedAdmin
            text = format_html("{}: {}", name, text)
        self.message_user(request, text, messages.SUCCESS)
        if post.published_at is None:
            for finding in picture_errors(post.body):
                self.message_user(
                    request, f"Before it is published: {finding.sentence}", messages.WARNING
                )

    def save_model(self, request: HttpRequest, obj: Post, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if getattr(form, "stands_in", None):
            self.message_user(
                request,
                f"No author was chosen: for now it is under the name of {form.stands_in}.",
                messages.WARNING,
            )
        if getattr(form, "other_address", ""):
            self.message_user(
                request,
                f"Another article has the address that the title makes; this one has "
                f"{form.other_address}.",
                messages.INFO,
            )
        if getattr(form, "unused_date", None):
            self.message_user(
                request,
                f"{dates.moment_with_zone(form.unused_date)} was not set as its date, because a "
                "save publishes nothing. Enter it again, and choose “Schedule” or “Publish”.",
                messages.WARNING,
            )
