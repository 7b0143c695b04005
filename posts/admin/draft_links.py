"""Links to a draft on the desk: made, listed with their counts, revoked."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac
from django.views.decorators.cache import never_cache

from alarmroom.desk import dates, log
from alarmroom.desk.models import Act
from alarmroom.methods import allow
from alarmroom.site_url import absolute_url
from posts.models import DraftLink, Post
from posts.models.draft_link import MOST_OPEN, digest_of

DAYS = {1: "1 day", 7: "7 days", 30: "30 days"}
ENDED_SHOWN = 20
KEY_LENGTH = 32


class DraftLinkForm(forms.ModelForm):
    days = forms.TypedChoiceField(
        label="It works for",
        choices=list(DAYS.items()),
        coerce=int,
        initial=7,
        widget=forms.RadioSelect,
    )
    # Of the form that was shown: sent twice, it makes one link and shows that one again.
    key = forms.RegexField(rf"^[A-Za-z0-9]{{{KEY_LENGTH}}}\Z", widget=forms.HiddenInput)

    class Meta:
        model = DraftLink
        fields = ["for_whom"]
        labels = {"for_whom": "For whom"}
        help_texts = {"for_whom": "Only for you, so that you know later whose link it is."}


class DraftLinksMixin:
    """For the model admin of articles: the page "Share a draft"."""

    # Of the mixed-in admin:
    admin_site: Any
    opts: Any
    editable: Any
    log_change: Any
    message_user: Any

    def get_urls(self) -> list[URLPattern]:
        share = path(
            "<int:pk>/share/",
            self.admin_site.admin_view(never_cache(self.share_draft)),
            name="posts_post_share",
        )
        return [share, *super().get_urls()]  # type: ignore[misc]  # of the admin it is mixed into

    def share_draft(self, request: HttpRequest, pk: int) -> HttpResponse:
        return allow("GET", "HEAD", "POST")(self._share_draft)(request, pk)

    def _share_draft(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The links to an article, and a form for another; for who may change the article."""
        post: Post = self.editable(request, str(pk))
        if "revoke" in request.POST:
            return self._revoke(request, post)
        form, made = _new_form(), None
        if request.method == "POST":
            form = DraftLinkForm(request.POST, label_suffix="")
            made = self._make(request, post, form)
            form = _new_form() if made else form
        return self._page(request, post, form, made)

    def _make(
        self, request: HttpRequest, post: Post, form: DraftLinkForm
    ) -> tuple[DraftLink, str] | None:
        """Return a new link with its address, which is known now and never again."""
        if not form.is_valid():
            return None
        token = token_of(post, request.user.pk, form.cleaned_data["key"])
        now = timezone.now()
        with transaction.atomic():
            # The row is locked, so that two forms at once do not pass the limit.
            Post.objects.select_for_update().only("pk").get(pk=post.pk)
            link = DraftLink.objects.of_token(token).first()
            if link is None and DraftLink.objects.open(now).filter(post=post).count() >= MOST_OPEN:
                form.add_error(
                    None, f"{MOST_OPEN} links to this article are open. Revoke one of them first."
                )
                return None
            if link is None:
                link = DraftLink.objects.create(
                    post=post,
                    digest=digest_of(token),
                    made_by=request.user,  # type: ignore[misc]  # signed in: admin_view()
                    for_whom=form.cleaned_data["for_whom"],
                    made_at=now,
                    expires_at=now + dt.timedelta(days=form.cleaned_data["days"]),
                )
                until = dates.moment(link.expires_at)
                whom = f" with {link.for_whom}" if link.for_whom else ""
                self.log_change(request, post, f"Shared the draft{whom} by a link, until {until}.")
                whose = f"For {link.for_whom}, until" if link.for_whom else "Until"
                log.record(Act.Kind.SHARED, by=request.user, about=post, detail=f"{whose} {until}")
        if not link.is_open:
            form.add_error(None, "This link was revoked meanwhile. Make another one.")
            return None
        return link, absolute_url(reverse("posts:shared-draft", args=[token]))

    def _revoke(self, request: HttpRequest, post: Post) -> HttpResponse:
        pk = request.POST["revoke"]
        known = pk.isascii() and pk.isdecimal() and len(pk) < 18
        link = DraftLink.objects.filter(post=post, pk=int(pk) if known else 0).first()
        if link and self._revoked(request, post, link):
            self.message_user(
                request, "The link is revoked. It leads nowhere from now on.", messages.SUCCESS
            )
        else:
            self.message_user(request, "This link was revoked before.", messages.INFO)
        return redirect("admin:posts_post_share", post.pk)

    def _revoked(self, request: HttpRequest, post: Post, link: DraftLink) -> bool:
        with transaction.atomic():
            if not link.revoke():
                return False
            self.log_change(request, post, "Revoked a link to the draft.")
            made = dates.moment(link.made_at)
            whose = f"For {link.for_whom}, made" if link.for_whom else "Made"
            log.record(Act.Kind.UNSHARED, by=request.user, about=post, detail=f"{whose} {made}")
        return True

    def _page(
        self,
        request: HttpRequest,
        post: Post,
        form: DraftLinkForm,
        made: tuple[DraftLink, str] | None,
    ) -> HttpResponse:
        links = DraftLink.objects.filter(post=post).select_related("made_by").order_by("-pk")
        open_links = list(links.filter(pk__in=DraftLink.objects.open().filter(post=post)))
        ended = links.exclude(pk__in=[link.pk for link in open_links])[:ENDED_SHOWN]
        return TemplateResponse(
            request,
            "admin/posts/post/share.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": post,
                "change_address": reverse("admin:posts_post_change", args=[post.pk]),
                "title": "Share a draft",
                "form": form,
                "made": made,
                "open_links": [link for link in open_links if not made or link != made[0]],
                "ended": list(ended),
            },
        )


def _new_form() -> DraftLinkForm:
    return DraftLinkForm(initial={"key": get_random_string(KEY_LENGTH)}, label_suffix="")


def token_of(post: Post, account: object, key: str) -> str:
    """Return the token of a link: 256 bits, signed with SECRET_KEY for this form of this account.

    Made of the form's random key and not drawn anew, so that a form that is sent twice gives the
    same link twice.
    """
    signed = salted_hmac("posts.draft-link", f"{post.pk}.{account}.{key}", algorithm="sha256")
    return base64.urlsafe_b64encode(signed.digest()).decode().rstrip("=")
