"""Pausing an issue, by an editor or by itself."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from alarmroom.desk import log
from alarmroom.desk.models import Act
from newsletter.delivery import alerts
from newsletter.models import Issue

logger = logging.getLogger(__name__)


def pause(issue: Issue, why: str, *, by: Any = None, tell: bool = False) -> bool:
    """Stop sending after the message that is under way; `tell` the editor who started it.

    False where the issue is not being sent.
    """
    with transaction.atomic():
        changed = Issue.objects.filter(pk=issue.pk, state=Issue.State.SENDING).update(
            state=Issue.State.PAUSED,
            state_note=why[:300],
            paused_why=why[:300],
            paused_at=timezone.now(),
            quiet_until=None,
        )
        issue.refresh_from_db()
        if changed:
            # By itself, the reason is in a server's words, which may name an address.
            log.record(Act.Kind.PAUSED, by=by, about=issue)
        if changed and tell:
            alerts.paused(issue)
    if changed and tell:
        logger.error("Issue %s is paused: %s", issue.number, why)
    return bool(changed)
