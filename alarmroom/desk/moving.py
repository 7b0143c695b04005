"""Moving what is scheduled to another day: the page that asks, and what every move has in common.

On Home it is dragged, or moved by keys (static/js/desk/moving.js); both send this page's form. The
hour of the day stays, in the site's time zone. The moment that the page showed goes with it, so a
move that comes too late changes nothing and says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk import dates, moments

FARTHEST = dt.timedelta(days=5 * 366)


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
) -> HttpResponse:
    """GET asks for the day; POST moves. `move(seen, to)` locks the row, and may raise CannotMove.

    `at` is the moment for which it is scheduled, or None if it is not.
    """
    if at is None or at <= timezone.now():
        messages.info(request, f"“{name}” is not scheduled any more. Nothing was changed.")
        return redirect(back)
    local = timezone.localtime(at)
    form = DayForm(request.POST or None, initial={"day": local.date(), "seen": at.isoformat()})
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            to = on_day(seen, form.cleaned_data["day"])
            if to != seen:
                move(seen, to)
        except CannotMove as error:
            form.add_error(None, str(error))
        else:
            when = dates.moment_with_zone(to)
            messages.success(request, f"“{name}” is scheduled for {when}.")
            return redirect(f"{reverse('admin:index')}#coming-{key}")
    context = {
        **site.each_context(request),
        "title": "Move to another day",
        "subtitle": name,
        "form": form,
        "when": dates.moment_with_zone(at),
        "today": timezone.localdate(),
    }
    return TemplateResponse(request, "admin/desk/move.html", context)


def too_late(at: dt.datetime | None, *, is_out: bool) -> CannotMove:
    """Return why a move comes too late: `at` is when it is scheduled for by now, if it is."""
    if is_out:
        return CannotMove("It went out meanwhile. Nothing was changed.")
    if at is None:
        return CannotMove("It is not scheduled any more. Nothing was changed.")
    return CannotMove(
        f"Somebody moved it meanwhile: it is for {dates.moment_with_zone(at)}. Nothing was changed."
    )
