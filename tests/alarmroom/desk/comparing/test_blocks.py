"""A body is split into blocks that give the body again, whatever it is."""

from random import Random

import pytest

from alarmroom.desk.comparing import blocks
from tests.alarmroom.desk.comparing.test_words import BROKEN
from tests.alarmroom.desk.comparing.texts import body, joined, numbers


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", []),
        (" \n", [" \n"]),
        ("<p>a</p><p>b</p>", ["<p>a</p>", "<p>b</p>"]),
        ("\n<p>a</p>\n\n<h2>b</h2>\n", ["\n<p>a</p>\n\n", "<h2>b</h2>\n"]),
        ("a <em>b</em>\n<p>c</p> d<br>e", ["a <em>b</em>\n", "<p>c</p> ", "d<br>e"]),
        ("<hr>\n<hr/><img src='a>b'>x", ["<hr>\n", "<hr/>", "<img src='a>b'>x"]),
        ("<ul><li><p>a</p></li></ul>b", ["<ul><li><p>a</p></li></ul>", "b"]),
        ("<blockquote><p>a</p></blockquote><pre>\n\n</pre>",
         ["<blockquote><p>a</p></blockquote>", "<pre>\n\n</pre>"]),
        ("<em><p>a</p><p>b</p></em><p>c</p>", ["<em><p>a</p><p>b</p></em>", "<p>c</p>"]),
        ('<p title="</p><p>">a</p><p>b</p>', ['<p title="</p><p>">a</p>', "<p>b</p>"]),
        ("<p>a<!-- </p> --></p><p>b</p>", ["<p>a<!-- </p> --></p>", "<p>b</p>"]),
        ("</p>a</p><p>b</p></p>c", ["</p>a</p>", "<p>b</p></p>", "c"]),
        ("<p>a<em>b</p><p>c</p>", ["<p>a<em>b</p>", "<p>c</p>"]),
    ],
)  # fmt: skip
def test_blocks(html: str, expected: list[str]) -> None:
    assert blocks.split(html) == expected


@pytest.mark.parametrize("html", BROKEN)
def test_broken_html_is_split_without_loss(html: str) -> None:
    assert "".join(blocks.split(html)) == html
    assert "".join(blocks.split(f" <p>a</p> {html} <p>b</p>")) == f" <p>a</p> {html} <p>b</p>"


@pytest.mark.parametrize("numbers", numbers(200), ids=str)
def test_a_clean_body_is_split_where_its_blocks_meet(numbers: range) -> None:
    for random in map(Random, numbers):
        made = body(random)
        assert [block.strip() for block in blocks.split(joined(made))] == made
        for block in made:
            parts = blocks.element(block)
            assert parts
            assert "".join(parts[:5]) == block
        html = joined(made)
        cut = html[random.randint(0, 50) : random.randint(0, len(html))]
        assert "".join(blocks.split(cut)) == cut


def test_the_key_of_a_block_ignores_white_space_that_nobody_sees() -> None:
    assert blocks.key("<p>a\n  b</p>\n") == blocks.key("<p>a b</p>")
    assert blocks.key("<ul>\n\t<li>a</li>\n</ul>") == blocks.key("<ul><li>a</li></ul>")
    assert blocks.key("<p>a <em>b</em></p>") != blocks.key("<p>a<em>b</em></p>")
    assert blocks.key("<pre>a\n b</pre>") != blocks.key("<pre>a b</pre>")
    assert blocks.key("<p>a&nbsp;b</p>") != blocks.key("<p>a b</p>")


def test_first_words_are_plain_text_in_one_line() -> None:
    assert blocks.first_words("<p>Is <em>there</em> a<br>rhythm?</p>") == "Is there a rhythm?"
    assert blocks.first_words("<p>AT&amp;T &lt;b&gt;</p>") == "AT&T <b>"
    assert blocks.first_words("<p>One, two, three, four, five, six, seven</p>") == (
        "One, two, three, four, five, six…"
    )
    assert blocks.first_words(f"<p>{'x' * 100}</p>") == f"{'x' * 60}…"
    assert blocks.first_words('<figure><img alt="A city"></figure>') == "A city"
    assert blocks.first_words("<ul><li>a</li><li>b</li></ul>") == "a b"
    assert blocks.first_words("<hr>") == ""
    assert blocks.first_words(f"<p>&#{'9' * 10_000};</p>") == "\ufffd"
