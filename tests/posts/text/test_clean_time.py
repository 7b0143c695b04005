"""clean() takes linear time, also for texts that are made to be slow."""

from collections.abc import Callable

import pytest

from posts.text import html, markup
from posts.text.html import clean
from posts.text.plain import text_of
from tests.growth import growth


def repeated(piece: str) -> Callable[[int], str]:
    return lambda size: piece * (size // len(piece))


def numbered(piece: str) -> Callable[[int], str]:
    return lambda size: "".join(piece.format(number) for number in range(size // len(piece)))


# Each of these took quadratic time, or would in a simpler parser.
HARD: dict[str, Callable[[int], str]] = {
    "ampersands": repeated("&"),
    "entities": repeated("&amp;"),
    "no-break spaces": repeated("\xa0"),
    "words and no-break spaces": repeated("a\xa0"),
    "half entities": repeated("&#x"),
    "angle brackets": repeated("<"),
    "tags that do not end": repeated("<a "),
    "attributes that do not end": repeated('<a b="'),
    "comments that do not end": repeated("<!--"),
    "attributes": lambda size: "<p" + " a=1" * (size // 4) + ">x",
    "one long attribute": lambda size: f'<a href="/" title="{"&" * size}">x</a>',
    "text loose in a table": repeated("<table>x"),
    "breaks loose in a table": lambda size: (
        "<br>" * (size // 8) + "<table>" + "<br>x" * (size // 8)
    ),
    "loose in a deep table": lambda size: "<table><td>" * 200 + "<br>x" * (size // 5),
    "tables": repeated("<table><td>"),
    "quotations": repeated("<blockquote>"),
    "paragraphs and quotations": repeated("<p><blockquote>"),
    "closed where nothing is open": lambda size: (
        "<p><table><td>" + "<div>" * (size // 10) + "</p>" * (size // 8)
    ),
    "items": lambda size: "<ul>" + "<div>" * (size // 10) + "<li></li>" * (size // 18),
    "definitions": repeated("<dl><dt>a<dd>b"),
    "headings": repeated("<h2>x"),
    "misnested formats": repeated("<p><b><i><s><code>x</p>"),
    "misnested bold": numbered("<p><b id={}></p>"),
    "misnested links": numbered("<a href={}><p>x</a></p>"),
    "sub": repeated("<sub><p>x</sub></p>"),
    "bold across cells": repeated("<b><table><td>x</b></table>"),
    "pictures without a source": repeated("<img>"),
    "empty lists": repeated("<ul><li>"),
    "line breaks of code": lambda size: "<pre>" + "\n" * size,
    "controls": repeated("\x01"),
    "styles": repeated("<style>"),
}


@pytest.fixture(autouse=True)
def no_remembered_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_REMEMBERED", 0)


@pytest.mark.parametrize("name", HARD)
def test_cleaning_takes_linear_time(name: str) -> None:
    assert growth(clean, HARD[name], 8_000) < 12


@pytest.mark.parametrize("name", HARD)
def test_extracting_plain_text_takes_linear_time(name: str) -> None:
    assert growth(text_of, HARD[name], 8_000) < 12


@pytest.mark.parametrize("name", HARD)
def test_a_cleaned_text_has_a_bounded_length(name: str) -> None:
    given = HARD[name](20_000)
    assert len(clean(given)) <= 12 * len(given) + 100


def test_an_unclosed_link_is_not_repeated_in_each_paragraph() -> None:
    given = f'<p><a href="/{"x" * 5_000}">x' + "<p>y" * 500
    assert clean(given).count("<a ") == 1


def test_cleaning_takes_at_most_two_passes() -> None:
    # Each pass reads every token once.
    for make in (repeated("<h2>x"), repeated("<p>a & b</p>"), repeated("<dl><dt>a<dd>b")):
        given = make(40_000)
        passes = 0
        while (cleaned := html._cleaned_once(given, short=False)) != given:
            given, passes = cleaned, passes + 1
        assert passes <= 2
        assert sum(1 for _ in markup.tokens(given)) < len(given)
