"""What an article needs besides its text, and how lists and search engines show it."""

from __future__ import annotations

from collections.abc import Iterator

from posts.checks.finding import ERROR, WARNING, Finding, Place
from posts.checks.known import Known
from posts.checks.manuscript import Manuscript

LONGEST_TITLE = 60  # characters that a search result shows, about
LONGEST_DEK = 155  # likewise
# What readers must get, by the field of the form; a draft may lack any of it.
NEEDED = {
    "title": "Give the article a title.",
    "summary": "Write the dek: one or two sentences on what it says.",
    "body": "Write the text.",
    "author": "Choose whose article it is.",
}


def cut(text: str, longest: int) -> str:
    """Return a text as a search result shows it: ended after a word, where it is too long."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    words = text[: longest + 1].rpartition(" ")[0] or text[:longest]
    return f"{words.rstrip(' ,;:.–—-')} …"


def missing(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """What no article can do without."""
    text = manuscript.text
    has_body = bool(text.pictures) or any(block.text for block in text.blocks)
    there = {
        "title": bool(manuscript.title.strip()),
        "summary": bool(manuscript.dek.strip()),
        "body": has_body,
        "author": manuscript.has_author,
    }
    for name, sentence in NEEDED.items():
        if not there[name]:
            yield Finding(
                f"no-{name}",
                ERROR,
                sentence,
                Place(name),
                action="Go there",
                may_be_overridden=False,
            )


def title_cut(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    shown = manuscript.search_title or manuscript.title
    if len(shown) > LONGEST_TITLE:
        yield Finding(
            "title-long",
            WARNING,
            f"The title is {len(shown)} characters.",
            Place("search_title" if manuscript.search_title else "title"),
            f"Search results show about {LONGEST_TITLE}; put first what matters.",
        )


def dek_cut(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    if len(manuscript.dek) > LONGEST_DEK:
        yield Finding(
            "dek-long",
            WARNING,
            f"The dek is {len(manuscript.dek)} characters.",
            Place("summary"),
            f"Search results show about {LONGEST_DEK}.",
        )


def topics_and_related(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    if not manuscript.topics:
        yield Finding(
            "no-topic",
            WARNING,
            "The article has no topic.",
            Place("tags"),
            "Readers who follow a topic will not find it.",
            action="Choose one",
        )
    if not manuscript.related:
        yield Finding(
            "no-related",
            WARNING,
            "No related article is picked.",
            Place("related_to"),
            "One that leads on keeps a reader here.",
            action="Pick one",
        )
