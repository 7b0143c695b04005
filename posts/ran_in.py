"""In which issues an article ran, as the room above tells: posts know nothing of issues.

newsletter/apps.py adds a source, and the list of articles asks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest

from posts.models import Post


@dataclass(frozen=True)
class Ran:
    """An issue that an article is in, as far as this person may know."""

    name: str  # "No. 39"
    url: str
    is_out: bool


@dataclass(frozen=True)
class Source:
    """Where articles run, and how to find those that ran nowhere."""

    find: Callable[[HttpRequest, list[int]], dict[int, list[Ran]]]
    """The issues of articles, by their keys; the last one first. One query."""
    without: Callable[[QuerySet[Post]], QuerySet[Post]]
    """Those of some articles that are in no issue that went out."""


SOURCES: list[Source] = []
