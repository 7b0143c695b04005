"""Days and times as the desk writes them: "November 27", "14:02", "November 27, 14:02".

The year stands with a day only if it is not this one. All are in the publication's time zone.
In templates: the filters of alarmroom/templatetags/dates.py.
"""

import datetime as dt

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format


def local(when: dt.datetime) -> dt.datetime:
    return timezone.localtime(when) if timezone.is_aware(when) else when


def place() -> str:
    """Return the place whose time the site has, such as "New York"."""
    return settings.TIME_ZONE.rpartition("/")[2].replace("_", " ")


def clock(when: dt.datetime) -> str:
    """Return the time of a moment on the site's clock, such as "14:02"."""
    return f"{local(when):%H:%M}"


def day(when: dt.date) -> str:
    """Return a day, or that of a moment, as "November 27"; with the year if it is another one."""
    if isinstance(when, dt.datetime):
        when = local(when).date()
    return date_format(when, "F j" if when.year == timezone.localdate().year else "F j, Y")


def weekday(when: dt.date) -> str:
    """Return a day as "Friday, November 27"."""
    if isinstance(when, dt.datetime):
        when = local(when).date()
    return f"{date_format(when, 'l')}, {day(when)}"


def moment(when: dt.datetime) -> str:
    """Return a moment as "November 27, 14:02"."""
    return f"{day(when)}, {clock(when)}"


def moment_with_zone(when: dt.datetime) -> str:
    """Return a moment that is still to come, or must be exact: "Friday, November 27, 14:02 EST"."""
    return f"{weekday(when)}, {clock(when)} {local(when).tzname()}"
