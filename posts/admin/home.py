"""What articles bring to Home: what was begun, what fails its checks, what is scheduled."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from alarmroom.desk import dates, home
from alarmroom.desk.copies import name_of
from alarmroom.desk.left_behind import typed_title
from alarmroom.desk.models import WorkingCopy
from alarmroom.desk.models.working_copy import NEW
from posts.models import Post, Review, access
from posts.models.comment import Comment

# As many as a calendar of two months can show.
MOST_DATES = 400
MOST_FAILING = 50

home.SEES_DATES += ["posts.view_post", "posts.change_post"]


@home.source
def articles(request: HttpRequest) -> Iterator[home.Part]:
    user = request.user
    if user.has_perm("posts.add_post"):
        url = reverse("admin:posts_post_add")
        yield home.Action("Write an article", url, rank=0, icon="write")
    sees = access.sees_all(user) or user.has_perm("posts.change_post")
    reviews = open_reviews(request) if sees else []
    if user.has_perm("posts.change_post"):
        yield from begun(request)
        yield from submitted(request, reviews)
    if sees:
        yield from asked(request)
    if user.has_perm("posts.change_post"):
        yield from failing(request)
    if sees:
        yield from dated(request)
        yield from wished(request, reviews)


def begun(request: HttpRequest) -> Iterator[home.Action]:
    """The last draft that the account saved, or typed into. Two queries at most."""
    user = request.user
    drafts = Post.objects.visible_to(user).drafts().filter(owner=user.pk)
    title = Post.objects.filter(pk=OuterRef("object_id")).values("title")
    kind = ContentType.objects.get_for_model(Post)
    copies = WorkingCopy.objects.filter(by=user.pk, content_type=kind).open()
    text = models.CharField()
    found = (
        drafts.order_by()
        .annotate(key=F("pk"), copy=Value(0), name=Coalesce("title", Value(""), output_field=text))
        .values_list("key", "copy", "name", "updated_at")
        .union(
            copies.order_by()
            .annotate(
                key=F("object_id"),
                copy=F("pk"),
                name=Coalesce(Subquery(title), Value(""), output_field=text),
            )
            .values_list("key", "copy", "name", "changed_at"),
            all=True,
        )
        .order_by("-updated_at")[:10]
    )
    now = timezone.now()
    for pk, copy, name, at in found:
        if pk == NEW and user.has_perm("posts.add_post"):
            url = f"{reverse('admin:posts_post_add')}?copy={copy}"
            name = typed_title(WorkingCopy.objects.get(pk=copy)) or "an article without a title"
        elif name:
            url = reverse("admin:posts_post_change", args=[pk])
        else:
            continue  # It is in the bin by now.
        detail = f"edited {home.ago(at, now)}"
        yield home.Action("Continue:", url, rank=2, icon="go", about=name, detail=detail)
        return


def asked(request: HttpRequest) -> Iterator[home.Need]:
    """Comments that name the account, and nobody has resolved. One query."""
    now = timezone.now()
    for comment in Comment.objects.naming(request.user)[:MOST_FAILING]:
        if not access.may_see(request.user, comment.post):
            continue
        by = name_of(comment.by) if comment.by else "Somebody"
        yield home.Need(
            f"{by} names you in a comment",
            comment.post.title,
            reverse("admin:posts_post_change", args=[comment.post_id]),
            "Read and answer",
            detail=f"“{Truncator(comment.text).chars(120)}” · {home.ago(comment.at, now)}",
            rank=1,
            kind="info",
        )


def open_reviews(request: HttpRequest) -> list[Review]:
    """What is submitted, of what the account may see, the oldest first. One query."""
    seen = Post.objects.visible_to(request.user).order_by()
    return list(
        Review.objects.open()
        .filter(post__in=seen.values("pk"))
        .select_related("post__author", "submitted_by")
        .order_by("submitted_at", "pk")
        .defer("post__body", "post__body_served")[:MOST_DATES]
    )


def submitted(request: HttpRequest, reviews: list[Review]) -> Iterator[home.Need]:
    """What others have submitted, for whoever decides about it."""
    if not access.changes_all(request.user):
        return
    reviews = [review for review in reviews if review.submitted_by_id != request.user.pk]
    now = timezone.now()
    for review in reviews[:MOST_FAILING]:
        by = f" by {name_of(review.submitted_by)}" if review.submitted_by else ""
        wish = f" · wished for {dates.day(review.wished_for)}" if review.wished_for else ""
        note = f" · “{Truncator(review.note).chars(120)}”" if review.note else ""
        yield home.Need(
            "Waiting for your decision",
            review.post.title,
            reverse("admin:posts_post_review", args=[review.post_id]),
            "Read and decide",
            detail=f"Submitted{by}, {home.ago(review.submitted_at, now)}{wish}{note}",
            rank=2,
        )


def failing(request: HttpRequest) -> Iterator[home.Need]:
    """Published articles in which the checks found something to fix. One query."""
    posts = Post.objects.published().visible_to(request.user)
    if not access.changes_all(request.user):
        posts = posts.filter(owner=request.user.pk)
    found = (
        posts.filter(check_result__errors__gt=0)
        .order_by("-check_result__errors", "pk")
        .values_list("pk", "title", "check_result__errors", "check_result__first")
    )
    for pk, title, errors, first in found[:MOST_FAILING]:
        more = f" And {errors - 1} more." if errors > 1 else ""
        yield home.Need(
            "Something to fix in a published article",
            title,
            reverse("admin:posts_post_change", args=[pk]),
            "Look and fix",
            detail=f"{first}{more}",
            rank=4,
            kind="stop",
        )


def dated(request: HttpRequest) -> Iterator[home.Coming]:
    """What was published this month, and whatever is scheduled. One query."""
    user, now = request.user, timezone.now()
    start, _ = home.span(now)
    posts = (
        Post.objects.visible_to(user)
        .filter(Q(published_at__gte=start))
        .order_by("published_at", "pk")
        .select_related("author")
        .only("title", "published_at", "owner", "author__name")
    )
    for post in posts[:MOST_DATES]:
        assert post.published_at  # noqa: S101  (for the type checker)
        yield home.Coming(
            post.published_at,
            "article",
            post.title,
            reverse("admin:posts_post_change", args=[post.pk]),
            key=f"posts.post-{post.pk}",
            detail=str(post.author),
            move_url=reverse("admin:posts_post_move", args=[post.pk])
            if post.published_at > now and access.may_publish(user, post)
            else "",
        )


def wished(request: HttpRequest, reviews: list[Review]) -> Iterator[home.Coming]:
    """What is submitted for a day."""
    user = request.user
    for review in reviews:
        post, at = review.post, review.wished_at
        if at is None or post.published_at is not None:
            continue
        yield home.Coming(
            at,
            "article",
            post.title,
            reverse("admin:posts_post_change", args=[post.pk]),
            key=f"posts.wish-{post.pk}",
            detail=f"{post.author} · wished for this day",
            state="review",
            state_name="In review",
            has_hour=False,
            move_url=reverse("admin:posts_post_wish", args=[post.pk])
            if access.may_change(user, post)
            else "",
        )
