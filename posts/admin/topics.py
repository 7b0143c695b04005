"""Topics on the desk, and merging several into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.utils.text import get_text_list

from alarmroom.desk.menu import Place
from posts.admin.shared import SlugForm
from posts.admin.topic_picker import TopicPickerMixin
from posts.merging import merge
from posts.models import Tag

if TYPE_CHECKING:
    TagAdminBase = admin.ModelAdmin[Tag]
else:
    TagAdminBase = admin.ModelAdmin


class MergeForm(forms.Form):
    """Which topic stays."""

    into = forms.ModelChoiceField(
        label="Merge into",
        queryset=Tag.objects.order_by("name"),
        empty_label="Choose the topic that stays",
        error_messages={
            "required": "Choose the topic that stays.",
            "invalid_choice": "This topic is not there any more. Choose another one.",
        },
    )

    def __init__(self, *args: object, chosen: list[Tag], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # whatever a form takes
        self.chosen = chosen

    def clean_into(self) -> Tag:
        into: Tag = self.cleaned_data["into"]
        if self.chosen == [into]:
            raise forms.ValidationError(
                "A topic cannot be merged into itself. Choose another one.", code="itself"
            )
        return into


@admin.register(Tag)
class TagAdmin(TopicPickerMixin, TagAdminBase):
    guide = {"": "topics"}
    menu_place = Place("Articles", "Topics", rank=1)
    form = SlugForm
    list_display = ["name", "slug", "articles"]
    ordering = ["name"]  # For pickers: a count of articles takes the model's own order away.
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    actions = ["merge_into"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return super().get_queryset(request).annotate(article_count=Count("posts"))

    @admin.display(description="Articles", ordering="article_count")
    def articles(self, tag: Tag) -> int:
        return tag.article_count  # type: ignore[attr-defined]  # annotated in get_queryset()

    def has_merge_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) and self.has_delete_permission(request)

    @admin.action(description="Merge into…", permissions=["merge"])
    def merge_into(self, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
        """Ask which topic stays, and then do it."""
        chosen = list(queryset)
        form = MergeForm(request.POST if "merge" in request.POST else None, chosen=chosen)
        if form.is_valid():
            self._merge(request, chosen, form.cleaned_data["into"])
            return None
        if not chosen:
            self.message_user(request, "These topics are merged already.", messages.INFO)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Merge topics",
            "opts": self.model._meta,
            "media": self.media,
            "form": form,
            "chosen": chosen,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/posts/tag/merge.html", context)

    def _merge(self, request: HttpRequest, chosen: list[Tag], into: Tag) -> None:
        try:
            gone = merge([tag.pk for tag in chosen], into.pk)
        except Tag.DoesNotExist:
            text = f"“{into}” was removed in the meantime. Nothing was merged."
            self.message_user(request, text, messages.ERROR)
            return
        if not gone:
            self.message_user(request, "These topics are merged already.", messages.INFO)
            return
        names = get_text_list([f"“{tag}”" for tag in gone], "and")
        self.log_change(request, into, f"Merged {names} into it.")
        self.message_user(
            request,
            f"Merged {names} into “{into}”. "
            f"{pluralize(len(gone), 'Its address leads,Their addresses lead')} there now.",
            messages.SUCCESS,
        )
