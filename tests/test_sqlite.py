"""Our SQLite runs the statements that Django's runs."""

import pytest
from django.db import connection

from alarmroom.sqlite.base import LONGEST, Cursor, _converted

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="It is SQLite's."),
]


def test_the_connection_is_ours() -> None:
    with connection.cursor() as cursor:
        assert isinstance(cursor.cursor, Cursor)


def test_values_stand_where_the_statement_has_them_each_time() -> None:
    statement = "SELECT %s, '100%%', '%%s', %s"
    with connection.cursor() as cursor:
        for first, last in (("a", "%s"), ("?", None)):
            cursor.execute(statement, [first, last])
            assert cursor.fetchone() == (first, "100%", "%s", last)


def test_a_statement_with_a_thousand_values_is_not_remembered() -> None:
    statement = f"SELECT {' + '.join(['%s'] * 900)}, '{'x' * LONGEST}'"
    before = _converted.cache_info().currsize
    with connection.cursor() as cursor:
        cursor.execute(statement, [1] * 900)
        assert cursor.fetchone()[0] == 900
    assert _converted.cache_info().currsize == before


def test_values_may_have_names() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %(word)s, '100%%'", {"word": "a"})
        assert cursor.fetchone() == ("a", "100%")


def test_a_statement_without_values_is_left_as_it_is() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT '%s 100%%'")
        assert cursor.fetchone() == ("%s 100%%",)
