"""Numbers that no column can hold, in a query: they match nothing.

Django checks a single number against the range of a column, but not the numbers of a list, nor
the number in a lookup of a relation. SQLite then raises OverflowError, and PostgreSQL DataError.
Here such numbers match nothing, whichever page, filter or action they come from.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import ForeignKey, IntegerField
from django.db.models.fields.related_lookups import RelatedExact, RelatedIn
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.lookups import In


def fits(value: Any, field: Any, connection: Any) -> bool:
    """Return whether a column may hold this value, as far as its range goes."""
    if isinstance(field, ForeignObjectRel):
        field = field.related_model._meta.pk
    while isinstance(field, ForeignKey):
        field = field.target_field
    if not isinstance(value, int) or not isinstance(field, IntegerField):
        return True
    least, most = connection.ops.integer_field_range(field.get_internal_type())
    return (least is None or value >= least) and (most is None or value <= most)


class FittingInMixin:
    """`in`, with the numbers alone that the column can hold."""

    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        lookup: Any = self
        if lookup.rhs_is_direct_value():
            field = lookup.lhs.output_field
            lookup.rhs = [value for value in lookup.rhs if fits(value, field, connection)]
        return super().process_rhs(compiler, connection)  # type: ignore[misc]  # of the lookup


class FittingIn(FittingInMixin, In):
    pass


class FittingRelatedIn(FittingInMixin, RelatedIn):
    pass


class FittingRelatedExact(RelatedExact):
    """`exact` for a relation, which may get a number that the column cannot hold."""

    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        if not fits(self.rhs, self.lhs.output_field, connection):
            raise EmptyResultSet
        return super().process_rhs(compiler, connection)


def register() -> None:
    """Let every column of numbers, and every foreign key, use these."""
    IntegerField.register_lookup(FittingIn)
    for lookup in (FittingRelatedIn, FittingRelatedExact):
        ForeignKey.register_lookup(lookup)
