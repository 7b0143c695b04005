"""What the pages of the desk have in common, whichever model they are of."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.csp import csp_override

from alarmroom.images import ACCEPTED_WORDS
from posts.models import Post, access
from posts.models.image import Image
from posts.pictures.renditions import PictureMissing, rendition, small_copy
from posts.text.editor import EditorWidget, HTMLField, HTMLFormField

THUMBNAIL_WIDTH = 160  # px
UNSEEN = "An article that you may not see"
PICTURE_HELP = f"{ACCEPTED_WORDS}, at most {settings.IMAGE_MAX_BYTES // 1_000_000} MB."


def long_texts(model: type[models.Model]) -> list[str]:
    """Return the fields that a list does without: an editor's text, and what is made of it."""
    return [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, HTMLField) or field.name == "body_served"
    ]


class EditorPageMixin:
    """For a model admin whose form holds a text from the editor (an HTMLField).

    Who lacks the permission `posts.edit_source` gets the editor without its source; what guards
    readers is the clean at each save. Only a page with CKEditor gets the looser
    SECURE_CSP_EDITOR. Users who may only view get the text without the editor, under the strict
    policy. Lists and autocompletes load no texts.
    """

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field: forms.Field | None = super().formfield_for_dbfield(  # type: ignore[misc]  # of the admin it is mixed into
            db_field, request, **kwargs
        )
        if isinstance(field, HTMLFormField) and not request.user.has_perm("posts.edit_source"):
            widget: Any = field.widget
            widget.without_source()
        return field

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        # The list and the autocomplete both call this, with and without a term.
        found, duplicates = super().get_search_results(  # type: ignore[misc]  # of the admin it is mixed into
            request, queryset, search_term
        )
        return found.defer(*long_texts(found.model)), duplicates

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().changeform_view(  # type: ignore[misc]  # of the admin it is mixed into
            request, *args, **kwargs
        )
        page = (getattr(response, "context_data", None) or {}).get("adminform")
        if page and request.method == "POST":
            # The form is shown again with an error, and the text in it is clean already.
            tell_losses(request, page.form)
        if page and any(isinstance(f.widget, EditorWidget) for f in page.form.fields.values()):
            return csp_override(settings.SECURE_CSP_EDITOR)(lambda _: response)(request)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)  # type: ignore[misc]  # of the admin
        tell_losses(request, form)


def tell_losses(request: HttpRequest, form: forms.BaseForm) -> None:
    """Warn of what the clean removed from the texts of a form that was sent."""
    for field in form.fields.values():
        if isinstance(field, HTMLFormField):
            for sentence in field.losses:
                messages.warning(request, sentence)


class ArticlePicker(AutocompleteSelect):
    """Picks an article by its title. `picked` is the one that was loaded with the row."""

    picked: Post | None = None
    user: Any = None  # Who picks.

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        # Django would make one more query for each row.
        picked = self.picked
        if picked is None or not self.is_required or {*map(str, value)} != {str(picked.pk)}:
            return super().optgroups(name, value, attrs)
        named = str(picked) if self.user is None or access.may_name(self.user, picked) else UNSEEN
        option = self.create_option(name, picked.pk, named, True, 0)
        return [(None, [option], 0)]


class ArticleRowForm(forms.ModelForm):
    """A row that picks an article."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            widget = getattr(field.widget, "widget", field.widget)  # Within the admin's wrapper.
            if isinstance(widget, ArticlePicker) and self.instance.pk:
                widget.picked = getattr(self.instance, name)
                if widget.user is not None and not access.sees_all(widget.user):
                    # What somebody else picked stays, though this account may not see it.
                    choosable = Post.objects.choosable_by(widget.user).values("pk")
                    kept = models.Q(pk__in=choosable) | models.Q(pk=widget.picked.pk)
                    choice: Any = field
                    choice.queryset = Post.objects.filter(kept).defer(*long_texts(Post))


class ArticleRowsMixin:
    """For an inline whose rows each pick an article, with a form that is an ArticleRowForm.

    All rows are loaded by one query, without the long texts of what they belong to and pick.
    """

    admin_site: Any
    picks: str  # The field of the article that a row picks.
    picker = ArticlePicker
    belongs_to: str  # The field of the object whose form the rows stand in.

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]  # of the inline it is mixed into
        names = (self.belongs_to, self.picks)
        return rows.select_related(*names).defer(
            *(
                f"{name}__{text}"
                for name in names
                for text in long_texts(rows.model._meta.get_field(name).related_model)
            )
        )

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField:
        if db_field.name == self.picks:
            kwargs["queryset"] = Post.objects.choosable_by(request.user).defer(*long_texts(Post))
            kwargs["widget"] = self.picker(db_field, self.admin_site)
            kwargs["widget"].user = request.user
        field: forms.ModelChoiceField = super().formfield_for_foreignkey(  # type: ignore[misc]  # of the inline
            db_field, request, **kwargs
        )
        return field


class SlugForm(forms.ModelForm):
    """A form with a slug. If the slug is taken, the error names one that is free."""

    class Media:
        # Makes the same slug of a title in the browser as the server does.
        js: tuple[Any, ...] = (Script("js/slugs.js", type="module"),)

    def other_with(self, slug: str) -> Any:
        """Return what else has this address."""
        others = self._meta.model._default_manager.exclude(pk=self.instance.pk)
        return others.filter(slug=slug).first() if slug else None

    def named(self, other: Any) -> str:
        return f"“{other}”"

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if other := self.other_with(slug):
            raise ValidationError(
                f"{self.named(other)} has this address already. Free is: "
                f"{self.instance.make_slug(slug)}",
                code="unique",
            )
        return slug


def thumbnail(image: Image | None, width: int = THUMBNAIL_WIDTH) -> SafeString | str:
    """Return a small picture for a page of the desk."""
    if image is None:
        return "–"
    try:
        # A new picture has no copies yet, so one is made now.
        small = (small_copy if image.renditions else rendition)(image, width)
    except PictureMissing:
        return "The file is missing."
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="" loading="lazy" class="thumbnail">',
        small.url,
        small.width,
        small.height,
    )
