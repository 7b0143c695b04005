"""What the pages of the desk have in common, whichever model they are of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.csp import csp_override

from posts.editor import EditorWidget, HTMLFormField
from posts.library import Image
from posts.renditions import PictureMissing, rendition, small_copy

THUMBNAIL_WIDTH = 160  # px
PICTURE_HELP = f"JPEG, PNG, GIF or WebP, at most {settings.IMAGE_MAX_BYTES // 1_000_000} MB."


class EditorPageMixin:
    """For a model admin whose form holds a text from the editor (an HTMLField).

    Only a page that really carries CKEditor is sent the looser SECURE_CSP_EDITOR; somebody
    who may only look gets the text without the editor, under the strict policy.
    """

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().changeform_view(  # type: ignore[misc]  # of the admin it is mixed into
            request, *args, **kwargs
        )
        page = (getattr(response, "context_data", None) or {}).get("adminform")
        if page and request.method == "POST":
            # The form comes back with an error, and the text in it is clean already.
            tell_losses(request, page.form)
        if page and any(isinstance(f.widget, EditorWidget) for f in page.form.fields.values()):
            return csp_override(settings.SECURE_CSP_EDITOR)(lambda _: response)(request)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)  # type: ignore[misc]  # of the admin
        tell_losses(request, form)


def tell_losses(request: HttpRequest, form: forms.BaseForm) -> None:
    """Say what the clean took out of the texts of a form that was sent."""
    for field in form.fields.values():
        if isinstance(field, HTMLFormField):
            for sentence in field.losses:
                messages.warning(request, sentence)


class SlugForm(forms.ModelForm):
    """Says which address is free where the one that was typed is taken."""

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        others = self._meta.model._default_manager.exclude(pk=self.instance.pk)
        if slug and (other := others.filter(slug=slug).first()):
            raise ValidationError(
                f"“{other}” has this address already. Free is: {self.instance.make_slug(slug)}",
                code="unique",
            )
        return slug


def thumbnail(image: Image | None) -> SafeString | str:
    """Return a small picture for a page of the desk."""
    if image is None:
        return "–"
    try:
        # A new picture has no copies yet, and is shown all the same.
        small = (small_copy if image.renditions else rendition)(image, THUMBNAIL_WIDTH)
    except PictureMissing:
        return "The file is missing."
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="" loading="lazy" class="thumbnail">',
        small.url,
        small.width,
        small.height,
    )


def moment(when: datetime) -> str:
    """Return a moment as an editor says it, in the publication's time zone."""
    local = timezone.localtime(when)
    return f"{date_format(local, 'l, F j, Y')} at {date_format(local, 'P')} ({local.tzname()})"
