"""What happens after a backup was restored: an editor looks before anybody else is mailed.

The database does not know of mail that was sent since the backup was made. An issue that was under
way would go on from there, and mail many people twice. So every issue under way is paused, and one
whose moment has passed becomes a draft again. Workers send nothing until the tick has looked.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from alarmroom.desk import dates
from newsletter.delivery import alerts, beats, starting
from newsletter.delivery.pausing import pause
from newsletter.models import Issue, Mark

logger = logging.getLogger(__name__)


def look() -> bool:
    """Stop what is under way in a database that was restored; return whether it was. For the tick.

    Counts the tick in the database. beats.note() writes the file, once that is done for good.
    """
    now = timezone.now()
    with transaction.atomic():
        mark, _ = Mark.objects.select_for_update().get_or_create(name=beats.TICKS)
        noted = beats.noted_in_file()
        found = beats.is_older(mark, noted, now)
        if found:
            _stop(_why(mark.at))
        mark.value = max(mark.value, noted.ticks if noted else 0) + 1
        mark.at = now
        mark.save()
    return found


def _stop(why: str) -> None:
    for issue in Issue.objects.filter(state=Issue.State.SENDING):
        pause(issue, why, tell=True)
    for issue in Issue.objects.due():
        if starting.unschedule(issue, f"It was not sent at its time. {why}", due=True):
            alerts.not_started(issue)
    logger.error("The database is older than it was: issues under way wait for an editor")


def _why(last: datetime | None) -> str:
    since = f"It knows nothing of what was sent after {dates.moment(last)}. " if last else ""
    return (
        f"The database seems to be a restored backup. {since}Whoever got the issue since then "
        "would get it twice. Compare with the log of your mail server, then go on or cancel."
    )
