"""Which kept pages a change makes stale. A key says what a page shows (see alarmroom/kept/).

| key | named by a page that shows | dropped when |
|---|---|---|
| `article-7` | the whole of post 7: its own page | anything there changes |
| `post-7` | its card, or more than a link to it | what a list shows of it changes |
| `link-7` | only a link with its title | its title or its address changes |
| `posts` | a list of the newest posts | a list changes |
| `tagged-3`, `by-5`, `year-2026` | the posts of a tag, an author, a year | such a list changes |
| `tag-3`, `author-5` | more of a tag or an author than the name | they are edited or deleted |
| `tags` | which topics are in use, and how often | that changes |
| `tag-texts` | the descriptions of topics | one of them changes |
| `feeds` | the whole texts of posts | a published post changes at all |
| `feed-tag-3`, `feed-author-5` | the texts of a tag's or author's posts | one of those changes |
| `image-4` | picture 4 | its file, its copies or its focal point change |
| `pages` | the footer's menu | a title, an address or the order in it changes |
| `page-2` | one of the pages about the publication | it is edited |
| `page-dates` | when each of those pages changed | one of them is edited |
| `schedule` | no page; `next_moment()` remembers under it | a date of publication changes |

Receivers of signals notice the changes, because a call would miss cascades, what the admin
deletes in bulk, and changes of a many-to-many table. For `update()`, Django sends no signal:
PostQuerySet.update() and serve_due() send their own.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Model, Q
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from django.dispatch import receiver
from django.utils import timezone

from alarmroom import kept
from posts.models import (
    Author,
    Correction,
    Likeness,
    Page,
    Post,
    PostQuerySet,
    RelatedPost,
    Tag,
    posts_updated,
    posts_updating,
)
from posts.models.body import served_body_changes
from posts.models.image import Image

logger = logging.getLogger(__name__)

LONGEST_RENDERING = timedelta(minutes=1)  # The servers give up on a page after less.
LOOK_EVERY = 1  # second
LINKED = ("title", "slug", "published_at")
LISTED = (
    *LINKED,
    "summary",
    "cover_id",
    "author_id",
    "reading_minutes",
    "first_topic_id",
)

IN_MENU = ("title", "slug", "show_in_footer", "position")


# Keys of pages


def list_keys(posts: Iterable[Post]) -> set[str]:
    """Return the keys of what the cards of a list show."""
    return {*kept.EVERY_PAGE, *(f"post-{post.pk}" for post in posts)}


def year_key(moment: datetime) -> str:
    """Return the key of what the archive shows of the year of a moment."""
    return f"year-{timezone.localtime(moment).year}"


def next_moment(after: datetime | None = None) -> datetime | None:
    """Return when the next scheduled post is published, after a moment or from now on.

    A page that shows more than one post must not be kept beyond it.
    """
    if not settings.KEPT_PAGES_SECONDS:
        return None  # No pages are kept, so none has to expire.
    after = after or timezone.now()
    return next((one for one in kept.remember("schedule", _moments) if one > after), None)


def _moments() -> list[datetime]:
    """Return when posts are published, in order, from shortly before now on.

    Those shortly before are included because the rendering of a page may have begun before.
    """
    since = timezone.now() - LONGEST_RENDERING
    scheduled = Post.objects.filter(published_at__gt=since).order_by("published_at")
    return [moment for moment in scheduled.values_list("published_at", flat=True) if moment]


def wait_and_sweep(
    seconds: float, pause: Callable[[float], object] = time.sleep, *, since: datetime | None = None
) -> None:
    """Wait for so many seconds, and sweep at each scheduled moment in between. For the tick.

    nginx does not know when a page expires: without this, it would show lists without the new
    article until the next tick. Asking for the next moment mostly costs a look at a file.
    `since` is a moment before the last sweep began; every later publication is swept for.
    """
    end = time.monotonic() + seconds
    looked = since or timezone.now()
    while (left := end - time.monotonic()) > 0:
        try:
            moment = next_moment(looked)
        except DatabaseError:
            logger.exception("The schedule could not be read; the next tick tries again")
            pause(left)
            return
        # A process that was suspended may wake after the moment, so we look from here on.
        looked = timezone.now()
        step = min(left, LOOK_EVERY)
        due = (moment - looked).total_seconds() if moment else math.inf
        if due > 0:
            pause(min(due, step))
        if due <= step:
            # Taken before the sweep: the next moment may come while it runs.
            looked = timezone.now()
            kept.page_store().sweep()


# What a change drops


@dataclass(frozen=True)
class PostState:
    """What lists show of a post, to be compared before and after a change."""

    values: tuple[Any, ...]
    tags: frozenset[int]
    author: int
    published_at: datetime | None

    @property
    def link(self) -> tuple[Any, ...]:
        """What a link to it shows."""
        return self.values[: len(LINKED)]

    @property
    def is_public(self) -> bool:
        """Published or scheduled: a page must expire at the date of a scheduled post."""
        return self.published_at is not None


def states_of(pks: Iterable[int]) -> dict[int, PostState]:
    """Return what lists show of these posts now. Two queries."""
    pks = list(pks)
    if not pks:
        return {}
    tags: dict[int, set[int]] = {}
    through = Post.tags.through.objects.filter(post__in=pks)
    for post, tag in through.values_list("post_id", "tag_id"):
        tags.setdefault(post, set()).add(tag)
    return {
        row["pk"]: PostState(
            values=tuple(row[name] for name in LISTED),
            tags=frozenset(tags.get(row["pk"], ())),
            author=row["author_id"],
            published_at=row["published_at"],
        )
        for row in Post.objects.filter(pk__in=pks).values("pk", *LISTED)
    }


def posts_changed(before: dict[int, PostState], after: dict[int, PostState]) -> None:
    """Drop the pages that showed these posts before, and those that must show them now."""
    keys: set[str] = set()
    moved: set[int] = set()
    for pk in before.keys() | after.keys():
        old, new = before.get(pk), after.get(pk)
        if not any(state and state.is_public for state in (old, new)):
            continue
        keys |= {f"article-{pk}", "feeds"}
        for state in (old, new):
            if state:
                keys |= {f"feed-tag-{tag}" for tag in state.tags} | {f"feed-author-{state.author}"}
        if old == new:
            continue
        keys |= {f"post-{pk}", "posts", "schedule"}
        if not (old and new) or old.link != new.link:
            keys.add(f"link-{pk}")
        for state in (old, new):
            if state and state.is_public:
                keys |= {f"tagged-{tag}" for tag in state.tags} | {f"by-{state.author}"}
                if state.published_at:
                    keys.add(year_key(state.published_at))
        was, will = (state.published_at if state else None for state in (old, new))
        # The new date may have made it public or hidden, so the topics' counts change.
        if was != will or (old and old.tags) != (new and new.tags):
            keys.add("tags")
        if was != will:
            moved.add(pk)
            for moment in filter(None, (was, will)):
                keys |= {f"article-{other}" for other in neighbours(pk, moment)}
    keys |= {f"article-{other}" for other in connected_to(moved)}
    kept.drop(*sorted(keys))


def neighbours(pk: int, moment: datetime) -> list[int]:
    """Return the posts before and after a moment: their pages link to a post of that moment."""
    others = Post.objects.published().exclude(pk=pk)
    at = Q(published_at=moment)
    earlier = others.filter(Q(published_at__lt=moment) | at & Q(pk__lt=pk)).newest_first()
    later = others.filter(Q(published_at__gt=moment) | at & Q(pk__gt=pk))
    return [
        *earlier.values_list("pk", flat=True)[:1],
        *later.order_by("published_at", "pk").values_list("pk", flat=True)[:1],
    ]


def connected_to(pks: set[int]) -> list[int]:
    """Return the posts that may show one of these under "Connecting the dots"."""
    if not pks:
        return []
    picking = RelatedPost.objects.filter(related__in=pks).order_by().values_list("post", flat=True)
    alike = Likeness.objects.filter(other__in=pks).order_by().values_list("post", flat=True)
    return list(picking.union(alike).order_by())


def image_changed(pk: int, *fields: str) -> None:
    """Drop the pages that show an image: as a cover, an author's photo or in an issue.

    `fields` are those that changed. Feeds use no focal point, and no copies of a photo.
    """
    published = Post.objects.filter(published_at__isnull=False)
    covered = dict(published.filter(cover=pk).values_list("pk", "author"))
    of_authors = Author.objects.filter(photo=pk).values_list("pk", flat=True)
    keys = {f"image-{pk}", *(f"post-{pk}" for pk in covered)}
    keys |= {f"author-{author}" for author in of_authors}
    if {"file", "renditions"} & set(fields):
        keys |= feeds_of(covered)
    if "file" in fields:
        keys |= feeds_of(dict(published.filter(author__photo=pk).values_list("pk", "author")))
    kept.drop(*keys)


def drop_posts(posts: PostQuerySet, *keys: str) -> None:
    """Drop every page that shows one of the posts in any form, and some more keys."""
    found = dict(posts.values_list("pk", "author"))
    kept.drop(*keys, *(f"post-{pk}" for pk in found), *feeds_of(found))


def feeds_of(posts: Mapping[int, int]) -> set[str]:
    """Return the keys of the feeds with these posts, given as primary keys: post to author."""
    if not posts:
        return set()
    through = Post.tags.through.objects.filter(post__in=posts)
    tags = set(through.values_list("tag_id", flat=True))
    return {
        "feeds",
        *(f"feed-tag-{tag}" for tag in tags),
        *(f"feed-author-{author}" for author in posts.values()),
    }


def text_changed(pk: int) -> None:
    """Drop what shows the whole text of a post."""
    kept.drop(
        f"article-{pk}", *feeds_of(dict(Post.objects.filter(pk=pk).values_list("pk", "author")))
    )


@receiver([pre_save, pre_delete], sender=Post)
def remember_post(instance: Post, **_: Any) -> None:
    instance._states_before = states_of([instance.pk] if instance.pk else [])  # type: ignore[attr-defined]  # ours, read after the change


@receiver(posts_updating)
def remember_posts(queryset: PostQuerySet, pks: list[int], **_: Any) -> None:
    queryset._states_before = states_of(pks)  # type: ignore[attr-defined]  # likewise


@receiver(posts_updated)
def posts_were_updated(queryset: PostQuerySet, pks: list[int], **_: Any) -> None:
    posts_changed(queryset._states_before, states_of(pks))  # type: ignore[attr-defined]  # likewise


@receiver(served_body_changes)
def served_body_changed(sender: type[Model], pk: int, **_: Any) -> None:
    if sender is Post:
        text_changed(pk)
    else:
        kept.drop(f"page-{pk}")


@receiver([post_save, post_delete], sender=Post)
def post_changed(instance: Post, **_: Any) -> None:
    posts_changed(
        getattr(instance, "_states_before", {}), states_of([instance.pk] if instance.pk else [])
    )


@receiver(m2m_changed, sender=Post.tags.through)
def tags_changed(instance: Post | Tag, action: str, pk_set: set[int] | None, **_: Any) -> None:
    posts: Iterable[int] = [instance.pk]
    if isinstance(instance, Tag):
        posts = instance.posts.values_list("pk", flat=True) if pk_set is None else pk_set
    if action.startswith("pre_"):
        instance._tagged_before = states_of(posts)  # type: ignore[union-attr]  # likewise
    else:
        before = getattr(instance, "_tagged_before", {})
        posts_changed(before, states_of(before.keys() | set(posts)))


@receiver([post_save, post_delete], sender=RelatedPost)
def related_changed(instance: RelatedPost, **_: Any) -> None:
    kept.drop(f"article-{instance.post_id}")


@receiver([post_save, post_delete], sender=Correction)
def correction_changed(instance: Correction, **_: Any) -> None:
    text_changed(instance.post_id)


@receiver(pre_save, sender=Tag)
@receiver(pre_save, sender=Author)
@receiver(pre_save, sender=Image)
def remember(instance: Tag | Author | Image, **_: Any) -> None:
    instance._before = type(instance)._default_manager.filter(pk=instance.pk).first()  # type: ignore[union-attr]  # likewise


def changed_fields(instance: Tag | Author | Image) -> set[str]:
    """Return the names of the fields that have another value than before; none of a new one."""
    before = getattr(instance, "_before", None)
    if before is None:
        return set()
    names = (field.attname for field in instance._meta.concrete_fields)
    return {name for name in names if getattr(before, name) != getattr(instance, name)}


@receiver(post_save, sender=Tag)
def tag_changed(instance: Tag, **_: Any) -> None:
    changed, own = changed_fields(instance), {f"tag-{instance.pk}", f"feed-tag-{instance.pk}"}
    posts = Post.objects.filter(tags=instance, published_at__isnull=False)
    if "name" in changed:
        drop_posts(posts, *own, "tags")
    elif "slug" in changed:
        articles = (f"article-{pk}" for pk in posts.values_list("pk", flat=True))
        kept.drop(*own, *articles, "tags")
    elif "description" in changed:
        kept.drop(*own, "tag-texts")


@receiver(pre_delete, sender=Tag)
def tag_deleted(instance: Tag, **_: Any) -> None:
    pk = instance.pk
    posts = Post.objects.filter(tags=instance, published_at__isnull=False)
    drop_posts(posts, f"tag-{pk}", f"feed-tag-{pk}", f"tagged-{pk}", "tags")


@receiver(post_save, sender=Author)
def author_changed(instance: Author, **_: Any) -> None:
    changed, own = changed_fields(instance), f"author-{instance.pk}"
    posts = Post.objects.filter(author=instance, published_at__isnull=False)
    if "name" in changed:
        drop_posts(posts, own, f"feed-{own}")
    elif changed & {"slug", "photo_id"}:
        found = dict(posts.values_list("pk", "author"))
        kept.drop(own, f"feed-{own}", *feeds_of(found))
    elif changed:
        kept.drop(own)


@receiver(pre_delete, sender=Author)
def author_deleted(instance: Author, **_: Any) -> None:
    # An author with articles cannot be deleted.
    kept.drop(f"author-{instance.pk}", f"feed-author-{instance.pk}")


@receiver(post_save, sender=Image)
def image_saved(instance: Image, update_fields: frozenset[str] | None, **_: Any) -> None:
    # No receiver for a deletion: an image that a page shows is not deleted (Image.delete).
    changed = changed_fields(instance) & {"file", "renditions", "focal_x", "focal_y"}
    if update_fields is not None:
        # The instance may be older than the row in its other fields, which are not saved.
        changed &= update_fields
    if changed:
        image_changed(instance.pk, *changed)


@receiver([pre_save, pre_delete], sender=Page)
def remember_page(instance: Page, **_: Any) -> None:
    instance._menu_before = menu_entry(instance.pk)  # type: ignore[attr-defined]  # likewise


@receiver([post_save, post_delete], sender=Page)
def page_changed(instance: Page, **_: Any) -> None:
    is_elsewhere = getattr(instance, "_menu_before", None) != menu_entry(instance.pk)
    kept.drop(f"page-{instance.pk}", "page-dates", *(["pages"] if is_elsewhere else []))


def menu_entry(pk: int | None) -> tuple[Any, ...] | None:
    """Return what the footer's menu shows of a page about the publication. One query."""
    return Page.objects.filter(pk=pk).values_list(*IN_MENU).first() if pk else None
