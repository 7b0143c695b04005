"""Articles, pictures and pages for the search box of the desk."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from alarmroom.desk.finding import Found, finder, titled
from posts.admin.article_states import state_of
from posts.models import Page, Post
from posts.models.image import Image


def may_see(request: HttpRequest, model: str) -> bool:
    return any(request.user.has_perm(f"posts.{each}_{model}") for each in ("view", "change"))


@finder(0)
def articles(request: HttpRequest, letters: str) -> Iterator[Found]:
    if not may_see(request, "post"):
        return
    posts = Post.objects.visible_to(request.user).select_related("author")
    shown = ("title", "published_at", "withdrawn_at", "author__name")
    for post in titled(posts, "title", letters).only(*shown):
        url = reverse("admin:posts_post_change", args=[post.pk])
        yield Found("Article", post.title, url, f"{state_of(post)[1]}, {post.author}")


@finder(3)
def pictures(request: HttpRequest, letters: str) -> Iterator[Found]:
    if not may_see(request, "image"):
        return
    for pk, title in titled(Image.objects.all(), "title", letters).values_list("pk", "title"):
        yield Found("Picture", title, reverse("admin:posts_image_change", args=[pk]))


@finder(4)
def pages(request: HttpRequest, letters: str) -> Iterator[Found]:
    if not may_see(request, "page"):
        return
    for pk, title in titled(Page.objects.all(), "title", letters).values_list("pk", "title"):
        yield Found("Page", title, reverse("admin:posts_page_change", args=[pk]))
