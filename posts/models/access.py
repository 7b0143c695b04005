"""Who may see, change, publish or delete which article: asked of permissions, never of a menu.

An account with `change_post` alone works on the articles of its own until they are published. With
`change_any_post` it works on all of them, and with `view_post` it sees all. Only `publish_post`
changes what readers see: without it, the changes of a published or scheduled article wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posts.models.article import Post


def changes_all(user: Any) -> bool:
    return bool(user.has_perm("posts.change_post") and user.has_perm("posts.change_any_post"))


def deletes_all(user: Any) -> bool:
    return bool(user.has_perm("posts.delete_post") and user.has_perm("posts.change_any_post"))


def sees_all(user: Any) -> bool:
    return bool(user.has_perm("posts.view_post")) or changes_all(user)


def owns(user: Any, post: Post) -> bool:
    return post.owner_id is not None and post.owner_id == user.pk


def may_see(user: Any, post: Post) -> bool:
    """Whether an account may see an article on the desk, whatever its state."""
    return sees_all(user) or bool(user.has_perm("posts.change_post") and owns(user, post))


def may_change(user: Any, post: Post) -> bool:
    if changes_all(user):
        return True
    own = user.has_perm("posts.change_post") and owns(user, post)
    # A scheduled text is published by itself, so it counts as published.
    return bool(own and (post.published_at is None or user.has_perm("posts.publish_post")))


def may_publish(user: Any, post: Post | None = None) -> bool:
    """Whether an account may change what readers see: of this article, or at all."""
    if not user.has_perm("posts.publish_post"):
        return False
    return may_change(user, post) if post else bool(user.has_perm("posts.change_post"))


def may_delete(user: Any, post: Post) -> bool:
    """Whether an account may move an article to the bin, where readers no longer find it."""
    if not (deletes_all(user) or (user.has_perm("posts.delete_post") and owns(user, post))):
        return False
    is_seen = post.published_at is not None or post.withdrawn_at is not None
    return bool(not is_seen or user.has_perm("posts.publish_post"))


def may_review(user: Any, post: Post) -> bool:
    """Whether an account decides about what others submitted."""
    return changes_all(user)


def may_name(user: Any, post: Post) -> bool:
    """Whether the title of an article may be told to an account."""
    return post.is_published or may_see(user, post)
