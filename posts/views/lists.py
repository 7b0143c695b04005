"""The reading pages. A page depends only on its address, not on who asks for it."""

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
from alarmroom.stencil import BoundStencil
from posts import freshness
from posts.models import Author, Post, PostQuerySet, Tag
from posts.models.addresses import find_or_moved, moved
from posts.views import article_queries
from posts.views.article_queries import ArticleRow
from posts.views.article_values import PAGE, Connected, Topic, page_context
from posts.views.errors import gone

POSTS_PER_PAGE = 12
BOUND = 64  # articles whose pages a process can render without making their values again


def paginate(
    request: HttpRequest, posts: PostQuerySet, *, key: str, count: int | None = None
) -> dict[str, Any]:
    """Return the context of the page that `?page=` asks for; any value gives a page.

    The canonical address has the number of the page that is shown, not the one asked for.
    `key` is the list's key: the posts are counted once until it is dropped, because counting
    many takes long. `count` is their number, if it is known already.
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


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    row = article_queries.published_article(slug)
    if row is None:
        return redirect_gone_or_404(request, slug)
    topics, related = tuple(article_queries.topics(row)), tuple(article_queries.connected(row))
    is_stable = settings.KEPT_PAGES_SECONDS and row.is_finished
    page, others = (_bound if is_stable else _bind)(row, topics, related)
    return kept.keep(
        HttpResponse(page.render()),
        *kept.EVERY_PAGE,
        f"article-{row.pk}",
        f"author-{row.author}",
        f"post-{row.pk}",
        *others,
        # What is published next may belong among the neighbours or the related articles.
        until=freshness.next_moment,
    )


def _bind(
    row: ArticleRow, topics: tuple[Topic, ...], related: tuple[Connected, ...]
) -> tuple[BoundStencil, list[str]]:
    """Return an article's page, and the keys of the other posts that it names."""
    post = row.post()
    others = [f"post-{other.pk}" for other in related]
    others += [f"link-{link['pk']}" for link in (post.older, post.newer) if link]  # type: ignore[attr-defined]  # annotated in posts/views/article_queries.py
    return PAGE.bind(page_context(post, topics, related)), others


# For the articles that were read last. A page whose address has an unknown query is not kept, and
# may still be asked for often.
_bound = lru_cache(maxsize=BOUND)(_bind)


def redirect_gone_or_404(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer for a slug that no published article has: 301, 410, or Http404."""
    posts = Post.objects.known_as(slug).defer("body", "body_served")
    # The article that has the slug now comes before one that had it earlier.
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
        # Not a redirect to the sign-in page: that would tell a stranger which drafts exist.
        raise Http404
    post = article_queries.any_article(pk)
    if post is None:
        raise Http404
    context = page_context(
        post, article_queries.topics(post), article_queries.connected(post), is_preview=True
    )
    return render(request, "posts/article.html", {**context, "post": post})
