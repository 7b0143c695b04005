"""Issues for the search box of the desk, by their subject or their number."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from alarmroom.desk.finding import OF_EACH_KIND, Found, finder
from newsletter.models import Issue

LARGEST = 9  # digits of a number; every database takes them


@finder(1)
def issues(request: HttpRequest, letters: str) -> Iterator[Found]:
    if not any(request.user.has_perm(f"newsletter.{each}_issue") for each in ("view", "change")):
        return
    wanted = Q(subject__icontains=letters)
    # "42", "#42" and "No. 42" are all the same.
    number = letters.lower().removeprefix("no").lstrip(".# ")
    if number.isascii() and number.isdecimal() and len(number) <= LARGEST:
        wanted |= Q(number=int(number))
    elif len(letters) < 2:
        return
    found = Issue.objects.filter(wanted).newest_first().only("number", "subject", "state")
    for issue in found[:OF_EACH_KIND]:
        url = reverse("admin:newsletter_issue_change", args=[issue.pk])
        detail = issue.get_state_display().capitalize()
        yield Found("Issue", f"No. {issue.number}: {issue.subject}", url, detail)
