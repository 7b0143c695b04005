"""The reading pages. What a stranger sees depends on nothing but the address."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from posts.models import Author, Post, PostQuerySet, Tag

POSTS_PER_PAGE = 12


def turn_to(request: HttpRequest, posts: PostQuerySet) -> dict[str, Any]:
    """Return the context of the page that `?page=` asks for; any value gives a page.

    Each page of a list is canonical by itself, and what was asked for never shows in it.
    """
    page: Page[Post] = Paginator(posts, POSTS_PER_PAGE).get_page(request.GET.get("page"))
    suffix = f"?page={page.number}" if page.number > 1 else ""
    return {"page": page, "canonical_url": f"{settings.SITE_URL}{request.path}{suffix}"}


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    context = turn_to(request, Post.objects.published().for_listing())
    return render(request, "posts/front.html", context | {"topics": Tag.objects.in_use()})


@require_safe
def tag(request: HttpRequest, slug: str) -> HttpResponse:
    tag = get_object_or_404(Tag, slug=slug)
    context = turn_to(request, Post.objects.published().for_listing().filter(tags=tag))
    return render(request, "posts/tag.html", context | {"tag": tag})


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    author = get_object_or_404(Author.objects.select_related("photo"), slug=slug)
    context = turn_to(request, Post.objects.published().for_listing().filter(author=author))
    return render(request, "posts/author.html", context | {"author": author})


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    post = get_object_or_404(Post.objects.published().for_article(), slug=slug)
    return render(request, "posts/article.html", article_context(post))


@require_safe
@cache_control(no_store=True, private=True)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The article as its readers will see it, for editors, whatever its state."""
    if not (request.user.is_active and request.user.is_staff):
        # Not a redirect to the login: a stranger is not told which drafts exist.
        raise Http404
    post = get_object_or_404(Post.objects.for_article(), pk=pk)
    return render(request, "posts/article.html", article_context(post) | {"is_preview": True})


def article_context(post: Post) -> dict[str, Any]:
    """Return what `posts/article.html` needs; a preview has the article's own address."""
    cover_url = urljoin(settings.SITE_URL, post.cover.file.url) if post.cover else ""
    return {
        "post": post,
        "related": post.connected(),
        "canonical_url": f"{settings.SITE_URL}{post.get_absolute_url()}",
        "share_image": cover_url,
    }
