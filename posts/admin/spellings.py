"""The list of names that are often misspelled, on the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from alarmroom.desk.menu import Place
from posts.models import Spelling

if TYPE_CHECKING:
    SpellingAdminBase = admin.ModelAdmin[Spelling]
else:
    SpellingAdminBase = admin.ModelAdmin


@admin.register(Spelling)
class SpellingAdmin(SpellingAdminBase):
    guide = {"": "checks"}
    menu_place = Place("Articles", "Names", "New name", rank=3)
    list_display = ["wrong", "right"]
    search_fields = ["wrong", "right"]
    search_help_text = "Search either spelling"
