"""The form of an article: its cover and its date. What is checked: posts/admin/checking.py."""

from __future__ import annotations

import logging
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import QueryDict
from django.utils import timezone

from alarmroom.desk.moments import TIME_EXAMPLES, MomentField, MomentWidget
from alarmroom.desk.picture_field import PictureField
from alarmroom.slugs import slug_of
from posts.admin.checking import CheckedForm
from posts.admin.shared import PICTURE_HELP, SlugForm
from posts.admin.topic_picker import FirstTopicField, FirstTopicPicker, TopicsField
from posts.admin.uploads import NOT_STORED, title_of
from posts.checks.listing import LONGEST_TITLE, NEEDED
from posts.models import Author, Post, Tag, access
from posts.models.article import untitled
from posts.models.image import Image
from posts.text.editor import PICTURE_TYPES

logger = logging.getLogger(__name__)
# A line that is shown whole, in as many rows as it takes; Enter makes no new one.
ONE_LINE = {"rows": 1, "data-one-line": ""}


def usual_author(user: Any) -> Author | None:
    """Return the author who has the name of an account, or whose article it changed last."""
    name = user.get_full_name().strip()
    own = Author.objects.filter(name__iexact=name).first() if name else None
    if own:
        return own
    last = LogEntry.objects.filter(
        user=user, content_type=ContentType.objects.get_for_model(Post)
    ).order_by("-action_time", "-pk")
    # object_id is a text, which PostgreSQL does not compare with a number.
    pks = [int(pk) for pk in last.values_list("object_id", flat=True)[:5] if pk and pk.isdigit()]
    found = {post.pk: post for post in Post.objects.filter(pk__in=pks).select_related("author")}
    return next((found[pk].author for pk in pks if pk in found), None)


def stand_in(user: Any) -> Author:
    """Return the author of a draft for which none was chosen: the database asks for one."""
    author = usual_author(user) or Author.objects.order_by("name", "pk").first()
    return author or Author.objects.create(name=user.get_full_name() or user.get_username())


class PostForm(CheckedForm, SlugForm):
    """An article, with its cover from the library or fresh from the computer.

    A draft is saved with anything missing. What readers must get is asked for when a save would
    publish it, now or at its date.
    """

    user: Any = None  # Who sends the form; set by PostAdmin.get_form().
    may_publish: bool = False  # Likewise.
    stands_in: Author | None = None  # The author, where none was chosen.
    other_address: str = ""  # In the place of the one that the title made, and that is taken.
    unused_date: Any = None  # A date that was typed, but is not set by saving a draft.

    cover_file = PictureField(
        label="New cover",
        required=False,
        help_text=f"{PICTURE_HELP} It replaces the cover chosen below and joins the library.",
        # For static/js/desk/chosen-files.js: the library has it, even if the form has errors.
        widget=forms.FileInput(
            attrs={
                "accept": PICTURE_TYPES,
                "data-kept-at-once": True,
                "data-most": settings.IMAGE_MAX_BYTES,
            }
        ),
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
        field_classes = {
            "published_at": MomentField,
            "tags": TopicsField,
            "first_topic": FirstTopicField,
        }
        help_texts = {
            "published_at": (
                "In the future: published by itself at that moment. A time may be written as "
                f"{TIME_EXAMPLES}."
            ),
            "first_topic": (
                "Cards, mails and the line above the title name it. A topic that you add can be "
                "chosen here once the article is saved."
            ),
        }
        labels = {
            **Post.content_shape.labels,
            "search_title": "Title in search results",
            "published_at": "Publish at",
        }
        widgets = {
            "published_at": MomentWidget,
            # A title may take two lines. Enter goes on to the dek (static/js/writing.js).
            "title": forms.Textarea(
                attrs={"rows": 1, "class": "sheet__title", "placeholder": "Title"}
            ),
            "summary": forms.Textarea(
                attrs={
                    "rows": 1,
                    "class": "sheet__dek",
                    "placeholder": "Dek: one or two sentences on what it says",
                }
            ),
            "search_title": forms.TextInput(
                attrs={"placeholder": "Same as the title", "data-shown": LONGEST_TITLE}
            ),
            "cover_alt": forms.Textarea(attrs=ONE_LINE),
            "cover_caption": forms.Textarea(attrs=ONE_LINE),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        field = self.fields.get("published_at")
        if isinstance(field, MomentField):
            field.before = self.instance.published_at
        first = self.fields.get("first_topic")
        if first and isinstance(first.widget, FirstTopicPicker):
            first.widget.topics = self["tags"]
        for name in NEEDED:
            if name in self.fields:
                self.fields[name].required = False
        if self._is_untitled:
            # The title and the address that we made up are not shown, and not in the way of one
            # that is typed.
            self.initial["title"] = self.initial["slug"] = ""

    @property
    def _is_untitled(self) -> bool:
        post = self.instance
        return bool(post.pk and post.is_untitled and not post.was_seen)

    def clean_title(self) -> str:
        # The field is as high as the title needs, so a pasted one may have several lines.
        return " ".join(self.cleaned_data["title"].split())

    def clean_slug(self) -> str:
        """An address that was only made of the title, and is taken, is nobody's concern."""
        slug: str = self.cleaned_data["slug"]
        is_of_title = slug == slug_of(self.cleaned_data.get("title", ""))
        if is_of_title and not self.instance.was_seen and self.other_with(slug):
            self.other_address = str(self.instance.make_slug(slug))
            return self.other_address
        return super().clean_slug()

    def named(self, other: Post) -> str:
        # Somebody else's draft is named only to who may see it.
        is_known = other.is_published or (self.user and access.may_see(self.user, other))
        return super().named(other) if is_known else "Another article"

    def clean_first_topic(self) -> Tag | None:
        """Only one of its topics can be the first of them."""
        first: Tag | None = self.cleaned_data["first_topic"]
        chosen = self.cleaned_data.get("tags")
        return first if chosen is not None and first in chosen else None

    def clean_search_title(self) -> str:
        return " ".join(self.cleaned_data["search_title"].split())

    def clean_cover_alt(self) -> str:
        return " ".join(self.cleaned_data["cover_alt"].split())

    def clean_cover_caption(self) -> str:
        return " ".join(self.cleaned_data["cover_caption"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.may_publish:
            self._take_date(cleaned)
        if cleaned.get("tell_readers"):
            self.instance.revised_at = timezone.now()
        self._take_cover(cleaned)
        self.check_before_publishing(cleaned)
        self._fill_in(cleaned)
        return cleaned

    def _take_date(self, cleaned: dict[str, Any]) -> None:
        """Publish only by a button that says so: saving a draft leaves it a draft."""
        if "published_at" in self.errors:
            return
        now = timezone.now()
        stored, when = self.instance.published_at, cleaned.get("published_at")
        if "_publish" in self.data:
            if when is None or when > now:
                cleaned["published_at"] = now
        elif "_continue" in self.data and when and when != stored:
            is_public = stored is not None and stored <= now
            if not is_public and (stored is None or when <= now):
                cleaned["published_at"], self.unused_date = stored, when

    def _fill_in(self, cleaned: dict[str, Any]) -> None:
        """Give a draft the title and the author that the database asks for."""
        if "title" in cleaned and not cleaned["title"]:
            kept = self._is_untitled
            cleaned["title"] = self.instance.title if kept else untitled(timezone.now())
            if kept and not cleaned.get("slug") and "slug" not in self.errors:
                cleaned["slug"] = self.instance.slug
        if "author" in cleaned and cleaned["author"] is None and not self.errors:
            cleaned["author"] = self.stands_in = stand_in(self.user)

    def _take_cover(self, cleaned: dict[str, Any]) -> None:
        """Keep a good picture at once: an error elsewhere in the form must not lose it."""
        picture = cleaned.get("cover_file")
        if not picture:
            return
        # str() of an uploaded file is its name.
        name = str(self.files[self.add_prefix("cover_file")])
        try:
            cleaned["cover"] = Image.keep(picture, title=title_of(name), user=self.user)
        except OSError:
            logger.exception("A cover could not be stored")
            self.add_error("cover_file", NOT_STORED)
            return
        self.errors.pop("cover", None)
        # Browsers do not fill in a file field again, so the library's field shows the picture.
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("cover")] = str(cleaned["cover"].pk)
        self.data = data
