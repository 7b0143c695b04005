"""The undocumented functions of Django that we use are unchanged.

docs/decisions/private-names-of-django.md says what each is used for, and what to do when
this fails.
"""

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.query import ModelIterable, QuerySet
from django.db.models.sql import Query, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler, SQLUpdateCompiler

FINGERPRINTS: dict[Callable[..., Any], str] = {
    ModelIterable.__iter__: "ecb74201bf2b",
    Query.get_compiler: "e4f5a2509c95",
    Query.chain: "8fe79719a121",
    SQLCompiler.as_sql: "e8f38a4a445f",
    SQLCompiler.get_converters: "c6c8c1b71882",
    SQLCompiler.execute_sql: "9aaa46986690",
    SQLCompiler.results_iter: "d279d61b80a3",
    SQLUpdateCompiler.as_sql: "dd4c60b73eeb",
    UpdateQuery.add_update_values: "93296beb4e7f",
}


def fingerprint(function: Callable[..., Any]) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]


@pytest.mark.parametrize("function", FINGERPRINTS, ids=lambda function: function.__qualname__)
def test_a_private_function_of_django_is_unchanged(function: Callable[..., Any]) -> None:
    found = fingerprint(function)
    assert found == FINGERPRINTS[function], (
        f"This release of Django has another {function.__module__}.{function.__qualname__}. "
        "docs/decisions/private-names-of-django.md says what depends on it. "
        f"If that still holds, its new fingerprint is {found}."
    )


def test_a_queryset_has_the_private_attributes_that_we_read() -> None:
    made = QuerySet()
    assert made._prefetch_related_lookups == ()  # type: ignore[attr-defined]  # private
    assert made._fetch_mode is not None  # type: ignore[attr-defined]  # likewise
