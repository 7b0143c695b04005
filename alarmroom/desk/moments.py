"""Form fields for a moment in the site's time zone, as an editor types it.

"9:30 pm", "9 am", "21:30" and "2130" are all understood. When summer time ends, an hour comes
twice, and the form asks which of the two is meant. When it begins, an hour does not exist, and a
time in it is refused with a sentence that says what to do.
"""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format

from alarmroom.desk import dates
from alarmroom.desk.days import LONGEST, parse_day

TIME_EXAMPLES = "9:30 pm, 9 am or 21:30"

# Every part has a fixed length, so the time to match does not grow with the text.
_TIME = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2})(?:[:.]([0-9]{2})(?:\.([0-9]{1,6}))?)?)?")
_FOUR_DIGITS = re.compile(r"([0-9]{1,2})([0-9]{2})")
_ENDINGS = {"a.m.": "am", "p.m.": "pm", "a.m": "am", "p.m": "pm", "am": "am", "pm": "pm"}
_HOURS = ("hours", "hrs", "hrs.")


def parse_time(text: str) -> dt.time | None:
    """Return the time that was typed, or None if it is not one, or is ambiguous.

    It has am or pm, or 24 hours. A lone "9" gives None, because it could be either.
    """
    if len(text) > LONGEST:
        return None
    typed = "".join(text.split()).lower()
    if typed == "noon":
        return dt.time(12)
    half = ""
    for ending, meaning in _ENDINGS.items():
        if typed.endswith(ending):
            typed, half = typed.removesuffix(ending), meaning
            break
    else:
        for ending in _HOURS:
            typed = typed.removesuffix(ending)
    match = _TIME.fullmatch(typed)
    if match is None and (half or len(typed) == 4):
        match = _FOUR_DIGITS.fullmatch(typed)
    if match is None or (match[2] is None and not half):
        return None
    hours, minutes, *rest = match.groups(default="0")
    seconds, fraction = rest or ("0", "0")
    hour = int(hours)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    with suppress(ValueError):
        return dt.time(hour, int(minutes), int(seconds), int(fraction.ljust(6, "0")))
    return None


def both(naive: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return a local time as a moment by the offset before a change of the clocks, and after it.

    The two are the same moment at other times. The first is the earlier one in the hour that comes
    twice, and the later one in the hour that does not exist.
    """
    zone = timezone.get_current_timezone()
    return naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)


def comes_twice(naive: dt.datetime) -> bool:
    first, second = (moment.utcoffset() or dt.timedelta(0) for moment in both(naive))
    return first > second


def is_left_out(naive: dt.datetime) -> bool:
    first, second = (moment.utcoffset() or dt.timedelta(0) for moment in both(naive))
    return first < second


def local_moment(naive: dt.datetime, which: str = "") -> dt.datetime:
    """Return the moment at which the site's clock shows this; `which` is "0" or "1" of two.

    Raises ValidationError, in a sentence that says what to do.
    """
    if not 1900 <= naive.year <= 2100:
        raise ValidationError("Give a year between 1900 and 2100.", code="year")
    day, hour = date_format(naive, "F j, Y"), date_format(naive, "H:i")
    first, second = both(naive)
    if is_left_out(naive):
        # The local times that exist instead: by the offset after the change, and by that before.
        earlier, later = (
            date_format(timezone.localtime(moment.astimezone(dt.UTC)), "H:i")
            for moment in (second, first)
        )
        raise ValidationError(
            f"On {day} the clocks are set forward, and {hour} is left out. Enter another time: "
            f"{earlier} and {later} exist on that day.",
            code="left_out",
        )
    if comes_twice(naive):
        if which not in ("0", "1"):
            raise ValidationError(
                f"On {day} the clocks are set back, and {hour} comes twice. Choose which of the "
                "two you mean.",
                code="twice",
            )
        return second if which == "1" else first
    return first


class DayField(forms.DateField):
    """A day as a form has it, or in words."""

    def to_python(self, value: Any) -> dt.date | None:
        if isinstance(value, str) and (found := parse_day(value)):
            return found
        return super().to_python(value)


class TimeField(forms.TimeField):
    """A time as people write it."""

    default_error_messages = {"invalid": f"Enter a time such as {TIME_EXAMPLES}."}

    def to_python(self, value: Any) -> dt.time | None:
        if value in self.empty_values or isinstance(value, dt.datetime | dt.time):
            return super().to_python(value)
        found = parse_time(str(value))
        if found is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return found


class LocalField(forms.Field):
    """A date and a time in one line, as `2026-12-24T21:30` or `2026-12-24 9:30 pm`."""

    default_error_messages = {
        "invalid": "Enter a date and a time, such as 2026-12-24 7:30 am or 2026-12-24 19:30."
    }

    def to_python(self, value: Any) -> dt.datetime | None:
        if value in self.empty_values or isinstance(value, dt.datetime):
            return value or None
        text = str(value).strip()
        if len(text) <= LONGEST:
            iso, _, clock = text.partition("T")
            if clock and (time := parse_time(clock)):
                text = f"{iso} {time}"
            # "December 1 9 am": the day ends before one of the spaces.
            for at, letter in enumerate(text):
                time = parse_time(text[at:]) if letter == " " else None
                with suppress(ValidationError):
                    if time and (date := DayField().to_python(text[:at])):
                        return dt.datetime.combine(date, time)
        raise ValidationError(self.error_messages["invalid"], code="invalid")


class WhichSelect(forms.Select):
    """Which of the two moments at which the clock shows the same. Left out at any other time."""

    template_name = "admin/which_moment.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, choices=[("", "Choose one of the two")])

    def offer(self, naive: dt.datetime | None) -> bool:
        """Offer the two moments that this time may mean; return whether there are two."""
        if naive is None or not comes_twice(naive):
            return False
        hour = date_format(naive, "H:i")
        first, second = both(naive)
        self.choices = [
            ("", "Choose one of the two"),
            ("0", f"The first {hour} ({first.tzname()})"),
            ("1", f"The second {hour} ({second.tzname()}), after the clocks are set back"),
        ]
        return True


def _which(local: dt.datetime) -> str | None:
    """Return which of two moments a local time with `fold` is; None if there is only one."""
    return str(local.fold) if comes_twice(local.replace(tzinfo=None)) else None


class _AsksWhich(forms.MultiWidget):
    """A widget whose last part is left out unless the time that is shown comes twice."""

    def typed_moment(self, values: list[Any]) -> dt.datetime | None:
        """Return the time that the other parts show; they may hold what somebody typed.

        Each widget below has its own.
        """
        raise NotImplementedError

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        values: list[Any] = list(
            value if isinstance(value, list | tuple) else self.decompress(value) or ()
        )
        which = self.widgets[-1]
        assert isinstance(which, WhichSelect)  # noqa: S101 (for the type checker)
        naive = None
        with suppress(ValidationError):
            naive = self.typed_moment(values)
        asked = which.offer(naive)
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["zone"] = settings.TIME_ZONE
        context["widget"]["place"] = dates.place()
        if not asked:
            context["widget"]["subwidgets"].pop()
        return context


class MomentWidget(_AsksWhich):
    """A day and a time to type, and in the hour that comes twice, which of the two.

    static/js/desk/moments.js adds the browser's own picker, and says how it understands them.
    """

    template_name = "admin/moment.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        plain = {"autocomplete": "off", "maxlength": LONGEST}
        day = forms.DateInput({**plain, "placeholder": "2026-12-24"}, format="%Y-%m-%d")
        time = forms.TimeInput({**plain, "placeholder": "9 am"}, format="%H:%M")
        super().__init__([day, time, WhichSelect()], attrs)

    def id_for_label(self, id_: str) -> str:
        return id_

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for part in context["widget"]["subwidgets"]:
            part["attrs"]["aria-describedby"] = f"id_{name}_zone"
        return context

    def typed_moment(self, values: list[Any]) -> dt.datetime | None:
        date, time = DayField().to_python(values[0]), TimeField().to_python(values[1])
        return dt.datetime.combine(date, time) if date and time else None

    def decompress(self, value: Any) -> list[Any]:
        if not value:
            return [None, None, None]
        local = timezone.localtime(value)
        return [local.date(), local.time(), _which(local)]


class MomentInput(_AsksWhich):
    """The browser's own picker for a date and a time, and which of two where it comes twice.

    The picker has the field's own name, and the choice is `<name>_which`.
    """

    template_name = "admin/moment_input.html"
    use_fieldset = False

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        picker = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__({"": picker, "which": WhichSelect()}, attrs)

    def typed_moment(self, values: list[Any]) -> dt.datetime | None:
        return LocalField().to_python(values[0])

    def decompress(self, value: Any) -> list[Any]:
        if not value:
            return [None, None]
        local = timezone.localtime(value)
        return [local.replace(tzinfo=None), _which(local)]

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0" if id_ else ""


class MomentField(forms.MultiValueField):
    """A date, a time and, where it is needed, which of two moments: for an admin's form.

    `before` is the moment that was stored: where nothing else was typed, that very one stays.
    """

    widget = MomentWidget
    before: dt.datetime | None = None

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("input_date_formats", None)
        date = DayField(
            error_messages={
                "invalid": "Enter a date such as 2026-12-24 or 12/24/2026.",
                "incomplete": "Enter the date too.",
            }
        )
        time = TimeField(
            error_messages={"incomplete": f"Enter the time too, such as {TIME_EXAMPLES}."}
        )
        parts = (date, time, forms.CharField(required=False))
        super().__init__(fields=parts, require_all_fields=False, **kwargs)

    def compress(self, data_list: Any) -> dt.datetime | None:
        if not data_list:
            return None
        date, time, which = data_list
        naive = dt.datetime.combine(date, time)
        if self.before:
            local = timezone.localtime(self.before)
            # The form shows no seconds.
            shown = [local.replace(microsecond=0, tzinfo=None)]
            shown.append(shown[0].replace(second=0))
            if naive in shown and which in ("", str(local.fold)):
                return self.before
        return local_moment(naive, which)


class MomentInputField(forms.MultiValueField):
    """The same as MomentField, with the browser's own picker."""

    widget = MomentInput

    def __init__(self, **kwargs: Any) -> None:
        parts = (LocalField(), forms.CharField(required=False))
        super().__init__(fields=parts, require_all_fields=False, **kwargs)

    def compress(self, data_list: Any) -> dt.datetime | None:
        return local_moment(*data_list) if data_list else None
