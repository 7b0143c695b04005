"""What the head of a page tells those who do not look at it: search engines, link previews."""

from django import template
from django.utils.safestring import SafeString

from posts import linked_data, share_image
from posts.models import Author, Post, Tag

register = template.Library()


@register.simple_tag
def share_picture(post: Post) -> str:
    """Return the whole address of the picture that stands beside a link to the article."""
    return linked_data.whole(share_image.address(post))


@register.simple_tag
def front_data() -> SafeString:
    return linked_data.of_front()


@register.simple_tag
def article_data(post: Post) -> SafeString:
    return linked_data.of_article(post)


@register.simple_tag
def tag_data(tag: Tag) -> SafeString:
    return linked_data.of_tag(tag)


@register.simple_tag
def author_data(author: Author) -> SafeString:
    return linked_data.of_author(author)
