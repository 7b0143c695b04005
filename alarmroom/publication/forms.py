"""The form of the settings: what may stand in each, and the picture for shared links."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.validators import URLValidator
from PIL import Image, ImageOps

from alarmroom.characters import without_controls
from alarmroom.desk.picture_field import PictureField
from alarmroom.images import flatten
from alarmroom.publication.models import LONGEST_PROFILES, LONGEST_WORDS, Publication

SHARE_SIZE = (1200, 630)
MOST_PROFILES, LONGEST_PROFILE = 10, 200
FILE_NAME = re.compile(r"publication/[0-9a-f]{64}\.jpg")
_is_web_address = URLValidator(schemes=["https"])

SEEN = {
    "name": "Seen in the title of each page, at its foot, in feeds, in mails and as the publisher "
    "in search results. The drawn name in the masthead and the senders of mails stay.",
    "tagline": "Seen on top of the front page and at the foot of each page.",
    "description": "Seen in search results, beside shared links and in feeds.",
    "postal_address": "Seen at the foot of each page and of each mail. The law asks for it.",
    "issue_weekday": "Proposed for the next issue, on Home and where it is scheduled. What is "
    "scheduled already stays where it is.",
    "issue_time": "In the time zone of the site.",
    "sign_up_words": "Seen beside the button of the sign-up form, and kept with each consent as "
    "it was shown; who signed up before keeps the words of then. Empty: the words that the site "
    "came with.",
    "profiles": "Named to search engines, and to sites that check who you are. One address on "
    "each line, such as https://social.example/@name.",
    "share_file": "Shown beside a link to a page without a picture of its own, such as the front "
    "page. At least 1200 by 630 pixels; the middle of it is taken.",
}


class PublicationForm(forms.ModelForm):
    share_file = PictureField(
        label="Picture for shared links",
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )
    share_removed = forms.BooleanField(
        label="Go back to the picture that the site came with", required=False
    )

    class Meta:
        model = Publication
        fields = [
            "name",
            "tagline",
            "description",
            "postal_address",
            "issue_weekday",
            "issue_time",
            "sign_up_words",
            "profiles",
            "share_picture",
        ]
        widgets = {
            "share_picture": forms.HiddenInput,
            "issue_weekday": forms.RadioSelect,
            "issue_time": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "sign_up_words": forms.Textarea(attrs={"rows": 4, "maxlength": LONGEST_WORDS}),
            "profiles": forms.Textarea(attrs={"rows": 4, "maxlength": LONGEST_PROFILES}),
        }
        labels = {
            "postal_address": "Address",
            "issue_weekday": "Day",
            "issue_time": "Time",
            "sign_up_words": "Words beside the button",
            "profiles": "Profiles on other sites",
        }
        help_texts = {name: words for name, words in SEEN.items() if name != "share_file"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        # Who may only see the settings has no fields.
        if address := self.fields.get("postal_address"):
            address.widget.attrs["placeholder"] = settings.POSTAL_ADDRESS
        if profiles := self.fields.get("profiles"):
            profiles.widget.attrs["placeholder"] = "\n".join(settings.SITE_PROFILES)
        if "share_file" in self.fields:
            self.fields["share_file"].help_text = SEEN["share_file"]

    def clean_name(self) -> str:
        return self._line("name")

    def clean_tagline(self) -> str:
        return self._line("tagline")

    def clean_description(self) -> str:
        return self._line("description")

    def clean_sign_up_words(self) -> str:
        return self._line("sign_up_words")

    def clean_issue_time(self) -> dt.time:
        return self.cleaned_data["issue_time"].replace(second=0, microsecond=0)

    def clean_postal_address(self) -> str:
        address = self._line("postal_address")
        if not address:
            return ""
        if address == settings.PLACEHOLDER_POSTAL_ADDRESS and not settings.DEBUG:
            raise ValidationError("This is the made-up address of development.")
        parts = [part for part in address.split(",") if part.strip()]
        if len(parts) < 2 or not any(character.isdigit() for character in address):
            raise ValidationError(
                "This is not a whole address yet: name, street or box, city, state and ZIP code, "
                "with commas between. A mail without one may not go out."
            )
        return address

    def clean_profiles(self) -> str:
        found = list(dict.fromkeys(self.cleaned_data["profiles"].split()))
        if len(found) > MOST_PROFILES:
            raise ValidationError(f"These are {len(found)} addresses; at most {MOST_PROFILES} fit.")
        for profile in found:
            if len(profile) > LONGEST_PROFILE:
                raise ValidationError(
                    f"“{profile[:40]}…” has more than {LONGEST_PROFILE} characters."
                )
            try:
                _is_web_address(profile)
            except ValidationError:
                raise ValidationError(
                    f"“{profile[:80]}” is no address that begins with https://."
                ) from None
            if "@" in profile.split("/")[2] or not profile.isascii():
                raise ValidationError(f"“{profile[:80]}” has a name or a sign that hides its host.")
        return "\n".join(found)

    def clean_share_picture(self) -> str:
        """Take only a picture that is stored here: the one of now, or one that a restore brings."""
        name: str = self.cleaned_data["share_picture"]
        if name and not (FILE_NAME.fullmatch(name) and default_storage.exists(name)):
            return self.instance.share_picture if self.instance.pk else ""
        return name

    def clean_share_file(self) -> Any:
        picture = self.cleaned_data["share_file"]
        if picture and (picture.width < SHARE_SIZE[0] or picture.height < SHARE_SIZE[1]):
            raise ValidationError(
                f"This picture has {picture.width} by {picture.height} pixels; "
                f"{SHARE_SIZE[0]} by {SHARE_SIZE[1]} are needed, so that it is sharp everywhere."
            )
        return picture

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("share_removed"):
            cleaned["share_picture"] = ""
        elif cleaned.get("share_file") and not self.errors:
            cleaned["share_picture"] = keep_for_sharing(cleaned["share_file"])
        return cleaned

    def _line(self, name: str) -> str:
        return " ".join(without_controls(self.cleaned_data[name]).split())


def keep_for_sharing(picture: Any) -> str:
    """Store the middle of a cleaned picture in the size of shared links; return its name."""
    name = f"publication/{picture.sha256}.jpg"
    if default_storage.exists(name):
        return name
    picture.content.seek(0)
    with Image.open(picture.content) as opened:
        cut = ImageOps.fit(flatten(opened), SHARE_SIZE)
    out = io.BytesIO()
    cut.save(out, "JPEG", quality=86, optimize=True, progressive=True)
    return default_storage.save(name, ContentFile(out.getvalue()))
