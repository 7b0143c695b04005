"""Links within a foreign text: its footnotes become ours, and links to nowhere are removed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from django.conf import settings

from posts.text import structure
from posts.text.losses import Losses
from posts.text.tree import (
    BLOCKS,
    HEADINGS,
    INLINE,
    Element,
    alone_in,
    block_of,
    box_of,
    written,
    written_within,
)

_MARK = re.compile(r"[\[(]?\s{0,3}([^\s\[\]()]{1,8})\s{0,3}[\])]?")
_TAKEN_NAME = re.compile(r"\[\^([^\[\]\s<>]{1,30})\]")


def is_admin(address: str) -> bool:
    """Whether an address is one of the site's own admin pages."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    ours = parts.netloc in {"", urlsplit(settings.SITE_URL).netloc}
    return ours and f"{parts.path}/".startswith("/admin/")


def within(address: str) -> str | None:
    """Return the id to which a link within the text leads; None if it leads out of the text.

    A program or a browser may have put an address in front of the `#`: of a file, or of the admin
    page on which it was pasted. An empty string is a link to nowhere.
    """
    address = address.strip()
    if address.startswith("#"):
        return unquote(address[1:])
    if is_admin(address) or address.lower().startswith(("file:", "about:", "blob:")):
        return unquote(address.partition("#")[2])
    return None


def translate_links(root: Element, losses: Losses, *, short: bool) -> None:
    """Make footnotes of links that lead to a note and back, and remove links to nowhere."""
    named: dict[str, Element] = {}
    links: list[tuple[Element, str]] = []
    for element in root.walk():
        for key in ("id", "name"):
            if name := element.attributes.get(key):
                named.setdefault(name, element)
        if element.name == "a":
            goal = within(element.attributes.get("href", ""))
            if goal is not None:
                links.append((element, goal))
    if not links:
        return
    notes: list[Note] = [] if short else _footnotes(root, links, named)
    done = {link for note in notes for link in (*note.marks, *note.back)}
    anchors: set[str] | None = None
    for link, goal in links:
        if link in done:
            continue
        target = named.get(goal)
        heading = target and next(
            (one for one in (target, *target.ancestors()) if one.name in HEADINGS), None
        )
        if heading:
            link.attributes["href"] = f"#{heading.attributes.setdefault('id', goal)}"
            continue
        if anchors is None and goal:
            # Headings get anchors of their own, which writers copy from the browser's address.
            anchors = set(
                re.findall(' id="([^"]*)"', structure.with_anchors_and_notes(written(root)))
            )
        if anchors and goal in anchors:
            link.attributes["href"] = f"#{goal}"
            continue
        losses.add("link", link.words())
        link.unwrap()
    _write_notes(root, notes)


@dataclass
class Note:
    """A footnote that was linked both ways."""

    box: Element
    marks: list[Element] = field(default_factory=list)
    """The links in the text that lead to it."""
    places: set[Element] = field(default_factory=set)
    """Those links, each with the inline elements around it."""
    back: list[Element] = field(default_factory=list)
    """The links in it that lead back there."""


def _footnotes(
    root: Element, links: list[tuple[Element, str]], named: dict[str, Element]
) -> list[Note]:
    """Return the footnotes among the links: a short mark leads to a note, which leads back."""
    goals = dict(links)
    boxes: dict[Element, Element] = {}  # What holds the note, for each target.
    back: dict[Element, list[Element]] = {}  # The links to places of the text in each box,
    places: dict[Element, set[Element]] = {}  # and where they lead.
    notes: dict[Element, Note] = {}
    used: set[Element] = set()
    for link, goal in links:
        target = named.get(goal)
        if (
            link in used
            or target is None
            or target.name in HEADINGS
            or not _MARK.fullmatch(link.words())
        ):
            continue
        if target not in boxes:
            inline = target.name in INLINE
            boxes[target] = box_of(target) if inline or target.name == "p" else target
        box = boxes[target]
        if box not in back:
            back[box] = [one for one in box.walk() if one in goals]
            found = [named[goals[one]] for one in back[box] if goals[one] in named]
            places[box] = {*found, *(block_of(one) for one in found if one.name in INLINE)}
        around = {link, *link.walk(), *_inline_around(link), block_of(link)}
        if box not in link.ancestors() and around & places[box]:
            if box not in notes:
                # In Word's HTML the note also links to its mark.
                notes[box] = Note(box)
                used.update(back[box])
            notes[box].marks.append(link)
            notes[box].places |= around
    for box, note in notes.items():
        for one in back[box]:
            place = named.get(goals[one])
            if place is not None and (
                place in note.places or (place.name in INLINE and block_of(place) in note.places)
            ):
                note.back.append(one)
    return list(notes.values())


def _inline_around(element: Element) -> Iterator[Element]:
    for one in element.ancestors():
        if one.name not in INLINE:
            return
        yield one


def _write_notes(root: Element, notes: list[Note]) -> None:
    """Replace the notes with `[^1]: …`, which posts/text/structure.py reads."""
    used = set(_TAKEN_NAME.findall(written(root))) if notes else set()
    boxes = {note.box for note in notes}
    waiting = deque({box.parent: None for box in boxes if box.parent is not None})
    while waiting:
        around = waiting.popleft()
        if _nothing_but(boxes, around) and around.parent is not None:
            boxes.add(around)
            waiting.append(around.parent)
    number = 0
    for note in notes:
        number += 1
        while str(number) in used:
            number += 1
        for mark in note.marks:
            place = alone_in(mark)
            place.name = ""
            place.children = [f"[^{number}]"]
        for link in note.back:
            alone_in(link).take_away()
        box = note.box
        for part in box.walk():
            if part.name in BLOCKS or part.name == "br":
                part.name = ""
                part.children = ["<br>", *part.children]
        lines = [line.strip() for line in written_within(box).split("<br>")]
        filled = [place for place, line in enumerate(lines) if line]
        words = "<br>".join(lines[filled[0] : filled[-1] + 1]) if filled else ""
        paragraph = Element("p", box, {})
        paragraph.children = [f"[^{number}]: {words}"]
        box.children = [paragraph]
        if box.name not in {"td", "th", "li"}:
            box.name = ""


def _nothing_but(boxes: set[Element], around: Element) -> bool:
    """Remove the line above the notes, and a list that holds only notes.

    Returns whether notes are all that is in it.
    """
    line: Element | None = None
    only_notes = True
    for part in around.children:
        if isinstance(part, str):
            only_notes = only_notes and not part.strip()
            line = None if part.strip() else line
        elif part in boxes:
            if line is not None:
                line.take_away()
            line = None
        else:
            line = part if part.name == "hr" else None
            only_notes = only_notes and part.name in {"", "hr"}
    if only_notes and around.name in {"ol", "ul", "dl"}:
        around.unwrap()
        for part in around.children:
            if isinstance(part, Element):
                part.name = "div"
    return only_notes
