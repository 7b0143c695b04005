"""Days and times that are typed in words."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from alarmroom.desk.days import parse_day
from alarmroom.desk.moments import LocalField, MomentField

# Half past five in the afternoon in New York, on a Friday.
NOW = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("today", date(2026, 11, 27)),
        (" Tomorrow ", date(2026, 11, 28)),
        ("Monday", date(2026, 11, 30)),
        ("fri", date(2026, 12, 4)),
        ("December 1", date(2026, 12, 1)),
        ("1 dec", date(2026, 12, 1)),
        ("Nov. 27", date(2026, 11, 27)),
        ("March 4", date(2027, 3, 4)),
        ("March 4, 2026", date(2026, 3, 4)),
        ("Tuesday, December 1, 2026", date(2026, 12, 1)),
        ("someday", None),
        ("February 30", None),
        ("December 1 2026 9", None),
        ("December ١", None),
        ("", None),
        ("2026-12-24", None),
        ("x" * 41, None),
    ],
)
def test_a_day_in_words_is_understood(typed: str, day: date | None) -> None:
    assert parse_day(typed) == day


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("tomorrow 9:00", "2026-11-28T09:00:00"),
        ("December 1 9 am", "2026-12-01T09:00:00"),
        ("Tuesday, December 1, 2026 14:02", "2026-12-01T14:02:00"),
        ("2026-12-24T21:30:15", "2026-12-24T21:30:15"),
    ],
)
def test_a_moment_in_one_line_may_have_words(typed: str, moment: str) -> None:
    found = LocalField().to_python(typed)
    assert found
    assert found.isoformat() == moment


def test_what_the_form_shows_without_seconds_is_the_stored_moment() -> None:
    field = MomentField()
    field.before = datetime(2026, 6, 1, 13, 5, 42, 7, tzinfo=UTC)
    widget = field.widget
    day, time, _ = widget.decompress(field.before)
    shown = [widget.widgets[0].format_value(day), widget.widgets[1].format_value(time), ""]
    assert shown == ["2026-06-01", "09:05", ""]
    assert field.clean(shown) == field.before
    assert field.clean(["2026-06-01", "09:06", ""]) == datetime(2026, 6, 1, 13, 6, tzinfo=UTC)
    with pytest.raises(ValidationError):
        field.clean(["someday", "9 am", ""])
