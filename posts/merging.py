"""Making one topic of several."""

from collections.abc import Collection

from django.db import transaction

from posts.models import Post, Tag
from posts.models.addresses import FormerSlug


def merge(tags: Collection[int], into: int) -> list[Tag]:
    """Move everything of these tags to one, and delete them; return the deleted ones.

    Takes primary keys; `into` may be among `tags`. Every address of theirs leads to the one
    that stays. A second call finds nothing left to do and returns an empty list. Raises
    Tag.DoesNotExist when the one to stay is not there any more.
    """
    with transaction.atomic():
        # Locked in one order, so that two merges at once wait for each other without a deadlock.
        rows = Tag.objects.select_for_update().filter(pk__in={*tags, into}).order_by("pk")
        found = {tag.pk: tag for tag in rows}
        if into not in found:
            raise Tag.DoesNotExist
        stays = found.pop(into)
        for tag in found.values():
            stays.posts.add(*tag.posts.values_list("pk", flat=True))
            Post.objects.filter(first_topic=tag).update(first_topic=stays)
            FormerSlug.objects.filter(tag=tag).update(tag=stays)
            tag.delete()
            stays.take_over(tag.slug)
        FormerSlug.objects.filter(tag=stays, slug=stays.slug).delete()
    return list(found.values())
