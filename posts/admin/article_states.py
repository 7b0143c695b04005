"""The states of an article, as the desk names them."""

from __future__ import annotations

from alarmroom.desk import dates
from posts.models import Post

STATE_MEANS = {
    "draft": "Only the desk sees it. Publishing asks first.",
    "review": "It was submitted, and can be changed meanwhile.",
    "scheduled": "It is published by itself at that moment.",
    "published": "Readers see it.",
    "withdrawn": "Its address says that it was withdrawn, until you publish it again.",
}


def state_of(post: Post) -> tuple[str, str]:
    """Return the state of an article, as a key and as a word."""
    if post.withdrawn_at:
        return "withdrawn", "Withdrawn"
    if post.published_at is None:
        return ("review", "In review") if post.is_in_review else ("draft", "Draft")
    return ("scheduled", "Scheduled") if post.is_scheduled else ("published", "Published")


def state_date(post: Post) -> str:
    """Return since when, or for when, an article is in its state."""
    if post.withdrawn_at:
        return dates.day(post.withdrawn_at)
    if post.published_at is None:
        return ""
    when = dates.moment(post.published_at)
    return f"for {when}" if post.is_scheduled else when
