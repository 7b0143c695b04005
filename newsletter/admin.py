"""The issue desk: compose, preview, test, send, and watch the ledger."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import wraps
from itertools import islice
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from newsletter import delivery, mail, preflight
from newsletter.models import Content, Delivery, Issue, IssuePost
from newsletter.transport import Fate, ServerAway, ServerRefuses
from posts.desk import EditorPageMixin
from subscribers.models import Subscriber

LAST = 32_000  # A position after every other
ROWS_SHOWN = 100

# What a mail may do inside the preview's frame: show itself and our pictures.
PREVIEW_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "img-src": [CSP.SELF, settings.SITE_URL],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "sandbox": ["allow-popups"],
}

IssueView = Callable[["IssueAdmin", HttpRequest, Issue], HttpResponse]


def issue_view(
    *, permission: str, methods: tuple[str, ...] = ("GET", "HEAD")
) -> Callable[[IssueView], Callable[..., HttpResponse]]:
    """Make an admin method a view of one issue, for those who have the permission."""

    def decorate(view: IssueView) -> Callable[..., HttpResponse]:
        @wraps(view)
        def checked(self: IssueAdmin, request: HttpRequest, pk: int) -> HttpResponse:
            if not request.user.has_perm(f"newsletter.{permission}"):
                raise PermissionDenied
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(self, request, get_object_or_404(Issue, pk=pk))

        return checked

    return decorate


def may_edit(request: HttpRequest, issue: Issue | None) -> bool:
    """Whether the change form of an issue is one to type in.

    Once started, an issue is what was sent, and its page is only to be read. A form that was
    opened before and comes back now is still shown as a form, so that nothing typed in it is
    lost; IssueForm sees to it that nothing of it is saved.
    """
    return issue is None or issue.is_open or request.method == "POST"


class IssueForm(forms.ModelForm):
    """Refuses to change an issue that somebody started while the form was open."""

    class Meta:
        model = Issue
        fields = ["number", "subject", "preheader", "intro"]

    def clean(self) -> dict[str, Any] | None:
        # The row is locked (IssueAdmin.get_object), so this is still true when it is saved.
        if self.instance.pk and not self.instance.is_open:
            raise forms.ValidationError(
                f"{already_words(self.instance)} Nothing on this page was saved, and nothing on it "
                "can change what is sent. Copy what you want to keep.",
                code="started",
            )
        return super().clean()


class IssuePostForm(forms.ModelForm):
    position = forms.IntegerField(
        label="Order", required=False, min_value=0, help_text="Left empty: at the end."
    )

    class Meta:
        model = IssuePost
        fields = ["post", "position", "blurb"]
        widgets = {"blurb": forms.Textarea(attrs={"rows": 3, "cols": 60})}

    def clean_position(self) -> int:
        position: int | None = self.cleaned_data["position"]
        return LAST if position is None else position


class IssuePostInline(admin.TabularInline):
    model = IssuePost
    form = IssuePostForm
    autocomplete_fields = ["post"]
    extra = 1
    verbose_name = "article"
    verbose_name_plural = "articles, in order"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        if "post" in formset.form.base_fields:
            # Articles are written and deleted on their own pages, not in passing.
            widget = formset.form.base_fields["post"].widget
            widget.can_add_related = widget.can_change_related = False
            widget.can_delete_related = False
        return formset

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_edit(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and may_edit(request, obj)


class SendForm(forms.Form):
    """The confirmation: when, and of exactly which content.

    `text` is what the content says, so that the page can tell what changed since.
    """

    sha256 = forms.CharField(widget=forms.HiddenInput)
    text = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    when = forms.DateTimeField(
        label="Send at",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": "Enter a date and a time, such as 2026-12-24 07:30."},
    )


@admin.register(Issue)
class IssueAdmin(EditorPageMixin, admin.ModelAdmin):
    change_form_template = "admin/newsletter/issue/change_form.html"
    list_display = ["number", "subject", "standing", "articles", "recipients", "moment"]
    list_display_links = ["number", "subject"]
    list_filter = ["state"]
    search_fields = ["subject", "preheader"]
    form = IssueForm
    inlines = [IssuePostInline]
    view_on_site = False  # The web edition has a link of its own, once there is one.

    class Media:
        css = {"all": ["css/issue-desk.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        return super().get_queryset(request).annotate(article_count=Count("issue_posts"))

    @admin.display(description="state", ordering="state")
    def standing(self, issue: Issue) -> str:
        return format_html(
            '<span class="state state-{}">{}</span>', issue.state, issue.get_state_display()
        )

    @admin.display(description="articles", ordering="article_count")
    def articles(self, issue: Issue) -> int:
        return issue.article_count  # type: ignore[attr-defined]  # annotated above

    @admin.display(description="date", ordering="sent_at")
    def moment(self, issue: Issue) -> Any:
        return issue.sent_at or issue.scheduled_for

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Issue | None:
        issue: Issue | None = super().get_object(request, *args, **kwargs)
        if issue and request.method == "POST" and connection.in_atomic_block:
            # What follows saves or deletes the whole row: whoever starts or schedules the issue
            # in this moment was faster, and it is read again, or waits until this is done.
            return Issue.objects.select_for_update().filter(pk=issue.pk).first()
        return issue

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_open)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        # As in get_object: one that was started since the page asked stays.
        with transaction.atomic():
            chosen = Issue.objects.select_for_update().filter(
                pk__in=[issue.pk for issue in queryset]
            )
            Issue.objects.filter(pk__in=[issue.pk for issue in chosen if issue.is_open]).delete()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rows = list(form.instance.issue_posts.order_by("position", "pk"))
        for position, row in enumerate(rows, start=1):
            row.position = position
        IssuePost.objects.bulk_update(rows, ["position"])

    def response_add(
        self, request: HttpRequest, obj: Issue, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.preview_or(request, obj, super().response_add(request, obj, post_url_continue))

    def response_change(self, request: HttpRequest, obj: Issue) -> HttpResponse:
        return self.preview_or(request, obj, super().response_change(request, obj))

    def preview_or(
        self, request: HttpRequest, issue: Issue, response: HttpResponse
    ) -> HttpResponse:
        if "_preview" in request.POST:
            return redirect("admin:newsletter_issue_preview", issue.pk)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return super().change_view(
            request,
            object_id,
            form_url,
            {**(extra_context or {}), "may_send": request.user.has_perm("newsletter.send_issue")},
        )

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
            *super().get_urls(),
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

    # Seeing what will be sent

    @issue_view(permission="view_issue")
    def preview(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """The message as it will leave, or as it left: subject, HTML, text, warnings."""
        try:
            seen, warnings = shown(issue)
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
            return HttpResponse(shown(issue)[0].html)
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
            outcome = delivery.send_test(issue, address)
        except delivery.NotReady as error:
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

    @method_decorator(never_cache)
    @issue_view(permission="send_issue", methods=("GET", "HEAD", "POST"))
    def send(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """GET says to how many and asks; POST starts or schedules what was shown."""
        if not issue.is_open:
            messages.warning(request, already_words(issue))
            return redirect("admin:newsletter_issue_progress", issue.pk)
        form = SendForm(request.POST or None)
        problems = preflight.problems(issue, at=issue.scheduled_for)
        changed, differences = False, []
        try:
            if request.method == "POST" and form.is_valid():
                try:
                    return self.start_or_schedule(request, issue, form)
                except delivery.Changed:
                    changed = True
                except delivery.NotReady as error:
                    problems = error.problems
            rendered = delivery.rehearse(issue)
        except mail.RenderError as error:
            messages.error(request, str(error))
            return redirect("admin:newsletter_issue_change", issue.pk)
        now_shown = {"sha256": rendered.sha256, "text": said(issue, rendered)}
        if changed:
            differences = what_changed(form.cleaned_data["text"], now_shown["text"])
            form = SendForm(initial={**form.cleaned_data, **now_shown})
        elif not form.is_bound:
            form = SendForm(initial=now_shown)
        return self.page(
            request,
            "send",
            issue,
            title=f"Send {issue}",
            form=form,
            problems=problems,
            changed=changed,
            differences=differences,
            warnings=rendered.warnings,
            count=Subscriber.objects.mailable().count(),
            time_zone=timezone.get_current_timezone_name(),
        )

    def start_or_schedule(self, request: HttpRequest, issue: Issue, form: SendForm) -> HttpResponse:
        when, shown = form.cleaned_data["when"], form.cleaned_data["sha256"]
        try:
            if "_schedule" in request.POST:
                if when is None:
                    raise delivery.NotReady(["Choose the moment at which the issue is to be sent."])
                delivery.schedule(issue, when, by=request.user, shown=shown)
                local = timezone.localtime(when)
                messages.success(
                    request, f"{issue} will be sent on {local:%B %-d, %Y at %H:%M %Z}."
                )
                return redirect("admin:newsletter_issue_changelist")
            delivery.start(issue, by=request.user, shown=shown)
            messages.success(request, f"{issue} is being sent to {issue.recipients:,} subscribers.")
        except delivery.AlreadyStarted:
            issue.refresh_from_db()
            messages.warning(request, already_words(issue))
        return redirect("admin:newsletter_issue_progress", issue.pk)

    @method_decorator(never_cache)
    @issue_view(permission="view_issue")
    def progress(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """The ledger in figures; reloads itself while the issue is being sent."""
        totals = issue.totals()
        counted = sum(totals.values())
        done = counted - totals["queued"] - totals["sending"]
        in_doubt = issue.deliveries.filter(state=Delivery.State.UNCERTAIN)
        failed = issue.deliveries.filter(state=Delivery.State.FAILED)
        return self.page(
            request,
            "progress",
            issue,
            title=f"Delivery of {issue}",
            totals=totals,
            counted=counted,
            done=done,
            balances=counted == issue.recipients,
            uncertain=in_doubt.select_related("subscriber")[:ROWS_SHOWN],
            failed=failed.select_related("subscriber").order_by("-changed_at")[:ROWS_SHOWN],
            deferred=issue.deliveries.filter(state=Delivery.State.QUEUED, tries__gt=0).count(),
            reloads=issue.state == Issue.State.SENDING,
            quiet=issue.quiet_until and issue.quiet_until > timezone.now(),
        )

    def decide(
        self, request: HttpRequest, issue: Issue, changed: bool | int, words: str
    ) -> HttpResponse:
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
        changed = delivery.pause(issue, f"Paused by {request.user}.")
        return self.decide(request, issue, changed, "Paused. Nobody is mailed until you go on.")

    @issue_view(permission="send_issue", methods=("POST",))
    def resume(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        return self.decide(request, issue, delivery.resume(issue), "Sending goes on.")

    @issue_view(permission="send_issue", methods=("POST",))
    def cancel(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        return self.decide(
            request, issue, delivery.cancel(issue), "Cancelled. Nobody else will be mailed."
        )

    @issue_view(permission="send_issue", methods=("POST",))
    def unschedule(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        if delivery.unschedule(issue):
            messages.success(request, "The issue is a draft again and is not sent by itself.")
        else:
            messages.warning(request, already_words(issue))
        return redirect("admin:newsletter_issue_change", issue.pk)

    @issue_view(permission="send_issue", methods=("POST",))
    def settle(self, request: HttpRequest, issue: Issue) -> HttpResponse:
        """Do what the editor decided about deliveries in doubt: one, or all of them."""
        pks = [int(pk) for pk in request.POST.getlist("delivery") if pk.isdecimal()] or None
        if "_again" in request.POST:
            count = delivery.send_uncertain_again(issue, pks)
            words = f"{count} in doubt will be sent once more."
        else:
            count = delivery.call_uncertain_sent(issue, pks)
            words = f"{count} in doubt now count as sent."
        return self.decide(request, issue, count, words)


def shown(issue: Issue) -> tuple[mail.Preview, list[str]]:
    """Return an issue as it will leave, or as it left, and the renderer's warnings.

    Raises RenderError.
    """
    content = Content.objects.filter(issue=issue).first()
    if content is not None:
        return mail.preview(issue, content), []
    rendered = mail.render(issue)
    return mail.preview(issue, rendered), rendered.warnings


def said(issue: Issue, rendered: mail.Rendered) -> str:
    """Return in plain text what an issue says, for comparing it with what it says later."""
    return f"{issue.subject}\n{issue.preheader}\n\n{rendered.text}"


def what_changed(before: str, after: str) -> list[str]:
    """Return the lines that went (with a − in front) and those that came (+), in their order."""
    if not before:
        return []
    # After two lines of header, "@@" starts each place; every other line has its sign in front.
    lines = islice(
        difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0), 2, None
    )
    return [
        f"{'−' if line[0] == '-' else '+'} {line[1:]}"
        for line in lines
        if not line.startswith("@@")
    ]


def already_words(issue: Issue) -> str:
    """Say to the slower of two editors what the faster one did."""
    who = f" by {issue.started_by}" if issue.started_by else ""
    return f"{issue} is {issue.get_state_display()} already{who}."


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):
    """The ledger, to look something up in: nothing here is changed by hand."""

    list_display = ["subscriber", "issue", "state", "tries", "code", "reply", "changed_at"]
    list_filter = ["state", ("issue", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["subscriber", "issue"]
    search_fields = ["subscriber__address__startswith"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
