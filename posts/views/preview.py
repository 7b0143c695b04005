"""The preview of an article for editors: as readers will see it, saved or not.

It is made by the code that serves readers (posts/views/article_values.py), of what the form holds.
Other ways to see it, such as a search result, are in posts/views/preview_as.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from alarmroom.desk import revisions
from alarmroom.desk.content import Content
from alarmroom.methods import allow
from posts.models import Author, Likeness, Post, Tag, access
from posts.models.image import Image
from posts.models.topic import START_HERE
from posts.text import html
from posts.views import article_queries
from posts.views.article_queries import CONNECTED
from posts.views.article_values import Connected, Corrected, Topic, as_card, as_topic, page_context

# Shown in a frame of the desk, which reads it, and in which no script runs and no form is sent.
CSP = {
    **settings.SECURE_CSP,
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-same-origin", "allow-popups"],
}
UNTITLED, NOBODY = "Untitled", "No author yet"


@dataclass(frozen=True)
class Shown:
    """An article with what a form holds put into it, or with its newest saved content."""

    post: Post
    topics: list[Topic]
    related: list[Connected] = field(default_factory=list)
    corrections: list[Corrected] = field(default_factory=list)

    def context(self) -> dict[str, Any]:
        """Return the context of an article's page."""
        return page_context(self.post, self.topics, self.related, self.corrections, is_preview=True)


def never_kept[View: Callable[..., HttpResponse]](view: View) -> View:
    """Let no cache keep the answer, and say on the site's clock when it was made."""

    def with_clock(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Desk-Clock"] = date_format(timezone.localtime(), "H:i")
        return response

    kept_from_caches: Any = cache_control(no_store=True, private=True)(wraps(view)(with_clock))
    return kept_from_caches


@allow("GET", "HEAD", "POST")
@never_kept
@csp_override(CSP)
@xframe_options_sameorigin
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The article with its newest content; to a POST of its form, with what the form holds."""
    return _page(request, shown(request, pk))


@allow("POST")
@never_kept
@csp_override(CSP)
@xframe_options_sameorigin
def preview_new(request: HttpRequest) -> HttpResponse:
    """An article that was never saved, as its form holds it."""
    return _page(request, shown(request, None))


def shown(request: HttpRequest, pk: int | None) -> Shown:
    """Return the article that a preview shows. Raises Http404 for who may not see it."""
    post = article_for(request, pk)
    if request.method == "POST":
        return filled_with(post, _typed(request, str(pk) if pk is not None else None))
    return filled_with(post, revisions.head_of(post).content)


def article_for(request: HttpRequest, pk: int | None) -> Post:
    """Return the stored article, or one for what was never saved.

    Raises Http404 for who may not see it, not a redirect to the sign-in page: that would tell a
    stranger which drafts exist.
    """
    user = request.user
    if pk is None:
        # has_perm() is False for an account that was closed.
        if not (user.is_staff and user.has_perm("posts.add_post")):
            raise Http404
        # Key 0 is no row's: what is asked of the database about it is empty.
        return Post(pk=0)
    post = article_queries.any_article(pk) if user.is_staff else None
    if post is None or not access.may_see(user, post):
        raise Http404
    return post


def _typed(request: HttpRequest, object_id: str | None) -> Content:
    """Return what a form holds, valid or not. Raises Http404 for who may not change it."""
    model_admin: Any = admin.site.get_model_admin(Post)
    try:
        thing = model_admin.editable(request, object_id)
    except PermissionDenied:
        raise Http404 from None
    content: Content = model_admin.typed_content(request, thing)
    return content


def _page(request: HttpRequest, seen: Shown) -> HttpResponse:
    return render(request, "posts/article.html", {**seen.context(), "post": seen.post})


def context_of(post: Post, content: Content) -> dict[str, Any]:
    """Return the context of an article's page with this content in place of the stored one."""
    return filled_with(post, content).context()


def filled_with(post: Post, content: Content) -> Shown:
    """Put a content into a post that is not saved."""
    related = _fill(post, content)
    keys = [key for key in content["fields"]["tags"] or [] if str(key).isdecimal()]
    # Contents of earlier days have none. No topic has the key 0.
    first = str(content["fields"].get("first_topic") or 0)
    tags = Tag.objects.filter(pk__in=keys).exclude(slug=START_HERE)
    topics = [
        as_topic(tag) for tag in tags.first_before_names(int(first) if first.isdecimal() else 0)
    ]
    corrections = article_queries.corrections(post) if post.pk else []
    return Shown(post, topics, related, corrections)


def _fill(post: Post, content: Content) -> list[Connected]:
    """Put a content into a post that is not saved; return its related articles."""
    fields = content["fields"]
    post.title = str(fields["title"] or UNTITLED)
    post.slug = str(fields["slug"] or post.slug or "untitled")
    # Contents of earlier days have none.
    post.search_title = str(fields.get("search_title") or "")
    post.summary = str(fields["summary"] or "")
    post.body = html.clean(str(fields["body"] or ""))
    post.reading_minutes = Post.read_from(post.body)["reading_minutes"]
    author = _by_key(Author.objects.select_related("photo"), fields["author"])
    post.author = author or Author(name=NOBODY, slug="nobody")
    post.cover = _by_key(Image.objects.all(), fields["cover"])
    for name in ("cover_alt", "cover_caption", "cover_credit"):
        setattr(post, name, str(fields[name] or ""))
    for name in ("older", "newer"):
        if not hasattr(post, name):
            setattr(post, name, None)
    picked = [row["related"] for row in content["rows"]["related_to"]]
    return _connected(post, [int(key) for key in picked if str(key).isdecimal()])


def _by_key(rows: Any, key: Any) -> Any:
    return rows.filter(pk=key).first() if str(key).isdecimal() else None


def _connected(post: Post, picked: list[int]) -> list[Connected]:
    """Return the picked articles that readers see, and similar ones up to the usual number."""
    alike = Likeness.objects.filter(post=post.pk).order_by("-score").values_list("other", flat=True)
    keys = list(dict.fromkeys([*picked, *alike]))
    shown = Post.objects.published().for_listing().in_bulk(keys)
    found = [as_card(shown[key]) for key in keys if key in shown]
    count = sum(key in shown for key in dict.fromkeys(picked))
    return found[: max(CONNECTED, count)]
