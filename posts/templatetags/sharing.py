"""Data in the head of a page for search engines and link previews."""

from django import template
from django.utils.safestring import SafeString

from posts import linked_data
from posts.models import Author, Tag

register = template.Library()


@register.simple_tag
def front_data() -> SafeString:
    return linked_data.of_front()


@register.simple_tag
def tag_data(tag: Tag) -> SafeString:
    return linked_data.of_tag(tag)


@register.simple_tag
def author_data(author: Author) -> SafeString:
    return linked_data.of_author(author)
