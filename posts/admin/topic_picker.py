"""Topics beside a text: chosen, and made, by typing their name.

Without a script the field is the browser's own list. With it, static/js/desk/topics.js shows
chips, asks `topics_view` while somebody types, and makes a topic at once by `new_topic_view`. So
the form holds keys only, and working copies, merges and restores know nothing of new topics.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from alarmroom.slugs import slug_of
from posts.models import Tag
from posts.models.topic import START_HERE
from posts.topics import LONGEST_NAME, find_or_make_topic, spelling_of

LISTED = 500  # In the browser's own list; all that are chosen stand in it as well.
FOUND = 8


class TopicPicker(forms.SelectMultiple):
    """The topics of an article. One query, whatever the number of topics."""

    may_see = False
    # The keys of those that are chosen, and the topics that were loaded for them.
    _loaded: tuple[frozenset[int], list[tuple[int, str, str]]] | None = None

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> Any:
        chosen = keys_of(value)
        options = []
        for at, (pk, label, slug) in enumerate(self._listed(chosen)):
            more = {"data-slug": slug} if slug == START_HERE else {}
            options.append(self.create_option(name, pk, label, pk in chosen, at, attrs=more))
        return [(None, [option], at) for at, option in enumerate(options)]

    def chosen(self, value: Any) -> list[tuple[int, str]]:
        """Return the chosen topics that can be the first of an article, by name.

        No further query if the field was shown before.
        """
        keys = keys_of(value or ())
        return [
            (pk, name) for pk, name, slug in self._listed(keys) if pk in keys and slug != START_HERE
        ]

    def _listed(self, chosen: frozenset[int]) -> list[tuple[int, str, str]]:
        if self._loaded is None or self._loaded[0] != chosen:
            every: QuerySet[Tag] = self.choices.queryset  # type: ignore[attr-defined]  # of a ModelMultipleChoiceField
            wanted = Q(pk__in=chosen)
            if self.may_see:
                wanted |= Q(pk__in=every.order_by("name").values("pk")[:LISTED])
            rows = every.filter(wanted).order_by("name").values_list("pk", "name", "slug")
            self._loaded = chosen, list(rows)
        return self._loaded[1]


class FirstTopicPicker(forms.Select):
    """Which of an article's topics is the first. With a script, the chips take its place."""

    topics: forms.BoundField | None = None  # The field of the topics, in the same form.

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> Any:
        rows: list[tuple[Any, str]] = [("", "The first by name")]
        widget: Any = self.topics and self.topics.field.widget
        if self.topics is not None and isinstance(widget, TopicPicker):
            rows += widget.chosen(self.topics.value())
        first = next((str(pk) for pk, _ in rows if str(pk) in value), "")
        return [
            (None, [self.create_option(name, pk, label, str(pk) == first, at)], at)
            for at, (pk, label) in enumerate(rows)
        ]


class FirstTopicField(forms.ModelChoiceField):
    """The first topic of an article; one that was merged or deleted meanwhile is no error."""

    def to_python(self, value: Any) -> Any:
        every: Any = self.queryset
        key = str(getattr(value, "pk", value) or "")
        if is_key(key) and not every.filter(pk=int(key)).exists():
            return None
        return super().to_python(value)


class TopicsField(forms.ModelMultipleChoiceField):
    """The topics of an article; one that was merged or deleted meanwhile is no error.

    A revision, or a text that was kept for weeks, may name such a one.
    """

    def clean(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            keys = [str(key) for key in value]
            wanted = [int(key) for key in keys if is_key(key)]
            every: Any = self.queryset
            there = every.filter(pk__in=wanted).values_list("pk", flat=True)
            found = {*map(str, there)}
            value = [key for key in keys if key in found or not is_key(key)]
        return super().clean(value)


def is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18


def keys_of(values: Iterable[Any]) -> frozenset[int]:
    """Return the primary keys among the values of a field, which may be topics."""
    found = (str(getattr(value, "pk", value)) for value in values)
    return frozenset(int(key) for key in found if is_key(key))


def topic_picker(
    request: HttpRequest, field: forms.ModelMultipleChoiceField, first: forms.Field | None
) -> None:
    """Give the fields of topics of a form their pickers, for what this account may do."""
    user: Any = request.user
    widget = TopicPicker({"data-longest": LONGEST_NAME})
    widget.may_see = user.has_perm("posts.view_tag") or user.has_perm("posts.change_tag")
    if widget.may_see:
        widget.attrs["data-topics"] = reverse("admin:posts_tag_topics")
    if user.has_perm("posts.add_tag"):
        widget.attrs["data-new-topic"] = reverse("admin:posts_tag_new_topic")
    widget.choices = field.choices  # type: ignore[assignment]  # wider in its types than it is
    field.widget = widget
    if first is not None:
        first.widget = FirstTopicPicker({"data-first-topic": START_HERE})


class TopicPickerMixin(admin.ModelAdmin):
    """The two addresses of the picker, in the admin of topics."""

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view
        return [
            path("topics/", wrapped(never_cache(self.topics_view)), name="posts_tag_topics"),
            path(
                "new-topic/", wrapped(never_cache(self.new_topic_view)), name="posts_tag_new_topic"
            ),
            *super().get_urls(),
        ]

    def topics_view(self, request: HttpRequest) -> HttpResponse:
        """Return the topics that fit what was typed, and which of them has exactly this name."""
        return require_safe(self._topics)(request)

    def _topics(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        typed = " ".join(request.GET.get("q", "").split())[:LONGEST_NAME]
        fits = Q()
        first: Any = "pk"
        if typed:
            fits = Q(name__icontains=typed)
            if slug := slug_of(typed):
                fits |= Q(slug__contains=slug)
            first = Case(When(name__istartswith=typed, then=0), default=1)
        found: Any = Tag.objects.filter(fits).with_counts()
        order = (first, "-articles", "name") if typed else ("-articles", "name")
        topics = list(found.order_by(*order).values("pk", "name", "slug", "articles")[:FOUND])
        wanted = spelling_of(typed)
        same = next((one["pk"] for one in topics if spelling_of(one["name"]) == wanted), None)
        return JsonResponse({"state": "found", "topics": topics, "same": same})

    def new_topic_view(self, request: HttpRequest) -> HttpResponse:
        """Make a topic, or return the one that has this name in whatever spelling."""
        return require_POST(self._new_topic)(request)

    def _new_topic(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            tag, made = find_or_make_topic(request.POST.get("name", ""))
        except ValidationError as error:
            sentence = " ".join(error.messages)
            return JsonResponse(
                {"state": "refused", "error": sentence}, status=HTTPStatus.BAD_REQUEST
            )
        if made:
            self.log_addition(request, tag, "Made while an article was written.")
        answer = {"pk": tag.pk, "name": tag.name, "slug": tag.slug, "made": made}
        return JsonResponse({"state": "found", **answer})
