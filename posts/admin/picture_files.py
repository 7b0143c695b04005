"""The page on which a picture is cropped, turned or replaced, and gets an earlier file again."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from alarmroom.desk.picture_field import PictureField
from alarmroom.methods import allow
from posts import revising
from posts.admin.shared import PICTURE_HELP
from posts.admin.uploads import NOT_STORED
from posts.models.image import Image
from posts.pictures.renditions import PictureMissing
from posts.revising import Cut, NotRevised
from posts.text.editor import PICTURE_TYPES

logger = logging.getLogger(__name__)


class CutForm(forms.Form):
    """Which part of a picture stays, in percent of it as it stands then."""

    turn = forms.TypedChoiceField(
        label="Turn",
        coerce=int,
        choices=[
            (0, "Not at all"),
            (90, "To the right"),
            (180, "Upside down"),
            (270, "To the left"),
        ],
        widget=forms.RadioSelect,
    )
    left = forms.FloatField(label="From the left", min_value=0, max_value=99)
    top = forms.FloatField(label="From the top", min_value=0, max_value=99)
    width = forms.FloatField(label="Width", min_value=1, max_value=100)
    height = forms.FloatField(label="Height", min_value=1, max_value=100)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for start, length in (("left", "width"), ("top", "height")):
            if start in cleaned and length in cleaned:
                cleaned[length] = min(cleaned[length], 100 - cleaned[start])
        return cleaned

    def cut(self) -> Cut:
        return Cut(**self.cleaned_data)


class ReplaceForm(forms.Form):
    """The file that takes a picture's place."""

    upload = PictureField(
        label="New file",
        help_text=PICTURE_HELP,
        widget=forms.FileInput(attrs={"accept": PICTURE_TYPES}),
    )


class RevisingMixin:
    """For the model admin of pictures."""

    # Of the mixed-in admin:
    admin_site: Any
    opts: Any
    media: Any
    get_object: Any
    has_change_permission: Any
    log_change: Any
    message_user: Any

    def get_urls(self) -> list[URLPattern]:
        revise = path(
            "<int:pk>/revise/", self.admin_site.admin_view(self.revise), name="posts_image_revise"
        )
        return [revise, *super().get_urls()]  # type: ignore[misc]  # of the admin it is mixed into

    def revise(self, request: HttpRequest, pk: int) -> HttpResponse:
        return allow("GET", "HEAD", "POST")(self._revise)(request, pk)

    def _revise(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Crop, turn or replace a picture. Nothing is decoded within a transaction."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        image: Image | None = self.get_object(request, str(pk))
        if image is None:
            raise Http404
        if not self.has_change_permission(request, image):
            raise PermissionDenied
        cut, replace = CutForm(initial=vars(revising.cut_of(image)), label_suffix=""), ReplaceForm()
        if request.method == "POST":
            if request.POST.get("seen") != image.file.name:
                text = "Somebody else changed this picture meanwhile. This is how it is now."
                self.message_user(request, text, messages.WARNING)
                return HttpResponseRedirect(request.path)
            try:
                if "replace" in request.POST:
                    replace = ReplaceForm(request.POST, request.FILES)
                    done = replace.is_valid() and self._replace(request, image, replace)
                elif name := request.POST.get("back", ""):
                    done = revising.go_back(image, name, request.user)
                else:
                    cut = CutForm(request.POST, label_suffix="")
                    done = cut.is_valid() and revising.crop(image, cut.cut(), request.user)
            except NotRevised as error:
                self.message_user(request, str(error), messages.ERROR)
                return HttpResponseRedirect(request.path)
            except PictureMissing:
                text = "The file of this picture cannot be read. Replace it by another one."
                self.message_user(request, text, messages.ERROR)
                return HttpResponseRedirect(request.path)
            except OSError:
                logger.exception("Another file of a picture could not be stored")
                self.message_user(request, NOT_STORED, messages.ERROR)
                return HttpResponseRedirect(request.path)
            if done:
                return self._say_done(request, image, done)
        return self._page(request, image, cut, replace)

    def _replace(self, request: HttpRequest, image: Image, form: ReplaceForm) -> Image | None:
        return revising.take(image, form.cleaned_data["upload"], did="replaced", by=request.user)

    def _say_done(self, request: HttpRequest, before: Image, after: Image) -> HttpResponse:
        if before.file.name == after.file.name:
            self.message_user(request, "Nothing is different.", messages.INFO)
        else:
            self.log_change(request, after, f"{after.past[-1]['did'].capitalize()}.")
            self.message_user(
                request,
                "Done. Texts, covers and lists show the new one; mails that are out keep the old "
                "one. The focal point may have to be set again.",
                messages.SUCCESS,
            )
        return HttpResponseRedirect(reverse("admin:posts_image_change", args=[after.pk]))

    def _page(
        self, request: HttpRequest, image: Image, cut: CutForm, replace: ReplaceForm
    ) -> HttpResponse:
        original = revising.original_of(image)
        size = next(
            ((each["width"], each["height"]) for each in image.past if each["file"] == original),
            (image.width, image.height),
        )
        past = [
            {
                **each,
                "url": image.file.storage.url(each["file"]),
                "until": dt.datetime.fromisoformat(each["until"]),
            }
            for each in reversed(image.past)
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Crop, turn or replace “{image}”",
            "opts": self.opts,
            "original": image,
            "cut": cut,
            "replace": replace,
            "past": past,
            "source": image.file.storage.url(original),
            "source_width": size[0],
            "source_height": size[1],
        }
        return TemplateResponse(request, "admin/posts/image/revise.html", context)
