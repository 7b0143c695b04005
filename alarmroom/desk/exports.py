"""A list of the desk as a CSV file: asked first, streamed, without live formulas, logged.

The file has what the list shows with its filters, of what this person may see. It is written row
by row, so that 200,000 readers take no more memory than one page of them.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from alarmroom.desk import log
from alarmroom.desk.models import Act
from alarmroom.methods import allow

AT_ONCE = 1000  # rows
# Spreadsheets read a text that begins with one of these as a formula, and run it.
LIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Without it, Excel takes UTF-8 for another encoding.
BOM = "\ufeff"


@dataclass(frozen=True)
class Column:
    name: str
    value: Callable[[Any], object]


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def cell(value: object) -> object:
    """Return a value as it stands in the file: never a formula, whoever typed it."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, (int, float)):
        return value
    text = str(value).replace("\0", "")
    # Spaces before it are skipped by some spreadsheets.
    return f"'{text}" if text.lstrip(" ").startswith(LIVE) else text


def lines(columns: Iterable[Column], rows: Iterable[Any]) -> Iterator[str]:
    """Yield the lines of a CSV file."""
    columns = list(columns)
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow([column.name for column in columns])
    for row in rows:
        yield writer.writerow([cell(column.value(row)) for column in columns])


class ExportAdmin(admin.ModelAdmin):
    """The address by which a list is exported; for lists that have `export_columns`."""

    export_columns: tuple[Column, ...] = ()

    def may_export(self, request: HttpRequest) -> bool:
        return bool(self.export_columns) and self.has_view_or_change_permission(request)

    def export_rows(self, request: HttpRequest, queryset: QuerySet[Any]) -> Iterator[Any]:
        """Yield the rows, prepared as those of a page are."""
        for rows in batched(queryset.iterator(chunk_size=AT_ONCE), AT_ONCE):
            self.prepare_export(request, list(rows))
            yield from rows

    def prepare_export(self, request: HttpRequest, rows: list[Any]) -> None:
        """Load what the columns of some rows need."""

    def get_urls(self) -> list[URLPattern]:
        urls = super().get_urls()
        if not self.export_columns:
            return urls
        view: Any = never_cache(
            allow("GET", "HEAD", "POST")(self.admin_site.admin_view(self.export_view))
        )
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", view, name=name), *urls]

    def export_url(self, request: HttpRequest) -> str:
        """Return where the list is exported as it is filtered now, or "" to whom may not."""
        if not self.may_export(request):
            return ""
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export")
        query = request.GET.urlencode()
        return f"{url}?{query}" if query else url

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Say what the file will hold; after the button, write it."""
        if not self.may_export(request):
            raise PermissionDenied
        try:
            shown: Any = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        count = shown.result_count
        names = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
        if request.method == "POST":
            log.record(
                Act.Kind.EXPORTED,
                by=request.user,
                label=str(self.opts.verbose_name_plural).capitalize(),
                detail=f"{count} {names}{self._narrowed(shown)}",
            )
            rows = self.export_rows(request, shown.queryset)
            response = StreamingHttpResponse(
                lines(self.export_columns, rows), content_type="text/csv; charset=utf-8"
            )
            name = str(self.opts.verbose_name_plural).replace(" ", "-")
            response["Content-Disposition"] = (
                f'attachment; filename="{name}-{timezone.localdate():%Y-%m-%d}.csv"'
            )
            return response
        context = {
            **self.admin_site.each_context(request),
            "title": f"Export {count} {names}?",
            "opts": self.opts,
            "columns": [column.name for column in self.export_columns],
            "narrowed": self._narrowed(shown),
            "count": count,
            "list_url": f"../?{request.GET.urlencode()}",
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/desk/export.html", context)

    def _narrowed(self, shown: Any) -> str:
        """Return how the list is filtered, in words. No address that was searched for."""
        parts = [f"{pick.name}: {pick.chosen}" for pick in shown.picks if pick.chosen]
        if shown.view and shown.view.key:
            parts.insert(0, shown.view.name)
        if shown.query:
            parts.append("found by a search")
        return f" ({', '.join(parts)})" if parts else ""
