"""Makes a slug from a title, in the same way for every model that has one."""

import re
import unicodedata
from collections.abc import Collection

from django.db import models
from django.utils.text import slugify

# Letters that Unicode takes apart into nothing, and how people write them without them.
_SPELLED_OUT = {
    "Æ": "Ae", "æ": "ae", "Œ": "Oe", "œ": "oe", "ß": "ss", "ẞ": "SS", "Þ": "Th", "þ": "th",
    "Ð": "D", "ð": "d", "Ŋ": "N", "ŋ": "n", "ı": "i", "ȷ": "j", "ĸ": "k",
}  # fmt: skip
# What Unicode calls "latin small letter o with stroke" is an o: ø. Its accents are marks of
# their own, which slugify takes away; strokes and hooks are not.
_WITH_STROKE = re.compile(r"LATIN (SMALL|CAPITAL) LETTER ([A-Z]) WITH ")
# Within a word these say nothing: soft hyphens, joiners and marks of direction.
_IGNORED = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060\ufeff]")
_FRACTION = re.compile("[\u00bc-\u00be\u2150-\u215f\u2189]")
# These part words, as a space does: dashes, slashes, bullets, colons, an ellipsis and a few
# signs. Slugify would take them away, and join what stands on either side.
_PARTING = re.compile(
    r"[\u2010-\u2015\u2212\u2043/\\\u2044\u2215\u2022\u00b7\u00d7|:;=~]|(?<=[0-9])\.(?=[0-9])|\.{2,}"
)


def slug_of(text: str) -> str:
    """Return a text as it stands in an address: small letters and digits, parted by hyphens.

    "2024–2026 plan" is 2024-2026-plan and "24/7" is 24-7. A fraction is read as it is typed:
    "3½" is 3-1-2, like "3 1/2". "§ 4.2" is 4-2, for 42 would be another number.
    """
    text = _IGNORED.sub("", text)
    # Its digits would join the number before it.
    text = _FRACTION.sub(lambda found: f" {found[0]} ", text)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter if letter.isascii() else _base(letter) for letter in text)
    return slugify(_PARTING.sub(" ", text))


def _base(letter: str) -> str:
    """Return a letter without its stroke or hook; anything else as it is."""
    if spelled := _SPELLED_OUT.get(letter):
        return spelled
    if found := _WITH_STROKE.match(unicodedata.name(letter, "")):
        return found[2] if found[1] == "CAPITAL" else found[2].lower()
    return letter


def free_slug(instance: models.Model, text: str, *, avoid: Collection[str] = ()) -> str:
    """Return a slug made from the text.

    It is unique among the rows of the instance's model and is not in `avoid`.
    """
    model = type(instance)
    longest: int = getattr(model._meta.get_field("slug"), "max_length", None) or 50
    base = slug_of(text)[: longest - 5].strip("-") or str(model._meta.model_name)
    others = model._default_manager.exclude(pk=instance.pk)
    taken = set(others.filter(slug__startswith=base).values_list("slug", flat=True))
    taken.update(avoid)
    slug, count = base, 1
    while slug in taken:
        count += 1
        slug = f"{base}-{count}"
    return slug
