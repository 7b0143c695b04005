"""Days as people type them: "tomorrow", "Monday", "December 1", besides the dates of a form."""

from __future__ import annotations

import calendar
import datetime as dt
from contextlib import suppress

from django.utils import timezone

LONGEST = 40  # characters

_WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_WEEKDAYS |= {name[:3]: number for name, number in _WEEKDAYS.items()}
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}


def parse_day(text: str) -> dt.date | None:
    """Return the day that was typed in words, or None.

    A weekday is the next one after today. A day without a year is the next one that comes.
    """
    if len(text) > LONGEST:
        return None
    words = text.lower().replace(",", " ").replace(".", " ").split()
    today = timezone.localdate()
    if words == ["today"]:
        return today
    if words == ["tomorrow"]:
        return today + dt.timedelta(days=1)
    if len(words) == 1 and words[0] in _WEEKDAYS:
        ahead = (_WEEKDAYS[words[0]] - today.weekday() - 1) % 7 + 1
        return today + dt.timedelta(days=ahead)
    if words and words[0] in _WEEKDAYS:
        words = words[1:]  # "Tuesday, December 1"
    if len(words) not in (2, 3):
        return None
    month, day, *year = words
    if month not in _MONTHS:
        month, day = day, month
    if month not in _MONTHS or not _is_number(day) or not all(map(_is_number, year)):
        return None
    with suppress(ValueError):
        if year:
            return dt.date(int(year[0]), _MONTHS[month], int(day))
        this_year = dt.date(today.year, _MONTHS[month], int(day))
        return this_year if this_year >= today else this_year.replace(year=today.year + 1)
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 4
