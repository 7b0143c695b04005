"""The models of articles and of what stands around them."""

from posts.models.addresses import FormerSlug
from posts.models.article import (
    Author,
    Likeness,
    Post,
    PostQuerySet,
    RelatedPost,
    Tag,
    address,
    posts_updated,
    posts_updating,
    reading_minutes,
)
from posts.models.image import Image
from posts.models.page import Page

__all__ = [
    "Author",
    "FormerSlug",
    "Image",
    "Likeness",
    "Page",
    "Post",
    "PostQuerySet",
    "RelatedPost",
    "Tag",
    "address",
    "posts_updated",
    "posts_updating",
    "reading_minutes",
]
