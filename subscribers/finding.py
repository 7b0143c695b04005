"""Readers for the search box of the desk, by the beginning of their address."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from alarmroom.desk.finding import OF_EACH_KIND, Found, begins_with, finder
from subscribers.models import Subscriber


@finder(2)
def readers(request: HttpRequest, letters: str) -> Iterator[Found]:
    if not admin.site._registry[Subscriber].has_view_permission(request):
        return
    # Addresses are kept in lower case. Not in an order: every reader may begin so, and the
    # database would sort them all for five.
    wanted = begins_with("address", letters.lower())
    found = Subscriber.objects.filter(wanted).order_by().only("address", "state")[:OF_EACH_KIND]
    for reader in sorted(found, key=lambda each: each.address):
        url = reverse("admin:subscribers_subscriber_change", args=[reader.pk])
        yield Found("Reader", reader.address, url, reader.get_state_display().capitalize())
