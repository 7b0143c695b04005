"""`{% picture image ... %}`: a picture in as many pixels as the reader's screen can show."""

from typing import Any

from django import template

from posts.models import Image
from posts.renditions import PictureMissing, rendition

register = template.Library()


@register.inclusion_tag("posts/_picture.html")
def picture(
    image: Image,
    alt: str = "",
    widths: str = "320 640",
    sizes: str = "100vw",
    css: str = "",
    first: bool = False,
) -> dict[str, Any]:
    """Return what the `<img>` shows: copies of the given widths, in pixels, and their default.

    `sizes` is the HTML attribute: how wide the picture stands on the page. `first` is for the
    one that is seen without scrolling. Where no copy can be made, the picture itself is shown.
    """
    context = {"image": image, "alt": alt, "sizes": sizes, "css": css, "first": first}
    if str(image.file.name).endswith(".png"):
        # See-through, or it would be a JPEG; a copy would have a white ground on a dark page.
        return context
    try:
        copies = [rendition(image, int(width)) for width in widths.split()]
    except (PictureMissing, OSError):
        # A full disk or a lost file costs the reader the small copy, not the article.
        return context
    # A small picture is its own copy in every width, and is named once.
    return context | {"copies": list(dict.fromkeys(copies)), "copy": copies[-1]}
