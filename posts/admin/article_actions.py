"""What the list of articles can do with the chosen ones: publish, withdraw, bring back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.utils import timezone

from alarmroom.desk.models import Revision
from alarmroom.desk.versioned import VersionedAdminMixin
from posts.admin.checking import check_stored_for
from posts.models import Post

if TYPE_CHECKING:
    ArticleActionsBase = admin.ModelAdmin[Post]
else:
    ArticleActionsBase = object


class ArticleActionsMixin(VersionedAdminMixin, ArticleActionsBase):
    """The actions of the list of articles; each records a revision of what it changes."""

    actions = ["publish_now", "back_to_draft", "withdraw", "bring_back"]

    def about_to_change(self, queryset: QuerySet[Post]) -> dict[int, Any]:
        """Return when each article was published, before an action changes that."""
        return dict(queryset.values_list("pk", "published_at"))

    def record_changes(
        self,
        request: HttpRequest,
        before: dict[int, Any],
        kind: Revision.Kind,
        notes: dict[int, str] | None = None,
    ) -> None:
        """Record a revision of each article that an action has published or taken off the site."""
        posts = Post.objects.filter(pk__in=before).defer("body_served")
        changed = [post for post in posts if post.published_at != before[post.pk]]
        self.record_each(request, changed, kind, notes)

    @admin.action(description="Publish now", permissions=["publish"])
    def publish_now(self, request: HttpRequest, queryset: QuerySet[Post]) -> HttpResponse | None:
        with transaction.atomic():
            waiting = queryset.exclude(published_at__lte=timezone.now())
            checked = check_stored_for(self, request, waiting, action="publish_now")
            changing = self.about_to_change(Post.objects.filter(pk__in=checked.ready))
            count = Post.objects.filter(pk__in=checked.ready).publish()
            self.record_changes(request, changing, Revision.Kind.PUBLISHED, checked.notes)
        if count:
            text = f"{count} article{pluralize(count)} published."
            self.message_user(request, text, messages.SUCCESS)
        elif not checked.stopped and checked.page is None:
            self.message_user(
                request,
                "Nothing to publish: the chosen articles are on the site already.",
                messages.INFO,
            )
        return checked.page

    @admin.action(description="Back to draft", permissions=["publish"])
    def back_to_draft(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        changing = self.about_to_change(queryset.order_by())
        count = Post.objects.filter(pk__in=changing).back_to_draft()
        self.record_changes(request, changing, Revision.Kind.SAVED)
        self.message_user(
            request,
            f"{count} article{pluralize(count)} taken off the site; readers no longer find "
            f"{pluralize(count, 'it,them')}."
            if count
            else "The chosen articles are drafts already.",
            messages.SUCCESS if count else messages.INFO,
        )

    @admin.action(description="Withdraw: its address says that it is gone", permissions=["publish"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        changing = self.about_to_change(queryset.order_by())
        count = Post.objects.filter(pk__in=changing).withdraw()
        self.record_changes(request, changing, Revision.Kind.WITHDRAWN)
        self.message_user(
            request,
            f"{count} article{pluralize(count)} withdrawn. Readers who come to "
            f"{pluralize(count, 'its address,their addresses')} are told so."
            if count
            else "Nothing to withdraw: none of the chosen articles is published.",
            messages.SUCCESS if count else messages.INFO,
        )

    @admin.action(description="Bring back what was withdrawn", permissions=["publish"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet[Post]) -> HttpResponse | None:
        with transaction.atomic():
            withdrawn = queryset.filter(withdrawn_at__isnull=False)
            checked = check_stored_for(
                self, request, withdrawn, action="bring_back", undone="brought back"
            )
            changing = self.about_to_change(Post.objects.filter(pk__in=checked.ready))
            count = Post.objects.filter(pk__in=checked.ready).bring_back()
            self.record_changes(request, changing, Revision.Kind.PUBLISHED, checked.notes)
        if count:
            self.message_user(
                request,
                f"{count} article{pluralize(count)} back on the site, under "
                f"{pluralize(count, 'its old date,their old dates')}.",
                messages.SUCCESS,
            )
        elif not checked.stopped and checked.page is None:
            self.message_user(request, "None of the chosen articles is withdrawn.", messages.INFO)
        return checked.page
