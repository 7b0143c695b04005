"""The desk of articles, and of what stands around them. Each module registers its models."""

from posts.admin import articles, authors, finding, home, images, pages, spellings, topics

__all__ = ["articles", "authors", "finding", "home", "images", "pages", "spellings", "topics"]
