"""Days and times in the templates of the desk; see alarmroom/desk/dates.py."""

import datetime as dt

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import dates

register = template.Library()

register.filter("clock", dates.clock)
register.filter("day", dates.day)
register.filter("weekday", dates.weekday)
register.filter("moment", dates.moment)
register.filter("moment_with_zone", dates.moment_with_zone)


@register.filter
def time_element(when: dt.datetime) -> SafeString:
    """Return a moment in a <time> that machines can read."""
    return format_html('<time datetime="{}">{}</time>', when.isoformat(), dates.moment(when))
