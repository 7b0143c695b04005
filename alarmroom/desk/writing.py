"""The page on which a text is written: the text, a rail of sections beside it, one header.

templates/admin/desk/writing.html is the frame. A model admin says here which of its fields are
the text, what a closed section says in a line, and what its main action is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

HISTORY = "History"


@dataclass
class Section:
    """A part of the rail: a fieldset, the rows of an inline, or only some words."""

    name: str
    fieldset: Any = None
    inline: Any = None
    line: str = ""
    """What it holds, for whoever sees it closed."""
    top: SafeString | str = ""
    """Words above its fields."""
    is_open: bool = False
    is_wrong: bool = False

    @property
    def key(self) -> str:
        return slugify(self.name)


@dataclass
class Frame:
    """What the header and the rail of a writing page show."""

    list_name: str
    list_url: str
    thing: str
    """What is written, as an editor calls it: "article"."""
    state: str = "new"
    """The key of the state: draft, scheduled, published, withdrawn, or new."""
    state_name: str = ""
    text_name: str = "body"
    """The field that has the editor."""
    text_html: SafeString | str = ""
    """The stored text, clean, for whoever may not change it."""
    words: int | None = None
    minutes: int | None = None
    preview_url: str = ""
    live_preview: str = ""
    """The address that shows what the form holds, for the preview beside it."""
    previews: list[tuple[str, str, str]] = field(default_factory=list)
    """The ways to see what the form holds: key, name, address."""
    preview_tab: str = ""
    """The preview in a tab of its own."""
    share_url: str = ""
    """Where links for somebody without an account are made."""
    next_step: tuple[str, str] | None = None
    """Address and name of the page where it goes on."""
    second_button: tuple[str, str] | None = None
    """Name and words of another button that saves."""
    links: list[tuple[str, str]] = field(default_factory=list)
    """More pages about it: address and name."""
    site_url: str = ""
    """Where readers read it."""
    history_url: str = ""
    delete_url: str = ""
    may_save: bool = True
    may_publish: bool = True
    """Whether this person gives it to readers; otherwise `main` stands in the place of that."""
    main: SafeString | str = ""
    has_dates: bool = False
    """Whether it is published by a date, or is on the site as soon as it is saved."""
    remembers: str = ""
    """The key under which the browser remembers which sections are open."""
    rail: list[Section] = field(default_factory=list)
    below: list[Any] = field(default_factory=list)
    """The inlines that stand below the text."""
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    """Of each error: the name of its field, the id of its control, the sentence."""


def problems_of(adminform: Any, inlines: Any) -> Iterator[tuple[str, str, str]]:
    """Yield name, id and sentence of each error in a form and its rows, in the page's order."""
    for sentence in adminform.form.non_field_errors():
        yield "", "", str(sentence)
    yield from _errors_in(adminform)
    for inline in inlines:
        for sentence in inline.formset.non_form_errors():
            yield str(inline.opts.verbose_name_plural), f"{inline.formset.prefix}-group", sentence
        for number, row in enumerate(inline, start=1):
            if not row.form.is_bound or row.form.errors == {}:
                continue
            name = f"{inline.opts.verbose_name} {number}"
            for sentence in row.form.non_field_errors():
                yield name, f"{inline.formset.prefix}-{number - 1}", str(sentence)
            for _, control, sentence in _errors_in(row):
                yield name, control, sentence


def _errors_in(fieldsets: Any) -> Iterator[tuple[str, str, str]]:
    for fieldset in fieldsets:
        for line in fieldset:
            for shown in line:
                if getattr(shown, "is_readonly", False):
                    continue
                bound = shown.field
                for sentence in bound.errors:
                    yield bound.label, bound.id_for_label or bound.auto_id, str(sentence)


def is_wrong(fieldsets: Any) -> bool:
    return any(True for _ in _errors_in(fieldsets))


class WritingPageMixin:
    """For a model admin whose form is a writing page. Its first fieldset is the text."""

    # Of the mixed-in admin:
    opts: Any
    admin_site: Any

    list_name = ""
    inlines_in_rail = True
    rows_called = "row"
    sections_after_inlines: tuple[str, ...] = ()
    sections_open_at_first: tuple[str, ...] = ()

    def section_line(self, name: str, thing: Any) -> str:
        """Return what a closed section says of its content."""
        return ""

    def section_top(self, name: str, thing: Any, request: HttpRequest) -> SafeString | str:
        """Return what stands above the fields of a section."""
        return ""

    def fill_frame(self, frame: Frame, thing: Any, request: HttpRequest) -> None:
        """Say in the frame what only this admin knows: state, length, addresses."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["desk"] = self.frame(request, context)
        # The menu of the site leaves this page; the header leads back.
        context["is_nav_sidebar_enabled"] = False
        response: HttpResponse = super().render_change_form(  # type: ignore[misc]  # of the admin it is mixed into
            request, context, *args, **kwargs
        )
        return response

    def frame(self, request: HttpRequest, context: dict[str, Any]) -> Frame:
        admin: Any = self
        thing = context.get("original")
        if thing and context["errors"]:
            # A form with errors has put into its object what was typed, such as a date.
            thing = self.opts.model._default_manager.filter(pk=thing.pk).first() or thing
        where = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        inlines = list(context["inline_admin_formsets"])
        frame = Frame(
            list_name=self.list_name or str(self.opts.verbose_name_plural).capitalize(),
            list_url=reverse(f"{where}_changelist"),
            thing=str(self.opts.verbose_name),
            may_save=admin.has_change_permission(request, thing)
            if thing
            else admin.has_add_permission(request),
            remembers=self.opts.model_name,
        )
        if thing:
            frame.history_url = reverse(f"{where}_history", args=[quote(thing.pk)])
            if admin.has_delete_permission(request, thing):
                frame.delete_url = reverse(f"{where}_delete", args=[quote(thing.pk)])
        fieldsets = list(context["adminform"])
        frame.rail = [
            Section(str(fieldset.name), fieldset=fieldset, is_wrong=is_wrong([fieldset]))
            for fieldset in fieldsets[1:]
        ]
        if self.inlines_in_rail:
            at = next(
                (
                    number
                    for number, section in enumerate(frame.rail)
                    if section.name in self.sections_after_inlines
                ),
                len(frame.rail),
            )
            frame.rail[at:at] = [self.inline_section(inline) for inline in inlines]
        else:
            frame.below = inlines
        if frame.history_url:
            frame.rail.append(Section(HISTORY, top=self.history_top(frame)))
        for section in frame.rail:
            section.line = section.line or self.section_line(section.name, thing)
            section.top = section.top or self.section_top(section.name, thing, request)
            section.is_open = section.is_wrong or section.name in self.sections_open_at_first
        if context["errors"]:
            frame.problems = list(problems_of(context["adminform"], inlines))
        self.fill_frame(frame, thing, request)
        context["title"] = frame.thing.capitalize() if thing else f"New {frame.thing}"
        return frame

    def inline_section(self, inline: Any) -> Section:
        wrong = bool(inline.formset.is_bound and inline.formset.total_error_count())
        count = inline.formset.initial_form_count()
        line = f"{count} {self.rows_called}{pluralize(count)}" if count else "None yet"
        return Section(
            str(inline.opts.verbose_name_plural), inline=inline, line=line, is_wrong=wrong
        )

    def history_top(self, frame: Frame) -> SafeString:
        return format_html('<p><a href="{}">Who changed what, and when</a></p>', frame.history_url)
