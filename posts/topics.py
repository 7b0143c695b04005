"""A topic by its name: the one that a name means in whatever spelling, or else a new one."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from alarmroom.slugs import slug_of
from posts.models import Tag
from posts.models.addresses import FormerSlug

LONGEST_NAME: int = Tag._meta.get_field("name").max_length or 80
ATTEMPTS = 3


def spelling_of(name: str) -> str:
    """Return what two names share that differ in case, accents, hyphens or spaces only."""
    name = name[:LONGEST_NAME]
    return slug_of(name) or " ".join(name.split()).casefold()


def find_topic(name: str) -> Tag | None:
    """Return the topic of this name, or the one into which a topic of this name was merged."""
    wanted = spelling_of(name)
    if not wanted:
        return None
    named = {spelling_of(other): pk for other, pk in Tag.objects.values_list("name", "pk")}
    if wanted in named:
        return Tag.objects.filter(pk=named[wanted]).first()
    former = FormerSlug.objects.filter(slug=wanted, tag__isnull=False).select_related("tag").first()
    return former.tag if former else None


def find_or_make_topic(name: str) -> tuple[Tag, bool]:
    """Return the topic of this name, and whether it was made now.

    Raises ValidationError if the name is empty or too long. Of two calls at once, one makes the
    topic: both give it the same address, which the database takes once.
    """
    tag = Tag(name=" ".join(name.split()))
    tag.full_clean(exclude=["slug"], validate_unique=False)
    for _ in range(ATTEMPTS):
        # Before the look: whoever made the topic since then has this address already.
        tag.slug = tag.make_slug(tag.name)
        if found := find_topic(tag.name):
            return found, False
        try:
            with transaction.atomic():
                tag.save(force_insert=True)
        except IntegrityError:
            # Somebody made it, or took its address, between the look and the save.
            tag = Tag(name=tag.name)
            continue
        return tag, True
    raise ValidationError("The topic could not be made now. Try again.", code="raced")
