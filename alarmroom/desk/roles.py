"""Who does what on the desk: four groups, and the accounts that need a second factor.

A migration made the groups (alarmroom/desk/migrations/0004_roles.py). From then on they belong to
the owner of the site, who may change what a group may do; nothing here is asked at run time. What
an account may do is asked of its permissions, in each function, never of the name of its group.
"""

from __future__ import annotations

from typing import Any

WRITER, EDITOR, PUBLISHER, ADMINISTRATOR = "Writer", "Editor", "Publisher", "Administrator"
ROLES = (WRITER, EDITOR, PUBLISHER, ADMINISTRATOR)


def _all(model: str, actions: str = "view add change delete") -> tuple[str, ...]:
    """Return permissions such as "posts.view_tag" for "posts.tag"."""
    app, _, name = model.partition(".")
    return tuple(f"{app}.{action}_{name}" for action in actions.split())


# What each role may do besides what the one before it may.
_WRITES = (
    # Without `view_post` and `change_any_post`: the articles of one's own (posts/models/access.py).
    *_all("posts.post", "add change delete"),
    *_all("posts.relatedpost"),
    *_all("posts.tag", "view add"),
    *_all("posts.author", "view"),
    *_all("posts.image", "view add"),
)
_EDITS = (
    "posts.view_post",
    "posts.change_any_post",
    *_all("posts.tag", "change delete"),
    *_all("posts.author", "add change"),
    *_all("posts.image", "change delete"),
    *_all("posts.spelling"),
    *_all("posts.page", "view"),
    *_all("posts.formerslug", "view"),
    *_all("newsletter.issue"),
    *_all("newsletter.issuepost"),
    *_all("subscribers.resource", "view"),
    *_all("publication.publication", "view"),
)
_PUBLISHES = (
    "posts.publish_post",
    "posts.override_checks",
    "posts.edit_source",
    "newsletter.send_issue",
    "desk.empty_bin",
    "publication.change_publication",
    # Readers see at once what is saved of these.
    *_all("posts.page", "add change delete"),
    *_all("posts.author", "delete"),
    *_all("subscribers.resource", "add change delete"),
    *_all("subscribers.subscriber", "view"),
    *_all("subscribers.suppression", "view add"),
    *_all("newsletter.delivery", "view"),
    *_all("newsletter.receivedmail", "view"),
    *_all("newsletter.sendinglimit"),
    *_all("newsletter.warmup"),
    *_all("subscribers.notice", "view"),
)
_ADMINISTERS = (
    *_all("auth.user"),
    *_all("auth.group"),
    *_all("posts.formerslug", "change"),
    *_all("subscribers.subscriber", "change delete"),
    "subscribers.export_subscriber",
    *_all("subscribers.suppression", "change delete"),
    *_all("subscribers.consentevent", "view"),
    *_all("subscribers.notice", "change"),
    *_all("django_tasks_database.dbtaskresult", "view"),
    "desk.read_log",
)
MAY: dict[str, frozenset[str]] = {
    WRITER: frozenset(_WRITES),
    EDITOR: frozenset((*_WRITES, *_EDITS)),
    PUBLISHER: frozenset((*_WRITES, *_EDITS, *_PUBLISHES)),
    ADMINISTRATOR: frozenset((*_WRITES, *_EDITS, *_PUBLISHES, *_ADMINISTERS)),
}

# What reaches readers, cannot be undone, or gives rights to others.
GRAVE = frozenset(
    {
        "posts.publish_post",
        "posts.override_checks",
        "newsletter.send_issue",
        "desk.empty_bin",
        "subscribers.export_subscriber",
        "publication.change_publication",
        "auth.add_user",
        "auth.change_user",
        "auth.delete_user",
        "auth.add_group",
        "auth.change_group",
        "auth.delete_group",
    }
)


def needs_second_factor(user: Any) -> bool:
    """Whether an account can do so much harm that a password alone must not open it.

    That is so for a superuser, a Publisher, an Administrator, and whoever holds one of the
    permissions that only these have, by whichever way.
    """
    if not user.is_active:
        return False
    if user.is_superuser or any(user.has_perm(permission) for permission in GRAVE):
        return True
    return bool(user.groups.filter(name__in=(PUBLISHER, ADMINISTRATOR)).exists())
