"""Actions of a list that say first what will happen to each of the chosen, and do just that.

The page carries a signed note of what it said. When the button is pressed, the rows are locked and
looked at again: what would be something else now is not done, and named.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

SHOWN, INCLUDE = "_shown", "_include"
SALT = "alarmroom.desk.bulk"
SHOWN_FOR = 12 * 60 * 60  # seconds; whoever comes back later is shown the page again
MOST_LISTED = 100
MOST_NAMED = 5


@dataclass(frozen=True)
class Outcome:
    """What an action will do to one object."""

    thing: Any
    kind: str
    """What is counted, with its number before it: "will be published"."""
    words: str
    does: bool = True
    asks: bool = False
    """Whether it can be left out by a tick, because it is not what one may expect."""
    left: str = ""
    """What is said afterwards of something that had to be left alone, such as what is wrong."""

    @property
    def fingerprint(self) -> str:
        said = f"{self.does}|{self.kind}|{self.words}"
        return hashlib.sha256(said.encode()).hexdigest()[:8]


@dataclass
class Plan:
    """The page that says what will happen."""

    outcomes: list[Outcome]
    button: str
    """With "{}" for how many: "Publish {}"."""
    note: str = ""
    counts: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        # What happens comes first, and before it what asks.
        self.outcomes.sort(key=lambda one: (not one.asks, not one.does))
        self.counts = Counter(one.kind for one in self.outcomes)

    @property
    def doing(self) -> int:
        return sum(one.does for one in self.outcomes)

    @property
    def listed(self) -> list[Outcome]:
        return self.outcomes[:MOST_LISTED]

    @property
    def more(self) -> int:
        return len(self.outcomes) - len(self.listed)

    @property
    def summary(self) -> str:
        return ", ".join(f"{count} {kind}" for kind, count in self.counts.items()) + "."

    def signed(self, action: str) -> str:
        said = {str(one.thing.pk): one.fingerprint for one in self.outcomes}
        return signing.dumps([action, said], salt=SALT, compress=True)


type Planner = Callable[[Any, HttpRequest, QuerySet[Any]], Sequence[Outcome]]


def asks_first(
    planner: Planner,
    *,
    title: str,
    button: str,
    most: int = 0,
    note: str = "",
    nothing: str = "Nothing was done.",
    direct: str = "",
) -> Callable[[Any], Any]:
    """Let an action show its plan before it acts; it is then given those rows alone.

    `most` is how many may be chosen at once. A form that has the field `direct` was shown the rows
    by another page of the action's own.
    """

    def decorate(action: Any) -> Any:
        @functools.wraps(action)
        def asked(desk: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            if direct and request.POST.get(direct):
                outcomes = planner(desk, request, queryset)
                allowed = [one.thing.pk for one in outcomes if one.does]
                if _say_left(desk, request, outcomes) and not allowed:
                    return None
                kept: HttpResponse | None = action(desk, request, queryset.filter(pk__in=allowed))
                return kept
            said = _said(request, action.__name__)
            if said is None:
                if most and (count := queryset.order_by().count()) > most:
                    text = f"At most {most} can be chosen for this at once; {count} were."
                    desk.message_user(request, text, messages.WARNING)
                    return None
                plan = Plan(list(planner(desk, request, queryset)), button, note)
                return _page(desk, request, plan, action.__name__, title)
            with transaction.atomic():
                rows = desk.get_queryset(request).filter(pk__in=list(said))
                base = desk.model._base_manager.select_for_update().order_by("pk")
                list(base.filter(pk__in=list(said)).values_list("pk"))
                now = {str(one.thing.pk): one for one in planner(desk, request, rows)}
                done, changed = _still(desk, request, said, now)
                left = _say_left(desk, request, now.values())
                if not done:
                    if not (changed or left):
                        desk.message_user(request, nothing, messages.INFO)
                    return None
                result: HttpResponse | None = action(desk, request, rows.filter(pk__in=done))
                return result

        return asked

    return decorate


def _said(request: HttpRequest, action: str) -> dict[str, str] | None:
    """Return what this person was shown, or None."""
    try:
        name, said = signing.loads(request.POST.get(SHOWN, ""), salt=SALT, max_age=SHOWN_FOR)
    except signing.BadSignature:
        return None
    return said if name == action else None


def _still(
    desk: Any, request: HttpRequest, said: dict[str, str], now: dict[str, Outcome]
) -> tuple[list[Any], bool]:
    """Return the keys of the rows for which what was said is still so; name the others."""
    included = {*request.POST.getlist(INCLUDE)}
    listed_asking = {*request.POST.getlist("_asked")}
    done, changed = [], []
    for key, fingerprint in said.items():
        one = now.get(key)
        if key in listed_asking and key not in included:
            continue
        if one is None:
            changed.append("one that is not there any more")
        elif one.fingerprint != fingerprint:
            changed.append(f"“{one.thing}” ({one.words})")
        elif one.does:
            done.append(one.thing.pk)
    if changed:
        named = ", ".join(changed[:MOST_NAMED])
        more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
        desk.message_user(
            request,
            f"Changed by somebody since you were asked, so left as it is: {named}{more}.",
            messages.WARNING,
        )
    return done, bool(changed)


def _say_left(desk: Any, request: HttpRequest, outcomes: Iterable[Outcome]) -> bool:
    left = [one.left for one in outcomes if one.left]
    for sentence in left[:MOST_NAMED]:
        desk.message_user(request, sentence, messages.ERROR)
    if len(left) > MOST_NAMED:
        more = f"{len(left) - MOST_NAMED} more were left as they are, for reasons of their own."
        desk.message_user(request, more, messages.ERROR)
    return bool(left)


def _page(desk: Any, request: HttpRequest, plan: Plan, action: str, title: str) -> HttpResponse:
    count = len(plan.outcomes)
    names = desk.opts.verbose_name if count == 1 else desk.opts.verbose_name_plural
    context = {
        **desk.admin_site.each_context(request),
        "title": title.format(f"{count} {names}"),
        "opts": desk.opts,
        "plan": plan,
        "button": plan.button.format(plan.doing),
        "action": action,
        "shown": plan.signed(action),
        "one": plan.outcomes[0].thing.pk if plan.outcomes else "",
        "checkbox": ACTION_CHECKBOX_NAME,
        "here": request.get_full_path(),
    }
    request.current_app = desk.admin_site.name
    return TemplateResponse(request, "admin/desk/bulk.html", context)
