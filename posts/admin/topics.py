"""Topics on the desk, and merging several into one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import Action, ActionLocation
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import get_text_list

from alarmroom.desk.bin_admin import seer
from alarmroom.desk.lists import View
from alarmroom.desk.menu import Place
from posts.admin.shared import SlugForm
from posts.admin.topic_picker import TopicPickerMixin
from posts.merging import merge
from posts.models import Post, Tag

if TYPE_CHECKING:
    TagAdminBase = admin.ModelAdmin[Tag]
else:
    TagAdminBase = admin.ModelAdmin


# The page of a deletion names no more articles of a topic.
MOST_NAMED = 20


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


def _is_used() -> Exists:
    # Not by a join, which would count each article once more.
    return Exists(Post.tags.through.objects.filter(tag=OuterRef("pk")))


@admin.register(Tag)
class TagAdmin(TopicPickerMixin, TagAdminBase):
    guide = {"": "topics"}
    menu_place = Place("Articles", "Topics", rank=1)
    form = SlugForm
    list_display = ["name", "address", "published", "drafts", "unused"]
    views = (
        View("", "All"),
        View("used", "In use", lambda tags, _: tags.filter(_is_used())),
        View(
            "unused",
            "Unused",
            lambda tags, _: tags.filter(~_is_used()),
            nothing="Every topic has an article.",
        ),
    )
    views_parameter = "use"
    delete_confirmation_template = "admin/posts/tag/delete.html"
    delete_selected_confirmation_template = "admin/posts/tag/delete.html"
    ordering = ["name"]  # For pickers: a count of articles takes the model's own order away.
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    actions = ["merge_into"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        is_published = Q(posts__published_at__lte=timezone.now())
        found: QuerySet[Tag] = super().get_queryset(request)
        return found.annotate(
            article_count=Count("posts"),
            published_count=Count("posts", filter=is_published),
        )

    def counted(self, request: HttpRequest) -> QuerySet[Tag]:
        return Tag.objects.all()

    @admin.display(description="Address", ordering="slug")
    def address(self, tag: Tag) -> str:
        return tag.slug

    @admin.display(description="Published", ordering="published_count")
    def published(self, tag: Tag) -> int:
        return tag.published_count  # type: ignore[attr-defined]  # annotated in get_queryset()

    @admin.display(description="Drafts and scheduled", ordering="article_count")
    def drafts(self, tag: Tag) -> int:
        return tag.article_count - tag.published_count  # type: ignore[attr-defined]  # likewise

    @admin.display(description="Use")
    def unused(self, tag: Tag) -> str:
        return "In use" if tag.article_count else "Unused"  # type: ignore[attr-defined]  # annotated

    # Deleting, in plain words

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        tag = self.get_object(request, object_id)
        loses = {"loses": self.lose(request, [tag] if tag else []), "title": "Delete a topic"}
        return super().delete_view(request, object_id, {**loses, **(extra_context or {})})

    def lose(self, request: HttpRequest, tags: list[Tag]) -> list[tuple[Tag, list[Post], int]]:
        """Return each topic with articles that lose it, and how many more there are.

        Only such articles are named as the account may see.
        """
        may_see = seer(self.admin_site, request)
        found = []
        for tag in tags:
            posts = tag.posts.defer("body", "body_served").newest_first()[:MOST_NAMED]
            named = [post for post in posts if may_see(post)]
            more = tag.article_count - len(named)  # type: ignore[attr-defined]  # likewise
            found.append((tag, named, more))
        return found

    def get_actions(
        self,
        request: HttpRequest,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> dict[str, Action | None]:
        actions = super().get_actions(request, action_location=action_location)
        if action := actions.get("delete_selected"):
            words = "Delete…"
            actions["delete_selected"] = replace(
                action, func=delete_topics, description=words, plural_description=words
            )
        return actions

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


def delete_topics(desk: Any, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
    """Django's action, with a page that says what each topic takes along."""
    chosen = list(queryset)
    response = delete_selected(desk, request, queryset)
    if isinstance(response, TemplateResponse) and response.context_data is not None:
        response.context_data |= {
            "loses": desk.lose(request, chosen),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        response.context_data["title"] = "Delete topics"
    return response
