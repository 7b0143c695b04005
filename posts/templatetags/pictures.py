"""`{% picture image ... %}`: a picture in as many pixels as the reader's screen can show."""

from django import template
from django.utils.safestring import SafeString

from posts.library import Image
from posts.pictures import markup

register = template.Library()


@register.simple_tag
def picture(
    image: Image,
    alt: str = "",
    sizes: str = "100vw",
    css: str = "",
    first: bool = False,
    eager: bool = False,
    up_to: int = 0,
) -> SafeString:
    """Return `<picture>` with every stored copy of the image; posts/pictures.py says more.

    `first=True` is for the one large picture that is seen without scrolling, `eager=True` for
    a small one beside it; all others load when they come near. `up_to=480` is for a place so
    small that no screen needs a copy wider than that.
    """
    return markup(image, alt=alt, sizes=sizes, css=css, first=first, eager=eager, up_to=up_to)
