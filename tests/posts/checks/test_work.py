"""What the checks cost: time that grows with the length of the text, up to a million characters."""

from collections.abc import Callable
from itertools import islice

import pytest

from posts.checks.known import Known
from posts.checks.manuscript import Manuscript
from posts.checks.reading import ease_of
from posts.checks.report import MOST_OF_A_RULE, RULES
from posts.models.spelling import Spellings
from posts.text import html
from tests.growth import growth

NAMES = Known(
    spellings=Spellings([("a " * number + "b", "C") for number in range(1, 30)] + [("tk", "TK")])
)


def repeated(piece: str) -> Callable[[int], str]:
    return lambda size: piece * (size // len(piece))


HARD: dict[str, Callable[[int], str]] = {
    "plain words": repeated("<p>Answer the call, then ask where it is.</p>"),
    "one paragraph": lambda size: f"<p>{'word ' * (size // 5)}</p>",
    "one word": lambda size: f"<p>{'a' * size}</p>",
    "vowels": lambda size: f"<p>{'aeiouy' * (size // 6)}</p>",
    "TK": lambda size: f"<p>{'TK' * (size // 2)}a</p>",
    "TKs": lambda size: f"<p>{'TK ' * (size // 3)}</p>",
    "brackets that open": lambda size: f"<p>{'[' * size}</p>",
    "brackets that open, and words": lambda size: f"<p>{'[a ' * (size // 3)}</p>",
    "brackets": lambda size: f"<p>{'[a] ' * (size // 4)}</p>",
    "brackets and quotes": lambda size: f"<p>{'“[a b] ' * (size // 7)}</p>",
    "full stops": lambda size: f"<p>{'. ' * (size // 2)}</p>",
    "closing marks": lambda size: f"<p>a{'”' * size}</p>",
    "beginnings of a name": lambda size: f"<p>{'a ' * (size // 2)}</p>",
    "lorem": lambda size: f"<p>{'lorem ipsu ' * (size // 11)}</p>",
    "links": repeated('<p><a href="/articles/x/">here</a></p>'),
    "links of one paragraph": lambda size: "<p>" + '<a href="#x">x y</a> ' * (size // 21) + "</p>",
    "many addresses": lambda size: "".join(
        f'<p><a href="/x/{number}/">y</a></p>' for number in range(size // 28)
    ),
    "pictures": repeated('<p><img src="/media/a.jpg" alt=""></p>'),
    "long alternative text": lambda size: f'<p><img src="/a" alt="{"img " * (size // 4)}"></p>',
    "headings": repeated("<h2>a</h2><h4>b</h4>"),
    "bold": repeated("<p><strong>a</strong></p>"),
    "struck": repeated("<p><s>a</s></p>"),
    "marks of notes": lambda size: f"<p>{'a[^n] ' * (size // 6)}</p><p>[^n]: b</p>",
    "lists": lambda size: "<ul><li>a" * (size // 9) + "</li></ul>" * (size // 9),
    "one long address": lambda size: f'<p><a href="/{"a" * size}">x</a></p>',
    "entities": lambda size: f"<p>{'&amp;' * (size // 5)}</p>",
}


def check_all_rules(manuscript: Manuscript) -> None:
    for rule in RULES:
        list(islice(rule(manuscript, NAMES), MOST_OF_A_RULE))
    ease_of(manuscript.text)


def without_the_limit(manuscript: Manuscript) -> None:
    for rule in RULES:
        for _ in rule(manuscript, NAMES):
            pass


@pytest.mark.parametrize("name", HARD)
def test_time_grows_with_the_length(name: str) -> None:
    def make(size: int) -> Manuscript:
        return Manuscript(title="T", dek="D", body=html.clean(HARD[name](size)))

    assert growth(check_all_rules, make, 8_000) < 9


@pytest.mark.parametrize("name", ["TKs", "brackets and quotes", "brackets", "beginnings of a name"])
def test_finding_everything_is_linear_too(name: str) -> None:
    def make(size: int) -> Manuscript:
        return Manuscript(title="T", dek="D", body=html.clean(HARD[name](size)))

    assert growth(without_the_limit, make, 8_000) < 9


def test_a_million_characters_are_read() -> None:
    body = html.clean(HARD["plain words"](1_000_000))
    manuscript = Manuscript(title="T", dek="D", body=body)
    check_all_rules(manuscript)
    assert len(manuscript.text.blocks) == 1_000_000 // len(
        "<p>Answer the call, then ask where it is.</p>"
    )
