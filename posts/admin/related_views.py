"""Which articles an article could lead on to, and which lead to it: asked for by its page."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from alarmroom.desk import dates
from alarmroom.desk.versioned import VersionedAdminMixin
from posts.likeness import alike
from posts.models import Post
from posts.text.own_links import own_link

SUGGESTED = 5
LINKED = 20  # Of either kind; an article that everybody links to needs no longer list.
ADDRESSES = 5  # So many of an article's addresses are looked for in the texts of others.
TOPICS = 30


class RelatedViewsMixin(VersionedAdminMixin):
    """Mixed into the admin of articles."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(never_cache(self.related_view))
        return [
            path("add/related/", view, name="posts_post_new_related"),
            path("<path:object_id>/related/", view, name="posts_post_related"),
            *super().get_urls(),
        ]

    def related_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        return require_safe(self._related)(request, object_id)

    def _related(self, request: HttpRequest, object_id: str | None) -> HttpResponse:
        """Suggest articles that are like what the form holds, and say which lead to this one."""
        post: Any = self.editable(request, object_id)
        given = request.GET
        tags = [int(key) for key in given.getlist("tag")[:TOPICS] if is_number(key)]
        found = alike(
            given.get("title", "")[:200],
            given.get("summary", "")[:400],
            tags,
            besides=[int(key) for key in given.getlist("besides")[:100] if is_number(key)],
            pk=post.pk if post else None,
        )
        suggested = [{"pk": one.pk, "title": one.title, "note": note_of(one)} for one in found]
        return JsonResponse(
            {
                "state": "found",
                "suggested": suggested[:SUGGESTED],
                "linked": self.linked_from(request, post) if post else [],
            }
        )

    def linked_from(self, request: HttpRequest, post: Post) -> list[dict[str, Any]]:
        """Return the articles that this account may see, and that lead to this one."""
        if not self.has_view_or_change_permission(request):
            return []
        seen: Any = Post.objects.visible_to(request.user)
        seen = seen.only("pk", "title", "published_at", "withdrawn_at").order_by("-published_at")
        chosen = list(seen.filter(related_to__related=post)[:LINKED])
        slugs = [post.slug, *post.former_slugs.values_list("slug", flat=True)[: ADDRESSES - 1]]
        within = Q(body__contains=own_link("article", post.pk))
        for slug in slugs:
            within |= Q(body__contains=f"/articles/{slug}/") | Q(
                body__contains=f'/articles/{slug}"'
            )
        linking = list(seen.filter(within).exclude(pk=post.pk)[:LINKED])
        how: dict[int, list[str]] = {}
        by_pk = {}
        for words, rows in (("in its text", linking), ("as related", chosen)):
            for one in rows:
                by_pk[one.pk] = one
                how.setdefault(one.pk, []).append(words)
        return [
            {
                "title": one.title,
                "note": " and ".join(how[pk]),
                "url": reverse("admin:posts_post_change", args=[pk]),
            }
            for pk, one in by_pk.items()
        ]


def is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def note_of(post: Post) -> str:
    return dates.day(post.published_at) if post.published_at else ""
