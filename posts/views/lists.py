"""The lists of articles: the front page, a topic, an author."""

from typing import Any

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

POSTS_PER_PAGE = 12


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
    topics = kept.remember(
        "tags",
        lambda: list(Tag.objects.in_use().with_counts()),
        until=freshness.next_moment(),
    )
    response = render(request, "posts/front.html", {**context, "topics": topics})
    return keep_list(response, context, "posts", "tags", "issues")


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
