"""The pages of an issue on the desk: preview, test mail, sending, and progress."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.debug import sensitive_post_parameters

from alarmroom.desk import moving
from alarmroom.desk.signing_in import confirming
from alarmroom.facts import facts
from newsletter import corrections, preflight
from newsletter.admin.forms import Decision, SendForm, already_done
from newsletter.admin.standing import standing
from newsletter.delivery import counting, estimate, pausing, starting
from newsletter.delivery.answers import Fate, ServerAway, ServerRefuses
from newsletter.mail import rendering as mail
from newsletter.models import Content, Delivery, Issue
from newsletter.reports import storing
from subscribers.models import Subscriber

ROWS_SHOWN = 100
# Users with this permission see subscribers' addresses, in lists and in mail servers' replies.
SEE_READERS = "subscribers.view_subscriber"

# The policy of the preview's frame: the mail's styles and our pictures.
PREVIEW_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "img-src": [CSP.SELF, settings.SITE_URL],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "sandbox": ["allow-popups"],
}

IssueView = Callable[["IssuePagesMixin", HttpRequest, Issue], HttpResponse]


def issue_view(
    *, permission: str, methods: tuple[str, ...] = ("GET", "HEAD")
) -> Callable[[IssueView], Callable[..., HttpResponse]]:
    """Make an admin method a view of one issue, for those who have the permission."""

    def decorate(view: IssueView) -> Callable[..., HttpResponse]:
        @wraps(view)
        def checked(self: IssuePagesMixin, request: HttpRequest, pk: int) -> HttpResponse:
            if not request.user.has_perm(f"newsletter.{permission}"):
                raise PermissionDenied
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(self, request, get_object_or_404(Issue, pk=pk))

        return checked

    return decorate


class IssuePagesMixin:
    """For the model admin of Issue: the pages and actions of one issue."""

    admin_site: AdminSite
    opts: Options[Any]

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "preview": self.preview,
            "preview/html": self.preview_frame,
            "test": self.test,
            "send": self.send,
            "progress": self.progress,
            "pause": self.pause,
            "resume": self.resume,
            "cancel": self.cancel,
            "unschedule": self.unschedule,
            "move": self.move,
            "settle": self.settle,
        }
        return [
            *(
                path(
                    f"<int:pk>/{page}/",
                    self.admin_site.admin_view(view),
                    name=f"newsletter_issue_{page.replace('/', '_')}",
                )
                for page, view in pages.items()
            ),
            *super().get_urls(),  # type: ignore[misc]  # of the admin it is mixed into
        ]

    def page(self, request: HttpRequest, name: str, issue: Issue, **context: Any) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/newsletter/issue/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "issue": issue,
                "may_send": request.user.has_perm("newsletter.send_issue"),
                **context,
            },
        )

    # Preview and test mail

    @issue_view(permission="view_issue")
    def preview(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """The message as it will be or was sent: subject, HTML, text, warnings."""
        try:
            seen, warnings = preview_of(issue)
        except mail.RenderError as error:
            messages.error(request, str(error))
            return redirect("admin:newsletter_issue_change", issue.pk)
        return self.page(
            request,
            "preview",
            issue,
            title=f"Preview of {issue}",
            shown=seen,
            warnings=warnings,
            problems=preflight.problems(issue) if issue.is_open else [],
        )

    @method_decorator([never_cache, xframe_options_sameorigin, csp_override(PREVIEW_CSP)])
    @issue_view(permission="view_issue")
    def preview_frame(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """The HTML part alone, for the preview's frame."""
        try:
            return HttpResponse(preview_of(issue)[0].html)
        except mail.RenderError as error:
            return HttpResponse(str(error), content_type="text/plain", status=422)

    @issue_view(permission="change_issue", methods=("POST",))
    def test(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """Send the issue as it stands to the editor's own address."""
        address = getattr(request.user, "email", "")
        if not address:
            messages.error(
                request,
                "Your account has no e-mail address. Ask an administrator to add one to it, "
                "then send the test again.",
            )
            return redirect("admin:newsletter_issue_preview", issue.pk)
        try:
            outcome = starting.send_test(issue, address)
        except starting.NotReady as error:
            messages.error(request, str(error))
        except (ServerAway, ServerRefuses) as error:
            messages.error(
                request, f"The test was not sent: the mail server says “{error}”. Try again later."
            )
        else:
            if outcome.fate is Fate.ACCEPTED:
                messages.success(request, f"A test is on its way to {address}.")
            else:
                messages.error(
                    request,
                    f"The test to {address} was not accepted: {outcome.code or ''} {outcome.reply}",
                )
        return redirect("admin:newsletter_issue_preview", issue.pk)

    # Sending

    @method_decorator([never_cache, sensitive_post_parameters("password", "code", "passkey")])
    @issue_view(permission="send_issue", methods=("GET", "HEAD", "POST"))
    def send(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """GET shows the number of recipients; POST starts or schedules exactly what was shown."""
        if not issue.is_open:
            messages.warning(request, already_done(issue))
            return redirect("admin:newsletter_issue_progress", issue.pk)
        form = SendForm(request.POST or None, request=request)
        problems = preflight.problems(issue, at=issue.scheduled_for)
        changed, differences = False, []
        try:
            if request.method == "POST" and form.is_valid():
                try:
                    done = self.start_or_schedule(request, issue, form)
                    confirming.use_up(request)
                    return done
                except starting.Changed:
                    changed = True
                except starting.NotReady as error:
                    problems = error.problems
            rendered = starting.rehearse(issue)
        except mail.RenderError as error:
            messages.error(request, str(error))
            return redirect("admin:newsletter_issue_change", issue.pk)
        as_it_is = {"sha256": rendered.sha256, "text": text_of(issue, rendered)}
        if changed:
            differences = changed_lines(form.cleaned_data["text"], as_it_is["text"])
            form = SendForm(initial={**form.cleaned_data, **as_it_is}, request=request)
        elif not form.is_bound:
            when = facts().next_issue_at()
            form = SendForm(initial={**as_it_is, "when": when}, request=request)
        count = Subscriber.objects.mailable().count()
        response = self.page(
            request,
            "send",
            issue,
            title=f"Send {issue}",
            form=form,
            problems=problems,
            changed=changed,
            differences=differences,
            warnings=[*rendered.warnings, *corrections.left_out(issue)],
            count=count,
            estimate=estimate.before(count),
        )
        if form.was_locked:
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        return response

    @method_decorator([never_cache, sensitive_post_parameters("password", "code", "passkey")])
    @issue_view(permission="send_issue", methods=("GET", "HEAD", "POST"))
    def move(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """Schedule an issue for another day, by the password as sending; GET asks for it."""
        back = "change" if issue.is_open else "progress"
        return moving.page(
            self.admin_site,
            request,
            name=f"No. {issue.number}: {issue.subject}",
            key=f"newsletter.issue-{issue.pk}",
            at=issue.scheduled_for if issue.state == Issue.State.SCHEDULED else None,
            back=reverse(f"admin:newsletter_issue_{back}", args=[issue.pk]),
            move=lambda seen, to: move_issue(issue.pk, request.user, seen, to),
            confirms=True,
        )

    def start_or_schedule(self, request: HttpRequest, issue: Issue, form: SendForm) -> HttpResponse:
        when, shown = form.cleaned_data["when"], form.cleaned_data["sha256"]
        try:
            if "_schedule" in request.POST:
                if when is None:
                    raise starting.NotReady(["Choose the moment at which the issue is to be sent."])
                starting.schedule(issue, when, by=request.user, shown=shown)
                local = timezone.localtime(when)
                messages.success(
                    request, f"{issue} will be sent on {local:%B %-d, %Y at %H:%M %Z}."
                )
                return redirect("admin:newsletter_issue_changelist")
            starting.start(issue, by=request.user, shown=shown)
            to = f"{issue.recipients:,} subscribers" if issue.queued_to is None else "everybody"
            messages.success(request, f"{issue} is being sent to {to}.")
        except starting.AlreadyStarted:
            issue.refresh_from_db()
            messages.warning(request, already_done(issue))
        return redirect("admin:newsletter_issue_progress", issue.pk)

    @method_decorator(never_cache)
    @issue_view(permission="view_issue")
    def progress(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """How far sending is, in figures. Reloads itself while the issue is being sent."""
        figures = counting.figures(issue)
        totals = figures.totals
        may_see_readers = request.user.has_perm(SEE_READERS)
        counted = sum(totals.values())
        done = counted - totals["queued"] - totals["sending"]
        in_doubt = issue.deliveries.filter(state=Delivery.State.UNCERTAIN)
        failed = issue.deliveries.filter(state=Delivery.State.FAILED)
        uncertain = list(in_doubt.select_related("subscriber")[:ROWS_SHOWN])
        refused = list(failed.select_related("subscriber").order_by("-changed_at")[:ROWS_SHOWN])
        if not may_see_readers:
            for row in (*uncertain, *refused):
                row.reply = without_addresses(row.reply)
        return self.page(
            request,
            "progress",
            issue,
            title=f"Delivery of {issue}",
            totals=totals,
            counted=counted,
            done=done,
            # More may have been written since a large ledger was counted.
            balances=counted == issue.recipients
            or bool(figures.counted_at and issue.state == Issue.State.SENDING),
            may_see_readers=may_see_readers,
            note=note_for(request, issue),
            uncertain=uncertain,
            failed=refused,
            deferred=figures.deferred,
            counted_at=figures.counted_at,
            # A cancelled issue has rows to be skipped for a while.
            reloads=issue.state == Issue.State.SENDING
            or bool(issue.state == Issue.State.CANCELLED and totals["queued"]),
            quiet=issue.backs_off,
            **standing(issue, totals["queued"] + totals["sending"], readable_for(request)),
        )

    def report(self, request: HttpRequest, issue: Issue, changed: bool, words: str) -> HttpResponse:
        if changed:
            messages.success(request, words)
        else:
            issue.refresh_from_db()
            messages.warning(
                request, f"Nothing was changed: the issue is {issue.get_state_display()} now."
            )
        return redirect("admin:newsletter_issue_progress", issue.pk)

    @issue_view(permission="send_issue", methods=("POST",))
    def pause(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        changed = pausing.pause(issue, f"Paused by {request.user}.", by=request.user)
        return self.report(request, issue, changed, "Paused. Nobody is mailed until you go on.")

    @issue_view(permission="send_issue", methods=("POST",))
    def resume(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        return self.report(request, issue, starting.resume(issue, request.user), "Sending goes on.")

    @issue_view(permission="send_issue", methods=("POST",))
    def cancel(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        return self.report(
            request,
            issue,
            starting.cancel(issue, request.user),
            "Cancelled. Nobody else will be mailed.",
        )

    @issue_view(permission="send_issue", methods=("POST",))
    def unschedule(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        if starting.unschedule(issue, by=request.user):
            messages.success(request, "The issue is a draft again and is not sent by itself.")
        else:
            messages.warning(request, already_done(issue))
        return redirect("admin:newsletter_issue_change", issue.pk)

    @issue_view(permission="send_issue", methods=("POST",))
    def settle(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """Do what the editor decided about the chosen deliveries in doubt, or about all of them.

        A form that is not valid, or has not exactly one button, changes nothing.
        """
        try:
            decision = Decision.read(request.POST)
        except ValueError as error:
            messages.error(request, f"Nothing was changed: {error}")
            return redirect("admin:newsletter_issue_progress", issue.pk)
        if decision.again:
            count = starting.send_uncertain_again(issue, decision.pks)
            words = f"{count} in doubt will be sent once more."
        else:
            count = starting.call_uncertain_sent(issue, decision.pks)
            words = f"{count} in doubt now count as sent."
        if count:
            counting.forget(issue)
            storing.forget(issue)
            messages.success(request, words)
        elif decision.again and issue.state == Issue.State.CANCELLED:
            messages.warning(
                request,
                "Nothing was changed: the issue is cancelled, so nobody is mailed it again.",
            )
        else:
            messages.warning(
                request,
                "Nothing was changed: what you chose is not in doubt any more. Somebody else may "
                "have decided, or the mail server's answer came late.",
            )
        return redirect("admin:newsletter_issue_progress", issue.pk)


def preview_of(issue: Issue) -> tuple[mail.Preview, list[str]]:
    """Return an issue as it will be or was sent, and the renderer's warnings.

    Raises RenderError.
    """
    content = Content.objects.filter(issue=issue).first()
    if content is not None:
        return mail.preview(issue, content), []
    rendered = mail.render(issue)
    return mail.preview(issue, rendered), [*rendered.warnings, *corrections.left_out(issue)]


def move_issue(pk: int, by: Any, seen: datetime, to: datetime) -> None:
    """Move an issue that is still scheduled for `seen`; raise CannotMove otherwise."""
    with transaction.atomic():
        # The lock makes the clock that starts it wait, or come first.
        issue = Issue.objects.select_for_update().filter(pk=pk).first()
        at = issue.scheduled_for if issue and issue.state == Issue.State.SCHEDULED else None
        if issue is None or at != seen or seen <= timezone.now():
            raise moving.too_late(at, is_out=bool(issue and issue.started_at) or at == seen)
        try:
            starting.schedule(issue, to, by=by)
        except starting.NotReady as error:
            raise moving.CannotMove(" ".join(error.problems)) from None


def note_for(request: HttpRequest, issue: Issue) -> str:
    """Return why an issue paused, without addresses for users who may not view subscribers."""
    return readable_for(request)(issue.state_note)


def readable_for(request: HttpRequest) -> Callable[[str], str]:
    """Return what takes addresses out of a text for users who may not view subscribers."""
    return str if request.user.has_perm(SEE_READERS) else without_addresses


def without_addresses(text: str) -> str:
    """Return a mail server's reply without the words that contain a mail address."""
    return " ".join("(an address)" if "@" in word else word for word in text.split())


def text_of(issue: Issue, rendered: mail.Rendered) -> str:
    """Return an issue's text as it is shown, to compare it when the editor confirms."""
    return f"{issue.subject}\n{issue.preheader}\n\n{rendered.text}"


def changed_lines(before: str, after: str) -> list[str]:
    """Return the lines that were removed (marked −) and those that were added (+), in order."""
    if not before:
        return []
    # A unified diff has two lines of header, and a line with "@@" before each group of changes.
    lines = islice(
        difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0), 2, None
    )
    return [
        f"{'−' if line[0] == '-' else '+'} {line[1:]}"
        for line in lines
        if not line.startswith("@@")
    ]
