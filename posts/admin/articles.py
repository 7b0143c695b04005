"""The writing desk: articles and authors. Topics, pages and pictures have files of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.db import IntegrityError, models
from django.db.models import Count, F, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk.moments import TIME_EXAMPLES, MomentField, MomentWidget
from alarmroom.desk.picture_field import PictureAdminMixin, PictureField
from posts.admin.shared import (
    PICTURE_HELP,
    ArticleRowForm,
    ArticleRowsMixin,
    EditorPageMixin,
    SlugForm,
    moment,
    thumbnail,
)
from posts.admin.uploads import title_of
from posts.models import Author, Post, PostQuerySet, RelatedPost
from posts.models.image import Image
from posts.text.editor import PICTURE_TYPES

if TYPE_CHECKING:
    PostAdminBase = admin.ModelAdmin[Post]
    AuthorAdminBase = admin.ModelAdmin[Author]
    RelatedInlineBase = admin.TabularInline[RelatedPost, Post]
    RelatedFormSetBase = BaseInlineFormSet[RelatedPost, Post, forms.ModelForm[RelatedPost]]
else:
    PostAdminBase = AuthorAdminBase = admin.ModelAdmin
    RelatedInlineBase = admin.TabularInline
    RelatedFormSetBase = BaseInlineFormSet

_IMG = re.compile(r"<img [^<>]*>")
_SRC = re.compile(r' src="([^"]*)"')
_ALT = re.compile(r' alt="[^"]*[^"\s][^"]*"')


def picture_problems(body: str) -> list[str]:
    """Return what keeps readers from getting the pictures of a clean body, in sentences."""
    problems = []
    for tag in _IMG.findall(body):
        source = _SRC.search(tag)
        url = unquote(source[1]) if source else ""
        name = urlsplit(url).path.rsplit("/", 1)[-1]
        if urlsplit(url).netloc and not url.startswith(
            (settings.SITE_URL + "/", settings.MEDIA_URL)
        ):
            problems.append(
                f"The picture “{name}” lies on another website, where our readers’ browsers "
                "will not fetch it. Save it to your computer, upload it here and remove the "
                "other one."
            )
        if not _ALT.search(tag):
            problems.append(
                f"The picture “{name}” has no alternative text. Double-click it and say what "
                "it shows, for readers who cannot see it."
            )
    return problems


class PostForm(SlugForm):
    """An article, with its cover from the library or fresh from the computer."""

    user: Any = None  # Who is at the desk; set by PostAdmin.get_form().

    cover_file = PictureField(
        label="New cover",
        required=False,
        help_text=f"{PICTURE_HELP} It replaces the cover chosen below and joins the library.",
        widget=forms.FileInput(attrs={"accept": PICTURE_TYPES}),
    )

    tell_readers = forms.BooleanField(
        label="Tell readers that the text changed",
        required=False,
        help_text=(
            "The article then says “Updated”, with today’s date. For a change that matters to "
            "them, not for a comma."
        ),
    )

    class Meta:
        model = Post
        fields = "__all__"
        field_classes = {"published_at": MomentField}
        help_texts = {
            "published_at": (
                "Empty: a draft. In the future: published by itself at that moment. A time may be "
                f"written as {TIME_EXAMPLES}."
            )
        }
        widgets = {
            "published_at": MomentWidget,
            "title": forms.TextInput(attrs={"class": "vLargeTextField", "autocomplete": "off"}),
            "summary": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("published_at")
        if isinstance(field, MomentField):
            field.before = self.instance.published_at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "_publish" in self.data and "published_at" not in self.errors:
            when = cleaned.get("published_at")
            if when is None or when > timezone.now():
                cleaned["published_at"] = timezone.now()
        if cleaned.get("tell_readers"):
            self.instance.revised_at = timezone.now()
        self._take_cover(cleaned)
        if cleaned.get("cover") and "cover_alt" not in self.errors and not cleaned["cover_alt"]:
            self.add_error("cover_alt", "Say what the cover shows, for readers who cannot see it.")
        if cleaned.get("published_at") and "body" in cleaned:
            for problem in picture_problems(cleaned["body"]):
                self.add_error("body", problem)
        return cleaned

    def _take_cover(self, cleaned: dict[str, Any]) -> None:
        """Keep a good picture at once: an error elsewhere in the form must not lose it."""
        picture = cleaned.get("cover_file")
        if not picture:
            return
        # An uploaded file's words are its name.
        name = str(self.files[self.add_prefix("cover_file")])
        cleaned["cover"] = Image.keep(picture, title=title_of(name), user=self.user)
        self.errors.pop("cover", None)
        # Browsers never fill in a file field again; the library's field shows it instead.
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("cover")] = str(cleaned["cover"].pk)
        self.data = data


class RelatedPostFormSet(RelatedFormSetBase):
    """The hand-picked articles: each once, and never the article itself."""

    def clean(self) -> None:
        seen: set[Any] = set()
        last = 0
        for form in self.forms:
            related = form.cleaned_data.get("related") if form.is_valid() else None
            if related is None or form.cleaned_data.get("DELETE"):
                continue
            # The database's constraints are not asked for an article that is not saved yet.
            if related == self.instance:
                form.add_error("related", "An article cannot be its own related post.")
                continue
            if related.pk in seen:
                form.add_error("related", f"“{related}” is picked twice. Remove one of the two.")
                continue
            seen.add(related.pk)
            if not form.cleaned_data.get("position"):
                form.instance.position = form.cleaned_data["position"] = min(last + 1, 32767)
            last = form.cleaned_data["position"]
        # Django's own look for duplicates comes last: it stops at the first, and names no row.
        super().clean()


class RelatedPostInline(ArticleRowsMixin, RelatedInlineBase):
    model = RelatedPost
    fk_name = belongs_to = "post"
    picks = "related"
    form = ArticleRowForm
    formset = RelatedPostFormSet
    fields = ["related", "position"]
    autocomplete_fields = ["related"]
    extra = 0
    verbose_name = "related post"
    verbose_name_plural = "Connecting the dots: related posts, in order"

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "position":
            field.label = "Order"
            field.required = False
            field.help_text = "Left at 0, it comes last."
        return field


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
class PostAdmin(EditorPageMixin, PictureAdminMixin, PostAdminBase):
    form = PostForm
    inlines = [RelatedPostInline]
    list_display = ["title", "state", "author", "updated", "see"]
    list_filter = [StateFilter, "tags", "author"]
    list_select_related = ["author"]
    list_per_page = 50
    show_full_result_count = False
    # Databases disagree on where an empty date belongs. Drafts are today's work: on top.
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
        form.user = request.user  # type: ignore[attr-defined]  # for _take_cover()
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
            # Somebody took the same address between our looking and our saving. Looking again
            # finds it, and says so beside the field.
            return super().changeform_view(request, *args, **kwargs)

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
        if post.withdrawn_at:
            text = format_html(
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
        count = Post.objects.filter(pk__in=ready).publish()
        self.message_user(
            request,
            f"{count} article{pluralize(count)} published."
            if count
            else "Nothing to publish: the chosen articles are on the site already.",
            messages.SUCCESS if count else messages.INFO,
        )

    @admin.action(description="Back to draft", permissions=["change"])
    def back_to_draft(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        count = Post.objects.filter(pk__in=queryset.values("pk").order_by()).back_to_draft()
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
        count = Post.objects.filter(pk__in=queryset.values("pk").order_by()).withdraw()
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
        count = Post.objects.filter(pk__in=queryset.values("pk").order_by()).bring_back()
        self.message_user(
            request,
            f"{count} article{pluralize(count)} back on the site, under "
            f"{pluralize(count, 'its old date,their old dates')}."
            if count
            else "None of the chosen articles is withdrawn.",
            messages.SUCCESS if count else messages.INFO,
        )


@admin.register(Author)
class AuthorAdmin(AuthorAdminBase):
    form = SlugForm
    list_display = ["name", "role", "articles"]
    ordering = ["name"]  # For pickers: a count of articles takes the model's own order away.
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["photo"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Author]:
        return super().get_queryset(request).annotate(article_count=Count("posts"))

    @admin.display(description="Articles", ordering="article_count")
    def articles(self, author: Author) -> int:
        return author.article_count  # type: ignore[attr-defined]  # annotated in get_queryset()
