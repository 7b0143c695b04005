"""Corrections of a published article on the desk: added, listed, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache

from alarmroom.desk.writing import Frame
from alarmroom.methods import allow
from posts import correcting
from posts.models import Correction, Post
from posts.models.correction import LONGEST_CORRECTION, LONGEST_KEY

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Post]
else:
    Base = object


class CorrectionForm(forms.ModelForm[Correction]):
    key = forms.RegexField(rf"^[A-Za-z0-9]{{{LONGEST_KEY}}}\Z", widget=forms.HiddenInput)

    class Meta:
        model = Correction
        fields = ["text"]
        labels = {"text": "What was wrong, and what is right"}
        help_texts = {
            "text": "“An earlier version gave the number of calls as 400. There were 40.” The date "
            "stands before it. Put the text itself right as well."
        }
        widgets = {"text": forms.Textarea(attrs={"rows": 4, "maxlength": LONGEST_CORRECTION})}

    def clean_text(self) -> str:
        return " ".join(self.cleaned_data["text"].split())


class CorrectionsMixin(Base):
    """For the admin of articles: the page "Add a correction"."""

    def get_urls(self) -> list[URLPattern]:
        view: Any = never_cache(allow("GET", "HEAD", "POST")(self.corrections_view))
        page = path(
            "<path:object_id>/corrections/",
            self.admin_site.admin_view(view),
            name="posts_post_corrections",
        )
        return [page, *super().get_urls()]

    def show_corrections(self, frame: Frame, post: Post) -> None:
        """Put the way to this page into the menu of an article that readers see."""
        if frame.may_publish and post.is_published:
            address = reverse("admin:posts_post_corrections", args=[post.pk])
            frame.links.append((address, "Add a correction…"))

    def corrections_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The corrections of an article, and a form for another; for who may publish it."""
        post: Post = self.editable(request, object_id)  # type: ignore[attr-defined]  # of VersionedAdminMixin
        if not self.has_publish_permission(request, post):  # type: ignore[attr-defined]  # of ArticleAccessMixin
            raise PermissionDenied
        if "take_back" in request.POST:
            return self._take_back_correction(request, post)
        form = _new_form()
        if request.method == "POST":
            form = CorrectionForm(request.POST, label_suffix="")
            if form.is_valid() and self._add_correction(request, post, form):
                return redirect("admin:posts_post_corrections", post.pk)
        return self._corrections_page(request, post, form)

    def _add_correction(self, request: HttpRequest, post: Post, form: CorrectionForm) -> bool:
        text, key = form.cleaned_data["text"], form.cleaned_data["key"]
        try:
            correcting.correct(post, text, key=key, by=request.user)
        except correcting.CannotCorrect as why:
            form.add_error(None, str(why))
            return False
        self.message_user(
            request,
            "Readers see the correction at the end of the article, and in the feeds.",
            messages.SUCCESS,
        )
        return True

    def _take_back_correction(self, request: HttpRequest, post: Post) -> HttpResponse:
        pk = request.POST["take_back"]
        known = pk.isascii() and pk.isdecimal() and len(pk) < 18
        found = Correction.objects.filter(post=post, pk=int(pk) if known else 0).first()
        if found and correcting.take_back(found, by=request.user):
            self.message_user(
                request, "The correction is taken back. Readers no longer see it.", messages.SUCCESS
            )
        else:
            self.message_user(request, "This correction was taken back before.", messages.INFO)
        return redirect("admin:posts_post_corrections", post.pk)

    def _corrections_page(
        self, request: HttpRequest, post: Post, form: CorrectionForm
    ) -> HttpResponse:
        if form.errors:
            # With a key of its own: the one that was sent may be of one that was taken back.
            data = request.POST.copy()
            data["key"] = get_random_string(LONGEST_KEY)
            form.data = data
        every = Correction.objects.filter(post=post).select_related("by")
        return TemplateResponse(
            request,
            "admin/posts/post/corrections.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": post,
                "change_address": reverse("admin:posts_post_change", args=[post.pk]),
                "title": "Corrections",
                "form": form,
                "shown": every.shown().reverse(),
                "taken_back": every.exclude(taken_back_at=None).order_by("-taken_back_at")[:20],
            },
        )


def _new_form() -> CorrectionForm:
    return CorrectionForm(initial={"key": get_random_string(LONGEST_KEY)}, label_suffix="")
