"""Fields and their errors in an editor's words, where Django's are those of a programmer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest

NO_ADDRESS = "Only letters a to z, digits and hyphens can stand in an address, such as night-shift."


class WordsAdmin(admin.ModelAdmin):
    """A base of every admin of the desk, the last one: each may say it in words of its own."""

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if isinstance(db_field, models.SlugField):
            kwargs.setdefault("label", "Address")
            kwargs.setdefault("error_messages", {"invalid": NO_ADDRESS})
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        return field
