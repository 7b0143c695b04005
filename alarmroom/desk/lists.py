"""The lists of the desk: views with their counts, filters by a click, rows that are prepared once.

Every list has this frame (templates/admin/change_list.html). A model admin names its `views`,
and in `prepare_rows()` loads what a page of rows shows, with the same queries for any number of
rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import CharField, Count, Model, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from alarmroom.desk.exports import ExportAdmin

# A search box takes no more; nothing that is looked for is longer.
LONGEST_SEARCH = 200  # characters

type Part = Callable[[QuerySet[Any], HttpRequest], QuerySet[Any]]


@dataclass(frozen=True)
class View:
    """A part of a list that has a tab, with how many are in it.

    The view whose key is empty is the whole list, and the first one.
    """

    key: str
    name: str
    part: Part | None = None
    nothing: str = ""
    """What the page says when nothing is in it, and in `hint`, what would be."""
    hint: str = ""


@dataclass(frozen=True)
class Tab:
    name: str
    url: str
    count: int | None = None
    is_current: bool = False


@dataclass(frozen=True)
class Choice:
    name: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Pick:
    """A filter of the list, as a menu; or what is chosen in it, with the way back."""

    name: str
    choices: list[Choice]
    chosen: str
    without_url: str


class KnownCount(Paginator):
    """A paginator that is told how many there are, where a count of the views says it already."""

    known: int | None = None

    @cached_property
    def count(self) -> int:
        return super().count if self.known is None else self.known


class DeskChangeList(ChangeList):
    """Django's list, with views, and with rows that the model admin has prepared."""

    model_admin: Any

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        self.notes: list[str] = []
        """What the list says above its rows, such as that it looked for other words."""
        super().__init__(request, *args, **kwargs)
        # The rows stay in the queryset's cache: the forms of an editable list use it.
        rows = list(self.result_list)
        for row in rows:
            row.desk_url = add_preserved_filters(
                {"preserved_filters": self.preserved_filters, "opts": self.opts},
                self.url_for_result(row),
            )
        self.model_admin.prepare_rows(request, rows)

    @cached_property
    def views(self) -> list[View]:
        return [] if self.is_popup else list(self.model_admin.get_views(self.request))

    @cached_property
    def view(self) -> View | None:
        """The view that is shown."""
        wanted = self.params.get(self.model_admin.views_parameter, "")
        found = {view.key: view for view in self.views}
        return found.get(wanted) or found.get("")

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows are in each view. One query."""
        rows = self.model_admin.counted(self.request).order_by()
        asked = [
            (view.part(rows, self.request) if view.part else rows)
            .order_by()
            .annotate(desk_view=Value(view.key, CharField()))
            .values("desk_view")
            .annotate(desk_count=Count("pk"))
            .values_list("desk_view", "desk_count")
            for view in self.views
        ]
        if not asked:
            return {}
        found = asked[0].union(*asked[1:], all=True).order_by() if asked[1:] else asked[0]
        return {view.key: 0 for view in self.views} | dict(found)

    @cached_property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter shows less than the view."""
        chosen = {*self.get_filters_params()} - {self.model_admin.views_parameter}
        return bool(chosen or self.query.strip())

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        # Tells get_search_results() of a model admin that a list asks, and not a picker.
        kept: Any = request
        kept.desk_list = self
        self.query = self.query[:LONGEST_SEARCH]
        return super().get_queryset(request, *args, **kwargs)

    # For the template

    @property
    def tabs(self) -> list[Tab]:
        path = self.request.path
        parameter = self.model_admin.views_parameter
        return [
            *(
                Tab(
                    view.name,
                    f"{path}?{parameter}={view.key}" if view.key else path,
                    self.counts[view.key],
                    view is self.view,
                )
                for view in self.views
            ),
            *([] if self.is_popup else self.model_admin.more_tabs(self.request)),
        ]

    @cached_property
    def picks(self) -> list[Pick]:
        found = []
        for spec in self.filter_specs:
            if isinstance(spec, ViewFilter):
                continue
            choices = [
                Choice(str(each["display"]), str(each["query_string"]), bool(each["selected"]))
                for each in spec.choices(self)
            ]
            if not choices:
                continue
            chosen = next((each.name for each in choices[1:] if each.is_chosen), "")
            found.append(Pick(capfirst(str(spec.title)), choices[1:], chosen, choices[0].url))
        return found

    @property
    def number_shown(self) -> tuple[int, int]:
        """The numbers of the first and the last row of this page."""
        first = (self.page_num - 1) * self.list_per_page + 1 if self.multi_page else 1
        return first, first + len(self.result_list) - 1

    @property
    def whole_count(self) -> int | None:
        """How many there are without a search and filters, if that is known."""
        return self.counts.get("") if self.views else self.full_result_count

    @property
    def elsewhere_url(self) -> str:
        """The same search in the whole list, where it was in a part of it."""
        others = {*self.get_filters_params()} - {SEARCH_VAR}
        if not self.query or not others:
            return ""
        return f"{self.request.path}?{urlencode({SEARCH_VAR: self.query})}"

    @property
    def all_url(self) -> str:
        return self.request.path

    @property
    def previous_url(self) -> str:
        if not self.multi_page or self.page_num <= 1:
            return ""
        return self.get_query_string({PAGE_VAR: self.page_num - 1})

    @property
    def next_url(self) -> str:
        if not self.multi_page or self.page_num >= self.paginator.num_pages:
            return ""
        return self.get_query_string({PAGE_VAR: self.page_num + 1})

    @property
    def kept_fields(self) -> list[tuple[str, str]]:
        """What a new search keeps: the view, the filters, the order."""
        return [
            (name, value)
            for name, values in self.filter_params.items()
            for value in values
            if name != SEARCH_VAR
        ]

    @property
    def action_names(self) -> list[tuple[str, str]]:
        choices = self.model_admin.get_action_choices(self.request, default_choices=[])
        return [(str(name), str(words)) for name, words in choices]


class ViewFilter(admin.SimpleListFilter):
    """The filter behind the tabs; one class is made of it for each model admin that has views."""

    title = "view"
    views: list[View] = []

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.request = request
        return [(view.key, view.name) for view in self.views if view.key]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        view = next((view for view in self.views if view.key == self.value()), None)
        return view.part(queryset, request) if view and view.part else queryset


class ListAdmin(ExportAdmin):
    """The last base of every model admin of the desk (alarmroom/desk/site.py)."""

    views: tuple[View, ...] = ()
    views_parameter = "state"
    nothing_yet = ""
    """What an empty list says; else it says "Nothing here yet." """
    row_heading = ""
    """The column that names the row; else it is the one that Django links."""
    cards_without_names = False
    """Whether a phone shows the columns without their names, because they speak for themselves."""
    list_per_page = 50
    show_full_result_count = False  # Counting a big table again takes longer than the page.

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeskChangeList

    def get_views(self, request: HttpRequest) -> list[View]:
        return list(self.views)

    def more_tabs(self, request: HttpRequest) -> list[Tab]:
        """Return tabs that lead elsewhere, such as to the bin."""
        return []

    def counted(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows that the views count: those that this person may see."""
        return self.get_queryset(request)

    def prepare_rows(self, request: HttpRequest, rows: list[Any]) -> None:
        """Load what the columns of a page of rows show, and put it on the rows."""

    def get_list_filter(self, request: HttpRequest) -> Any:
        others = super().get_list_filter(request)
        if not (views := self.get_views(request)):
            return others
        made = type(
            "ViewsFilter",
            (ViewFilter,),
            {"parameter_name": self.views_parameter, "views": views},
        )
        return [made, *others]

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kw: Any
    ) -> Paginator:
        pages = KnownCount(queryset, per_page, *args, **kw)
        shown = getattr(request, "desk_list", None)
        if shown is not None and shown.views and not shown.is_narrowed and shown.view:
            pages.known = shown.counts[shown.view.key]
        return pages

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Name the fields of an editable list, which have no label: "Order of “About”"."""
        stock: Any = super().get_changelist_formset(request, **kwargs)

        class Named(stock):
            def add_fields(self, form: Any, index: int | None) -> None:
                super().add_fields(form, index)
                for field in form.fields.values():
                    label = capfirst(str(field.label or ""))
                    field.widget.attrs["aria-label"] = f"{label} of “{form.instance}”"

        return Named

    @admin.display(description="")
    def action_checkbox(self, obj: Model) -> SafeString:
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="choose" aria-label="Choose “{}”">',
            ACTION_CHECKBOX_NAME,
            str(obj.pk),
            obj,
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if (
            request.method == "POST"
            and "action" in request.POST
            and not request.POST.getlist(ACTION_CHECKBOX_NAME)
        ):
            if not self.has_view_or_change_permission(request):
                return super().changelist_view(request, extra_context)  # It refuses.
            self.message_user(request, "Choose at least one first.", messages.WARNING)
            return redirect(request.get_full_path())
        words = {"export_url": self.export_url(request)}
        return super().changelist_view(request, {**words, **(extra_context or {})})
