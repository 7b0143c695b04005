"""The plain text of mails: short lines, whole addresses, no control characters."""

import pytest

from alarmroom.mail_text import WIDTH, spaces_for_controls, wrap_lines

URL = f"https://www.example.org/{'a-long-path/' * 10}"


@pytest.mark.parametrize(
    ("text", "first", "rest"),
    [
        ("word " * 40, "word", "word"),
        ("  " + "word " * 40, "  word", "  word"),
        ("* " + "word " * 40, "* word", "  word"),
        ("12. " + "word " * 40, "12. word", "    word"),
        ("> " + "word " * 40, "> word", "> word"),
        ("> - " + "word " * 40, "> - word", ">   word"),
    ],
)
def test_wrapped_lines_keep_their_indentation(text: str, first: str, rest: str) -> None:
    lines = wrap_lines(text).split("\n")
    assert len(lines) > 2
    assert max(map(len, lines)) <= WIDTH
    assert lines[0].startswith(first)
    assert all(line.startswith(rest) for line in lines[1:])
    assert wrap_lines("\n".join(lines)) == "\n".join(lines)


@pytest.mark.parametrize(
    "line", [URL, f"  {URL}", f"* {URL}", f"> {URL}", f"> - <{URL}>", f"viii. {URL}"]
)
def test_an_address_is_neither_broken_nor_moved_from_its_bullet(line: str) -> None:
    assert wrap_lines(line) == line


def test_an_address_in_a_sentence_stays_whole() -> None:
    text = wrap_lines(f"Before it {URL} and after it")
    assert URL in text.split("\n")


def test_short_and_blank_lines_are_unchanged() -> None:
    text = "One\n\n\n  two\n-- \nthree"
    assert wrap_lines(text) == text


def test_control_characters_become_spaces_and_line_feeds_stay() -> None:
    assert spaces_for_controls("a\x00b\u2028c\x85d\re\nf") == "a b c d e\nf"
