"""What the database knows of the things that a manuscript names: asked once for all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Case, CharField, DateTimeField, F, IntegerField, Value, When
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from posts.checks.manuscript import Manuscript
from posts.checks.targets import Target, target_of
from posts.models import Author, FormerSlug, Image, LinkCheck, Page, Post, Tag
from posts.models.spelling import Spellings, spellings

# Of so many links of a text, those after are not looked up.
MOST_LINKS = 1_000
_MODELS: dict[str, type[Any]] = {"post": Post, "tag": Tag, "author": Author, "page": Page}
_VIEWS = {"post": "posts:article", "tag": "posts:tag", "author": "posts:author"}

# Of addresses of other rooms: the view's name, and a function that returns which of these keys
# readers may open now. newsletter/apps.py adds the issues.
OTHERS: dict[str, Callable[[Collection[str]], set[str]]] = {}


@dataclass(frozen=True)
class State:
    """What is at an address: `state` is "public", "draft", "scheduled" or "withdrawn".

    `moved_to` is the present slug of what has moved, and then `state` is that of the thing there.
    Of a link to another site it is "unreachable", and `error` says why.
    """

    state: str
    at: dt.datetime | None = None
    moved_to: str = ""
    error: str = ""


@dataclass
class Known:
    """What the rules ask of the database."""

    things: dict[Target, State] = field(default_factory=dict)
    covers: dict[int, int] = field(default_factory=dict)
    spellings: Spellings = field(default_factory=lambda: Spellings(()))
    cover_width: int | None = None  # Of the manuscript at hand.

    def of(self, manuscript: Manuscript) -> Known:
        """Return the same for one of the manuscripts."""
        width = self.covers.get(manuscript.cover or 0)
        return Known(self.things, self.covers, self.spellings, width)


def targets_in(manuscript: Manuscript) -> list[Target]:
    links = manuscript.text.links[:MOST_LINKS]
    return [target_of(link.href, manuscript.slug) for link in links]


def look_up(manuscripts: Iterable[Manuscript]) -> Known:
    """Ask for everything that these name: one query for our own things, one for each other kind.

    And one for the spellings.
    """
    wanted: dict[str, set[str]] = {}
    covers = set()
    for manuscript in manuscripts:
        for target in targets_in(manuscript):
            wanted.setdefault(target.kind, set()).add(target.key)
        if manuscript.cover:
            covers.add(manuscript.cover)
    known = Known(spellings=spellings())
    for kind, key, state, moved_to, at, width in _rows(wanted, covers):
        if kind == "image":
            known.covers[int(key)] = width
            continue
        target = Target(kind, key)
        if kind == "elsewhere":
            known.things[target] = State("unreachable", error=moved_to)
            continue
        # A live address wins over an old one.
        if target not in known.things or not moved_to:
            known.things[target] = State(state, at, moved_to)
    for view, public in OTHERS.items():
        if keys := wanted.get(view):
            for key in public(keys):
                known.things[Target(view, key)] = State("public")
    return known


def _rows(wanted: dict[str, set[str]], covers: set[int]) -> Iterable[tuple[Any, ...]]:
    """Return (kind, key, state, present slug, moment, width) of all that is there. One query."""
    parts: list[models.QuerySet[Any]] = []
    for kind, model in _MODELS.items():
        if slugs := wanted.get(kind):
            seen = _state_of_post() if kind == "post" else Value("public", CharField())
            at = F("published_at") if kind == "post" else _no_moment()
            parts.append(
                _row(
                    model._base_manager.filter(slug__in=slugs),
                    kind,
                    F("slug"),
                    state=seen,
                    at=at,
                )
            )
            now = F(f"{kind}__slug")
            seen = _state_of_post("post__") if kind == "post" else Value("public", CharField())
            at = F("post__published_at") if kind == "post" else _no_moment()
            former = FormerSlug.objects.filter(slug__in=slugs, **{f"{kind}__isnull": False})
            parts.append(_row(former, kind, F("slug"), state=seen, moved_to=now, at=at))
    for kind in ("post", "page"):
        if numbers := wanted.get(f"{kind}-number"):
            things = _MODELS[kind]._base_manager.filter(pk__in=[int(each) for each in numbers])
            seen = _state_of_post() if kind == "post" else None
            at = F("published_at") if kind == "post" else None
            parts.append(_row(things, f"{kind}-number", F("pk"), state=seen, at=at))
    if urls := wanted.get("elsewhere"):
        tried = LinkCheck.objects.known(timezone.now()).filter(url__in=urls).exclude(error="")
        parts.append(_row(tried, "elsewhere", F("url"), moved_to=F("error")))
    if covers:
        images = Image.objects.filter(pk__in=covers)
        parts.append(_row(images, "image", Cast("pk", CharField()), width=F("width")))
    if not parts:
        return []
    first, *rest = parts
    found = first.union(*rest, all=True).order_by() if rest else first
    return list(found)


def _row(
    rows: models.QuerySet[Any],
    kind: str,
    key: Any,
    *,
    state: Any = None,
    moved_to: Any = None,
    at: Any = None,
    width: Any = None,
) -> models.QuerySet[Any]:
    return (
        rows.order_by()
        .annotate(
            x_kind=Value(kind, CharField()),
            x_key=Cast(key, CharField()),
            x_state=state or Value("public", CharField()),
            x_moved_to=Cast(Coalesce(moved_to, Value("")), CharField())
            if moved_to
            else Value("", CharField()),
            x_at=at or _no_moment(),
            x_width=width or Value(0, IntegerField()),
        )
        .values_list("x_kind", "x_key", "x_state", "x_moved_to", "x_at", "x_width")
    )


def _no_moment() -> Any:
    # PostgreSQL asks what a NULL is before it puts rows together.
    return Cast(Value(None), DateTimeField())


def _state_of_post(prefix: str = "") -> Any:
    return Case(
        When(**{f"{prefix}published_at__lte": timezone.now()}, then=Value("public")),
        When(**{f"{prefix}published_at__isnull": False}, then=Value("scheduled")),
        When(**{f"{prefix}withdrawn_at__isnull": False}, then=Value("withdrawn")),
        default=Value("draft"),
        output_field=CharField(),
    )
