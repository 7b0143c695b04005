"""Moving what is scheduled to another day: the page that asks, and what every move has in common.

On Home it is dragged, or moved by keys (static/js/desk/moving.js); both send this page's form, or
open it where it asks for the password. The hour of the day stays, in the site's time zone. The
moment that the page showed goes with it, so a move that comes too late changes nothing and says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import dates, moments
from alarmroom.desk.bin_admin import message_button
from alarmroom.desk.signing_in import confirming
from alarmroom.desk.signing_in.confirming import ConfirmingForm

FARTHEST = dt.timedelta(days=5 * 366)
# The button of Undo; its value is the day to go back to, and the moment that it was moved to.
BACK = "back"


class CannotMove(Exception):
    """It stays where it is; the message says why."""


class DayForm(forms.Form):
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    seen = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def clean_seen(self) -> dt.datetime:
        try:
            seen = dt.datetime.fromisoformat(self.cleaned_data["seen"])
        except ValueError:
            seen = None
        if seen is None or timezone.is_naive(seen):
            raise forms.ValidationError("Open the page again: it does not say what it showed.")
        return seen


class ConfirmedDayForm(DayForm, ConfirmingForm):
    """It also asks for the password, as sending does."""


def on_day(seen: dt.datetime, day: dt.date) -> dt.datetime:
    """Return the moment of a day at the same hour on the site's clock.

    Where the clocks jump over that hour, it is one later. Raises CannotMove for what has passed.
    """
    hour = timezone.localtime(seen).time()
    first, _ = moments.both(dt.datetime.combine(day, hour))
    # Through UTC: an hour that does not exist becomes one that does.
    to = first.astimezone(dt.UTC)
    now = timezone.now()
    if to <= now:
        raise CannotMove("That moment has passed. Choose a later day.")
    if to > now + FARTHEST:
        raise CannotMove("That day is more than five years away. Choose an earlier one.")
    return to


def page(
    site: admin.AdminSite,
    request: HttpRequest,
    *,
    name: str,
    key: str,
    at: dt.datetime | None,
    back: str,
    move: Callable[[dt.datetime, dt.datetime], None],
    confirms: bool = False,
    what: str = "scheduled",
    when: Callable[[dt.datetime], str] = dates.moment_with_zone,
) -> HttpResponse:
    """GET asks for the day; POST moves. `move(seen, to)` locks the row, and may raise CannotMove.

    `at` is the moment for which it is scheduled, or None if it is not. What reaches many people
    `confirms` by the password.
    """
    if at is None or at <= timezone.now():
        messages.info(request, f"“{name}” is not {what} any more. Nothing was changed.")
        return redirect(back)
    form = form_for(request, at, confirms=confirms)
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            to = on_day(seen, form.cleaned_data["day"])
            if to != seen:
                move(seen, to)
        except CannotMove as error:
            form.add_error(None, str(error))
        else:
            confirming.use_up(request)
            said = format_html("“{}” is {} for {}. ", name, what, when(to))
            if to != seen:
                said += way_back(request, seen, to, confirms=confirms)
            messages.success(request, said)
            # The list of Home shows what was moved, however far; the focus goes to it.
            moved = urlencode({"moved": key})
            return redirect(f"{reverse('admin:index')}?{moved}#coming-{key}")
    context = {
        **site.each_context(request),
        "title": "Move to another day",
        "subtitle": name,
        "form": form,
        "what": what,
        "when": when(at),
        "today": timezone.localdate(),
    }
    response = TemplateResponse(request, "admin/desk/move.html", context)
    if getattr(form, "was_locked", False):
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    return response


def form_for(request: HttpRequest, at: dt.datetime, *, confirms: bool) -> DayForm:
    """Return the form, filled in with the day that Home asks about, if it does."""
    data: Any = request.POST or None
    if data and BACK in data and not confirms:
        day, _, seen = data[BACK].partition(" ")
        data = {"day": day, "seen": seen}
    try:
        day = dt.date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = timezone.localdate(at)
    initial = {"day": day, "seen": at.isoformat()}
    if confirms:
        return ConfirmedDayForm(data, request=request, initial=initial)
    return DayForm(data, initial=initial)


def way_back(
    request: HttpRequest, seen: dt.datetime, to: dt.datetime, *, confirms: bool
) -> SafeString:
    """Return the button that undoes a move; where the password is asked, the way to its page."""
    day = timezone.localdate(seen)
    if confirms:
        return format_html('<a href="{}?day={}">Move it back…</a>', request.path, day)
    return message_button("Undo", request.path, BACK, f"{day} {to.isoformat()}")


def too_late(at: dt.datetime | None, *, is_out: bool) -> CannotMove:
    """Return why a move comes too late: `at` is when it is scheduled for by now, if it is."""
    if is_out:
        return CannotMove("It went out meanwhile. Nothing was changed.")
    if at is None:
        return CannotMove("It is not scheduled any more. Nothing was changed.")
    return moved_meanwhile(dates.moment_with_zone(at))


def moved_meanwhile(when: str) -> CannotMove:
    return CannotMove(f"Somebody moved it meanwhile: it is for {when}. Nothing was changed.")
