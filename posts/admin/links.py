"""The addresses that the editor asks for what a text may link to: articles and pages, by title."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.formats import date_format

from alarmroom.methods import require_safe
from posts.admin.editor_access import WRITERS, for_those_with
from posts.models import Page, Post
from posts.text.own_links import goal_of, own_link

LONGEST_QUERY = 100
MOST_WORDS = 6
MOST_FOUND = 8


@require_safe
@for_those_with(*WRITERS)
def find_links(request: HttpRequest) -> JsonResponse:
    """Answer `{"found": [{"href", "title", "note"}]}`: at most so many, the likeliest first.

    By the words of their title in `q`, or what the address in `to` leads to. Of what is not
    published, only what this account may see on the desk.
    """
    if to := request.GET.get("to", ""):
        return JsonResponse({"found": _at(request, to[:200])})
    words = request.GET.get("q", "")[:LONGEST_QUERY].split()[:MOST_WORDS]
    found = [
        _entry(kind, thing)
        for kind, rows in _linkable(request).items()
        for thing in _with(rows, words)[: MOST_FOUND if kind == "article" else MOST_FOUND // 2]
    ]
    return JsonResponse({"found": found[: MOST_FOUND + MOST_FOUND // 2]})


def _linkable(request: HttpRequest) -> dict[str, QuerySet[Any]]:
    """Return what this account may link to: what readers may read, and what it sees on the desk."""
    posts = Post.objects.published()
    own = admin.site.get_model_admin(Post)
    if own.has_view_permission(request):
        seen = own.get_queryset(request).order_by().values("pk")
        posts = Post.objects.filter(Q(pk__in=seen) | Q(published_at__lte=timezone.now()))
    posts = posts.only("pk", "title", "published_at", "withdrawn_at")
    return {"article": posts, "page": Page.objects.only("pk", "title")}


def _with(rows: QuerySet[Any], words: list[str]) -> QuerySet[Any]:
    for word in words:
        rows = rows.filter(title__icontains=word)
    begins = When(title__istartswith=" ".join(words), then=Value(0)) if words else None
    cases = [begins] if begins else []
    rank = Case(*cases, default=Value(1), output_field=IntegerField())
    return rows.annotate(rank=rank).order_by("rank", "-pk")


def _at(request: HttpRequest, to: str) -> list[dict[str, str]]:
    goal = goal_of(to)
    if goal is None:
        return []
    kind, pk = goal[0]
    return [_entry(kind, thing) for thing in _linkable(request)[kind].filter(pk=pk)]


def _entry(kind: str, thing: Any) -> dict[str, str]:
    return {
        "href": own_link(kind, thing.pk),
        "title": thing.title or "Untitled",
        "note": _note(thing) if kind == "article" else "Page",
    }


def _note(post: Post) -> str:
    if post.is_published and post.published_at:
        return date_format(timezone.localtime(post.published_at), "F j, Y")
    if post.published_at:
        day = date_format(timezone.localtime(post.published_at), "F j, Y")
        return f"Scheduled for {day}: plain words until then"
    return (
        "Withdrawn: plain words"
        if post.withdrawn_at
        else "Draft: plain words until it is published"
    )
