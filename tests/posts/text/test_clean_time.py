"""A text made to keep the clean busy: its time grows with the length, and no faster."""

from collections.abc import Callable

import pytest

from posts.text import html, markup
from posts.text.html import clean
from posts.text.plain import text_of
from tests.growth import growth


def times(piece: str) -> Callable[[int], str]:
    return lambda size: piece * (size // len(piece))


def numbered(piece: str) -> Callable[[int], str]:
    return lambda size: "".join(piece.format(number) for number in range(size // len(piece)))


# Each took time that grew with the square of the length, or would in a simpler parser.
HARD: dict[str, Callable[[int], str]] = {
    "ampersands": times("&"),
    "entities": times("&amp;"),
    "no-break spaces": times("\xa0"),
    "words and no-break spaces": times("a\xa0"),
    "half entities": times("&#x"),
    "angle brackets": times("<"),
    "tags that do not end": times("<a "),
    "attributes that do not end": times('<a b="'),
    "comments that do not end": times("<!--"),
    "attributes": lambda size: "<p" + " a=1" * (size // 4) + ">x",
    "one long attribute": lambda size: f'<a href="/" title="{"&" * size}">x</a>',
    "text loose in a table": times("<table>x"),
    "breaks loose in a table": lambda size: (
        "<br>" * (size // 8) + "<table>" + "<br>x" * (size // 8)
    ),
    "loose in a deep table": lambda size: "<table><td>" * 200 + "<br>x" * (size // 5),
    "tables": times("<table><td>"),
    "quotations": times("<blockquote>"),
    "paragraphs and quotations": times("<p><blockquote>"),
    "closed where nothing is open": lambda size: (
        "<p><table><td>" + "<div>" * (size // 10) + "</p>" * (size // 8)
    ),
    "items": lambda size: "<ul>" + "<div>" * (size // 10) + "<li></li>" * (size // 18),
    "definitions": times("<dl><dt>a<dd>b"),
    "headings": times("<h2>x"),
    "misnested formats": times("<p><b><i><s><code>x</p>"),
    "misnested bold": numbered("<p><b id={}></p>"),
    "misnested links": numbered("<a href={}><p>x</a></p>"),
    "sub": times("<sub><p>x</sub></p>"),
    "bold across cells": times("<b><table><td>x</b></table>"),
    "pictures without a source": times("<img>"),
    "empty lists": times("<ul><li>"),
    "line breaks of code": lambda size: "<pre>" + "\n" * size,
    "controls": times("\x01"),
    "styles": times("<style>"),
}


@pytest.fixture(autouse=True)
def nothing_is_known_to_be_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_REMEMBERED", 0)


@pytest.mark.parametrize("name", HARD)
def test_the_time_of_the_clean_grows_with_the_length(name: str) -> None:
    assert growth(clean, HARD[name], 8_000) < 12


@pytest.mark.parametrize("name", HARD)
def test_the_time_of_the_plain_text_grows_with_the_length(name: str) -> None:
    assert growth(text_of, HARD[name], 8_000) < 12


@pytest.mark.parametrize("name", HARD)
def test_a_clean_text_is_not_many_times_as_long(name: str) -> None:
    given = HARD[name](20_000)
    assert len(clean(given)) <= 12 * len(given) + 100


def test_a_link_is_not_opened_again_in_each_paragraph() -> None:
    given = f'<p><a href="/{"x" * 5_000}">x' + "<p>y" * 500
    assert clean(given).count("<a ") == 1


def test_a_text_at_the_limit_takes_as_many_steps_as_it_has_pieces() -> None:
    # Each piece is looked at once in each pass, and two passes or three are enough.
    for make in (times("<h2>x"), times("<p>a & b</p>"), times("<dl><dt>a<dd>b")):
        given = make(40_000)
        passes = 0
        while (cleaned := html._cleaned_once(given, short=False)) != given:
            given, passes = cleaned, passes + 1
        assert passes <= 2
        assert sum(1 for _ in markup.tokens(given)) < len(given)
