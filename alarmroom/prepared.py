"""Queries that are written with the ORM and turned into SQL once in a process.

Django takes five times as long to build the SQL of an article's page as the database takes to
answer it (figures in docs/decisions/uncached-pages.md). So the few queries that every reading
page makes are prepared:

    BY_SLUG = Prepared(lambda: Post.objects.filter(slug=Param("slug", CharField())))
    post = BY_SLUG.first(slug="night-shift")

The results are ordinary model instances. `each()` returns what a function makes of them, and
remembers it. What a worker writes for each mail is prepared too:

    CLOSE = PreparedUpdate(
        lambda: Shift.objects.filter(pk=Param("pk", BigAutoField()), closed_at=None),
        closed_at=Param("now", DateTimeField()),
    )
    changed = CLOSE.run(pk=4, now=timezone.now())

A parameter is one value, not a list: the length of a list would change the SQL.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression
from django.db.models.query import ModelIterable
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler


class Param(Expression):
    """A placeholder in a prepared query: its value is passed by name when the query runs."""

    def __init__(self, name: str, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, *_: Any, **__: Any) -> Any:
        # Stands in for the value until _with_values() replaces it.
        return "%s", [self]

    def value(self, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        """Return the value of this name, converted for the database."""
        return self.output_field.get_db_prep_value(values[self.name], connection)


type Row = tuple[Any, ...]

# How many results of each() a prepared query remembers: those that were used last.
REMEMBERED = 2_000


class Prepared[Model: models.Model]:
    """A queryset whose SQL is made once for each database, and run with other values."""

    def __init__(self, write: Callable[[], models.QuerySet[Model]]) -> None:
        """`write` is called when the query first runs: models may not be loaded before."""
        self.write = write
        self.ready: _Statement | None = None
        self._made = lru_cache(maxsize=REMEMBERED)(self._make)

    def all(self, **values: Any) -> list[Model]:
        """Return the instances, for these values by name. One query; no prefetching."""
        return self._statement().instances(self.rows(**values))

    def first(self, **values: Any) -> Model | None:
        """Return the first instance, or None."""
        found = self.all(**values)
        return found[0] if found else None

    def each[Made](self, make: Callable[[Model], Made], **values: Any) -> list[Made]:
        """Return what `make` returns for each instance, for these values by name. One query.

        For a row that is equal to an earlier one, the earlier result is returned. So `make` may
        depend only on what the queryset selects, and nobody may change what it returns. While
        no pages are kept, as in development, nothing is remembered.
        """
        made = self._made if settings.KEPT_PAGES_SECONDS else self._make
        return [made(make, row) for row in self.rows(**values)]

    def rows(self, **values: Any) -> list[Row]:
        """Return the rows as the database gives them. One query."""
        statement = self._statement()
        connection = connections[statement.db]
        params = _with_values(statement.params, values, connection)
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, params)
            return list(cursor.fetchall())

    def instance(self, row: Row) -> Model:
        """Return the instance of a row."""
        return self._statement().instances([row])[0]

    def column(self, row: Row, name: str) -> Any:
        """Return what the database gave for a field of the model or an annotation."""
        return row[self._statement().columns[name]]

    def _make(self, make: Callable[[Model], Any], row: Row) -> Any:
        return make(self.instance(row))

    def _statement(self) -> _Statement:
        if self.ready is None:
            self.ready = _Statement(self.write())
        return self.ready


class PreparedUpdate:
    """A queryset's update() whose SQL is made once in a process, and run with other values."""

    def __init__(self, write: Callable[[], models.QuerySet[Any]], **changes: Any) -> None:
        """`write` is called when the update first runs; `changes` are what update() takes."""
        self.write = write
        self.changes = changes
        self.ready: tuple[str, str, Sequence[Any]] | None = None

    def run(self, **values: Any) -> int:
        """Change the rows, for these values by name; return how many there were. One query."""
        using, sql, params = self.statement()
        connection = connections[using]
        ready = _with_values(params, values, connection)
        with transaction.mark_for_rollback_on_error(using), connection.cursor() as cursor:
            cursor.execute(sql, ready)
            return int(cursor.rowcount)

    def statement(self) -> tuple[str, str, Sequence[Any]]:
        """Return the alias of the database, the SQL, and for each %s in it its Param or value."""
        if self.ready is None:
            self.ready = self._make()
        return self.ready

    def _make(self) -> tuple[str, str, Sequence[Any]]:
        queryset = self.write()
        using = router.db_for_write(queryset.model)
        query: Any = queryset.query.chain(UpdateQuery)
        query.add_update_values(self.changes)
        if query.related_updates:
            raise TypeError("A prepared update changes one table.")
        return using, *query.get_compiler(using).as_sql()


def _with_values(
    params: Sequence[Any], values: dict[str, Any], connection: BaseDatabaseWrapper
) -> list[Any]:
    """Return the parameters with each Param replaced by its value."""
    # Each value is converted once, even if the query has it several times.
    used = {param.name: param for param in params if isinstance(param, Param)}
    ready = {name: param.value(values, connection) for name, param in used.items()}
    return [ready[param.name] if isinstance(param, Param) else param for param in params]


class _Statement:
    """The SQL of a queryset, and what is needed to make instances of its rows."""

    def __init__(self, queryset: Any) -> None:
        if queryset._prefetch_related_lookups:
            raise TypeError("A prepared query prefetches nothing.")
        self.db = queryset.db
        self.model = queryset.model
        self.fetch_mode = queryset._fetch_mode
        self.compiler = queryset.query.get_compiler(using=queryset.db)
        self.sql, self.params = self.compiler.as_sql()
        own = {
            self.compiler.select[place][0].target.name: place
            for place in self.compiler.klass_info["select_fields"]
        }
        self.columns = {**own, **self.compiler.annotation_col_map}
        fields = [column[0] for column in self.compiler.select[: self.compiler.col_count]]
        self.converters = self.compiler.get_converters(fields)

    def instances(self, rows: list[Row]) -> list[Any]:
        """Return the model instances that Django makes of rows."""
        run: Any = _Run(self, rows)
        return list(ModelIterable(run))


class _Run:
    """Rows of a statement, with the attributes of a queryset that ModelIterable uses."""

    def __init__(self, statement: _Statement, rows: list[Row]) -> None:
        self.statement = statement
        self.rows = rows
        self.model = statement.model
        self.db = statement.db
        self.query = self
        self._fetch_mode = statement.fetch_mode
        self._known_related_objects: dict[Any, Any] = {}

    def get_compiler(self, using: str) -> SQLCompiler:
        compiler = copy.copy(self.statement.compiler)
        # A copy for this thread: connections must not be shared between threads.
        compiler.connection = connections[using]
        compiler.execute_sql = lambda *_, **__: [self.rows]
        compiler.get_converters = lambda _: self.statement.converters
        return compiler
