"""The models of articles and of what stands around them."""

from posts.models.addresses import FormerSlug, address
from posts.models.article import (
    Likeness,
    Post,
    PostQuerySet,
    RelatedPost,
    posts_updated,
    posts_updating,
    reading_minutes,
)
from posts.models.author import Author
from posts.models.check_result import CheckResult
from posts.models.comment import Comment
from posts.models.correction import Correction
from posts.models.draft_link import DraftLink
from posts.models.image import FormerFile, Image
from posts.models.link_check import LinkCheck, LinkHost
from posts.models.page import Page
from posts.models.picture_use import PictureUse
from posts.models.review import Review
from posts.models.spelling import Spelling
from posts.models.topic import Tag

__all__ = [
    "Author",
    "CheckResult",
    "Comment",
    "Correction",
    "DraftLink",
    "FormerFile",
    "FormerSlug",
    "Image",
    "Likeness",
    "LinkCheck",
    "LinkHost",
    "Page",
    "PictureUse",
    "Post",
    "PostQuerySet",
    "RelatedPost",
    "Review",
    "Spelling",
    "Tag",
    "address",
    "posts_updated",
    "posts_updating",
    "reading_minutes",
]
