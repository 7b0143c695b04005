"""For the model admins whose objects a deletion moves to the bin."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.admin.options import IS_POPUP_VAR, Action, ActionLocation
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import unquote
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from alarmroom.desk import bin, bin_plan, dates
from alarmroom.desk.binnable import Binnable, Said
from alarmroom.desk.models import Binned

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

# Each is moved in a transaction of its own, with some thirty queries.
MOST_AT_ONCE = 100
ASK_SOMEBODY = "Your account may not change that; ask somebody who may."


def message_button(label: str, url: str, name: str = "", value: str = "") -> SafeString:
    """Return a button for a message, which sends a POST to an address of the desk.

    The form that it belongs to stands below the messages (templates/admin/base_site.html): so
    no token has to be stored with the message.
    """
    return format_html(
        '<button type="submit" form="desk-message" formaction="{}" name="{}" value="{}" '
        'class="desk-message-button">{}</button>',
        url,
        name or "go",
        value,
        label,
    )


class BinAdminMixin(Base):
    """Deleting moves to the bin: the page of one object, and the action of the list.

    Moving needs the permission to delete, and to change what else it changes. Restoring needs
    the permissions to view, and to add or change.
    """

    delete_confirmation_template = "admin/bin/move.html"

    # Permissions, which the pages of the bin ask for, too

    def binned_for(self, request: HttpRequest) -> models.Q:
        """Return which of this model's entries the list may show, as may_see_binned() says."""
        return models.Q()

    def may_see_binned(self, request: HttpRequest, binned: Binned) -> bool:
        return self.has_view_permission(request)

    def may_restore_binned(self, request: HttpRequest, binned: Binned) -> bool:
        return self.may_see_binned(request, binned) and (
            self.has_change_permission(request) or self.has_add_permission(request)
        )

    def after_restore(self, request: HttpRequest, thing: Any) -> SafeString | str:
        """Return what stands at the end of the message that an object is back, such as a button."""
        return ""

    # Words

    def words(self, request: HttpRequest, said: Iterable[Said]) -> list[str]:
        """Return sentences without the names of objects that the user may not view."""
        may_see = seer(self.admin_site, request)
        return list(
            dict.fromkeys(each.named if may_see(each.about) else each.plain for each in said)
        )

    def linked(self, request: HttpRequest, said: Iterable[Said]) -> list[str]:
        """Return the same sentences for a page: each name leads to its object."""
        may_see = seer(self.admin_site, request)
        words = []
        for each in said:
            if not may_see(each.about):
                words.append(each.plain)
            elif isinstance(each.about, models.Model):
                before, name, after = each.named.partition(f"“{each.about}”")
                opts = each.about._meta
                url = reverse(
                    f"admin:{opts.app_label}_{opts.model_name}_change", args=[each.about.pk]
                )
                words.append(format_html('{}<a href="{}">{}</a>{}', before, url, name, after))
            else:
                words.append(each.named)
        return list(dict.fromkeys(words))

    def why_not(self, request: HttpRequest, plan: bin_plan.Plan) -> list[Said]:
        """Return what keeps an object from being moved by this user."""
        forbidden = []
        for other, said in plan.changed():
            known = self.admin_site._registry.get(type(other))
            if not known or not known.has_change_permission(request, other):
                forbidden.append(
                    Said(f"{said.named} {ASK_SOMEBODY}", f"{said.plain} {ASK_SOMEBODY}", other)
                )
        return [*plan.why_not, *forbidden]

    # The page of one object

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        words = {"title": "Move to the bin", "days": bin.DAYS, **(extra_context or {})}
        try:
            with transaction.atomic():
                if request.method == "POST":
                    # Before the row is locked: see take_turn().
                    bin.take_turn()
                return super().delete_view(request, object_id, words)
        except bin.Refused as error:
            for sentence in self.words(request, error.why):
                messages.error(request, f"It was not moved to the bin. {sentence}")
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what goes along, in sentences, and what keeps the objects from being moved."""
        along: list[str] = []
        why_not: list[str] = []
        for thing in objs:
            plan = bin_plan.plan(thing)
            if isinstance(thing, Binnable):
                along += thing.said_before_binning()
            along += self.linked(request, plan.along())
            why_not += self.linked(request, self.why_not(request, plan))
        return along, {}, set(), why_not

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        request.moved_to_bin = bin.move_to_bin(obj, request.user)  # type: ignore[attr-defined]  # read by response_delete()

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        user: Any = request.user
        return LogEntry.objects.log_actions(user.pk, queryset, DELETION, "Moved to the bin.")

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        if IS_POPUP_VAR in request.POST:
            return super().response_delete(request, obj_display, obj_id)
        self.say_moved(request, [request.moved_to_bin])  # type: ignore[attr-defined]  # set by delete_model()
        if self.has_view_permission(request):
            return HttpResponseRedirect(self.list_url(request))
        return redirect("admin:index")

    def list_url(self, request: HttpRequest) -> str:
        """Return the address of the list, filtered as the user left it."""
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        filters: Any = {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}
        return add_preserved_filters(filters, url)

    def say_moved(self, request: HttpRequest, moved: list[Binned]) -> None:
        first = moved[0]
        what = (
            f"“{first.title}” is in the bin."
            if len(moved) == 1
            else f"{len(moved)} {self.opts.verbose_name_plural} are in the bin."
        )
        undo: SafeString | str = ""
        if all(self.may_restore_binned(request, each) for each in moved):
            undo = message_button("Undo", reverse("admin:bin_restore"), "act", str(first.act))
        self.message_user(request, format_html("{} {}", what, undo), messages.SUCCESS)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Let the form offer the bin where Django's offers a deletion."""
        thing = context.get("original")
        if thing is not None and self.has_delete_permission(request, thing):
            context["show_move_to_bin"] = context.get("show_delete", True)
            context["show_delete"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Say that an object is in the bin, to users who may see it there."""
        key = unquote(object_id)
        binned = self.can_be_key(key) and Binned.objects.of(self.model, key).first()  # type: ignore[attr-defined]  # of GuardedAdmin
        if not binned or not self.may_see_binned(request, binned):
            return super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc]  # Django's
        restore: SafeString | str = ""
        if self.may_restore_binned(request, binned):
            restore = message_button(
                "Restore", reverse("admin:bin_restore"), "entry", str(binned.pk)
            )
        by = f" by {binned.by}" if binned.by else ""
        at = dates.moment(binned.at)
        text = f"“{binned.title}” is in the bin. It was moved there{by} on {at}."
        self.message_user(request, format_html("{} {}", text, restore), messages.WARNING)
        return redirect("admin:bin")

    # The action of the list

    def get_actions(
        self,
        request: HttpRequest,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> dict[str, Action | None]:
        actions = super().get_actions(request, action_location=action_location)
        if action := actions.get("delete_selected"):
            words = "Move to the bin…"
            actions["delete_selected"] = replace(
                action, func=move_selected, description=words, plural_description=words
            )
        return actions


def seer(site: admin.AdminSite, request: HttpRequest) -> Callable[[Any], bool]:
    """Return a function that tells whether the user may view an object, or those of a model."""

    def may_see(about: Any) -> bool:
        if about is None:
            return True
        if isinstance(about, models.Model):
            known: Any = site._registry.get(type(about))
            return bool(known and known.has_view_permission(request, about))
        known = site._registry.get(about)
        return bool(known and known.has_view_permission(request))

    return may_see


def move_selected(
    desk: Any, request: HttpRequest, queryset: models.QuerySet[Any]
) -> HttpResponse | None:
    """Say what moving the selected objects does to each; then move those that can be moved."""
    chosen = list(queryset[: MOST_AT_ONCE + 1])
    if len(chosen) > MOST_AT_ONCE:
        desk.message_user(
            request,
            f"Choose at most {MOST_AT_ONCE} at a time. Nothing was moved.",
            messages.ERROR,
        )
        return None
    go, stay = [], []
    for thing in chosen:
        plan = bin_plan.plan(thing)
        why = desk.linked(request, desk.why_not(request, plan))
        if not why and not desk.has_delete_permission(request, thing):
            why = ["Your account may not move it to the bin."]
        before = thing.said_before_binning() if isinstance(thing, Binnable) else []
        if why:
            stay.append((thing, why))
        else:
            go.append((thing, [*before, *desk.linked(request, plan.along())]))
    if request.POST.get("post") and go:
        _move(desk, request, [thing for thing, _ in go])
        for thing, why in stay:
            words = format_html_join(" ", "{}", ((sentence,) for sentence in why))
            text = format_html("“{}” was not moved to the bin. {}", str(thing), words)
            desk.message_user(request, text, messages.WARNING)
        return None
    context = {
        **desk.admin_site.each_context(request),
        "title": "Move to the bin",
        "opts": desk.opts,
        "media": desk.media,
        "go": go,
        "stay": stay,
        "checkbox": ACTION_CHECKBOX_NAME,
        "days": bin.DAYS,
    }
    return TemplateResponse(request, "admin/bin/move_selected.html", context)


def _move(desk: BinAdminMixin, request: HttpRequest, things: list[Any]) -> None:
    """Move objects to the bin, each in a transaction of its own, and say so."""
    act = uuid.uuid4()
    moved = []
    for thing in things:
        try:
            with transaction.atomic():
                bin.take_turn()
                desk.log_deletions(request, [thing])
                moved.append(bin.move_to_bin(thing, request.user, act))
        except bin.Gone:
            text = f"“{thing}” is not there any more: somebody else was faster."
            desk.message_user(request, text, messages.WARNING)
        except bin.Refused as error:
            words = " ".join(desk.words(request, error.why))
            text = f"“{thing}” was not moved to the bin. {words}"
            desk.message_user(request, text, messages.WARNING)
    if moved:
        desk.say_moved(request, moved)
