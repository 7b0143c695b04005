"""Checks over all articles: each one once a week, and after each change of it.

What was right when it was published goes wrong later: an article that it links to is withdrawn, a
name joins the list. Home shows what is found there (CheckResult.objects.failing()), the list of
articles shows it of drafts, too.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import F, Q
from django.utils import timezone

from posts.checks.articles import check_stored
from posts.checks.elsewhere import ask_for
from posts.models import CheckResult, Post

EVERY = dt.timedelta(days=7)
AT_ONCE = 50  # articles; more are left to the next tick


def weekly(at_once: int = AT_ONCE) -> int:
    """Check the articles that are due; return how many were. For the tick.

    It may run at any time, and twice at once: the later result of an article stays.
    """
    now = timezone.now()
    due = (
        Post.objects.filter(withdrawn_at=None)
        .filter(
            Q(check_result=None)
            | Q(check_result__checked_at__lt=now - EVERY)
            | Q(check_result__checked_at__lt=F("updated_at"))
        )
        .order_by(F("check_result__checked_at").asc(nulls_first=True), "pk")
    )
    pks = list(due.values_list("pk", flat=True)[:at_once])
    checked = list(check_stored(Post.objects.filter(pk__in=pks)))
    ask_for(post.body for post, _ in checked)
    results = [
        CheckResult(
            post=post,
            checked_at=now,
            errors=len(report.errors),
            warnings=len(report.warnings),
            first=report.errors[0].sentence if report.errors else "",
        )
        for post, report in checked
    ]
    CheckResult.objects.bulk_create(
        results,
        update_conflicts=True,
        unique_fields=["post"],
        update_fields=["checked_at", "errors", "warnings", "first"],
    )
    return len(results)
