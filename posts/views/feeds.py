"""The newest articles for feed readers, in full: of the site, of a topic, of an author.

posts/views/feed_entries.py says once what an article is in a feed, and
posts/views/feed_formats.py writes the three formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse

from alarmroom import kept
from alarmroom.facts import facts
from alarmroom.methods import require_safe
from posts import freshness
from posts.models import Author, Post, PostQuerySet, Tag
from posts.models.addresses import find_or_moved
from posts.models.body import images_in
from posts.models.own_links import addresses_of
from posts.text.own_links import goals_in
from posts.views.feed_entries import entry, plain, site
from posts.views.feed_formats import FORMATS, ArticleFeed

NEWEST = 20


@dataclass(frozen=True)
class About:
    """What a feed is about: the site, a topic or an author."""

    title: str
    text: str
    name: str
    """Its permanent name: `site`, `tag/7`, `author/3`."""
    path: str
    """The path of the page that lists the same articles."""
    feeds: str
    """The path of its feeds, without their file names."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are dropped when the feed changes (posts/freshness.py)."""
        kind, _, pk = self.name.partition("/")
        return (f"feed-{kind}-{pk}",) if pk else ("feeds",)


def about_site() -> About:
    now = facts()
    return About(now.name, now.description, "site", reverse("posts:front"), reverse("posts:feeds"))


def about_tag(tag: Tag) -> About:
    text = tag.description or f"Articles on {tag.name} in {facts().name}."
    path = tag.get_absolute_url()
    return About(f"{tag.name} · {facts().name}", text, f"tag/{tag.pk}", path, path)


def about_author(author: Author) -> About:
    text = f"Articles by {author.name} in {facts().name}."
    path = author.get_absolute_url()
    return About(f"{author.name} · {facts().name}", text, f"author/{author.pk}", path, path)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The page that says what feeds are, with the addresses of all of them."""
    context = {"tags": Tag.objects.in_use(), "authors": writers()}
    response = render(request, "posts/feeds.html", context)
    return kept.keep(response, "tags", "feeds", *kept.EVERY_PAGE, until=freshness.next_moment)


def writers() -> QuerySet[Author]:
    """The authors who have a published article."""
    return Author.objects.filter(pk__in=Post.objects.published().values("author"))


@require_safe
def site_feed(request: HttpRequest, file_name: str) -> HttpResponse:
    return respond(about_site(), Post.objects.published(), file_name)


@require_safe
def tag_feed(request: HttpRequest, slug: str, file_name: str) -> HttpResponse:
    tag = find_or_moved(request, Tag.objects.all(), slug)
    if isinstance(tag, HttpResponse):
        return tag
    return respond(about_tag(tag), Post.objects.published().filter(tags=tag), file_name)


@require_safe
def author_feed(request: HttpRequest, slug: str, file_name: str) -> HttpResponse:
    author = find_or_moved(request, Author.objects.all(), slug)
    if isinstance(author, HttpResponse):
        return author
    posts = Post.objects.published().filter(author=author)
    return respond(about_author(author), posts, file_name)


def respond(about: About, posts: PostQuerySet, file_name: str) -> HttpResponse:
    """Return the newest of the posts as a feed. Raises Http404 for an unknown file name.

    alarmroom/kept/ answers with 304 by the ETag alone. There is no Last-Modified: no date changes
    when an article is withdrawn or a topic renamed.
    """
    if file_name not in FORMATS:
        raise Http404
    newest = posts.newest_first().select_related("author__photo", "cover").defer("body_served")
    made = feed(about, list(newest.prefetch_related("tags", "corrections")[:NEWEST]), file_name)
    out = BytesIO()
    made.write(out, "utf-8")
    response = HttpResponse(out.getvalue(), content_type=made.content_type)
    return kept.keep(response, *about.keys, until=freshness.next_moment)


def feed(about: About, posts: list[Post], file_name: str) -> ArticleFeed:
    """Return the feed of these posts, which come with what entry() says."""
    made = FORMATS[file_name](
        title=plain(about.title),
        link=site(about.path),
        description=plain(about.text),
        subtitle=plain(about.text),
        language="en-us",
        feed_url=site(about.feeds + file_name),
        feed_guid=f"tag:{settings.SITE_HOST},2026:{about.name}",
        icon=site(static("img/touch-icon.png")),
        favicon=site(static("img/favicon.png")),
    )
    bodies = "".join([post.body for post in posts])
    images, addresses = images_in(bodies), addresses_of(goals_in(bodies))
    for post in posts:
        made.add_item(**entry(post, images, addresses))
    return made
