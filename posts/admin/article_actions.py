"""What the list of articles can do with the chosen ones: publish, withdraw, bring back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.utils import timezone

from alarmroom.desk import dates
from alarmroom.desk.bulk import Outcome, asks_first
from alarmroom.desk.models import Revision
from alarmroom.desk.versioned import VersionedAdminMixin
from posts.admin.article_states import state_of
from posts.admin.checking import REASON, check_stored_for, may_override
from posts.checks import check_stored
from posts.models import Post, access

if TYPE_CHECKING:
    ArticleActionsBase = admin.ModelAdmin[Post]
else:
    ArticleActionsBase = object


MOST_CHECKED = 100  # articles; the checks read the text of each
NOT_YOURS = "Your account may not do this to it."


def _look(
    desk: Any, request: HttpRequest, posts: QuerySet[Post], say: Callable[[Post], Outcome]
) -> list[Outcome]:
    """Return what is said of each article that this person may publish, and of the others."""
    found = []
    for post in posts.select_related(None).defer("body", "body_served"):
        if access.may_publish(request.user, post):
            found.append(say(post))
        else:
            found.append(Outcome(post, "left as it is", NOT_YOURS, does=False))
    return found


def _checked(request: HttpRequest, outcomes: list[Outcome], done: str) -> list[Outcome]:
    """Return the outcomes with what the checks say of the articles that readers would see."""
    pks = [one.thing.pk for one in outcomes if one.does]
    errors = {
        post.pk: report.errors
        for post, report in check_stored(Post.objects.filter(pk__in=pks))
        if report.errors
    }
    may = may_override(request)
    found = []
    for one in outcomes:
        wrong = errors.get(one.thing.pk)
        if not wrong:
            found.append(one)
            continue
        more = f" And {len(wrong) - 1} more." if len(wrong) > 1 else ""
        words = f"{wrong[0].sentence}{more}"
        if may and all(finding.may_be_overridden for finding in wrong):
            said = f"{words} You are asked for a reason next."
            found.append(Outcome(one.thing, "to be fixed, or overridden", said, asks=True))
        else:
            left = f"“{one.thing}” was not {done}. {words}"
            kind = f"not {done}: to be fixed"
            found.append(Outcome(one.thing, kind, words, does=False, left=left))
    return found


def plan_publish(desk: Any, request: HttpRequest, posts: QuerySet[Post]) -> list[Outcome]:
    def say(post: Post) -> Outcome:
        if post.is_published:
            return Outcome(post, "published already", "Published already. Nothing happens.", False)
        if post.is_scheduled:
            when = dates.moment(cast("dt.datetime", post.published_at))
            return Outcome(
                post,
                "will be published earlier than planned",
                f"Planned for {when}. It is published now, and the plan is dropped.",
                asks=True,
            )
        was = state_of(post)[1]
        return Outcome(post, "will be published", f"{was} → published now.")

    return _checked(request, _look(desk, request, posts, say), "published")


def plan_back(desk: Any, request: HttpRequest, posts: QuerySet[Post]) -> list[Outcome]:
    def say(post: Post) -> Outcome:
        if post.is_draft:
            return Outcome(post, "a draft already", "A draft already. Nothing happens.", False)
        was = state_of(post)[1]
        words = "Readers no longer find it." if post.is_published else "Its date is dropped."
        return Outcome(post, "will be a draft", f"{was} → draft. {words}")

    return _look(desk, request, posts, say)


def plan_withdraw(desk: Any, request: HttpRequest, posts: QuerySet[Post]) -> list[Outcome]:
    def say(post: Post) -> Outcome:
        if not post.is_published:
            words = f"{state_of(post)[1]}: there is nothing to withdraw."
            return Outcome(post, "not published", words, does=False)
        words = "Published → withdrawn. Its address tells readers so."
        return Outcome(post, "will be withdrawn", words)

    return _look(desk, request, posts, say)


def plan_bring_back(desk: Any, request: HttpRequest, posts: QuerySet[Post]) -> list[Outcome]:
    def say(post: Post) -> Outcome:
        if not post.is_withdrawn or post.was_published_at is None:
            words = f"{state_of(post)[1]}: it was not withdrawn."
            return Outcome(post, "not withdrawn", words, does=False)
        words = f"Withdrawn → published, dated {dates.moment(post.was_published_at)}."
        return Outcome(post, "will be on the site again", words)

    return _checked(request, _look(desk, request, posts, say), "brought back")


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

    @admin.action(description="Publish…", permissions=["publish"])
    @asks_first(
        plan_publish,
        title="Publish {} now?",
        button="Publish {}",
        most=MOST_CHECKED,
        note="Each gets a revision. You can withdraw them.",
        nothing="Nothing to publish: the chosen articles are on the site already.",
        direct=REASON,
    )
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

    @admin.action(description="Back to draft…", permissions=["publish"])
    @asks_first(
        plan_back,
        title="Make {} drafts again?",
        button="Make {} drafts",
        note="Each gets a revision.",
        nothing="The chosen articles are drafts already.",
    )
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

    @admin.action(description="Withdraw…", permissions=["publish"])
    @asks_first(
        plan_withdraw,
        title="Withdraw {}?",
        button="Withdraw {}",
        note="You can bring them back.",
        nothing="Nothing to withdraw: none of the chosen articles is published.",
    )
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

    @admin.action(description="Bring back…", permissions=["publish"])
    @asks_first(
        plan_bring_back,
        title="Bring {} back?",
        button="Bring {} back",
        nothing="None of the chosen articles is withdrawn.",
        most=MOST_CHECKED,
        direct=REASON,
    )
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
