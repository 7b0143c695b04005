"""Queries that are written with the ORM and turned into SQL once in a process.

Building the SQL of an article's page anew costs Django five times what the database needs
to answer it (docs/decisions/uncached-pages.md has the figures). So the few queries that
every reading page makes are prepared:

    BY_SLUG = Prepared(lambda: Post.objects.filter(slug=Given("slug", CharField())))
    post = BY_SLUG.first(slug="night-shift")

What comes out are ordinary model instances. What a worker writes for each mail is prepared, too:

    CLOSE = PreparedUpdate(
        lambda: Shift.objects.filter(pk=Given("pk", BigAutoField()), closed_at=None),
        closed_at=Given("now", DateTimeField()),
    )
    changed = CLOSE.run(pk=4, now=timezone.now())

Only values can be given, not lists of them: their number would change the SQL.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression
from django.db.models.query import ModelIterable
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler


class Given(Expression):
    """A value that is named when the query is written, and given when it runs."""

    def __init__(self, name: str, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, *_: Any, **__: Any) -> Any:
        # The expression itself is the parameter, until Prepared puts the value in its place.
        return "%s", [self]

    def value(self, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        return self.output_field.get_db_prep_value(values[self.name], connection)


class Prepared[Model: models.Model]:
    """A queryset whose SQL is made once for each database, and run with other values."""

    def __init__(self, write: Callable[[], models.QuerySet[Model]]) -> None:
        """`write` is called when the query first runs: models may not be loaded before."""
        self.write = write
        self.ready: dict[str, _Statement] = {}

    def all(self, **values: Any) -> list[Model]:
        """Return the instances, for these values by name. One query; no prefetching."""
        queryset: Any = self.write() if not self.ready else None
        using = "default" if queryset is None else queryset.db
        statement = self.ready.get(using)
        if statement is None:
            statement = self.ready[using] = _Statement(queryset)
        run: Any = _Run(statement, values)
        return list(ModelIterable(run))

    def first(self, **values: Any) -> Model | None:
        """Return the first instance, or None."""
        found = self.all(**values)
        return found[0] if found else None


class PreparedUpdate:
    """A queryset's update() whose SQL is made once in a process, and run with other values."""

    def __init__(self, write: Callable[[], models.QuerySet[Any]], **changes: Any) -> None:
        """`write` is called when the update first runs; `changes` are what update() takes."""
        self.write = write
        self.changes = changes
        self.ready: tuple[str, str, Sequence[Any]] | None = None

    def run(self, **values: Any) -> int:
        """Change the rows, for these values by name; return how many it were. One query."""
        if self.ready is None:
            self.ready = self._make()
        using, sql, params = self.ready
        connection = connections[using]
        given = _filled_in(params, values, connection)
        with transaction.mark_for_rollback_on_error(using), connection.cursor() as cursor:
            cursor.execute(sql, given)
            return int(cursor.rowcount)

    def _make(self) -> tuple[str, str, Sequence[Any]]:
        queryset = self.write()
        using = router.db_for_write(queryset.model)
        query: Any = queryset.query.chain(UpdateQuery)
        query.add_update_values(self.changes)
        if query.related_updates:
            raise TypeError("A prepared update changes one table.")
        return using, *query.get_compiler(using).as_sql()


def _filled_in(
    params: Sequence[Any], values: dict[str, Any], connection: BaseDatabaseWrapper
) -> tuple[Any, ...]:
    """Return the parameters with each Given replaced by its value."""
    return tuple(
        param.value(values, connection) if isinstance(param, Given) else param for param in params
    )


class _Statement:
    """What Django knows of a queryset once its SQL is made."""

    def __init__(self, queryset: Any) -> None:
        if queryset._prefetch_related_lookups:
            raise TypeError("A prepared query prefetches nothing.")
        self.queryset = queryset
        self.compiler = queryset.query.get_compiler(using=queryset.db)
        self.sql, self.params = self.compiler.as_sql()
        fields = [column[0] for column in self.compiler.select[: self.compiler.col_count]]
        self.converters = self.compiler.get_converters(fields)


class _Run:
    """One run of a statement, in the shape in which ModelIterable takes a queryset."""

    def __init__(self, statement: _Statement, values: dict[str, Any]) -> None:
        self.statement = statement
        self.values = values
        self.model = statement.queryset.model
        self.db = statement.queryset.db
        self.query = self
        self._fetch_mode = statement.queryset._fetch_mode
        self._known_related_objects: dict[Any, Any] = {}

    def get_compiler(self, using: str) -> SQLCompiler:
        connection = connections[using]
        params = _filled_in(self.statement.params, self.values, connection)
        compiler = copy.copy(self.statement.compiler)
        # Connections belong to threads, the rest to the process.
        compiler.connection = connection
        compiler.as_sql = lambda *_, **__: (self.statement.sql, params)
        compiler.get_converters = lambda _: self.statement.converters
        return compiler
