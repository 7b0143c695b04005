"""Corrections of articles in an issue: which are offered to it, and which it tells its readers.

Only one issue takes a correction, by a constraint of the database, so readers are told once.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max, Q

from newsletter.models import Delivery, Issue, IssueCorrection
from posts.models import Correction, Post
from posts.models.correction import CorrectionQuerySet

# More are not offered at once: an issue is a mail.
MOST_OFFERED = 50


def told_by(issue: Issue) -> list[Correction]:
    """Return the corrections that an issue tells its readers now, in the order of their dates.

    Left out are those that were taken back since, and those of articles that nobody can read.
    One query; none for an issue that is not stored.
    """
    if issue.pk is None:
        return []
    return list(_seen().filter(taken__issue=issue))


def offered_to(issue: Issue) -> list[Correction]:
    """Return the corrections since the last issue that no other issue has, and those of this one.

    Two queries.
    """
    last = Issue.objects.listed().aggregate(last=Max("started_at"))["last"]
    free = Q(taken__isnull=True, at__gt=last) if last else Q(taken__isnull=True)
    found = _seen()
    if issue.pk:
        return list(found.filter(free | Q(taken__issue=issue))[:MOST_OFFERED])
    return list(found.filter(free)[:MOST_OFFERED])


def left_out(issue: Issue) -> list[str]:
    """Return a sentence if corrections since the last issue are not in this one."""
    inside = {correction.pk for correction in told_by(issue)}
    names = [f"“{each.post.title}”" for each in offered_to(issue) if each.pk not in inside]
    if not names:
        return []
    which = "A correction since the last issue is" if len(names) == 1 else "Corrections are"
    return [f"{which} not in this one: {', '.join(names)}."]


def put_in(issue: Issue, pks: Iterable[int]) -> bool:
    """Let an issue tell these corrections and no others; return whether it could take them all.

    One that another issue has taken, even at the same moment, stays with that one.
    """
    wanted = set(pks)
    IssueCorrection.objects.filter(issue=issue).exclude(correction__in=wanted).delete()
    # Of two issues that take one at once, the second waits here, and then inserts nothing.
    IssueCorrection.objects.bulk_create(
        [IssueCorrection(issue=issue, correction_id=pk) for pk in sorted(wanted)],
        ignore_conflicts=True,
    )
    kept = IssueCorrection.objects.filter(issue=issue, correction__in=wanted).count()
    return kept == len(wanted)


def set_free(issue: Issue) -> None:
    """Let the next issue have the corrections of one that was cancelled, unless it was mailed."""
    # Named, and not excluded, so that the index finds none of 200,000 that were skipped.
    state = Delivery.State
    mailed = [state.QUEUED, state.SENDING, state.SENT, state.UNCERTAIN]
    if not issue.deliveries.filter(state__in=mailed).exists():
        IssueCorrection.objects.filter(issue=issue).delete()


def _seen() -> CorrectionQuerySet:
    """The corrections that readers see now, each with the title and the address of its article."""
    posts = Post.objects.published().values("pk")
    found = Correction.objects.shown().filter(post__in=posts).select_related("post")
    return found.only("at", "text", "taken_back_at", "post__title", "post__slug")
