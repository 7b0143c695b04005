"""What an editor is told of the delivery of an issue.

Letters of the desk (alarmroom/desk/letters.py): written in the transaction of what they tell of,
and sent by a worker with retries for more than a day. A mail server that is away delays them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk import letters
from newsletter.models import Delivery, Issue
from subscribers import signup
from subscribers.forms import clean_address

# To so many accounts at most, where nobody is named that started the issue.
MOST_TOLD = 20
# An issue that backs off is told of after about an hour, and after each further day of half hours.
AWAY_TOLD_AT, AWAY_TOLD_EACH = 6, 48


def paused(issue: Issue) -> None:
    """The issue stopped by itself, and waits for an editor."""
    _write(
        issue,
        f"paused-{issue.pk}-{timezone.now():%Y%m%d%H%M%S%f}",
        f"Sending has paused: {issue}",
        f"{issue.state_note}\n\nNothing is lost: whoever has not been mailed yet is still in the "
        "queue. Go on when the cause is gone.",
    )


def not_started(issue: Issue) -> None:
    """The issue was not sent at its time, and is a draft again that says why."""
    _write(
        issue,
        f"not-started-{issue.pk}-{timezone.now():%Y%m%d%H%M%S%f}",
        f"Not sent: {issue}",
        f"{issue.state_note}\n\nIt is a draft again, and nobody has been mailed. Mend it, and send "
        "or schedule it anew.",
        page="change",
        link="Open the issue",
    )


def away(issue: Issue, times: int) -> None:
    """The mail server has put the issue off so many `times` in a row."""
    if times % AWAY_TOLD_EACH != AWAY_TOLD_AT:
        return
    _write(
        issue,
        f"away-{issue.pk}-{timezone.now():%Y%m%d%H%M%S%f}",
        f"The mail server takes nothing: {issue}",
        f"{issue.state_note}\n\nIt was asked {times} times in a row. Nothing is lost: it is asked "
        "again every half hour, and sending goes on by itself.",
    )


def in_doubt() -> None:
    """Tell of deliveries that are in doubt, once a day for each issue. For the tick."""
    for issue, count, newest in _issues_in_doubt():
        deliveries = "One delivery is" if count == 1 else f"{count:,} deliveries are"
        _write(
            issue,
            f"doubt-{issue.pk}-{newest:%Y%m%d}",
            f"{deliveries} in doubt: {issue}",
            "The mail server may or may not have taken them: the connection or a worker was gone "
            "before its answer. They are not sent again by themselves. Decide on the page of the "
            "delivery.",
        )


def _issues_in_doubt() -> Iterable[tuple[Issue, int, datetime]]:
    rows = Delivery.objects.filter(state=Delivery.State.UNCERTAIN).order_by()
    newest = dict(rows.values_list("issue").annotate(newest=Max("changed_at")))
    for issue in Issue.objects.filter(pk__in=newest):
        yield issue, rows.filter(issue=issue).count(), newest[issue.pk]


def done(issue: Issue, totals: dict[str, int]) -> None:
    """Everybody was mailed who could be. `totals` are those of Issue.totals()."""
    others = (
        (totals["failed"], "could not be delivered"),
        (totals["uncertain"], "in doubt, for you to decide"),
        (totals["skipped"], "skipped: they left, or are suppressed"),
    )
    lines = [f"Handed over to the mail server: {totals['sent']:,} of {issue.recipients:,}."]
    lines += [f"{count:,} {words}." for count, words in others if count]
    _write(
        issue,
        f"done-{issue.pk}-{issue.sent_at:%Y%m%d%H%M%S%f}",
        f"Sent: {issue}",
        "\n".join(lines),
    )


def _write(
    issue: Issue, key: str, heading: str, said: str, *, page: str = "progress", link: str = ""
) -> None:
    for account in told(issue):
        letters.write(
            account,
            f"issue-{key}",
            heading=heading,
            about=str(issue),
            said=said,
            url=reverse(f"admin:newsletter_issue_{page}", args=[issue.pk]),
            link=link or "Look at the delivery",
        )


def told(issue: Issue) -> list[Any]:
    """Return the account that started or scheduled the issue; else those that may send it."""
    starter = issue.started_by
    if starter is not None and _can_be_told(starter):
        return [starter]
    # An account that is closed by now, or has no address, tells nobody.
    others = get_user_model().objects.with_perm(
        "newsletter.send_issue", backend="django.contrib.auth.backends.ModelBackend"
    )
    return [one for one in others.order_by("pk")[: 10 * MOST_TOLD] if _can_be_told(one)][:MOST_TOLD]


def _can_be_told(account: Any) -> bool:
    has_address = account.is_active and account.is_staff and account.email
    return bool(has_address) and not never_mailed(account.email)


def never_mailed(address: str) -> bool:
    """Return whether the address of an account, in any spelling, is suppressed."""
    with contextlib.suppress(ValidationError):
        address = clean_address(address)
    return signup.is_suppressed(address.lower())
