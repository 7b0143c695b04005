"""The rows on an article's page that pick its related articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db import models
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse

from posts.admin.shared import ArticlePicker, ArticleRowForm, ArticleRowsMixin
from posts.models import Post, RelatedPost

if TYPE_CHECKING:
    RelatedInlineBase = admin.TabularInline[RelatedPost, Post]
    RelatedFormSetBase = BaseInlineFormSet[RelatedPost, Post, forms.ModelForm[RelatedPost]]
else:
    RelatedInlineBase = admin.TabularInline
    RelatedFormSetBase = BaseInlineFormSet


class RelatedPostFormSet(RelatedFormSetBase):
    """The hand-picked articles: each once, and never the article itself."""

    def clean(self) -> None:
        seen: set[Any] = set()
        last = 0
        for form in self.forms:
            related = form.cleaned_data.get("related") if form.is_valid() else None
            if related is None or form.cleaned_data.get("DELETE"):
                continue
            # An article that is not saved yet has no id for the constraints to compare.
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
        # Django's own check comes last: it stops at the first duplicate, and names no row.
        super().clean()


class RelatedPicker(ArticlePicker):
    """A list with the picked article only; static/js/desk/related.js shows its title as a card."""

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        attrs = super().build_attrs(base_attrs, extra_attrs)
        # Without the class for which the admin's script makes a box that searches.
        return {**attrs, "class": "related__pick"}


class RelatedPostInline(ArticleRowsMixin, RelatedInlineBase):
    model = RelatedPost
    fk_name = belongs_to = "post"
    picks = "related"
    picker = RelatedPicker
    address = ""
    """What suggests articles, for whoever may change the rows; for the template."""
    form = ArticleRowForm
    formset = RelatedPostFormSet
    fields = ["related", "position"]
    autocomplete_fields = ["related"]
    extra = 0
    verbose_name = "related post"
    verbose_name_plural = "Related"
    template = "admin/desk/related.html"

    def get_formset(self, request: HttpRequest, obj: Post | None = None, **kwargs: Any) -> Any:
        if self.has_change_permission(request, obj):
            self.address = (
                reverse("admin:posts_post_related", args=[obj.pk])
                if obj
                else reverse("admin:posts_post_new_related")
            )
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "position":
            field.label = "Order"
            field.required = False
            field.help_text = "Left at 0, it comes last."
        if field and db_field.name == "related":
            # Articles are changed on their own pages: fewer stops for the keyboard.
            widget: Any = field.widget
            widget.can_add_related = widget.can_change_related = False
            widget.can_view_related = widget.can_delete_related = False
        return field
