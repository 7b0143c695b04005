"""The domain of an address and the hour of a moment, in the SQL of either database."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, F, Func, IntegerField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Length, Lower, NullIf, Replace, Substr


class _TrimmedRight(Func):
    """A text without the characters at its end that stand in another text."""

    function = "RTRIM"
    arity = 2
    output_field = CharField()


def domain_of(field: str) -> Combinable:
    """Return what stands after the last @ of an address, in lower case; NULL without an @.

    No database has a function for the last place of a character. But all characters of the
    address but @, taken away from its end, leave what stands before the domain.
    """
    letters = Replace(F(field), Value("@"), Value(""))
    before = Length(_TrimmedRight(F(field), letters))
    nothing = Value(0, output_field=IntegerField())
    return Lower(Substr(F(field), NullIf(before, nothing) + 1))


class HourOf(Func):
    """The hour of a moment in UTC, as "2026-11-27 14".

    Django's TruncHour calls a function of Python for each row of SQLite: a second for 200,000.
    """

    arity = 1
    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # Moments are stored as text in UTC.
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, 13)", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"
        return self.as_sql(compiler, connection, template=template, **extra)
