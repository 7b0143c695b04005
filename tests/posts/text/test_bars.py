"""Figures with data: a table stays a table, and its numbers get bars."""

import re

import pytest

from posts.text.bars import number_in, with_bars
from posts.text.body import finish, standalone
from posts.text.html import clean, losses
from posts.text.plain import text_of

FIGURE = (
    '<table class="figures"><caption>Two of three leave early</caption><tbody>'
    '<tr><th scope="row"><strong>Year 1</strong></th><td>34 %</td></tr>'
    '<tr><th scope="row">Years 2–3</th><td>17 %</td></tr>'
    '<tr><th scope="row">Later</th><td>few</td></tr>'
    '</tbody><tfoot><tr><td colspan="2">Source: 2024</td></tr></tfoot></table>'
)


def widths(html: str) -> list[str]:
    return re.findall(r'<rect width="([^"]*)"', html)


def test_a_figure_survives_the_clean_and_loses_nothing() -> None:
    assert clean(FIGURE) == FIGURE
    assert losses(FIGURE) == []
    assert clean(FIGURE, short=True) == FIGURE


def test_each_number_gets_a_bar_as_long_as_it_is_large() -> None:
    html = finish(FIGURE, {}).html
    assert widths(html) == ["100", "50"]
    # Not the row without a number, and not the source's year.
    assert html.count("<svg") == 2
    assert html.count("bar--strong") == 1
    assert '<div class="box figures" role="region"' in html
    assert 'aria-label="Two of three leave early"' in html
    # Still a table, with every word.
    assert re.sub("<svg.*?</svg>", "", html).count("<td>34 %</td>") == 1
    assert "Year 1" in text_of(html)


def test_feeds_have_the_table_without_bars() -> None:
    html = standalone(FIGURE, {}, width=600)
    assert "<svg" not in html
    assert "<td>34 %</td>" in html


def test_at_most_two_bars_are_marked() -> None:
    row = '<tr><th scope="row"><strong>A</strong></th><td>1</td></tr>'
    html = with_bars(f'<table class="figures"><tbody>{row * 4}</tbody></table>')
    assert html.count("bar--strong") == 2
    assert html.count("<svg") == 4


def test_other_tables_and_figures_without_numbers_stay_as_they_are() -> None:
    plain = FIGURE.replace(' class="figures"', "")
    assert with_bars(plain) == plain
    for number in ("0", "none", ""):
        empty = f'<table class="figures"><tbody><tr><td>{number}</td></tr></tbody></table>'
        assert with_bars(empty) == empty


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("34 %", 34),
        ("1,200 calls", 1200),
        ("$4.50", 4.5),
        ("about 7", 7),
        ("1.2.3", 1.23),
        ("none", None),
        ("", None),
        ("9" * 400, float("9" * 31)),
        ("٣", None),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, number: float | None) -> None:
    assert number_in(text) == number


def test_a_hostile_text_takes_linear_time() -> None:
    many = '<table class="figures"><tbody>' + "<tr><td>1</td></tr>" * 20_000 + "</tbody></table>"
    assert with_bars(many).count("<svg") == 20_000
    assert with_bars('<table class="figures">' * 20_000).count("<svg") == 0
