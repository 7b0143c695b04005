"""Tags and filters that the public pages use often, such as `{{ post.published_at|day }}`."""

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString

from posts.models import Post
from posts.views import article_values

register = template.Library()


register.filter("day", article_values.day)


@register.simple_tag
def lead(post: Post) -> SafeString:
    """Return a post that for_listing() brought as the front page's first story."""
    return article_values.lead(post)


@register.simple_tag
def cards(posts: Iterable[Post], level: int = 2, above: object = None) -> SafeString:
    """Return the cards of posts that for_listing() brought; `level` is their headings'.

    `above` is true where a large picture stands above them.
    """
    return article_values.cards(posts, level=level, first=not above)


@register.simple_tag
def seconds(posts: Iterable[Post], above: object = None) -> SafeString:
    """Return the two stories beside the first one of the front page; `above` as for cards."""
    return article_values.seconds(posts, first=not above)
