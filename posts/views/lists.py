"""The lists of articles: the front page, a topic, an author."""

from typing import Any, NamedTuple

from django.conf import settings
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarmroom import kept
from alarmroom.methods import require_safe
from alarmroom.paging import Paginator
from posts import freshness
from posts.models import Author, Post, PostQuerySet, Tag
from posts.models.addresses import find_or_moved
from posts.models.topic import START_HERE

POSTS_PER_PAGE = 12
STARTING = 4  # articles under "Start here"


class TopicOfFront(NamedTuple):
    """A topic as the front page shows it."""

    tag: Tag
    latest: Post | None


def paginate(
    request: HttpRequest,
    posts: PostQuerySet,
    *,
    key: str,
    count: int | None = None,
    per_page: int = POSTS_PER_PAGE,
) -> dict[str, Any]:
    """Return the context of the page that `?page=` asks for; any value gives a page.

    The canonical address has the number of the page that is shown, not the one asked for.
    `key` is the list's key: the posts are counted once until it is dropped, because counting
    many takes long. `count` is their number, if it is known already.
    """
    paginator = Paginator(posts, per_page)
    if count is None:
        until = freshness.next_moment()
        count = kept.remember(key, posts.count, part="count", until=until)
    paginator.count = count
    page: Page[Post] = paginator.get_page(request.GET.get("page"))
    suffix = f"?page={page.number}" if page.number > 1 else ""
    return {"page": page, "canonical_url": f"{settings.SITE_URL}{request.path}{suffix}"}


def keep_list(response: HttpResponse, context: dict[str, Any], *keys: str) -> HttpResponse:
    """Keep a page of a list until its posts change, or the list: `keys` say which it is."""
    page = context["page"]
    keys = (*keys, *freshness.list_keys(page))
    return kept.keep(response, *keys, until=freshness.next_moment, page=page.number)


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    context = paginate(request, Post.objects.published().for_listing(), key="posts")
    # The titles of articles are in it, so it is made again when a list of them changes.
    keys, until = ("tags", "tag-texts", "posts"), freshness.next_moment()
    context["start"] = kept.remember(keys, _start_here, part="start-here", until=until)
    context["topics"] = kept.remember(keys, _topics, part="latest", until=until)
    response = render(request, "posts/front.html", context)
    return keep_list(response, context, "tag-texts", "posts", "tags", "issues")


def _start_here() -> dict[str, Any] | None:
    """Return the topic "Start here" with its newest articles, or None. Two queries."""
    topic = Tag.objects.filter(slug=START_HERE).first()
    posts = Post.objects.published().newest_first().filter(tags=topic) if topic else None
    if posts is None:
        return None
    found = list(posts.with_topic().only("title", "slug")[:STARTING])
    return {"topic": topic, "posts": found} if found else None


def _topics() -> list[TopicOfFront]:
    """Return the topics in use, each with its latest article. Two queries."""
    tags = list(Tag.objects.in_use().exclude(slug=START_HERE).with_counts().with_latest())
    latest = Post.objects.only("title", "slug").in_bulk([tag.latest for tag in tags])  # type: ignore[attr-defined]  # annotated
    return [TopicOfFront(tag, latest.get(tag.latest)) for tag in tags]  # type: ignore[attr-defined]


@require_safe
def tag(request: HttpRequest, slug: str) -> HttpResponse:
    tag = find_or_moved(request, Tag.objects.all(), slug)
    if isinstance(tag, HttpResponse):
        return tag
    posts = Post.objects.published().for_listing(under=tag).filter(tags=tag)
    key = f"tagged-{tag.pk}"
    context = paginate(request, posts, key=key)
    response = render(request, "posts/tag.html", context | {"tag": tag})
    return keep_list(response, context, f"tag-{tag.pk}", key)


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    author = find_or_moved(request, Author.objects.select_related("photo"), slug)
    if isinstance(author, HttpResponse):
        return author
    posts, key = Post.objects.published().for_listing().filter(author=author), f"by-{author.pk}"
    context = paginate(request, posts, key=key)
    response = render(request, "posts/author.html", context | {"author": author})
    return keep_list(response, context, f"author-{author.pk}", key)
