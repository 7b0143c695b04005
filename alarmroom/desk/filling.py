"""A form that shows values which were not saved, without judging them.

Django shows such values in a bound form only, and a bound form names every error at once. Somebody
who opens a text that is half written is not told yet what it lacks.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.utils import ErrorDict, ErrorList
from django.http import QueryDict


class FilledForm(forms.BaseForm):
    """Mixed into a form class: it is bound to `filling`, and has no errors."""

    filling: QueryDict

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "data": self.filling})

    def full_clean(self) -> None:
        self._errors = ErrorDict()
        self.cleaned_data: dict[str, Any] = {}


class FilledFormSet(forms.BaseFormSet[Any]):
    """The same for a formset."""

    filling: QueryDict

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "data": self.filling})

    def full_clean(self) -> None:
        self._errors: list[Any] = []
        self._non_form_errors = ErrorList()

    def _construct_form(self, *args: Any, **kwargs: Any) -> Any:
        form = super()._construct_form(*args, **kwargs)  # type: ignore[misc]  # not in its types
        form._errors = ErrorDict()
        form.cleaned_data = {}
        return form


def filled(form: type[Any], data: QueryDict) -> type[Any]:
    """Return the class of a form, or of a formset, that shows this data."""
    mixin = FilledFormSet if issubclass(form, forms.BaseFormSet) else FilledForm
    metaclass: Any = type(form)
    made: type[Any] = metaclass(form.__name__, (mixin, form), {"filling": data})
    if fields := getattr(form, "base_fields", None):
        # The class makes fields of its own, without what was set on these since.
        made.base_fields = fields
    return made
