"""What an account may do with articles on the desk, asked by every page and every action.

The rules are in posts/models/access.py. What an account may not see answers as what is not there:
the list, the pages of one article, its history, autocompletes and the bin go through here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from alarmroom.desk.models import Binned
from posts.models import Post, PostQuerySet, access

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Post]
else:
    Base = object

# Buttons that give a text to readers.
GIVES_TO_READERS = ("_publish", "_update")


class ArticleAccessMixin(Base):
    """For the admin of articles; it stands before the mixins whose pages ask it."""

    def get_queryset(self, request: HttpRequest) -> PostQuerySet:
        posts: Any = super().get_queryset(request)
        match = request.resolver_match
        if match and match.url_name == "autocomplete":
            # Whoever may not see an article may still name it, if readers see it.
            found: PostQuerySet = posts.choosable_by(request.user)
        elif access.deletes_all(request.user):
            found = posts
        else:
            found = posts.visible_to(request.user)
        if match and match.url_name == "posts_post_changelist":
            found = found.with_review()
        return found

    def get_object(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        post = super().get_object(request, object_id, *args, **kwargs)
        if post is None and not access.sees_all(request.user):
            own = self.can_be_key(object_id) and Binned.objects.of(Post, object_id).filter(  # type: ignore[attr-defined]  # of GuardedAdmin
                owner=request.user.pk
            )
            if not own:
                # One answer for what is not there and for what is somebody else's.
                raise PermissionDenied
        return post

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return super().has_view_permission(request)
        return access.may_see(request.user, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        return access.may_change(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return super().has_delete_permission(request)
        return access.may_delete(request.user, obj)

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For actions with permissions=["publish"], and for what one article offers."""
        return access.may_publish(request.user, obj)

    def may_name(self, request: HttpRequest, thing: Any) -> bool:
        return access.may_name(request.user, thing)

    # Saving

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wanted = [name for name in GIVES_TO_READERS if name in request.POST]
        if request.method == "POST" and wanted and not access.may_publish(request.user):
            # Such a form was opened by somebody who might publish then. No word of it is lost.
            data = request.POST.copy()
            for name in wanted:
                del data[name]
            data["_continue"] = "1"
            request.POST = data  # type: ignore[assignment]  # a QueryDict, as before
            self.message_user(
                request,
                "Your account may not publish, so readers do not see this. Submit it for review.",
                messages.WARNING,
            )
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Post, form: Any, change: bool) -> None:
        if not change:
            user: Any = request.user
            obj.owner = user
        if not access.may_publish(request.user, obj if change else None):
            stored = Post.objects.filter(pk=obj.pk).values_list("published_at", flat=True).first()
            keeps_back = getattr(request, "desk_keeps_back", False)
            if obj.published_at != stored or (stored and not keeps_back):
                raise PermissionDenied
        super().save_model(request, obj, form, change)

    # The bin

    def binned_for(self, request: HttpRequest) -> Q:
        return Q() if access.sees_all(request.user) else Q(owner=request.user.pk)

    def may_see_binned(self, request: HttpRequest, binned: Binned) -> bool:
        own = binned.owner_id is not None and binned.owner_id == request.user.pk
        return self.has_view_permission(request) and (access.sees_all(request.user) or own)

    def may_restore_binned(self, request: HttpRequest, binned: Binned) -> bool:
        own = binned.owner_id is not None and binned.owner_id == request.user.pk
        may = own or access.changes_all(request.user) or self.has_add_permission(request)
        return may and super().may_restore_binned(request, binned)  # type: ignore[misc]  # of BinAdminMixin
