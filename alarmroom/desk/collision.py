"""Two saves of one object: what each changed is put together, and the same paragraph is asked.

Three contents are compared: the one on which a form was based, what the form sends (mine), and
what somebody else has saved meanwhile (theirs).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import models
from django.forms.formsets import all_valid
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.html import escape, linebreaks
from django.utils.safestring import SafeString, mark_safe

from alarmroom.desk import content, copies
from alarmroom.desk.comparing import blocks, merge, values, words
from alarmroom.desk.content import Content, shape_of
from alarmroom.desk.differences import Names, SeenBy, clean_body, is_body, label_of, shown_value
from alarmroom.desk.models import Revision
from alarmroom.desk.revisions import Head

CHOICE, OWN, SEEN = "_choice-", "_own-", "_seen"
MINE, THEIRS, BOTH, ANEW = "mine", "theirs", "both", "anew"
LONGEST_OWN = 100_000  # characters


@dataclass(frozen=True)
class Clash:
    """Something that both changed, each in another way."""

    id: str
    label: str
    base: Any
    mine: Any
    theirs: Any
    is_text: bool = False
    # Of a part of a body: the name of its element, and mine followed by theirs.
    element: str = ""
    both: str = ""
    # As they are shown: a text with what was changed marked.
    shown: dict[str, SafeString | str] = field(default_factory=dict)

    @property
    def is_block(self) -> bool:
        return bool(self.element)

    @property
    def may_be_written_anew(self) -> bool:
        return self.is_text or self.element in ("p", "li")

    @property
    def choice_name(self) -> str:
        return CHOICE + self.id

    @property
    def own_name(self) -> str:
        return OWN + self.id


class Choices:
    """What somebody chose on the page that asks."""

    def __init__(self, data: QueryDict, version: str) -> None:
        # A choice counts only for the texts that it was made of.
        self.data = data if data.get(SEEN) == version else QueryDict()

    def of(self, clash: Clash) -> tuple[bool, Any]:
        """Return whether a choice was made, and the value that was chosen."""
        match self.data.get(clash.choice_name):
            case "mine":
                return True, clash.mine
            case "theirs":
                return True, clash.theirs
            case "both" if clash.both:
                return True, clash.both
            case "anew" if clash.may_be_written_anew:
                own = self.data.get(clash.own_name, "")[:LONGEST_OWN].strip()
                end = clash.mine[len(clash.mine.rstrip()) :] if clash.element else ""
                return True, as_element(own, clash.element) + end
        return False, clash.mine


def as_element(text: str, name: str) -> str:
    """Return a text that was written anew as the element that it replaces."""
    if name == "li":
        return f"<li>{escape(text)}</li>"
    return linebreaks(text, autoescape=True) if name else text


@dataclass
class Outcome:
    """What came of putting two saves together."""

    content: Content
    clashes: list[Clash] = field(default_factory=list)
    open: list[Clash] = field(default_factory=list)
    """Those of the clashes about which nothing was chosen yet."""
    done: list[tuple[str, str]] = field(default_factory=list)
    """(MINE or THEIRS, what that side changed), of everything that needed no choice."""


class Merging:
    """Puts together three contents of one model, field by field."""

    def __init__(self, model_admin: Any, choices: Choices) -> None:
        self.model: type[models.Model] = model_admin.model
        self.names = Names(model_admin)
        self.choices = choices

    def merge(self, base: Content, mine: Content, theirs: Content) -> Outcome:
        shape = shape_of(self.model)
        self.outcome = Outcome({"fields": {}, "state": {}, "rows": {}})
        together = {name: group for group in shape.groups for name in group}
        for part in ("fields", "state"):
            for name in getattr(shape, part):
                into, sides = self.outcome.content[part], (base[part], mine[part], theirs[part])
                if group := together.get(name):
                    if name == group[0]:
                        self.merge_group(group, into, *sides)
                else:
                    into[name] = self.merge_field(name, *(side.get(name) for side in sides))
        for name, row in shape.rows.items():
            self.outcome.content["rows"][name] = self.merge_rows(
                name, row.key, *(side["rows"].get(name, []) for side in (base, mine, theirs))
            )
        return self.outcome

    def note(self, name: str, base: Any, mine: Any, theirs: Any) -> None:
        label = label_of(self.model, name)
        if mine != base:
            self.outcome.done.append((MINE, f"changed: {label}"))
        elif theirs != base:
            self.outcome.done.append((THEIRS, f"changed: {label}"))

    def ask(self, clash: Clash) -> Any:
        self.outcome.clashes.append(clash)
        chosen, value = self.choices.of(clash)
        if not chosen:
            self.outcome.open.append(clash)
        return value

    def merge_field(self, name: str, base: Any, mine: Any, theirs: Any) -> Any:
        model_field: Any = self.model._meta.get_field(name)
        if is_body(model_field):
            return self.merge_body(name, model_field, base, mine, theirs)
        if mine == theirs or theirs == base:
            self.note(name, base, mine, base)
            return mine
        if mine == base:
            self.note(name, base, base, theirs)
            return theirs
        if isinstance(model_field, models.ManyToManyField):
            self.note(name, base, mine, base)
            self.note(name, base, base, theirs)
            return sorted(values.sets(base or [], mine or [], theirs or []).members)
        is_text = isinstance(model_field, models.CharField | models.TextField)
        return self.ask(
            Clash(
                name,
                label_of(self.model, name),
                base,
                mine,
                theirs,
                is_text=is_text,
                shown=self.texts(base, mine, theirs)
                if is_text
                else self.picks(name, model_field, base, mine, theirs),
            )
        )

    def texts(self, base: Any, mine: Any, theirs: Any) -> dict[str, SafeString | str]:
        old = str(base or "")
        return {
            "base": old,
            MINE: mark_safe(words.marked_text(old, str(mine or ""))),  # noqa: S308 (it escapes)
            THEIRS: mark_safe(words.marked_text(old, str(theirs or ""))),  # noqa: S308 (likewise)
        }

    def picks(
        self, name: str, model_field: Any, base: Any, mine: Any, theirs: Any
    ) -> dict[str, SafeString | str]:
        def show(value: Any) -> SafeString | str:
            if isinstance(model_field, models.ForeignKey):
                return self.names.show(name, model_field.related_model, value)
            return shown_value(model_field, value)

        return {"base": show(base), MINE: show(mine), THEIRS: show(theirs)}

    def merge_group(
        self,
        group: tuple[str, ...],
        into: dict[str, Any],
        base: dict[str, Any],
        mine: dict[str, Any],
        theirs: dict[str, Any],
    ) -> None:
        """Merge fields that belong together, such as a picture and what it shows."""
        lead = group[0]
        sides = [[side.get(name) for name in group] for side in (base, mine, theirs)]
        one_sided = sides[1] == sides[0] or sides[2] in (sides[0], sides[1])
        if one_sided or all(each[0] == sides[0][0] for each in sides):
            for name in group:
                into[name] = self.merge_field(
                    name, base.get(name), mine.get(name), theirs.get(name)
                )
            return
        shown = self.picks(
            lead, self.model._meta.get_field(lead), sides[0][0], sides[1][0], sides[2][0]
        )
        label = label_of(self.model, lead)
        clash = Clash(lead, label, sides[0], sides[1], sides[2], shown=shown)
        into.update(zip(group, self.ask(clash), strict=True))

    def merge_body(self, name: str, model_field: Any, base: Any, mine: Any, theirs: Any) -> str:
        merged = merge.merge(
            clean_body(model_field, base),
            clean_body(model_field, mine),
            clean_body(model_field, theirs),
        )
        self.outcome.done += [(each.side, in_words(each)) for each in merged.steps]
        parts = []
        for number, part in enumerate(merged.parts):
            if isinstance(part, str):
                parts.append(part)
                continue
            shown: dict[str, SafeString | str] = {
                "base": mark_safe(part.base),  # noqa: S308 (cleaned above, as all three are)
                MINE: mark_safe(words.marked(part.base, part.mine)),  # noqa: S308 (both are clean, and marking adds nothing but <ins> and <del>)
                THEIRS: mark_safe(words.marked(part.base, part.theirs)),  # noqa: S308 (both are clean, and marking adds nothing but <ins> and <del>)
            }
            label = label_of(self.model, name)
            parts.append(
                self.ask(
                    Clash(
                        f"{name}-{number}",
                        label,
                        part.base,
                        part.mine,
                        part.theirs,
                        element=blocks.name_of(part.mine or part.theirs or part.base) or "p",
                        both=part.both,
                        shown=shown,
                    )
                )
            )
        return "".join(parts)

    def merge_rows(self, name: str, key: str, base: Any, mine: Any, theirs: Any) -> Any:
        if mine == theirs or theirs == base:
            self.note(name, base, mine, base)
            return mine
        self.note(name, base, base, theirs)
        if mine == base:
            return theirs
        self.note(name, base, mine, base)
        label = label_of(self.model, name)
        rows = []
        for number, row in enumerate(values.rows(base, mine, theirs, key).rows):
            if isinstance(row, values.Conflict):
                # One took it out, and the other changed it.
                shown: dict[str, SafeString | str] = {
                    "base": "",
                    MINE: "stays" if row.mine else "is taken out",
                    THEIRS: "stays" if row.theirs else "is taken out",
                }
                clash = Clash(
                    f"{name}-{number}", label, row.base, row.mine, row.theirs, shown=shown
                )
                if chosen := self.ask(clash):
                    rows.append(dict(chosen))
                continue
            rows.append(
                {
                    each: self.ask_about_cell(f"{name}-{number}-{each}", f"{label}: {each}", value)
                    if isinstance(value, values.Conflict)
                    else value
                    for each, value in row.items()
                }
            )
        return rows

    def ask_about_cell(self, clash_id: str, label: str, conflict: values.Conflict) -> Any:
        base, mine, theirs = conflict
        shown = self.texts(base, mine, theirs)
        return self.ask(Clash(clash_id, label, base, mine, theirs, is_text=True, shown=shown))


_VERBS = {"added": "added", "changed": "changed", "removed": "took out"}
_ELEMENTS = {
    "p": "a paragraph",
    "li": "an item of a list",
    "tr": "a row of a table",
    "figure": "a picture",
    "blockquote": "a quotation",
    "table": "a table",
    "ul": "a list",
    "ol": "a list",
}


def in_words(step: merge.Step) -> str:
    """Return a step of a merge as a sentence without its subject."""
    what = "a heading" if step.name[:1] == "h" else _ELEMENTS.get(step.name, "a part")
    where = f": “{step.words}”" if step.words else f" after “{step.below}”" if step.below else ""
    return f"{_VERBS[step.act]} {what}{where}"


def answer(
    model_admin: Any, request: HttpRequest, thing: models.Model, base: Content, head: Head
) -> HttpResponse | None:
    """Put a save together with what was saved since its form was opened.

    Returns None when the save may go on, with `request.POST` as the merged form; otherwise the
    page that asks. A form that is not valid goes on as it is: its errors are shown first.
    """
    form, formsets = model_admin.bound(request, thing, request.POST, request.FILES)
    if not (form.is_valid() and all_valid(formsets)):
        return None
    mine = content.content_of_form(form, formsets, head.content)
    choices = Choices(request.POST, head.version)
    outcome = Merging(SeenBy(model_admin, request), choices).merge(base, mine, head.content)
    who = saved_by(request, thing)
    if outcome.open:
        return ask(model_admin, request, thing, form, outcome, head, who)
    data = content.form_data(outcome.content, *model_admin.bound(request, thing, None)).copy()
    ours = {name for part in ("fields", "state") for name in outcome.content[part]}
    rows = tuple(f"{name}-" for name in outcome.content["rows"])
    for name, sent in form.data.lists():
        asked = name.startswith((CHOICE, OWN)) or name in (SEEN, "_base")
        if not (asked or name in data or name in ours or name.startswith(rows)):
            data.setlist(name, sent)
    data["_base"] = content.sign(head.content, model_admin.model, thing.pk)
    request.POST = data  # type: ignore[assignment]  # a QueryDict, as before
    theirs = [what for side, what in outcome.done if side == THEIRS]
    if theirs:
        messages.info(
            request,
            f"Put together with what {who} saved{'' if who == YOU else ' meanwhile'}: "
            f"{'; '.join(theirs[:6])}"
            f"{' and more' if len(theirs) > 6 else ''}.",
        )
    return None


# Who saved last, if it is the one who asks.
YOU = "you, in another tab,"


def saved_by(request: HttpRequest, thing: models.Model) -> str:
    """Return who saved the object last, as a sentence names them."""
    last = Revision.objects.of(thing).newest_first().select_related("by").first()
    if last is None or last.by is None:
        return "somebody"
    return YOU if last.by == request.user else copies.name_of(last.by)


def ask(
    model_admin: Any,
    request: HttpRequest,
    thing: models.Model,
    form: Any,
    outcome: Outcome,
    head: Head,
    who: str,
) -> HttpResponse:
    """Return the page that asks about what both changed. It carries the whole form."""
    carried = [
        (name, value)
        for name, sent in form.data.lists()
        if not name.startswith((CHOICE, OWN)) and name not in (SEEN, "csrfmiddlewaretoken")
        for value in sent
    ]
    last = Revision.objects.of(thing).newest_first().first()
    context = {
        **model_admin.context(request, thing, "Two changes of the same"),
        "clashes": outcome.clashes,
        "done": [
            ("you" if side == MINE else "both" if side == BOTH else who, what)
            for side, what in outcome.done
        ],
        "carried": carried,
        # A page cannot send a file on; static/js/desk/desk.js chooses it again in the form.
        "files": [str(file) for file in request.FILES.values()],
        "version": head.version,
        "who": who,
        "is_self": who == YOU,
        "saved_at": last.at if last else None,
    }
    response = TemplateResponse(
        request, "admin/desk/collision.html", context, status=HTTPStatus.CONFLICT
    )
    return response
