"""The filters of the list of articles: by author, topic, and what the checks found."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.http import HttpRequest

from posts.models import Author, Post, Tag


def _choices(request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
    """Return key and name of all authors and topics. One query for a request."""
    found: dict[str, list[tuple[str, str]]] | None = getattr(request, "desk_choices", None)
    if found is None:
        found = {"author": [], "topic": []}
        parts = ((Author, "author", Cast("pk", CharField())), (Tag, "topic", F("slug")))
        authors, topics = (
            model._default_manager.order_by()
            .annotate(desk_kind=Value(kind), desk_key=key)
            .values_list("desk_kind", "desk_key", "name")
            for model, kind, key in parts
        )
        for kind, key, name in authors.union(topics, all=True).order_by("name"):
            found[kind].append((key, name))
        request.desk_choices = found  # type: ignore[attr-defined]  # for the other filter
    return found


class AuthorFilter(admin.SimpleListFilter):
    title = "author"
    parameter_name = "author"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return _choices(request)["author"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(author=int(value)) if _is_key(value) else queryset.none()


class TopicFilter(admin.SimpleListFilter):
    title = "topic"
    parameter_name = "topic"
    NONE = "-"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.NONE, "No topic"), *_choices(request)["topic"]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        if not self.value():
            return queryset
        if self.value() == self.NONE:
            return queryset.filter(tags=None)
        return queryset.filter(tags__slug=self.value())


class ChecksFilter(admin.SimpleListFilter):
    """By what the checks found when they last looked; what is withdrawn has no result."""

    title = "checks"
    parameter_name = "checks"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("fix", "Something to fix"), ("look", "Something to look at"), ("passed", "Passed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        found = {
            "fix": Q(check_result__errors__gt=0),
            "look": Q(check_result__errors=0, check_result__warnings__gt=0),
            "passed": Q(check_result__errors=0, check_result__warnings=0),
        }.get(self.value() or "")
        return queryset.filter(found, withdrawn_at=None) if found else queryset


def _is_key(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) < 18
