"""The menu of the desk, in editors' words, and the trail that leads back.

A model admin says by its `menu_place` where it stands, and by `menu_pages` what else it has there.
A model without a place stands under "Technical". The menu forbids nothing: it names what the
account may open anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst

SECTIONS = ("Articles", "Issues", "Readers", "Library", "Pages", "Settings")
# What stands at the foot of a phone's screen, after "Write".
AT_THE_FOOT = ("Articles", "Issues", "Readers")


@dataclass(frozen=True)
class Place:
    """Where the list of a model stands in the menu."""

    section: str
    """One of SECTIONS."""
    name: str = ""
    """What the entry is called in its section; without a name, it is the section itself."""
    new: str = ""
    """The words on the button that begins a new one: "Write an article"."""
    rank: int = 0
    """The lower, the earlier."""
    noun: str = ""
    """What one object is called, unless its model says so."""


@dataclass(frozen=True)
class Page:
    """A page of a model admin that stands in the menu besides its list."""

    place: Place
    view: str
    """The name of its address."""
    permission: str


# Of models whose admins are not ours.
ELSEWHERE = {
    "auth.user": Place("Settings", "Accounts", "New account", rank=8, noun="account"),
    "auth.group": Place("Settings", "Roles", "New role", rank=9, noun="role"),
}


@dataclass
class Entry:
    """A list, or another page of the desk, that the account may open."""

    name: str
    url: str
    is_current: bool = False
    """Whether the page that is shown is the entry's own, or one below it."""
    add_url: str = ""
    new: str = ""


@dataclass
class Section:
    name: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.entries[0].url

    @property
    def is_current(self) -> bool:
        return any(entry.is_current for entry in self.entries)

    @property
    def has_several(self) -> bool:
        return len(self.entries) > 1


def place_of(model_admin: Any) -> Place | None:
    place: Place | None = getattr(model_admin, "menu_place", None)
    return place or ELSEWHERE.get(model_admin.opts.label_lower)


def an(noun: str) -> str:
    """Return a noun with its article: "an issue", "a picture"."""
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


def noun(model_admin: Any) -> str:
    """Return what one object is called; other packages write theirs in capitals."""
    elsewhere = ELSEWHERE.get(model_admin.opts.label_lower)
    return (elsewhere and elsewhere.noun) or str(model_admin.opts.verbose_name).lower()


def initials_of(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()


def words_for_new(model_admin: Any) -> str:
    """Return what the button that begins a new one says."""
    place = place_of(model_admin)
    return (place and place.new) or f"New {noun(model_admin)}"


def words_for_list(model_admin: Any) -> str:
    """Return what the list of a model is called."""
    place = place_of(model_admin)
    if place:
        return place.name or place.section
    return str(capfirst(str(model_admin.opts.verbose_name_plural).lower()))


class Menu:
    """What one account may open, and where it is now. Asks only for permissions."""

    def __init__(self, site: admin.AdminSite, request: HttpRequest) -> None:
        self.site, self.request = site, request
        self.sections: list[Section] = []
        self.technical: list[Entry] = []
        placed: dict[str, list[tuple[Any, Entry]]] = {name: [] for name in SECTIONS}
        for model_admin in site._registry.values():
            if not model_admin.has_module_permission(request):
                continue
            if not model_admin.has_view_permission(request):
                continue
            place, entry = place_of(model_admin), self.entry(model_admin)
            if place:
                placed[place.section].append(((bool(place.name), place.rank, place.name), entry))
            else:
                self.technical.append(entry)
            for page in getattr(model_admin, "menu_pages", ()):
                if request.user.has_perm(page.permission):
                    place, url = page.place, reverse(page.view)
                    also = Entry(place.name, url, request.path.startswith(url))
                    # Its address is below that of the list, which is not shown then.
                    entry.is_current = entry.is_current and not also.is_current
                    placed[place.section].append(((True, place.rank, place.name), also))
        for name, found in placed.items():
            if found:
                ordered = sorted(found, key=lambda each: each[0])
                self.sections.append(Section(name, [entry for _, entry in ordered]))
        self.technical.sort(key=lambda entry: entry.name)

    def entry(self, model_admin: Any) -> Entry:
        where = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}"
        url = reverse(f"{where}_changelist")
        may_add = model_admin.has_add_permission(self.request)
        return Entry(
            words_for_list(model_admin),
            url,
            self.request.path.startswith(url),
            reverse(f"{where}_add") if may_add else "",
            words_for_new(model_admin),
        )

    @cached_property
    def section(self) -> Section | None:
        """The section that the page belongs to."""
        return next((each for each in self.sections if each.is_current), None)

    @cached_property
    def is_technical(self) -> bool:
        url = reverse("admin:technical")
        return self.request.path == url or any(entry.is_current for entry in self.technical)

    @cached_property
    def trail(self) -> list[Entry]:
        """The pages above the one that is shown, the uppermost first."""
        above = []
        entries = self.section.entries if self.section else self.technical
        if not self.section and any(entry.is_current for entry in self.technical):
            above.append(Entry("Technical", reverse("admin:technical")))
        return above + [
            entry for entry in entries if entry.is_current and entry.url != self.request.path
        ]

    @cached_property
    def foot(self) -> list[Section]:
        return [each for each in self.sections if each.name in AT_THE_FOOT]

    @cached_property
    def initials(self) -> str:
        user: Any = self.request.user
        return initials_of(user.get_full_name() or user.get_username())

    @cached_property
    def write_url(self) -> str:
        """The address at which a new article is written, or "" for who may not."""
        for model_admin in self.site._registry.values():
            place = place_of(model_admin)
            if place and (place.section, place.name) == ("Articles", ""):
                if not model_admin.has_add_permission(self.request):
                    return ""
                opts = model_admin.opts
                return reverse(f"admin:{opts.app_label}_{opts.model_name}_add")
        return ""

    @cached_property
    def articles_url(self) -> str:
        found = (each for each in self.sections if each.name == "Articles")
        return next((each.url for each in found), "")

    @cached_property
    def desk(self) -> list[Entry]:
        """The desk's own pages: the bin and the log."""
        site: Any = self.site
        entries: list[Entry] = site.own_pages(self.request)
        for entry in entries:
            entry.is_current = self.request.path.startswith(entry.url)
        return entries


def menu_of(site: admin.AdminSite, request: HttpRequest) -> Menu:
    """Return the menu for a request; the second time without computing it again."""
    found: Menu | None = getattr(request, "desk_menu", None)
    if found is None:
        found = Menu(site, request)
        request.desk_menu = found  # type: ignore[attr-defined]  # kept for this request
    return found
