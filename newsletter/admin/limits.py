"""How fast issues are sent, on the desk: limits of domains and mail services, and the warm-up plan.

Editors set them, not the environment: which receiver complains is learned from issue to issue, by
whoever reads its words on the page of a delivery, and a change must not need a restart.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk.menu import Place
from newsletter.delivery import anew, rules
from newsletter.models import Gate, SendingLimit, WarmUp

# Registered by being imported.
ASKED_ANEW = anew.ask


@admin.register(SendingLimit)
class SendingLimitAdmin(admin.ModelAdmin):
    """At most so many messages in so much time."""

    guide = {"": "send"}
    menu_place = Place("Issues", "Sending limits", "Set a limit", rank=2)
    list_display = ["about", "allowed", "readers"]
    fields = ["scope", "name", "messages", "per"]
    search_fields = ["name"]
    search_help_text = "Search domains"

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        labels = {"messages": "Messages at most", "per": "In"}
        return super().get_form(request, obj, change, **{"labels": labels, **kwargs})

    @admin.display(description="For", ordering="name")
    def about(self, limit: SendingLimit) -> str:
        return limit.name or "All mail of issues"

    @admin.display(description="At most", ordering="messages")
    def allowed(self, limit: SendingLimit) -> str:
        return f"{limit.messages:,} messages {limit.get_per_display()}"

    @admin.display(description="Readers", empty_value="–")
    def readers(self, limit: Any) -> str | None:
        return None if limit.reader_count is None else f"{limit.reader_count:,}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SendingLimit]:
        text = CharField()  # PostgreSQL asks, for the columns are of different fields.
        key = Concat(OuterRef("scope"), Value(":"), OuterRef("name"), output_field=text)
        counted = Gate.objects.filter(key=key).values("readers")
        found: QuerySet[SendingLimit] = super().get_queryset(request)
        return found.annotate(reader_count=Subquery(counted))


@admin.register(WarmUp)
class WarmUpAdmin(admin.ModelAdmin):
    """The one plan, or none."""

    guide = {"": "send"}
    menu_place = Place("Issues", "Warm-up plan", "Begin a warm-up plan", rank=3)
    fields = ["steps", "standing"]
    readonly_fields = ["standing"]

    @admin.display(description="now")
    def standing(self, plan: WarmUp) -> str:
        if not plan.pk:
            return "It begins on the first day on which an issue is sent."
        steps = plan.plan()
        today = timezone.localdate()
        allowed = rules.allowed(plan, today)
        if not allowed:
            return "All its days are over: nothing is limited. You can delete it."
        if plan.day == today:
            return f"Today is day {plan.day_number} of {len(steps)}: up to {allowed:,} messages."
        return f"The next day of sending is day {plan.day_number + 1}: up to {allowed:,} messages."

    def has_add_permission(self, request: HttpRequest) -> bool:
        # The menu asks on every page of the desk: only here is the table looked at.
        is_here = request.path.startswith(reverse("admin:newsletter_warmup_changelist"))
        return is_here and super().has_add_permission(request) and not WarmUp.objects.exists()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list of one row is its page."""
        plan = WarmUp.objects.first()
        if plan is not None and self.has_view_permission(request, plan):
            return redirect("admin:newsletter_warmup_change", plan.pk)
        return super().changelist_view(request, extra_context)
