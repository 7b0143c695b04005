"""Finishes bodies that are not finished yet; called by the tick and by the worker."""

from __future__ import annotations

import time
from typing import Any

from django.apps import apps
from django.db import models, transaction

from posts.models.body import WithBody, serve, served_body_changes
from posts.models.image import Image
from posts.models.picture_use import note_uses
from posts.text import html
from posts.text.body import VERSIONS

_OF_THE_BODY = frozenset({"body", "body_served", "served_of"})


def serve_due(seconds: float = 5) -> int:
    """Finish the bodies that need it; return how many were stored.

    These were written without `save()`, were finished by an older VERSION, or had a picture
    without copies. Each is cleaned first, and the clean body is stored with the finished one. It
    stops after so many seconds. It may run at any time, and twice.
    """
    stored = 0
    until = time.monotonic() + seconds
    for model in apps.get_app_config("posts").get_models():
        if not issubclass(model, WithBody):
            continue
        things: Any = model._default_manager
        due = things.exclude(served_of__startswith=VERSIONS).order_by()
        for pk in list(due.values_list("pk", flat=True)):
            if time.monotonic() > until:
                break
            read = model.read_from("").keys()
            thing = things.filter(pk=pk).only("body", "body_served", "served_of", *read).first()
            if thing is None:
                continue
            body = html.clean(thing.body)
            served = serve(body)
            made = {
                "body": body,
                "body_served": served.html,
                "served_of": served.made_of,
                **model.read_from(body),
            }
            changed = {name: made[name] for name in made if made[name] != getattr(thing, name)}
            stored += _store(things, thing, thing.body, changed, served.images)
    return stored


def _store(
    things: Any, thing: Any, read: str, changed: dict[str, Any], images: dict[str, Image]
) -> int:
    """Store a finished body if its source has not changed since it was read; return how many.

    And which pictures it shows.
    """
    pk = thing.pk
    finished = {name: value for name, value in changed.items() if name in _OF_THE_BODY}
    others = {name: value for name, value in changed.items() if name not in _OF_THE_BODY}
    with transaction.atomic():
        # Compared here and not by a filter: the field cleans a value that it is compared with, so
        # a body that is not clean would never be found.
        row = things.filter(pk=pk).select_for_update().values_list("body", flat=True).first()
        if row != read:
            return 0  # An editor has saved another body meanwhile.
        note_uses(thing, images.values())
        if not changed:
            return 0
        # By Django's update(): the model's own would mark the body as not finished.
        if finished:
            models.QuerySet(things.model).filter(pk=pk).update(**finished)
        # By the model's own update(), which drops the pages that show these fields.
        if others:
            things.filter(pk=pk).update(**others)
        served_body_changes.send(things.model, pk=pk)
    return 1
