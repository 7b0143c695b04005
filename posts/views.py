"""The reading pages. What a stranger sees depends on nothing but the address."""

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from posts import reading
from posts.addresses import find_or_moved, moved
from posts.errors import gone
from posts.models import Author, Post, PostQuerySet, Tag
from posts.structure import contents

POSTS_PER_PAGE = 12


def turn_to(
    request: HttpRequest, posts: PostQuerySet, *, count: int | None = None
) -> dict[str, Any]:
    """Return the context of the page that `?page=` asks for; any value gives a page.

    Each page of a list is canonical by itself, and what was asked for never shows in it.
    `count` is how many posts there are, where that is known already.
    """
    paginator = Paginator(posts, POSTS_PER_PAGE)
    if count is not None:
        paginator.count = count
    page: Page[Post] = paginator.get_page(request.GET.get("page"))
    suffix = f"?page={page.number}" if page.number > 1 else ""
    return {"page": page, "canonical_url": f"{settings.SITE_URL}{request.path}{suffix}"}


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    context = turn_to(request, Post.objects.published().for_listing())
    return render(request, "posts/front.html", context | {"topics": Tag.objects.in_use()})


@require_safe
def tag(request: HttpRequest, slug: str) -> HttpResponse:
    tag = find_or_moved(request, Tag.objects.all(), slug)
    if isinstance(tag, HttpResponse):
        return tag
    context = turn_to(request, Post.objects.published().for_listing().filter(tags=tag))
    return render(request, "posts/tag.html", context | {"tag": tag})


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    author = find_or_moved(request, Author.objects.select_related("photo"), slug)
    if isinstance(author, HttpResponse):
        return author
    context = turn_to(request, Post.objects.published().for_listing().filter(author=author))
    return render(request, "posts/author.html", context | {"author": author})


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    post = reading.published_article(slug)
    if post is None:
        return elsewhere(request, slug)
    return render(request, "posts/article.html", article_context(post))


def elsewhere(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer for a slug of no published article: it moved, was withdrawn, or is unknown."""
    had_it = Q(slug=slug) | Q(former_slugs__slug=slug)
    posts = Post.objects.filter(had_it).defer("body", "body_served").distinct()
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
    if not (request.user.is_active and request.user.is_staff):
        # Not a redirect to the login: a stranger is not told which drafts exist.
        raise Http404
    post = reading.any_article(pk)
    if post is None:
        raise Http404
    return render(request, "posts/article.html", article_context(post) | {"is_preview": True})


def article_context(post: Post) -> dict[str, Any]:
    """Return what `posts/article.html` needs; a preview has the article's own address."""
    url = f"{settings.SITE_URL}{post.get_absolute_url()}"
    body = post.body_html
    return {
        "post": post,
        "body": body,
        "contents": contents(body),
        "topics": reading.topics(post),
        "related": reading.connected(post),
        "canonical_url": url,
        "qr_url": f"{post.get_absolute_url()}qr.svg",
        "share": {
            "url": quote(url, safe=""),
            "title": quote(post.title, safe=""),
            "summary": quote(post.summary, safe=""),
        },
    }
