"""Submitting an article, and deciding about it: the page of it, and what the article says of it.

The steps are in posts/reviewing.py. The button on the writing page saves first and leads here.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache

from alarmroom.desk import dates, revisions
from alarmroom.desk.copies import name_of
from alarmroom.desk.models import Revision
from alarmroom.desk.moving import FARTHEST
from alarmroom.desk.writing import Frame
from alarmroom.methods import allow
from posts import reviewing
from posts.models import Post, Review, access
from posts.models.review import LONGEST_NOTE

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Post]
else:
    Base = object

BUTTON = "_review"  # Saves the form, and goes on to the page of the review.
SEEN = "version"
PAST = 20  # earlier reviews that the page shows


class NoteForm(forms.Form):
    note = forms.CharField(
        label="What should the reader of it know? (optional)",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": f"A note may have {LONGEST_NOTE:,} characters. Shorten it."},
    )
    wished_for = forms.DateField(
        label="When would you like it published? (optional)",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "That is no day. Choose one, or leave it empty."},
    )

    def clean_wished_for(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["wished_for"]
        today = timezone.localdate()
        if day and not today <= day <= today + FARTHEST:
            raise forms.ValidationError("Wish for a day from today on, within five years.")
        return day


class ReviewsMixin(Base):
    """For the admin of articles."""

    def get_urls(self) -> list[URLPattern]:
        view: Any = never_cache(allow("GET", "HEAD", "POST")(self.review_view))
        page = path(
            "<path:object_id>/review/", self.admin_site.admin_view(view), name="posts_post_review"
        )
        return [page, *super().get_urls()]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if BUTTON in request.POST and "_continue" not in request.POST:
            data = request.POST.copy()
            for name in ("_publish", "_update", "_save"):
                data.pop(name, None)
            data["_continue"] = "1"
            request.POST = data  # type: ignore[assignment]  # a QueryDict, as before
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def went_on_to_review(self, request: HttpRequest, post: Post) -> HttpResponse | None:
        """Return where the button of a saved form leads."""
        return redirect("admin:posts_post_review", post.pk) if BUTTON in request.POST else None

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.instance.published_at and not getattr(request, "desk_keeps_back", False):
            reviewing.published([form.instance.pk], request.user)

    def record_each(
        self, request: HttpRequest, things: Any, kind: Revision.Kind, *args: Any
    ) -> None:
        things = list(things)
        super().record_each(request, things, kind, *args)  # type: ignore[misc]  # of VersionedAdminMixin
        if kind == Revision.Kind.PUBLISHED:
            reviewing.published([thing.pk for thing in things], request.user)

    # What the writing page says

    def show_review(self, frame: Frame, post: Post | None, request: HttpRequest) -> None:
        """Put the way to a review into the header."""
        if not frame.may_save:
            return
        review = self.newest_review(post) if post else None
        if review and not review.is_open:
            review = None
        own = review is not None and review.submitted_by_id == request.user.pk
        if review is None:
            changes = post is not None and post.published_at is not None
            words = "Submit changes for review…" if changes else "Submit for review…"
        else:
            words = "In review…" if own or not self.may_decide(request, review) else "Review…"
        if frame.may_publish:
            if review and not own:
                frame.second_button = (BUTTON, words)
            return
        frame.main = mark_safe(  # noqa: S308  (a template's)
            render_to_string("admin/posts/post/_submit.html", {"name": BUTTON, "words": words})
        )

    def newest_review(self, post: Post) -> Review | None:
        """Return the newest review; an open one is always the newest. One query for a page."""
        known: Any = post.__dict__
        if "desk_review" not in known:
            known["desk_review"] = reviewing.last_review(post)
            if known["desk_review"]:
                known["desk_review"].post = post
            known["in_review_now"] = bool(known["desk_review"] and known["desk_review"].is_open)
        found: Review | None = known["desk_review"]
        return found

    def may_decide(self, request: HttpRequest, review: Review) -> bool:
        """Whether this person decides about it: not about what they submitted themselves."""
        return access.may_review(request.user, review.post) and (
            review.submitted_by_id != request.user.pk
        )

    def about_review(self, post: Post) -> SafeString | str:
        """Return what the state says of the newest review."""
        review = self.newest_review(post)
        if review is None or review.verdict in (
            Review.Verdict.TAKEN_BACK,
            Review.Verdict.PUBLISHED,
        ):
            return ""
        context = {
            "review": review,
            "by": name_of(review.submitted_by) if review.submitted_by else "somebody",
            "decided_by": name_of(review.decided_by) if review.decided_by else "somebody",
            "changed_at": changed_since(review),
            "address": reverse("admin:posts_post_review", args=[post.pk]),
        }
        return mark_safe(render_to_string("admin/posts/post/_review.html", context))  # noqa: S308  (a template's)

    # The page

    def review_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Submit, take back, approve or ask for changes."""
        post: Post | None = self.editable(request, object_id)  # type: ignore[attr-defined]  # of VersionedAdminMixin
        if post is None:
            raise Http404
        if request.method == "POST":
            return self.act_on_review(request, post)
        review = reviewing.open_review(post)
        past = Review.objects.filter(post=post).exclude(verdict="").newest_first()
        context = {
            **self.context(request, post, "Review"),  # type: ignore[attr-defined]  # likewise
            "review": review,
            "own": review is not None and review.submitted_by_id == request.user.pk,
            "may_decide": review is not None and self.may_decide(request, review),
            "form": NoteForm(label_suffix=""),
            "past": past.select_related("submitted_by", "decided_by")[:PAST],
            "version": revisions.head_of(post).version,
            "changed_at": changed_since(review) if review else None,
            "longest": LONGEST_NOTE,
            "today": timezone.localdate(),
            "is_new": post.published_at is None,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/posts/post/review.html", context)

    def act_on_review(self, request: HttpRequest, post: Post) -> HttpResponse:
        here = redirect("admin:posts_post_review", post.pk)
        form = NoteForm(request.POST)
        if not form.is_valid():
            for errors in form.errors.values():
                messages.error(request, " ".join(map(str, errors)))
            return here
        note = form.cleaned_data["note"]
        act = request.POST.get("act", "")
        try:
            if act == "submit":
                wished_for = form.cleaned_data["wished_for"]
                reviewing.submit(post, request.user, note, wished_for=wished_for)
                self.log_change(request, post, "Submitted for review.")
                messages.success(
                    request, "Submitted. You may go on writing; whoever decides sees the newest."
                )
                return redirect("admin:posts_post_change", post.pk)
            if act == "take_back":
                reviewing.take_back(post, request.user)
                self.log_change(request, post, "Taken back from review.")
                messages.success(request, "Taken back: nobody is asked to look at it any more.")
                return redirect("admin:posts_post_change", post.pk)
            return self.decide(request, post, act, note) or here
        except reviewing.Decided as error:
            messages.warning(request, what_stands(error.review, request.user))
        return here

    def decide(self, request: HttpRequest, post: Post, act: str, note: str) -> HttpResponse | None:
        verdict = {"approve": Review.Verdict.APPROVED, "changes": Review.Verdict.CHANGES}.get(act)
        if verdict is None or not access.may_review(request.user, post):
            raise PermissionDenied
        review = reviewing.open_review(post)
        if review is None:
            raise reviewing.Decided(reviewing.last_review(post))
        if not self.may_decide(request, review):
            raise PermissionDenied
        if verdict == Review.Verdict.CHANGES and not note.strip():
            messages.error(request, "Say what should change: the note is what the writer gets.")
            return None
        if request.POST.get(SEEN, "") != revisions.head_of(post).version:
            messages.warning(request, "It was changed meanwhile. Look at it once more.")
            return None
        reviewing.decide(review, verdict, request.user, note)
        self.log_change(request, post, f"{review.get_verdict_display()}.")
        whom = name_of(review.submitted_by) if review.submitted_by else "Nobody"
        done = "Approved." if verdict == Review.Verdict.APPROVED else "Changes are asked for."
        messages.success(request, f"{done} {whom} gets a mail.")
        return redirect("admin:posts_post_change", post.pk)


def changed_since(review: Review) -> Any:
    """Return when the article was last changed after this was submitted, or decided; or None."""
    found = Revision.objects.of(review.post).filter(at__gt=review.last_word).newest_first()
    return found.values_list("at", flat=True).first()


def what_stands(review: Review | None, user: Any) -> str:
    """Return a sentence for whoever was too late."""
    if review is None:
        return "Nothing was done: it is not in review."
    if review.is_open:
        return "It is in review already."
    who = name_of(review.decided_by) if review.decided_by else "Somebody"
    who = "You" if review.decided_by == user else who
    what = {
        "approved": "approved it",
        "changes": "asked for changes",
        "taken_back": "took it back",
    }.get(review.verdict, "published it")
    return f"{who} {what} already, at {dates.moment(review.last_word)}. Nothing was done."
