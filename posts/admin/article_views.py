"""The views of the list of articles: drafts, in review, scheduled, …"""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest

from alarmroom.desk.lists import View
from alarmroom.desk.models import Revision
from posts import ran_in
from posts.models import Post, PostQuerySet


def _of_articles(posts: QuerySet[Any]) -> PostQuerySet:
    """Say what each view gets: the type of a view does not know whose list it is of."""
    assert isinstance(posts, PostQuerySet)  # noqa: S101 (for the type checker)
    return posts


def _drafts(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return _of_articles(posts).drafts().not_in_review()


def _in_review(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return _of_articles(posts).in_review()


def _scheduled(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return _of_articles(posts).scheduled()


def _published(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return _of_articles(posts).published()


def _withdrawn(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return _of_articles(posts).withdrawn()


def _mine(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return posts.filter(owner=request.user.pk)


def _waiting(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return _published(posts, request).filter(pk__in=revisions_that_wait().values("object_id"))


def _ran_nowhere(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    found: Any = _published(posts, request)
    for source in ran_in.SOURCES:
        found = source.without(found)
    return found


def revisions_that_wait() -> QuerySet[Revision]:
    kind = ContentType.objects.get_for_model(Post)
    return Revision.objects.filter(content_type=kind, waits=True)


VIEWS = (
    View(
        "",
        "All",
        nothing="No articles yet.",
        hint="What you write is kept while you type, and only the desk sees it.",
    ),
    View(
        "mine",
        "Mine",
        _mine,
        "You have written no article yet.",
        "What you write stands here, whatever becomes of it.",
    ),
    View(
        "draft",
        "Drafts",
        _drafts,
        "There is no draft.",
        "What somebody begins to write stands here until it is published.",
    ),
    View(
        "review",
        "In review",
        _in_review,
        "Nothing is in review.",
        "What a writer submits stands here, until somebody decides about it.",
    ),
    View(
        "scheduled",
        "Scheduled",
        _scheduled,
        "Nothing is scheduled.",
        "An article with a date to come stands here, and is published by itself then.",
    ),
    View("published", "Published", _published, "Nothing is published yet."),
    View(
        "waiting",
        "Changes waiting",
        _waiting,
        "No changes wait.",
        "When you save a published article without updating it, it stands here.",
    ),
    View(
        "ran-nowhere",
        "Ran in no issue yet",
        _ran_nowhere,
        "Every published article ran in an issue.",
    ),
    View(
        "withdrawn",
        "Withdrawn",
        _withdrawn,
        "Nothing is withdrawn.",
        "An article that you take off the site stands here, and can be brought back.",
    ),
)
