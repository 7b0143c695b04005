"""Corrections of a published article on the desk: added, listed, changed, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
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


class ChangeForm(forms.ModelForm[Correction]):
    """Other words for a correction, and how it read when the page was made."""

    was = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST_CORRECTION)

    class Meta(CorrectionForm.Meta):
        help_texts = {
            "text": "Readers see the new words at once. Its date stays, and an issue that was sent "
            "stays as it was sent."
        }

    clean_text = CorrectionForm.clean_text


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
        if "change" in request.GET:
            if (changing := self._correction_of(post, request.GET["change"])) is None:
                raise Http404
            return self._change_correction(request, post, changing)
        form = _new_form()
        if request.method == "POST":
            form = CorrectionForm(request.POST, label_suffix="")
            if form.is_valid() and self._add_correction(request, post, form):
                return redirect("admin:posts_post_corrections", post.pk)
        return self._corrections_page(request, post, form)

    def _correction_of(self, post: Post, pk: str) -> Correction | None:
        known = pk.isascii() and pk.isdecimal() and len(pk) < 18
        return Correction.objects.filter(post=post, pk=int(pk) if known else 0).first()

    def _change_correction(
        self, request: HttpRequest, post: Post, correction: Correction
    ) -> HttpResponse:
        """Show the words of a correction in a form, or store other ones."""
        # A copy, so that the form does not put into it what was not stored.
        shown = Correction(text=correction.text)
        form = ChangeForm(
            request.POST or None, instance=shown, initial={"was": shown.text}, label_suffix=""
        )
        now = ""
        if request.method == "POST" and form.is_valid():
            try:
                changed = correcting.change(
                    correction,
                    form.cleaned_data["text"],
                    was=form.cleaned_data["was"],
                    by=request.user,
                )
            except correcting.Overtaken as overtaken:
                now = overtaken.now
                form.add_error(None, str(overtaken))
                data = request.POST.copy()
                data["was"] = now
                form.data = data
            except correcting.CannotCorrect as why:
                self.message_user(request, str(why), messages.WARNING)
                return redirect("admin:posts_post_corrections", post.pk)
            else:
                self.message_user(
                    request,
                    "The correction has the new words." if changed else "The words are the same.",
                    messages.SUCCESS if changed else messages.INFO,
                )
                return redirect("admin:posts_post_corrections", post.pk)
        elif request.method != "POST" and correction.taken_back_at:
            return redirect("admin:posts_post_corrections", post.pk)
        return self._corrections_page(request, post, form, changing=correction, now=now)

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
        found = self._correction_of(post, request.POST["take_back"])
        if found and correcting.take_back(found, by=request.user):
            self.message_user(
                request, "The correction is taken back. Readers no longer see it.", messages.SUCCESS
            )
        else:
            self.message_user(request, "This correction was taken back before.", messages.INFO)
        return redirect("admin:posts_post_corrections", post.pk)

    def _corrections_page(
        self,
        request: HttpRequest,
        post: Post,
        form: CorrectionForm | ChangeForm,
        changing: Correction | None = None,
        now: str = "",
    ) -> HttpResponse:
        if form.errors and changing is None:
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
                "title": "Change a correction" if changing else "Corrections",
                "form": form,
                "changing": changing,
                "now": now,
                "shown": every.shown().reverse(),
                "taken_back": every.exclude(taken_back_at=None).order_by("-taken_back_at")[:20],
            },
        )


def _new_form() -> CorrectionForm:
    return CorrectionForm(initial={"key": get_random_string(LONGEST_KEY)}, label_suffix="")
