"""The page of an article, and what answers in its place when it is not there."""

from functools import lru_cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from alarmroom import kept
from alarmroom.facts import Facts, facts
from alarmroom.methods import require_safe
from alarmroom.stencil import BoundStencil
from posts import freshness
from posts.models import Post
from posts.models.addresses import moved
from posts.views import article_queries
from posts.views.article_queries import ArticleRow
from posts.views.article_values import PAGE, Connected, Corrected, Topic, page_context
from posts.views.errors import gone

BOUND = 64  # articles whose values a process keeps, to render their pages again


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    row = article_queries.published_article(slug)
    if row is None:
        return redirect_gone_or_404(request, slug)
    topics, related = tuple(article_queries.topics(row)), tuple(article_queries.connected(row))
    corrections = tuple(article_queries.corrections(row))
    is_stable = settings.KEPT_PAGES_SECONDS and row.is_finished
    page, others = (_bound if is_stable else _bind)(row, topics, related, corrections, facts())
    return kept.keep(
        HttpResponse(page.render()),
        *kept.EVERY_PAGE,
        f"article-{row.pk}",
        f"author-{row.author}",
        f"post-{row.pk}",
        *others,
        # The next article may become a neighbour or a related article.
        until=freshness.next_moment,
        counts=f"article-{row.pk}",
    )


def _bind(
    row: ArticleRow,
    topics: tuple[Topic, ...],
    related: tuple[Connected, ...],
    corrections: tuple[Corrected, ...],
    now: Facts,
) -> tuple[BoundStencil, list[str]]:
    """Return an article's page, and the keys of the other posts that it names.

    `now` is among the values that tell one page from another: its linked data name the publisher.
    """
    post = row.post()
    others = [f"post-{other.pk}" for other in related]
    others += [f"link-{link['pk']}" for link in (post.older, post.newer) if link]  # type: ignore[attr-defined]  # annotated in posts/views/article_queries.py
    return PAGE.bind(page_context(post, topics, related, corrections)), others


# For the articles that were read last. A page with an unknown query in its address is not kept,
# but may be asked for often.
_bound = lru_cache(maxsize=BOUND)(_bind)


def redirect_gone_or_404(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer for a slug of no published article: 301, 410, or Http404."""
    posts = Post.objects.known_as(slug).defer("body", "body_served")
    # The article with this slug comes before one that had it earlier.
    for post in sorted(posts, key=lambda post: post.slug != slug):
        if post.is_withdrawn:
            return gone(request, post)
        if post.is_published:
            return moved(request, post)
    raise Http404
