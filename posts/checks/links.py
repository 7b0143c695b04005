"""Links: what they are called, and whether there is something where they lead."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import unquote

from django.utils import timezone

from alarmroom.desk import dates
from posts.checks.finding import ERROR, WARNING, Finding
from posts.checks.known import MOST_LINKS, OTHERS, Known
from posts.checks.manuscript import Link, Manuscript, Text
from posts.checks.targets import Target, target_of
from posts.text.structure import with_anchors_and_notes

# A link that is called so tells nobody who hears it by itself where it leads (WCAG 2.4.4).
_EMPTY_NAMES = frozenset(
    {"here", "click here", "click", "right here", "this", "this link", "the link", "link"}
    | {"this page", "this article", "this post", "this site", "this website", "article", "page"}
    | {"more", "read more", "learn more", "see more", "find out more", "more info", "details"}
    | {"read this", "go", "website", "see here", "found here", "available here", "source"}
)
_URLS = ("http://", "https://", "www.", "//")
_OURS = {"post": "article", "tag": "topic", "author": "author", "page": "page"}
_OURS |= {"post-number": "article", "page-number": "page"}


def link_name(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    for link in manuscript.text.links:
        text = link.text
        bare = text.lower().strip(" .,:;!?…›»→>()[]")
        if not text:
            if not link.has_picture:
                yield Finding(
                    "link-empty",
                    WARNING,
                    "A link has no words.",
                    link.block.place(),
                    f"It leads to {shortened(link.href)}. Name it, or take it out.",
                )
        elif bare in _EMPTY_NAMES:
            yield Finding(
                "link-name",
                WARNING,
                f"A link is called “{text}”.",
                link.block.place(text),
                "Say in its words where it leads.",
                action="Name where it leads",
            )
        elif text.lower().startswith(_URLS) and " " not in text:
            yield Finding(
                "link-bare",
                WARNING,
                f"A link shows its address: “{shortened(text)}”.",
                link.block.place(text),
                "Say in words where it leads.",
                action="Name where it leads",
            )


def internal_link(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """Links to our own addresses, each against what the database has there."""
    text = manuscript.text
    ids: set[str] | None = None
    for link in text.links[:MOST_LINKS]:
        target = target_of(link.href, manuscript.slug)
        dead = partial(_dead, link)
        match target.kind:
            case "fragment":
                ids = _ids(text) if ids is None else ids
                name = target.key
                if name != "top" and name not in ids and unquote(name) not in ids:
                    yield dead(
                        f"leads to “#{shortened(name)}”, and no place in the text has that name.",
                        "Link to a heading of this text, or take the link out.",
                    )
            case "desk":
                yield dead(
                    "leads to the desk, which readers cannot open.",
                    "Link to the address that readers see.",
                )
            case "nowhere":
                yield dead(
                    f"leads to {shortened(link.href)}, which is no address of this site.",
                    "Correct it, or take the link out.",
                )
            case kind if kind in _OURS:
                yield from _to_ours(manuscript, link, target, known)
            case view if view in OTHERS and target not in known.things:
                yield dead(
                    f"leads to {shortened(link.href)}, where readers find nothing.",
                    "Correct it, or take the link out.",
                )


def external_link(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """Links to other sites that could not be reached within the last week (elsewhere.py)."""
    for link in manuscript.text.links[:MOST_LINKS]:
        there = known.things.get(target_of(link.href, manuscript.slug))
        if there and there.error:
            yield Finding(
                "link-unreachable",
                WARNING,
                f"{_called(link)} could not be reached. {there.error}",
                link.block.place(link.text),
                "Try it yourself.",
            )


def _to_ours(manuscript: Manuscript, link: Link, target: Target, known: Known) -> Iterator[Finding]:
    what = _OURS[target.kind]
    if target == Target("post", manuscript.slug):
        return
    there = known.things.get(target)
    if there is None:
        yield _dead(
            link,
            f"leads to {shortened(link.href)}, and there is no such {what}.",
            "Correct it, or take the link out.",
        )
        return
    if there.state in ("draft", "withdrawn"):
        was = "is a draft" if there.state == "draft" else "was withdrawn"
        yield _dead(
            link,
            f"leads to an {what} that {was}: readers find nothing there.",
            f"Publish that {what} first, or take the link out.",
        )
    elif there.state == "scheduled" and there.at:
        ours = manuscript.publishes_at or timezone.now()
        if there.at > ours:
            day = dates.day(there.at)
            yield _dead(
                link,
                f"leads to an {what} that readers see only from {day} on.",
                "Publish this one later, or take the link out.",
            )
    elif there.moved_to:
        yield Finding(
            "link-moved",
            WARNING,
            f"{_called(link)} leads to an old address of this {what}.",
            link.block.place(link.text),
            f"It is sent on to “{there.moved_to}”. Link there.",
        )


def _dead(link: Link, message: str, hint: str) -> Finding:
    return Finding(
        "link-dead", ERROR, f"{_called(link)} {message}", link.block.place(link.text), hint
    )


def _called(link: Link) -> str:
    return f"The link “{shortened(link.text)}”" if link.text else "A link"


def _ids(text: Text) -> set[str]:
    """Return the names of places in a text: those in it, and those that readers' pages add."""
    return text.ids | Text(with_anchors_and_notes(text.html)).ids


def shortened(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
