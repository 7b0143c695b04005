"""Writing the log: who published, sent, exported, deleted, overrode, signed in.

Call record() in the transaction of the act itself: either both are stored, or neither is.
Nothing secret and nothing about a subscriber belongs into a line.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from alarmroom.characters import without_controls
from alarmroom.desk.models import Act
from alarmroom.desk.models.act import LONGEST_DETAIL, LONGEST_LABEL, LONGEST_NAME


def record(
    kind: Act.Kind,
    *,
    by: Any = None,
    about: models.Model | None = None,
    label: str = "",
    detail: str = "",
) -> Act:
    """Write a line: `by` whom (None: by the site itself), `about` which object.

    `label` says what it was called, where that is not the object's own `str()`, or where there
    is no object, as with an export: "Subscribers".
    """
    account = getattr(by, "pk", None)
    name = (by.get_full_name() or by.get_username()) if account else ""
    return Act.objects.create(
        kind=kind,
        account=account,
        name=plain(name, LONGEST_NAME),
        model=about._meta.label_lower if about is not None else "",
        object_id=str(about.pk)[:40] if about is not None else "",
        label=plain(label or (str(about) if about is not None else ""), LONGEST_LABEL),
        detail=plain(detail, LONGEST_DETAIL),
    )


def plain(text: str, longest: int) -> str:
    text = without_controls(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
