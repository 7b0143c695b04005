"""Comments beside the text on the writing page, and the address that takes them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache

from alarmroom.desk import revisions
from alarmroom.desk.writing import HISTORY, Frame, Section
from alarmroom.methods import allow
from posts import commenting
from posts.models import Comment, Post
from posts.models.comment import LONGEST_COMMENT

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Post]
else:
    Base = object

COMMENTS = "Comments"


class CommentsMixin(Base):
    """For the admin of articles. Whoever may see an article on the desk may comment on it."""

    def get_urls(self) -> list[URLPattern]:
        view: Any = never_cache(allow("POST")(self.comments_view))
        address = path(
            "<path:object_id>/comments/",
            self.admin_site.admin_view(view),
            name="posts_post_comments",
        )
        return [address, *super().get_urls()]

    def show_comments(self, frame: Frame, post: Post, request: HttpRequest) -> None:
        """Put the comments into the rail, above the history."""
        context = self.comments_context(request, post)
        top = render_to_string("admin/posts/post/_comments.html", context)
        section = Section(COMMENTS, top=mark_safe(top), line=context["line"])  # noqa: S308  (a template's)
        at = next((n for n, each in enumerate(frame.rail) if each.name == HISTORY), len(frame.rail))
        frame.rail.insert(at, section)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if post := context.get("original"):
            context["comments_url"] = reverse("admin:posts_post_comments", args=[post.pk])
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def comments_context(self, request: HttpRequest, post: Post) -> dict[str, Any]:
        head = getattr(request, "desk_head", None) or revisions.head_of(post)
        threads = commenting.threads_of(post, head.content["fields"]["body"] or "")
        shown = [each for each in threads if each.comment.resolved_at is None]
        resolved = [each for each in threads if each.comment.resolved_at is not None]
        return {
            "post": post,
            "threads": shown,
            "resolved": resolved,
            "line": f"{len(shown)} open" if shown else "None open" if resolved else "None yet",
            "people": commenting.people_for(post),
            "longest": LONGEST_COMMENT,
        }

    def comments_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a comment or an answer, resolve, or reopen.

        A script gets the section anew; a browser without one goes back to the article.
        """
        post: Any = self.readable(request, object_id)  # type: ignore[attr-defined]  # of HistoryPagesMixin
        level, sentence = self.act_on_comments(request, post)
        if request.headers.get("X-Requested-With") == "fetch":
            context = {**self.comments_context(request, post), "said": sentence}
            status = HTTPStatus.OK if level != messages.ERROR else HTTPStatus.UNPROCESSABLE_ENTITY
            return render(request, "admin/posts/post/_comments.html", context, status=status)
        messages.add_message(request, level, sentence)
        return redirect(reverse("admin:posts_post_change", args=[post.pk]) + "#section-comments")

    def act_on_comments(self, request: HttpRequest, post: Post) -> tuple[int, str]:
        """Do what a button says; return how it went, in a sentence."""
        sent = request.POST
        if "resolve" in sent:
            done = commenting.resolve(post, number(sent.get("resolve", "")), request.user)
            return messages.SUCCESS, "Resolved." if done else "It is resolved already."
        if "reopen" in sent:
            done = commenting.reopen(post, number(sent.get("reopen", "")))
            return messages.SUCCESS, "Open again." if done else "It is open already."
        thread = None
        name = "new"
        if "answer" in sent:
            name = sent.get("answer", "")
            rows = Comment.objects.threads().filter(post=post, pk=number(name))
            thread = rows.first()
            if thread is None:
                return messages.ERROR, "The comment is not there any more."
        place = number(sent.get("place", "")) if sent.get("place") else None
        try:
            said = commenting.add(
                post,
                request.user,
                sent.get(f"comment-{name}", ""),
                thread=thread,
                quote=sent.get("quote", "")[:2_000],
                place=place,
            )
        except commenting.Refused as error:
            return messages.ERROR, str(error)
        words = ["Answered." if thread else "Added."]
        if said.told:
            words.append(
                f"{', '.join(said.told)} {'get' if len(said.told) > 1 else 'gets'} a mail."
            )
        if said.unknown:
            listed = ", ".join(f"@{name}" for name in said.unknown)
            words.append(f"{listed}: nobody of that name may see this article.")
        return messages.SUCCESS, " ".join(words)


def number(text: str) -> int:
    """Return a number that a form sent; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
