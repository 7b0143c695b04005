"""Every entry of the allowlist through clean(); tests/browser sends them through the editor."""

import pytest

from posts.text import html
from posts.text.allowlist import ALLOWED
from tests.posts.text.allowlist_lines import KEPT, RENAMED_TEXTS, TEXTS, TRANSLATED, VALUES


def test_every_entry_of_the_allowlist_has_a_sample() -> None:
    assert TEXTS.keys() == ALLOWED.keys()
    assert VALUES.keys() == frozenset().union(*ALLOWED.values())


@pytest.mark.parametrize("text", KEPT)
def test_the_clean_keeps_what_the_table_allows(text: str) -> None:
    assert html.clean(text) == text
    assert html.losses(text) == []


@pytest.mark.parametrize("text", [*RENAMED_TEXTS, *TRANSLATED])
def test_other_elements_are_renamed_or_normalised(text: str) -> None:
    cleaned = html.clean(text)
    assert cleaned == {**RENAMED_TEXTS, **TRANSLATED}[text]
    assert html.clean(cleaned) == cleaned


def test_a_span_without_attributes_is_unwrapped() -> None:
    assert html.clean('<p>A <span>word</span> <span class="x">more</span>.</p>') == (
        "<p>A word more.</p>"
    )


def test_an_abbreviation_does_not_affect_a_following_link() -> None:
    text = '<p><abbr title="Computer-aided dispatch">CAD</abbr> <a href="/x/">x</a></p>'
    assert html.clean(text) == text


def test_an_invalid_attribute_value_is_removed_and_the_element_stays() -> None:
    assert html.clean('<ol type="square" start="x"><li value="1e9">a</li></ol>') == (
        "<ol><li>a</li></ol>"
    )
