"""Checks before an issue is sent, in sentences that say what to do."""

from datetime import datetime

from django.utils import timezone

from newsletter.models import Issue, IssuePost


def problems(
    issue: Issue, at: datetime | None = None, *, entries: list[IssuePost] | None = None
) -> list[str]:
    """Return what prevents an issue from being sent at a moment (default: now); [] if nothing.

    `entries` are its contents(), for whoever has them already.
    """
    at = at or timezone.now()
    found = []
    if entries is None:
        entries = list(issue.issue_posts.select_related("post"))
    posts = [row.post for row in entries]
    if not issue.subject.strip():
        found.append("The issue has no subject. Write one.")
    if not posts:
        found.append("The issue has no articles. Add at least one.")
    for post in posts:
        if post.is_withdrawn:
            found.append(f"“{post.title}” was withdrawn. Take it out of the issue.")
        elif post.published_at is None:
            found.append(f"“{post.title}” is a draft. Publish it, or take it out of the issue.")
        elif post.published_at > at:
            found.append(
                f"“{post.title}” is only published on "
                f"{timezone.localtime(post.published_at):%B %-d, %Y at %H:%M}. "
                "Publish it earlier, send the issue later, or take the article out."
            )
    return found
