"""The library of pictures on the desk, and the focal point of each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import dates
from alarmroom.desk.bin_admin import BinAdminMixin, seer
from alarmroom.desk.menu import Place
from alarmroom.desk.picture_field import PictureAdminMixin, PictureField
from alarmroom.images import Picture
from posts.admin.library import CHIPS, LICENCES, PER_PAGE, LibraryMixin
from posts.admin.picture_files import RevisingMixin
from posts.admin.shared import PICTURE_HELP
from posts.admin.small_picture import SmallPictureMixin
from posts.admin.uploads import NOT_STORED, title_of
from posts.copying import LEASE
from posts.models.image import Image
from posts.pictures.renditions import small_copy
from posts.text.editor import PICTURE_TYPES

if TYPE_CHECKING:
    ImageAdminBase = admin.ModelAdmin[Image]
else:
    ImageAdminBase = admin.ModelAdmin

logger = logging.getLogger(__name__)
PREVIEW_WIDTH = 800  # px
WORDS = ("alt", "decorative", "title", "caption", "credit", "licence")


class LicenceInput(forms.TextInput):
    """A line of text that offers the usual licences, and takes any other."""

    template_name = "admin/posts/image/licence.html"

    def get_context(self, *args: Any) -> dict[str, Any]:
        return {**super().get_context(*args), "licences": LICENCES}


class ImageForm(forms.ModelForm):
    """A picture for the library, and the words that stand for it."""

    upload = PictureField(
        label="Picture",
        help_text=PICTURE_HELP,
        widget=forms.FileInput(attrs={"accept": PICTURE_TYPES}),
    )

    class Meta:
        model = Image
        fields = [*WORDS, "focal_x", "focal_y"]
        widgets = {
            "alt": forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
            "caption": forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
            "licence": LicenceInput(attrs={"class": "vTextField", "list": "licences"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"focal_x", "focal_y"} & self.fields.keys():
            self.fields[name].required = False
        if self.instance.pk and self.instance.lacks_alt and "alt" in self.fields:
            # What is missing is where one begins.
            self.fields["alt"].widget.attrs["autofocus"] = True

    def clean_upload(self) -> Picture:
        picture: Picture = self.cleaned_data["upload"]
        known = Image.objects.same_as(picture.sha256, picture.source_sha256)
        if known:
            url = reverse("admin:posts_image_change", args=[known.pk])
            raise ValidationError(
                format_html('This picture is here already: <a href="{}">{}</a>', url, str(known)),
                code="unique",
            )
        return picture

    def clean_alt(self) -> str:
        # Screen readers read it as one line.
        return " ".join(self.cleaned_data["alt"].split())

    def clean_caption(self) -> str:
        return " ".join(self.cleaned_data["caption"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # Asked for by name, so that it is never forgotten; an upload may be described later.
        is_silent = not cleaned.get("alt", "-") and not cleaned.get("decorative")
        if self.instance.pk and is_silent:
            self.add_error(
                "alt", "Say what it shows, or tick “decorative” if nothing would be missing."
            )
        return cleaned

    def clean_focal_x(self) -> int:
        return self._or_as_it_was("focal_x")

    def clean_focal_y(self) -> int:
        return self._or_as_it_was("focal_y")

    def _or_as_it_was(self, name: str) -> int:
        typed = self.cleaned_data[name]
        return int(getattr(self.instance, name) if typed is None else typed)


@admin.register(Image)
class ImageAdmin(
    LibraryMixin, RevisingMixin, SmallPictureMixin, BinAdminMixin, PictureAdminMixin, ImageAdminBase
):
    guide = {"": "library"}
    menu_place = Place("Library", new="Add a picture")
    form = ImageForm
    change_list_template = "admin/posts/image/change_list.html"
    list_display = ["__str__"]
    list_filter = CHIPS
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    show_full_result_count = False
    search_fields = ["title", "alt", "caption", "credit", "file"]
    readonly_fields = ["whole", "address", "size", "copies", "uploaded_by", "created_at"]

    class Media:
        js = [Script("js/focal-point.js", type="module")]

    def get_fieldsets(self, request: HttpRequest, obj: Image | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["upload", *WORDS]})]
        about = ["address", "size", "copies", "uploaded_by", "created_at"]
        return [
            (None, {"fields": ["whole", *WORDS, "focal_x", "focal_y"]}),
            ("The file", {"fields": about}),
        ]

    def get_form(
        self, request: HttpRequest, obj: Image | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Image]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj:
            form.base_fields.pop("upload", None)
        return form

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except IntegrityError:
            # Somebody stored the same picture at the same moment; the form says so now.
            return super().add_view(request, form_url, extra_context)
        except OSError:
            logger.exception("A picture could not be stored")
            self.message_user(request, NOT_STORED, messages.ERROR)
            request.method = "GET"
            return super().add_view(request, form_url, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        image = context.get("original")
        if image is not None:
            context["uses"] = self._uses(request, image)
        return super().render_change_form(request, context, *args, **kwargs)

    def _uses(self, request: HttpRequest, image: Image) -> list[tuple[str, str, str]]:
        """Return what shows a picture: its name, its address on the desk, and what it is.

        What the account may not see has neither name nor address.
        """
        may_see = seer(self.admin_site, request)
        found = []
        for thing in image.used_by():
            opts = thing._meta
            kind = str(opts.verbose_name)
            if may_see(thing):
                url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[thing.pk])
                found.append((str(thing), url, kind))
            else:
                found.append(("", "", kind))
        return found

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
