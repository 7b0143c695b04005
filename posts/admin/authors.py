"""Authors on the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from alarmroom.desk.menu import Place
from alarmroom.desk.versioned import VersionedAdminMixin
from posts.admin.shared import SlugForm
from posts.models import Author

if TYPE_CHECKING:
    AuthorAdminBase = admin.ModelAdmin[Author]
else:
    AuthorAdminBase = admin.ModelAdmin


@admin.register(Author)
class AuthorAdmin(VersionedAdminMixin, AuthorAdminBase):
    guide = {"": "write"}
    menu_place = Place("Articles", "Authors", rank=2)
    form = SlugForm
    list_display = ["name", "role", "articles"]
    ordering = ["name"]  # For autocompletes: with the count, Django drops the model's ordering.
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["photo"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Author]:
        return super().get_queryset(request).annotate(article_count=Count("posts"))

    @admin.display(description="Articles", ordering="article_count")
    def articles(self, author: Author) -> int:
        return author.article_count  # type: ignore[attr-defined]  # annotated in get_queryset()
