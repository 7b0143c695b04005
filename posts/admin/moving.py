"""Moving a scheduled article to another day, and what is submitted to another day of wish."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from alarmroom.desk import dates, moving
from alarmroom.desk.models import Revision
from alarmroom.methods import allow
from posts import reviewing
from posts.models import Post, access

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Post]
else:
    Base = object


class MovingMixin(Base):
    """For the admin of articles."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(allow("GET", "HEAD", "POST")(self.move_view))
        wish: Any = allow("GET", "HEAD", "POST")(self.wish_view)
        return [
            path("<int:pk>/move/", view, name="posts_post_move"),
            path("<int:pk>/review/move/", self.admin_site.admin_view(wish), name="posts_post_wish"),
            *super().get_urls(),
        ]

    def move_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not access.may_publish(request.user):
            raise PermissionDenied
        post = get_object_or_404(Post.objects.defer("body", "body_served"), pk=pk)
        if not access.may_publish(request.user, post):
            raise PermissionDenied
        return moving.page(
            self.admin_site,
            request,
            name=post.title,
            key=f"posts.post-{pk}",
            at=post.published_at,
            back=reverse("admin:posts_post_change", args=[pk]),
            move=lambda seen, to: self.move(request, pk, seen, to),
        )

    def wish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Another day for what is submitted: by whoever submitted it, and whoever decides."""
        post = get_object_or_404(Post.objects.defer("body", "body_served"), pk=pk)
        if not access.may_change(request.user, post):
            raise PermissionDenied
        review = reviewing.open_review(post)

        def move(seen: dt.datetime, to: dt.datetime) -> None:
            before, after = timezone.localdate(seen), timezone.localdate(to)
            if not reviewing.wish(post, before, after):
                now = reviewing.open_review(post)
                if now is None or now.wished_for is None:
                    raise moving.CannotMove("It is not in review any more. Nothing was changed.")
                raise moving.moved_meanwhile(dates.weekday(now.wished_for))
            words = f"Wished for {dates.day(after)}, before for {dates.day(before)}."
            self.log_change(request, post, words)

        return moving.page(
            self.admin_site,
            request,
            name=post.title,
            key=f"posts.wish-{pk}",
            at=review.wished_at if review else None,
            back=reverse("admin:posts_post_change", args=[pk]),
            move=move,
            what="wished",
            when=dates.weekday,
        )

    def move(self, request: HttpRequest, pk: int, seen: dt.datetime, to: dt.datetime) -> None:
        """Move an article that is still scheduled for `seen`; raise CannotMove otherwise."""
        desk: Any = self
        with transaction.atomic():
            # The lock makes whoever saves or publishes it at the same time wait, or come first.
            post = Post.objects.select_for_update().filter(pk=pk).first()
            now = timezone.now()
            at = post.published_at if post else None
            if post is None or at != seen or seen <= now:
                raise moving.too_late(at, is_out=at is not None and at <= now)
            if not access.may_publish(request.user, post):
                raise PermissionDenied
            before = desk.about_to_change(Post.objects.filter(pk=pk))
            Post.objects.filter(pk=pk).update(published_at=to, updated_at=now)
            note = f"Moved from {dates.moment(seen)} to {dates.moment(to)}."
            desk.record_changes(request, before, Revision.Kind.SCHEDULED, {pk: note})
            desk.log_change(request, post, note)
