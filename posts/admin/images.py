"""The library of pictures on the desk, and the focal point of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms.widgets import Script
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import dates
from alarmroom.desk.bin_admin import BinAdminMixin
from alarmroom.desk.menu import Place
from alarmroom.desk.picture_field import PictureAdminMixin, PictureField
from alarmroom.images import Picture
from posts.admin.shared import PICTURE_HELP, thumbnail
from posts.admin.small_picture import SmallPictureMixin
from posts.admin.uploads import title_of
from posts.copying import LEASE
from posts.models.image import Image
from posts.pictures.renditions import small_copy
from posts.text.editor import PICTURE_TYPES

if TYPE_CHECKING:
    ImageAdminBase = admin.ModelAdmin[Image]
else:
    ImageAdminBase = admin.ModelAdmin

PREVIEW_WIDTH = 800  # px


class ImageForm(forms.ModelForm):
    """A picture for the library. Of a stored one only the title and the focal point change."""

    upload = PictureField(
        label="Picture",
        help_text=PICTURE_HELP,
        widget=forms.FileInput(attrs={"accept": PICTURE_TYPES}),
    )

    class Meta:
        model = Image
        fields = ["title", "focal_x", "focal_y"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"focal_x", "focal_y"} & self.fields.keys():
            self.fields[name].required = False

    def clean_upload(self) -> Picture:
        picture: Picture = self.cleaned_data["upload"]
        known = Image.objects.filter(sha256=picture.sha256).first()
        if known:
            raise ValidationError(
                f"The library has this picture already, as “{known}”. Choose it there.",
                code="unique",
            )
        return picture

    def clean_focal_x(self) -> int:
        return self._or_as_it_was("focal_x")

    def clean_focal_y(self) -> int:
        return self._or_as_it_was("focal_y")

    def _or_as_it_was(self, name: str) -> int:
        typed = self.cleaned_data[name]
        return int(getattr(self.instance, name) if typed is None else typed)


@admin.register(Image)
class ImageAdmin(SmallPictureMixin, BinAdminMixin, PictureAdminMixin, ImageAdminBase):
    guide = {"": "write"}
    menu_place = Place("Library", new="Add a picture")
    form = ImageForm
    list_display = ["picture", "__str__", "size", "uploaded_by", "created_at"]
    list_display_links = ["picture", "__str__"]
    list_select_related = ["uploaded_by"]
    list_per_page = 24
    search_fields = ["title", "file"]
    readonly_fields = ["whole", "address", "size", "copies", "uploaded_by", "created_at"]

    class Media:
        js = [Script("js/focal-point.js", type="module")]

    def get_fieldsets(self, request: HttpRequest, obj: Image | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["upload", "title"]})]
        about = ["address", "size", "copies", "uploaded_by", "created_at"]
        return [(None, {"fields": ["title", "whole", "focal_x", "focal_y", *about]})]

    def get_form(
        self, request: HttpRequest, obj: Image | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Image]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj:
            form.base_fields.pop("upload", None)
        return form

    def save_model(
        self, request: HttpRequest, obj: Image, form: forms.ModelForm[Image], change: bool
    ) -> None:
        if change:
            # Only these fields: a worker may have stored copies since the form was read.
            obj.save(update_fields=[name for name in ImageForm.Meta.fields if name in form.fields])
            return
        obj.title = obj.title or title_of(str(request.FILES["upload"]))[:200]
        user = request.user if request.user.is_authenticated else None
        obj.hold(form.cleaned_data["upload"], user=user)
        obj.save()

    @admin.display(description="Picture")
    def picture(self, image: Image) -> SafeString | str:
        return thumbnail(image)

    @admin.display(description="Picture")
    def whole(self, image: Image) -> SafeString:
        """The picture, to choose its focal point on, and two parts that pages may show of it."""
        preview = small_copy(image, PREVIEW_WIDTH)
        return format_html(
            '<div class="focal" data-focal><div class="focal__whole"><img src="{0}" width="{1}" '
            'height="{2}" alt=""></div><img class="focal__part focal__part--wide" src="{0}" alt="" '
            'hidden><img class="focal__part focal__part--square" src="{0}" alt="" hidden></div>',
            preview.url,
            preview.width,
            preview.height,
        )

    @admin.display(description="Size")
    def size(self, image: Image) -> str:
        return f"{image.width} × {image.height}"

    @admin.display(description="Smaller copies")
    def copies(self, image: Image) -> str:
        """Say which copies are stored, or why they are not, and what happens next."""
        due, now = image.renditions_due_at, timezone.now()
        if due is None:
            if image.renditions:
                return f"Stored, in {len(image.renditions['widths'])} widths."
            return (
                "None: the file cannot be read. Upload the picture again; until then, pages "
                "point to a file that browsers may not show."
            )
        if due > now + LEASE:
            return (
                "They could not be stored, perhaps because the disk is full. The next try is at "
                f"{dates.clock(due)}; pages show the whole picture."
            )
        if due > now:
            return "Being made right now. Until then, pages show the whole picture."
        return "Waiting for a worker. Until then, pages show the whole picture."

    @admin.display(description="Address")
    def address(self, image: Image) -> SafeString:
        return format_html('<a href="{0}">{0}</a>', image.file.url)
