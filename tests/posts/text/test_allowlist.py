"""Each line of the allowlist's tables through the clean. tests/browser has the editor's half."""

import pytest

from posts.text import html
from posts.text.allowlist import ALLOWED
from tests.posts.text.allowlist_lines import KEPT, RENAMED_TEXTS, TEXTS, TRANSLATED, VALUES


def test_each_line_of_the_table_has_a_text() -> None:
    assert TEXTS.keys() == ALLOWED.keys()
    assert VALUES.keys() == frozenset().union(*ALLOWED.values())


@pytest.mark.parametrize("text", KEPT)
def test_the_clean_keeps_what_the_table_allows(text: str) -> None:
    assert html.clean(text) == text
    assert html.losses(text) == []


@pytest.mark.parametrize("text", [*RENAMED_TEXTS, *TRANSLATED])
def test_the_clean_says_the_rest_in_our_own_words(text: str) -> None:
    cleaned = html.clean(text)
    assert cleaned == {**RENAMED_TEXTS, **TRANSLATED}[text]
    assert html.clean(cleaned) == cleaned


def test_a_span_that_says_nothing_is_taken_away_and_not_its_words() -> None:
    assert html.clean('<p>A <span>word</span> <span class="x">more</span>.</p>') == (
        "<p>A word more.</p>"
    )


def test_an_abbreviation_before_a_link_leaves_the_link() -> None:
    text = '<p><abbr title="Computer-aided dispatch">CAD</abbr> <a href="/x/">x</a></p>'
    assert html.clean(text) == text


def test_an_attribute_with_another_value_goes_and_the_element_stays() -> None:
    assert html.clean('<ol type="square" start="x"><li value="1e9">a</li></ol>') == (
        "<ol><li>a</li></ol>"
    )
