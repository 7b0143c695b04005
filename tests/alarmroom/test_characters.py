"""Control characters leave every text; what has a meaning stays."""

import pytest

from alarmroom.characters import CONTROL, without_controls


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\x00b\x1bc\x9fd\ufffee\ud800f", "abcdef"),
        ("a\r\nb\rc\nd\te", "a\nb\nc\nd\te"),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g", "a b c d e f g"),
        ("a\u00adb\u200dc\u202ed\u00a0e\ufeff", "a\u00adb\u200dc\u202ed\u00a0e\ufeff"),
    ],
)
def test_controls_go_and_unusual_line_ends_part_words(text: str, left: str) -> None:
    assert without_controls(text) == left


def test_a_header_may_hold_no_character_that_ends_a_line_anywhere() -> None:
    assert all(CONTROL.search(c) for c in "\0\t\n\r\x0b\x0c\x1c\x85\u2028\u2029\x7f")
    assert not CONTROL.search("a b é \u00a0 \u200d 🚒")
