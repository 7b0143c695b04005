"""What reading pages say often, and so must say fast: `{{ post.published_at|day }}`."""

import calendar
from collections.abc import Iterable
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from posts.models import Post

register = template.Library()
# Looked up in a list of the standard library's, each name is made anew at each look.
MONTHS = tuple(calendar.month_name)


@register.filter
def day(moment: datetime | None, css: str = "") -> SafeString:
    """Return a day as readers say it, in a <time> element. A draft has none."""
    if moment is None:
        return mark_safe("<span>Not published yet</span>")
    # Django's own `date` filter takes ten times as long, and stands on a page ten times.
    local = timezone.localtime(moment)
    attribute = f' class="{css}"' if css else ""
    return mark_safe(  # noqa: S308  (made of numbers, and of a name in the template)
        f'<time{attribute} datetime="{local.isoformat(timespec="seconds")}">'
        f"{MONTHS[local.month]} {local.day}, {local.year}</time>"
    )


@register.simple_tag
def cards(posts: Iterable[Post], level: int = 2) -> SafeString:
    """Return the cards of posts that for_listing() brought; `level` is their headings'."""
    # The card says its day with the filter above.
    from posts.article import cards

    return cards(posts, level=level)
