"""Makes a slug from a title, in the same way for every model that has one."""

from collections.abc import Collection

from django.db import models
from django.utils.text import slugify


def free_slug(instance: models.Model, text: str, *, avoid: Collection[str] = ()) -> str:
    """Return a slug made from the text.

    It is unique among the rows of the instance's model and is not in `avoid`.
    """
    model = type(instance)
    longest: int = getattr(model._meta.get_field("slug"), "max_length", None) or 50
    base = slugify(text)[: longest - 5].strip("-") or str(model._meta.model_name)
    others = model._default_manager.exclude(pk=instance.pk)
    taken = set(others.filter(slug__startswith=base).values_list("slug", flat=True))
    taken.update(avoid)
    slug, count = base, 1
    while slug in taken:
        count += 1
        slug = f"{base}-{count}"
    return slug
