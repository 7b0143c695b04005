"""Issues and deliveries on the desk.

Its pages (preview, send, progress) are in newsletter/admin/issue_pages.py.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import connection
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from alarmroom.desk import dates
from alarmroom.desk.bin_admin import BinAdminMixin
from alarmroom.desk.exports import Column
from alarmroom.desk.lists import Part, View
from alarmroom.desk.menu import Page, Place
from alarmroom.desk.versioned import VersionedAdminMixin
from alarmroom.desk.writing import Frame, WritingPageMixin
from newsletter import corrections
from newsletter.admin.forms import IssueForm, IssuePostForm
from newsletter.admin.issue_pages import IssuePagesMixin, note_for
from newsletter.admin.report_pages import ReportPagesMixin
from newsletter.models import Delivery, Issue, IssuePost
from posts.admin.shared import ArticleRowsMixin, EditorPageMixin, long_texts
from posts.text import html


def may_edit(request: HttpRequest, issue: Issue | None) -> bool:
    """Whether the change page of an issue is a form.

    A started issue is read-only. A form that was opened before the start and is sent after it is
    shown as a form again, so that what was typed can be copied; IssueForm refuses to save it.
    """
    return issue is None or issue.is_open or request.method == "POST"


class IssuePostInline(ArticleRowsMixin, admin.TabularInline):
    model = IssuePost
    belongs_to = "issue"
    picks = "post"
    form = IssuePostForm
    autocomplete_fields = ["post"]
    extra = 1
    template = "admin/desk/rows.html"
    verbose_name = "article"
    verbose_name_plural = "articles, in order"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        if "post" in formset.form.base_fields:
            # Articles are added, changed and deleted on their own pages only.
            widget = formset.form.base_fields["post"].widget
            widget.can_add_related = widget.can_change_related = False
            widget.can_delete_related = widget.can_view_related = False
        return formset

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_edit(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and may_edit(request, obj)


def _in(*states: Issue.State) -> Part:
    return lambda issues, request: issues.filter(state__in=states)


VIEWS = (
    View(
        "",
        "All",
        nothing="No issue yet.",
        hint="An issue is made of articles: pick them, write a line to your readers, send it.",
    ),
    View("draft", "Drafts", _in(Issue.State.DRAFT), "No issue is being composed."),
    View("scheduled", "Scheduled", _in(Issue.State.SCHEDULED), "No issue is scheduled."),
    View(
        "sending",
        "Under way",
        _in(Issue.State.SENDING, Issue.State.PAUSED),
        "No issue is under way.",
        "While an issue is sent, or paused, it stands here.",
    ),
    View("sent", "Sent", _in(Issue.State.SENT), "No issue was sent yet."),
    View("cancelled", "Cancelled", _in(Issue.State.CANCELLED), "No issue was cancelled."),
)


@admin.register(Issue)
class IssueAdmin(
    BinAdminMixin,
    WritingPageMixin,
    EditorPageMixin,
    ReportPagesMixin,
    IssuePagesMixin,
    VersionedAdminMixin,
    admin.ModelAdmin,
):
    guide = {
        "": "compose-an-issue",
        **dict.fromkeys(("send", "progress", "report", "reports"), "send"),
    }
    menu_place = Place("Issues", new="Compose an issue")
    menu_pages = (
        Page(Place("Issues", "Reports"), "admin:newsletter_issue_reports", "newsletter.view_issue"),
    )
    change_form_template = "admin/newsletter/issue/change_form.html"
    list_display = ["issue", "standing", "moment", "readers"]
    list_display_links = None  # The subject is a link of its own, above the small facts.
    row_heading = "issue"
    views = VIEWS
    export_columns = (
        Column("Number", lambda issue: issue.number),
        Column("Subject", lambda issue: issue.subject),
        Column("State", lambda issue: issue.get_state_display().capitalize()),
        Column("Articles", lambda issue: issue.article_count),
        Column("Recipients", lambda issue: issue.recipients),
        Column("Planned for", lambda issue: issue.scheduled_for),
        Column("Started", lambda issue: issue.started_at),
        Column("Sent", lambda issue: issue.sent_at),
    )
    search_fields = ["subject", "preheader", "=number"]
    search_help_text = "Search subjects, or a number"
    form = IssueForm
    inlines = [IssuePostInline]
    view_on_site = False  # The web edition has a link of its own, once there is one.
    list_name = "Issues"
    history_about = (
        "One line for each time that somebody saved or restored it, with articles and corrections."
    )
    inlines_in_rail = False
    sections_open_at_first = ("Number",)
    fieldsets = [
        (None, {"fields": ["subject", "preheader", "intro"]}),
        ("Number", {"fields": ["number"]}),
        ("Clicks", {"fields": ["count_clicks"]}),
    ]

    class Media:
        css = {"all": ["css/desk/issues.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        return super().get_queryset(request).annotate(article_count=Count("issue_posts"))

    def counted(self, request: HttpRequest) -> QuerySet[Issue]:
        return Issue.objects.all()  # Without the articles of each.

    @admin.display(description="Issue", ordering="number")
    def issue(self, issue: Any) -> str:
        count = issue.article_count
        return format_html(
            '<span class="row-title"><a href="{}">{}</a></span>'
            '<span class="row-facts">No. {} · {} article{}</span>',
            issue.desk_url,
            issue.subject,
            issue.number,
            count,
            pluralize(count),
        )

    @admin.display(description="Recipients", ordering="recipients")
    def readers(self, issue: Issue) -> int | str:
        return issue.recipients or ""

    @admin.display(description="State", ordering="state")
    def standing(self, issue: Issue) -> str:
        return format_html(
            '<span class="state state-{}">{}</span>',
            issue.state,
            issue.get_state_display().capitalize(),
        )

    @admin.display(description="Date", ordering="sent_at")
    def moment(self, issue: Issue) -> str:
        if issue.sent_at:
            return f"Sent {dates.moment(issue.sent_at)}"
        if issue.scheduled_for:
            return f"For {dates.moment(issue.scheduled_for)}"
        if issue.started_at:
            return f"Started {dates.moment(issue.started_at)}"
        return f"Changed {dates.moment(issue.updated_at)}"

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Issue | None:
        issue: Issue | None = super().get_object(request, *args, **kwargs)
        if issue and request.method == "POST" and connection.in_atomic_block:
            # What follows saves or deletes the row. The lock makes whoever starts or schedules the
            # issue at the same time wait; if they were first, the row is read as they left it.
            return Issue.objects.select_for_update().filter(pk=issue.pk).first()
        return issue

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_open)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not form.could_take_all:
            self.message_user(
                request,
                "A correction that was ticked is not in this issue: it was taken back, or another "
                "issue has it by now.",
                messages.WARNING,
            )
        rows = list(form.instance.issue_posts.order_by("position", "pk"))
        for position, row in enumerate(rows, start=1):
            row.position = position
        IssuePost.objects.bulk_update(rows, ["position"])

    def response_add(
        self, request: HttpRequest, obj: Issue, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.preview_if_asked(
            request, obj, super().response_add(request, obj, post_url_continue)
        )

    def response_change(self, request: HttpRequest, obj: Issue) -> HttpResponse:
        return self.preview_if_asked(request, obj, super().response_change(request, obj))

    def preview_if_asked(
        self, request: HttpRequest, issue: Issue, response: HttpResponse
    ) -> HttpResponse:
        if "_preview" in request.POST:
            return redirect("admin:newsletter_issue_preview", issue.pk)
        return response

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        issue = context["original"]
        context["note"] = note_for(request, issue) if issue else ""
        if issue and not issue.is_open:
            context["told"] = corrections.told_by(issue)
        return super().render_change_form(request, context, *args, **kwargs)

    def section_line(self, name: str, thing: Any) -> str:
        if name == "Number":
            return f"No. {thing.number}" if thing else "Follows the last issue"
        if name == "Clicks":
            return "Counted" if thing and thing.count_clicks else "Not counted"
        return ""

    def fill_frame(self, frame: Frame, thing: Any, request: HttpRequest) -> None:
        issue: Issue | None = thing
        frame.text_name = "intro"
        if issue is None or issue.is_open:
            frame.second_button = ("_preview", "Save and preview")
        if issue is None:
            frame.state_name = "New"
            return
        frame.state, frame.state_name = issue.state, issue.get_state_display().capitalize()
        frame.text_html = mark_safe(html.clean(issue.intro, short=True))  # noqa: S308  (clean)
        if issue.is_open:
            if request.user.has_perm("newsletter.send_issue"):
                address = reverse("admin:newsletter_issue_send", args=[issue.pk])
                frame.next_step = (address, "Send or schedule…")
        else:
            address = reverse("admin:newsletter_issue_progress", args=[issue.pk])
            frame.next_step = (address, "Delivery")
            if request.user.has_perm("newsletter.view_issue"):
                report = reverse("admin:newsletter_issue_report", args=[issue.pk])
                frame.links.append((report, "What became of it"))
            if issue.state == Issue.State.SENT:
                frame.links.append((issue.get_absolute_url(), "Web edition"))
        address = reverse("admin:newsletter_issue_preview", args=[issue.pk])
        frame.links.insert(0, (address, "Preview"))


class StartedIssueFilter(admin.RelatedFieldListFilter):
    """The issues that have deliveries, found without reading the deliveries."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        issues = Issue.objects.exclude(started_at=None).only("number", "subject")
        return [(issue.pk, str(issue)) for issue in issues]


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):
    """The deliveries, read-only."""

    guide = {"": "send"}
    menu_place = Place("Issues", "Deliveries", rank=1)
    list_display = ["subscriber", "issue", "state", "tries", "code", "reply", "changed_at"]
    list_filter = ["state", ("issue", StartedIssueFilter)]
    list_select_related = ["subscriber", "issue"]
    search_fields = ["subscriber__address__startswith"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        texts = (f"issue__{text}" for text in long_texts(Issue))
        return super().get_queryset(request).defer(*texts)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Each row shows a subscriber's address, and the mail server's reply may, too.
        return super().has_view_permission(request, obj) and request.user.has_perm(
            "subscribers.view_subscriber"
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
