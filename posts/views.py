"""The reading pages. What a stranger sees depends on nothing but the address."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.paginator import Page
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control

from alarmroom import kept
from alarmroom.methods import require_safe
from alarmroom.paging import Paginator
from alarmroom.stencil import Filled
from posts import freshness, reading
from posts.addresses import find_or_moved, moved
from posts.article import PAGE, Connected, Topic, words
from posts.errors import gone
from posts.models import Author, Post, PostQuerySet, Tag
from posts.reading import Found

POSTS_PER_PAGE = 12
FINISHED = 64  # articles whose words a process remembers


def turn_to(
    request: HttpRequest, posts: PostQuerySet, *, key: str, count: int | None = None
) -> dict[str, Any]:
    """Return the context of the page that `?page=` asks for; any value gives a page.

    Each page of a list is canonical by itself, and what was asked for never shows in it.
    `key` is the list's: until it is dropped, the posts are counted once, which takes the longer
    the more there are. `count` is how many they are, where that is known already.
    """
    paginator = Paginator(posts, POSTS_PER_PAGE)
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
    context = turn_to(request, Post.objects.published().for_listing(), key="posts")
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
    context = turn_to(request, posts, key=key)
    response = render(request, "posts/tag.html", context | {"tag": tag})
    return keep_list(response, context, f"tag-{tag.pk}", key)


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    author = find_or_moved(request, Author.objects.select_related("photo"), slug)
    if isinstance(author, HttpResponse):
        return author
    posts, key = Post.objects.published().for_listing().filter(author=author), f"by-{author.pk}"
    context = turn_to(request, posts, key=key)
    response = render(request, "posts/author.html", context | {"author": author})
    return keep_list(response, context, f"author-{author.pk}", key)


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    found = reading.published_article(slug)
    if found is None:
        return elsewhere(request, slug)
    topics, related = tuple(reading.topics(found)), tuple(reading.connected(found))
    remembers = settings.KEPT_PAGES_SECONDS and found.is_finished
    page, others = (_finished if remembers else _finish)(found, topics, related)
    return kept.keep(
        HttpResponse(page.render()),
        *kept.EVERY_PAGE,
        f"article-{found.pk}",
        f"author-{found.author}",
        f"post-{found.pk}",
        *others,
        # It may be the next article, or one that is picked here or alike.
        until=freshness.next_moment,
    )


def _finish(
    found: Found, topics: tuple[Topic, ...], related: tuple[Connected, ...]
) -> tuple[Filled, list[str]]:
    """Return an article's finished words, and the keys of the other posts that its page names."""
    post = found.post()
    others = [f"post-{other.pk}" for other in related]
    others += [f"link-{link['pk']}" for link in (post.older, post.newer) if link]  # type: ignore[attr-defined]  # annotated in posts/reading.py
    return PAGE.fill(words(post, topics, related)), others


# Of the articles that were asked for last. A page under an address that cannot be kept, such
# as one with a query of somebody else's, is asked for often as well.
_finished = lru_cache(maxsize=FINISHED)(_finish)


def elsewhere(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer for a slug of no published article: it moved, was withdrawn, or is unknown."""
    posts = Post.objects.known_as(slug).defer("body", "body_served")
    # Whose slug it is now comes before who had it.
    for post in sorted(posts, key=lambda post: post.slug != slug):
        if post.is_withdrawn:
            return gone(request, post)
        if post.is_published:
            return moved(request, post)
    raise Http404


@require_safe
@cache_control(no_store=True, private=True)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The article as its readers will see it, for editors, whatever its state."""
    user = request.user
    # has_perm() is False for an account that was closed.
    if not (user.is_staff and any(map(user.has_perm, ("posts.view_post", "posts.change_post")))):
        # Not a redirect to the login: a stranger is not told which drafts exist.
        raise Http404
    post = reading.any_article(pk)
    if post is None:
        raise Http404
    context = words(post, reading.topics(post), reading.connected(post), is_preview=True)
    return render(request, "posts/article.html", {**context, "post": post})
