"""How often readers opened an article: a page of it on the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from alarmroom.desk.writing import Frame
from alarmroom.methods import require_safe
from alarmroom.reads.figures import reads_of
from posts.models import Post

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Post]
else:
    Base = object


class ReadersMixin(Base):
    """For the admin of articles: the page "Readers"."""

    def get_urls(self) -> list[URLPattern]:
        view: Any = never_cache(require_safe(self.readers_view))
        page = path(
            "<path:object_id>/readers/",
            self.admin_site.admin_view(view),
            name="posts_post_readers",
        )
        return [page, *super().get_urls()]

    def show_readers(self, frame: Frame, post: Post) -> None:
        """Put the way to this page into the menu of an article that readers saw."""
        if post.was_published_at or post.published_at:
            frame.links.append((reverse("admin:posts_post_readers", args=[post.pk]), "Readers"))

    def readers_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How often an article was read in the last 30 days; for who may see it."""
        post: Post = self.readable(request, object_id)  # type: ignore[attr-defined]  # of HistoryMixin
        return TemplateResponse(
            request,
            "admin/posts/post/readers.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": post,
                "change_address": reverse("admin:posts_post_change", args=[post.pk]),
                "title": "Readers",
                "reads": reads_of(f"article-{post.pk}"),
            },
        )
