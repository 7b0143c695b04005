"""Correcting a published article: the notice that readers and feeds show, changed and taken back.

Each is a change that readers are told about: the date of the article's last change moves, as with
"Tell readers that the text changed". The history and the log have each.

The article's row is the lock of its corrections. Their own rows are never locked: an issue that
takes one refers to it while it holds other rows (newsletter/corrections.py).
"""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from alarmroom.desk import log, revisions
from alarmroom.desk.models import Act, Revision
from alarmroom.desk.models.revision import LONGEST_NOTE
from posts.models import Correction, Post
from posts.models.correction import MOST_CORRECTIONS


class CannotCorrect(Exception):
    """An article takes no correction now; the text says why."""


class Overtaken(CannotCorrect):
    """Somebody changed the words of a correction meanwhile; `now` is how they read."""

    def __init__(self, now: str) -> None:
        super().__init__("Somebody changed this correction meanwhile. Look at both, then decide.")
        self.now = now


def correct(post: Post, text: str, *, key: str, by: Any) -> bool:
    """Show readers a correction; return False if the form with this key has done so before.

    Raises CannotCorrect.
    """
    with transaction.atomic():
        # Whoever withdraws it, or sends the same form, at the same time waits, or came first.
        post = Post.objects.select_for_update().get(pk=post.pk)
        known = Correction.objects.filter(post=post, key=key).first()
        if known and known.taken_back_at:
            raise CannotCorrect("This correction was taken back. Press the button again to add it.")
        if known:
            return False
        if not post.is_published:
            raise CannotCorrect("Readers do not see this article now, so nothing was added.")
        if Correction.objects.shown().filter(post=post).count() >= MOST_CORRECTIONS:
            raise CannotCorrect(
                f"It has {MOST_CORRECTIONS} corrections. Withdraw the article, or take some back."
            )
        Correction.objects.create(post=post, text=text, key=key, by=by)
        _tell(post, f"Correction: {text}", by)
    return True


def change(correction: Correction, text: str, *, was: str, by: Any) -> bool:
    """Show readers other words of a correction; return whether that changed anything.

    `was` is what its words were when they were shown to whoever changed them. Raises
    CannotCorrect; where somebody else changed them meanwhile, Overtaken.
    """
    with transaction.atomic():
        post = Post.objects.select_for_update().get(pk=correction.post_id)
        found = Correction.objects.filter(pk=correction.pk).first()
        if found is None or found.taken_back_at:
            raise CannotCorrect("This correction was taken back meanwhile, so it was not changed.")
        if found.text == text:
            return False
        if found.text != was:
            raise Overtaken(found.text)
        found.text = text
        found.save(update_fields=["text"])
        # Apart, for each may be as long as a line of the log.
        log.record(Act.Kind.CORRECTED, by=by, about=post, detail=f"A correction that was: {was}")
        _tell(post, f"Changed it to: {text}", by)
    return True


def take_back(correction: Correction, *, by: Any) -> bool:
    """Show readers a correction no longer; return whether that changed anything."""
    with transaction.atomic():
        post = Post.objects.select_for_update().get(pk=correction.post_id)
        found = Correction.objects.filter(pk=correction.pk).first()
        if found is None or found.taken_back_at:
            return False
        found.taken_back_at = timezone.now()
        found.save(update_fields=["taken_back_at"])
        _tell(post, f"Took back the correction: {found.text}", by)
    return True


def _tell(post: Post, note: str, by: Any) -> None:
    """Give the article a new date of its last change, and write history and log."""
    Revision.objects.create(
        content_type=ContentType.objects.get_for_model(post),
        object_id=post.pk,
        by=by,
        kind=Revision.Kind.CORRECTED,
        note=log.plain(note, LONGEST_NOTE),
        # The newest content: what waits for "Update article" goes on waiting.
        content=revisions.head_of(post).content,
    )
    log.record(Act.Kind.CORRECTED, by=by, about=post, detail=note)
    if post.is_published:
        now = timezone.now()
        Post.objects.filter(pk=post.pk).update(revised_at=now, updated_at=now)
