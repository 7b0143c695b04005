"""The page of an article asks once for what belongs to it: its author, its cover, its topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import models
from django.http import HttpRequest

from posts.models import Post

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Post]
else:
    Base = object

JOINED = ("author", "cover")
PREFETCHED = ("tags",)


class KnownPicker(AutocompleteSelect):
    """Picks an object by its name. `known` is the one that was loaded with the form's own."""

    known: models.Model | None = None

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        known = self.known
        if known is None or {*map(str, value)} != {str(known.pk)}:
            return super().optgroups(name, value, attr)
        empty = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        choices: Any = self.choices
        label = choices.field.label_from_instance(known)
        return [(None, [*empty, self.create_option(name, known.pk, label, True, len(empty))], 0)]


class KnownPicksMixin(Base):
    """For the admin of articles."""

    def get_queryset(self, request: HttpRequest) -> Any:
        posts: Any = super().get_queryset(request)
        match = request.resolver_match
        is_shown = request.method in ("GET", "HEAD")
        if match and match.url_name == "posts_post_change" and is_shown:
            # Not for a save: it locks the row, and what belongs to it changes meanwhile.
            return posts.select_related(*JOINED).prefetch_related(*PREFETCHED)
        return posts

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in JOINED:
            kwargs.setdefault("widget", KnownPicker(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Post | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        for name in JOINED:
            field = form.base_fields.get(name)
            widget = getattr(field and field.widget, "widget", None)  # Within the admin's wrapper.
            relation: Any = Post._meta.get_field(name)
            if obj and isinstance(widget, KnownPicker) and relation.is_cached(obj):
                widget.known = relation.get_cached_value(obj)
        return form
