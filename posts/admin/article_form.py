"""The form of an article: its cover, its date, and what keeps it from being published."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone

from alarmroom.desk.moments import TIME_EXAMPLES, MomentField, MomentWidget
from alarmroom.desk.picture_field import PictureField
from posts.admin.shared import PICTURE_HELP, SlugForm
from posts.admin.uploads import title_of
from posts.models import Post
from posts.models.image import Image
from posts.text.editor import PICTURE_TYPES

_IMG = re.compile(r"<img [^<>]*>")
_SRC = re.compile(r' src="([^"]*)"')
_ALT = re.compile(r' alt="[^"]*[^"\s][^"]*"')


def picture_problems(body: str) -> list[str]:
    """Return what keeps readers from getting the pictures of a clean body, in sentences."""
    problems = []
    for tag in _IMG.findall(body):
        source = _SRC.search(tag)
        url = unquote(source[1]) if source else ""
        name = urlsplit(url).path.rsplit("/", 1)[-1]
        if urlsplit(url).netloc and not url.startswith(
            (settings.SITE_URL + "/", settings.MEDIA_URL)
        ):
            problems.append(
                f"The picture “{name}” lies on another website, where our readers’ browsers "
                "will not fetch it. Save it to your computer, upload it here and remove the "
                "other one."
            )
        if not _ALT.search(tag):
            problems.append(
                f"The picture “{name}” has no alternative text. Double-click it and say what "
                "it shows, for readers who cannot see it."
            )
    return problems


class PostForm(SlugForm):
    """An article, with its cover from the library or fresh from the computer."""

    user: Any = None  # Who sends the form; set by PostAdmin.get_form().

    cover_file = PictureField(
        label="New cover",
        required=False,
        help_text=f"{PICTURE_HELP} It replaces the cover chosen below and joins the library.",
        # For static/js/desk/chosen-files.js: the library has it, even if the form has errors.
        widget=forms.FileInput(attrs={"accept": PICTURE_TYPES, "data-kept-at-once": True}),
    )

    tell_readers = forms.BooleanField(
        label="Tell readers that the text changed",
        required=False,
        help_text=(
            "The article then says “Updated”, with today’s date. For a change that matters to "
            "them, not for a comma."
        ),
    )

    class Meta:
        model = Post
        fields = "__all__"
        field_classes = {"published_at": MomentField}
        help_texts = {
            "published_at": (
                "Empty: a draft. In the future: published by itself at that moment. A time may be "
                f"written as {TIME_EXAMPLES}."
            )
        }
        widgets = {
            "published_at": MomentWidget,
            "title": forms.TextInput(attrs={"class": "vLargeTextField", "autocomplete": "off"}),
            "summary": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("published_at")
        if isinstance(field, MomentField):
            field.before = self.instance.published_at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "_publish" in self.data and "published_at" not in self.errors:
            when = cleaned.get("published_at")
            if when is None or when > timezone.now():
                cleaned["published_at"] = timezone.now()
        if cleaned.get("tell_readers"):
            self.instance.revised_at = timezone.now()
        self._take_cover(cleaned)
        if cleaned.get("cover") and "cover_alt" not in self.errors and not cleaned["cover_alt"]:
            self.add_error("cover_alt", "Say what the cover shows, for readers who cannot see it.")
        if cleaned.get("published_at") and "body" in cleaned:
            for problem in picture_problems(cleaned["body"]):
                self.add_error("body", problem)
        return cleaned

    def _take_cover(self, cleaned: dict[str, Any]) -> None:
        """Keep a good picture at once: an error elsewhere in the form must not lose it."""
        picture = cleaned.get("cover_file")
        if not picture:
            return
        # str() of an uploaded file is its name.
        name = str(self.files[self.add_prefix("cover_file")])
        cleaned["cover"] = Image.keep(picture, title=title_of(name), user=self.user)
        self.errors.pop("cover", None)
        # Browsers do not fill in a file field again, so the library's field shows the picture.
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("cover")] = str(cleaned["cover"].pk)
        self.data = data
