"""Checks on the desk: beside the text while somebody writes, and before readers see it.

The rules are in posts/checks/. What they call an error stops every way by which an article reaches
readers; who has the permission `posts.override_checks` may go on with a reason, which is kept in
the revision's note and in the admin's log.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.defaultfilters import pluralize
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from alarmroom.desk import log
from alarmroom.desk.content import rows_as_sent
from alarmroom.desk.models import Act
from alarmroom.desk.moments import MomentField
from alarmroom.desk.writing import Frame, Section
from posts.checks import Finding, Manuscript, check, check_stored
from posts.checks.elsewhere import ask_for
from posts.checks.excerpt import Excerpt, excerpt_of
from posts.checks.report import Report, numbered
from posts.models import Post
from posts.tasks import wake_for_links
from posts.text import html
from posts.text.editor import LONGEST_SENT
from posts.text.limits import refuse_longer

REASON = "_override_reason"
LEAST_REASON, LONGEST_REASON = 10, 240  # characters
SPITE = "Published in spite of checks"
# What may lead to readers, in the header of the page.
BUTTONS = ("_publish", "_update", "_save", "_continue", "_addanother")
# Sections of the rail.
CHECKS, IN_SPITE = "Checks", "In spite of checks"


def may_override(request: HttpRequest) -> bool:
    return request.user.has_perm("posts.override_checks")


def reason_in(data: QueryDict) -> str:
    return " ".join(data.get(REASON, "").split())[:LONGEST_REASON]


def note_of(reason: str) -> str:
    """Return the note of a revision that was published in spite of checks."""
    return f"{SPITE}: {reason}"


def log_of(reason: str, findings: list[Finding]) -> str:
    """Return the line of the admin's log."""
    return f"{note_of(reason)} ({' '.join(finding.message for finding in findings[:5])})"


def log_overridden(
    model_admin: Any, request: HttpRequest, post: Post, reason: str, findings: list[Finding]
) -> None:
    """Write into both logs that an article was published in spite of checks, and why."""
    model_admin.log_change(request, post, log_of(reason, findings))
    log.record(Act.Kind.OVERRODE, by=request.user, about=post, detail=log_of(reason, findings))


def waits_for_update(data: QueryDict, post: Post) -> bool:
    """Whether this save of a published article is kept back until “Update article”."""
    plain = "_save" in data or "_continue" in data
    return plain and "_update" not in data and post.is_published


@dataclass(frozen=True)
class Stopped:
    """What keeps an article from being published, for the page that says so."""

    manuscript: Manuscript
    findings: list[Finding]

    def rows(self) -> list[tuple[Finding, Excerpt | None]]:
        return [(each, excerpt_of(self.manuscript, each.place)) for each in self.findings]

    def is_all_of(self, form: forms.BaseForm) -> bool:
        """Whether nothing else is wrong with the form, and somebody may override all of it."""
        rules = {each.rule for each in self.findings if each.may_be_overridden}
        found = {
            error.code
            for name, errors in form.errors.as_data().items()
            if name != REASON
            for error in errors
        }
        return all(each.may_be_overridden for each in self.findings) and found <= rules


class CheckedForm(forms.ModelForm):
    """The form of an article, with the checks before a save that readers would see."""

    request: Any = None  # Whose form it is; set by ChecksMixin.get_form().

    # Named as REASON says.
    _override_reason = forms.CharField(
        label="Publish in spite of this, because",
        required=False,
        max_length=LONGEST_REASON,
        help_text="Your reason is kept with your name, in the history and in the log.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST_REASON}),
    )

    @property
    def _sent(self) -> QueryDict:
        return cast("QueryDict", self.data)

    def check_before_publishing(self, cleaned: dict[str, Any]) -> None:
        """Add what the checks call an error to the errors of the form."""
        if self.request is not None:
            self.request.desk_overridden = self.request.desk_stopped = None
        if not cleaned.get("published_at") or waits_for_update(self._sent, self.instance):
            return
        manuscript = self._manuscript(cleaned)
        report = check(manuscript)
        errors = [each for each in report.errors if each.place.field not in self.errors]
        if errors and self.request is not None:
            self.request.desk_stopped = Stopped(manuscript, errors)
            if may_override(self.request):
                errors = self._override(errors)
        for finding in errors:
            name = finding.place.field if finding.place.field in self.fields else None
            self.add_error(name, ValidationError(finding.sentence, code=finding.rule))

    def _override(self, errors: list[Finding]) -> list[Finding]:
        """Return the errors that stay; the others are overridden if a reason is given."""
        reason = reason_in(self._sent)
        fixed = [finding for finding in errors if not finding.may_be_overridden]
        if len(reason) >= LEAST_REASON and REASON not in self.errors:
            self.request.desk_overridden = (reason, [e for e in errors if e.may_be_overridden])
            return fixed
        if len(fixed) < len(errors):
            # The form is shown again with a field for the reason.
            self.request.desk_asks_for_reason = True
            if reason and REASON not in self.errors:
                self.add_error(
                    REASON,
                    f"A few words more, so that the next editor understands: {len(reason)} of "
                    f"{LEAST_REASON} characters.",
                )
        return errors

    def _manuscript(self, cleaned: dict[str, Any]) -> Manuscript:
        author, cover = cleaned.get("author"), cleaned.get("cover")
        if "author" not in self.fields:
            author = self.instance.author_id
        rows = rows_as_sent(self._sent, "related_to", Post.content_shape.rows["related_to"])
        return Manuscript(
            **{
                ours: cleaned.get(name, getattr(self.instance, name)) or ""
                for ours, name in (
                    ("title", "title"),
                    ("dek", "summary"),
                    ("body", "body"),
                    ("slug", "slug"),
                    ("search_title", "search_title"),
                    ("cover_alt", "cover_alt"),
                    ("cover_caption", "cover_caption"),
                    ("cover_credit", "cover_credit"),
                )
            },
            has_author=bool(author),
            topics=len(self._sent.getlist(self.add_prefix("tags"))),
            related=len(rows),
            cover=cover.pk if cover else None,
            publishes_at=cleaned.get("published_at"),
        )


def typed_manuscript(data: QueryDict, post: Post | None) -> Manuscript:
    """Return what a form holds, valid or not. No query. Raises ValidationError."""
    body = data.get("body", "").replace("\r\n", "\n")
    refuse_longer(body, LONGEST_SENT)
    try:
        when = MomentField(required=False).clean([data.get(f"published_at_{n}") for n in (0, 1)])
    except ValidationError:
        when = None
    cover = data.get("cover", "")
    row = Post.content_shape.rows["related_to"]
    return Manuscript(
        title=data.get("title", "")[:1000],
        dek=data.get("summary", "")[:2000],
        body=html.clean(body),
        slug=data.get("slug", "")[:200] or (post.slug if post else ""),
        search_title=data.get("search_title", "")[:1000],
        has_author=bool(data.get("author")),
        topics=len(data.getlist("tags")),
        related=len(rows_as_sent(data, "related_to", row)),
        cover=int(cover) if cover.isascii() and cover.isdecimal() and len(cover) < 18 else None,
        cover_alt=data.get("cover_alt", "")[:1000],
        cover_caption=data.get("cover_caption", "")[:1000],
        cover_credit=data.get("cover_credit", "")[:1000],
        publishes_at=when,
    )


class ChecksMixin:
    """For the admin of articles: the list of checks beside the text, and actions that check."""

    def get_urls(self) -> list[URLPattern]:
        view: Any = self.admin_site.admin_view(never_cache(self.checks_view))  # type: ignore[attr-defined]  # of the admin
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]  # likewise
        return [
            path("add/checks/", view, name="posts_post_new_checks"),
            path("<path:object_id>/checks/", view, name="posts_post_checks"),
            *urls,
        ]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, *args, **kwargs)  # type: ignore[misc]  # likewise
        form.request = request
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if getattr(request, "desk_asks_for_reason", False):
            page, inlines = context["adminform"], context["inline_admin_formsets"]
            page.fieldsets = [*page.fieldsets, (IN_SPITE, {"fields": [REASON]})]
            context["asks_for_reason"] = True
            stopped: Stopped = request.desk_stopped  # type: ignore[attr-defined]  # set by the form
            rows_are_right = not any(each.formset.total_error_count() for each in inlines)
            if stopped.is_all_of(page.form) and rows_are_right:
                context["override"] = {
                    "rows": stopped.rows(),
                    "button": next((name for name in BUTTONS if name in request.POST), "_save"),
                    "verb": self._verb(request.POST, stopped.manuscript.publishes_at),
                    "least": LEAST_REASON,
                }
        elif (stopped_by := getattr(request, "desk_stopped", None)) and not may_override(request):
            context["stopped_by_checks"] = any(f.may_be_overridden for f in stopped_by.findings)
        response: HttpResponse = super().render_change_form(  # type: ignore[misc]  # likewise
            request, context, *args, **kwargs
        )
        return response

    def _verb(self, data: QueryDict, when: dt.datetime | None) -> str:
        """Return what the button does that the checks stopped."""
        if "_update" in data:
            return "Update"
        return "Schedule" if when and when > timezone.now() else "Publish"

    def show_checks(self, frame: Frame, post: Post | None) -> None:
        """Put the checks into the rail, below the state; above them the reason, if one is asked."""
        if not frame.may_save:
            return
        address = self.address_of("checks", post.pk if post else None)  # type: ignore[attr-defined]  # likewise
        top = render_to_string("admin/posts/post/_checks_section.html", {"address": address})
        frame.rail.insert(1, Section(CHECKS, top=mark_safe(top), is_open=True))  # noqa: S308  (a template's)
        for section in frame.rail:
            if section.name == IN_SPITE:
                frame.rail.remove(section)
                frame.rail.insert(1, section)
                # Whatever the browser remembers, it is open.
                section.is_open = section.is_wrong = True
                break

    def checks_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Return what the rules find in a form as it stands, for the rail. It stores nothing."""
        return require_POST(self._checks)(request, object_id)

    def _checks(self, request: HttpRequest, object_id: str | None) -> HttpResponse:
        post: Post | None = self.editable(request, object_id)  # type: ignore[attr-defined]  # likewise
        try:
            manuscript = typed_manuscript(request.POST, post)
            report = check(manuscript)
        except ValidationError as error:
            return HttpResponse(
                " ".join(error.messages),
                content_type="text/plain; charset=utf-8",
                status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
        if not manuscript.is_begun:
            # An empty page is no mistake.
            return TemplateResponse(request, "admin/posts/post/_checks_later.html")
        return TemplateResponse(request, "admin/posts/post/_checks.html", checks_context(report))

    # Notes and the log

    def revision_note(self, request: HttpRequest) -> str:
        note: str = super().revision_note(request)  # type: ignore[misc]  # likewise
        overridden = getattr(request, "desk_overridden", None)
        return " ".join(filter(None, [note_of(overridden[0]) if overridden else "", note]))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]  # likewise
        if overridden := getattr(request, "desk_overridden", None):
            log_overridden(self, request, form.instance, *overridden)
        # The text as it was sent: what waits is not in the article's row.
        if ask_for([form.cleaned_data.get("body", "")]):
            transaction.on_commit(wake_for_links, robust=True)


def checks_context(report: Report) -> dict[str, Any]:
    rows = list(numbered(report))
    return {
        "report": report,
        "errors": [(number, each) for number, each in rows if each.is_error],
        "warnings": [(number, each) for number, each in rows if not each.is_error],
    }


@dataclass
class Checked:
    """What came of checking stored articles before an action gives them to readers."""

    ready: list[int] = field(default_factory=list)  # The keys of those that may go on.
    notes: dict[int, str] = field(default_factory=dict)  # Of those that do in spite of errors.
    stopped: int = 0  # How many are not ready, which this person has been told.
    page: HttpResponse | None = None  # Asks for a reason, of whoever may give one.


def check_stored_for(
    model_admin: Any,
    request: HttpRequest,
    posts: QuerySet[Post],
    *,
    action: str = "",
    address: str = "",
    undone: str = "published",
) -> Checked:
    """Check stored articles before an action gives them to readers. Call it in a transaction.

    The rows stay locked, so that nobody can change a text between its check and its publication.
    The page that asks for a reason sends it to the list with this `action`, or to `address`.
    """
    pks = sorted(posts.order_by().values_list("pk", flat=True))
    locked = Post._base_manager.select_for_update().filter(pk__in=pks).order_by("pk")
    list(locked.values_list("pk"))
    may = may_override(request)
    reason = reason_in(request.POST) if may else ""
    found = Checked()
    asks: list[tuple[Post, list[Finding]]] = []
    for post, report in check_stored(Post.objects.filter(pk__in=pks)):
        errors = report.errors
        overridable = all(finding.may_be_overridden for finding in errors)
        if not errors:
            found.ready.append(post.pk)
        elif may and overridable and len(reason) >= LEAST_REASON:
            found.ready.append(post.pk)
            found.notes[post.pk] = note_of(reason)
            log_overridden(model_admin, request, post, reason, errors)
        elif may and overridable:
            asks.append((post, errors))
        else:
            found.stopped += 1
            more = len(errors) - 1
            also = f" {more} more thing{pluralize(more)} to fix." if more else ""
            model_admin.message_user(
                request,
                f"“{post}” was not {undone}. {errors[0].sentence}{also}",
                messages.ERROR,
            )
    if asks:
        found.page = ask_for_reason(model_admin, request, asks, reason, action, address)
    return found


def ask_for_reason(
    model_admin: Any,
    request: HttpRequest,
    asks: list[tuple[Post, list[Finding]]],
    reason: str,
    action: str,
    address: str,
) -> HttpResponse:
    """Return the page that names what is wrong, and asks why to publish it all the same."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Publish in spite of checks?",
        "opts": model_admin.opts,
        "rows": asks,
        "action": action,
        "address": address or reverse("admin:posts_post_changelist"),
        "action_name": ACTION_CHECKBOX_NAME,
        "reason_name": REASON,
        "reason": reason,
        "least": LEAST_REASON,
        "longest": LONGEST_REASON,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/posts/post/override.html", context)
