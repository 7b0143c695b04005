"""`{% picture image ... %}`: a picture in as many pixels as the reader's screen can show."""

from django import template
from django.utils.safestring import SafeString

from posts.models.image import Image
from posts.pictures.element import markup
from posts.pictures.places import BY_NAME

register = template.Library()


@register.simple_tag
def picture(
    image: Image,
    place: str,
    alt: str = "",
    css: str = "",
    first: bool = False,
    eager: bool = False,
) -> SafeString:
    """Return `<picture>` with the copies of the image that its place (BY_NAME) may need.

    `first=True` is for the one large picture that is seen without scrolling, `eager=True` for
    a small one beside it; all others load when they come near.
    """
    return markup(image, BY_NAME[place], alt=alt, css=css, first=first, eager=eager)
