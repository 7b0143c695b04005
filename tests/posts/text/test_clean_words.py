"""Words of different blocks stay separated in a cleaned text and in the plain text of it."""

import itertools
import re

import pytest

from posts.text.html import clean
from posts.text.markup import BLOCKS, CELLS
from posts.text.plain import line_of, text_of

EXCEL = (
    "<html><head><style><!--td{padding:0px;}--></style></head><body><table width=192><col span=3>"
    "<!--StartFragment--><tr height=20><td>Year</td><td>Calls</td><td>% in 10 s</td></tr><tr>"
    "<td>2024</td><td class=xl65>1,234,567</td><td>91.4%</td></tr><!--EndFragment--></table></body>"
)


def test_cells_are_separated_where_tables_are_not_allowed() -> None:
    assert clean(EXCEL, short=True) == ("<p>Year Calls % in 10 s</p><p>2024 1,234,567 91.4%</p>")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("<dl><dt>ANI</dt><dd>Automatic</dd></dl>", "<p>ANI</p><p>Automatic</p>"),
        ("<dl><dt>ANI<dd>Automatic<dt>ALI</dl>", "<p>ANI</p><p>Automatic</p><p>ALI</p>"),
        ("<pre><div>line 1</div><div>line 2</div></pre>", "<pre>line 1\nline 2</pre>"),
        ("<details><summary>Key</summary>Answer</details>", "<p>Key</p><p>Answer</p>"),
        ("<address>Main St 1<div>Reno</div></address>", "<p>Main St 1</p><p>Reno</p>"),
        ("<li><div>a</div><div>b</div></li>", "<li>a<br>b</li>"),
        ("<h2><div>a</div><div>b</div></h2>", "<h2>a<br>b</h2>"),
        ("<p>a<div>b</div>c</p>", "<p>a</p><p>b</p>c"),
        ("<blockquote><div>a</div><div>b</div></blockquote>",
         "<blockquote><p>a</p><p>b</p></blockquote>"),
        ("<div>a</div><div><br></div><div>b</div>", "<p>a</p><p>b</p>"),
        ("<div><div><p>a</p></div> <ul><li>b</li></ul></div>", "<p>a</p> <ul><li>b</li></ul>"),
        ("<option>a<option>b", "<p>a</p><p>b</p>"),
        ("<td>1</td><td>2</td>", "1 2"),
        ("a<p></p>b", "a<br>b"),
        ("one<span> two</span><o:p></o:p>thr<u>ee</u>", "one twothree"),
    ],
)  # fmt: skip
def test_words_of_removed_blocks_stay_separated(given: str, expected: str) -> None:
    assert clean(given) == expected


def test_blocks_within_a_cell_become_lines() -> None:
    cleaned = clean("<table><tr><td><div>1</div><div>2</div></td></tr></table>")
    assert cleaned == "<table><tbody><tr><td>1<br>2</td></tr></tbody></table>"


BREAKS = ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "&#x2028;", "&#8233;", "&#12;"]


@pytest.mark.parametrize("line_end", BREAKS)
def test_an_unusual_line_separator_becomes_a_space(line_end: str) -> None:
    for short in (False, True):
        assert clean(f"<p>Call{line_end}Taking</p>", short=short) == "<p>Call Taking</p>"
    assert clean(f"<pre>Call{line_end}Taking</pre>") == "<pre>Call\nTaking</pre>"
    assert line_of(f"<p>Call{line_end}Taking</p>") == "Call Taking"


@pytest.mark.parametrize("control", ["\x01", "\x1b", "\x7f", "\x80", "\x9f", "&#1;", "&#x7f;"])
def test_control_characters_are_removed(control: str) -> None:
    text = f'<p>a{control}b <a href="/x" title="c{control}d">e</a></p>'
    assert clean(text) == '<p>ab <a href="/x" title="cd">e</a></p>'


def test_joiners_and_direction_marks_stay() -> None:
    text = "<p>\U0001f469\u200d\U0001f692 نمی\u200cدانم \u200fא\u200e a\tb\nc</p>"
    assert clean(text) == text


ELEMENTS = sorted(BLOCKS - CELLS - {"table", "tr", "thead", "tbody", "tfoot", "caption", "hr"})
TABLES = [
    "<table><tr><td>{}</td><th>{}</th></tr></table>",
    "<table><caption>{}</caption><tr><td>{}",
]
PATTERNS = [
    "<{0}>{1}</{0}><{0}>{2}</{0}>",
    "<{0}>{1}<{0}>{2}",
    "{1}<{0}>{2}</{0}>",
    "<{0}>{1}</{0}>{2}",
    "{1}<{0}></{0}>{2}",
    "<div>{1}<b><{0}>{2}</b></{0}></div>",
    "<li>{1}<{0}>{2}",
    "<table><tr><td>{1}<{0}>{2}",
    "{1}<table><{0}>{2}",
    "<table>{1}<{0}>{2}",
    "<pre>{1}<{0}>{2}",
]
MIXED = [pattern.format(name, "one", "two") for pattern in PATTERNS for name in ELEMENTS] + [
    table.format("one", "two") for table in TABLES
]


@pytest.mark.parametrize("short", [False, True])
def test_no_block_element_joins_words(short: bool) -> None:
    for text in MIXED:
        assert line_of(text) == "one two", text
        cleaned = clean(text, short=short)
        # The HTML parser moves loose text of a table in front of the table.
        assert line_of(cleaned) in {"one two", "two one"}, (text, cleaned)
        assert clean(cleaned, short=short) == cleaned


def test_any_two_nested_elements_are_clean_after_one_pass() -> None:
    names = [*ELEMENTS, "table", "tr", "td", "b", "a href=/x", "span", "svg", "select", "br", "hr"]
    for outer, inner in itertools.product(names, repeat=2):
        for text in (
            f"one<{outer}>two<{inner}>three</{outer.split()[0]}>four",
            f"<{outer}><{inner}>",
        ):
            for short in (False, True):
                cleaned = clean(text, short=short)
                assert clean(cleaned, short=short) == cleaned


def test_a_blank_text_becomes_empty() -> None:
    assert clean("<div>&nbsp;</div><p><strong><br></strong></p><section> </section>") == ""


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one two</p><p>three</p>", "one two\nthree"),
        ("a<br>b<hr>c", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("<pre>a\n  b</pre>c\nd", "a\nb\nc d"),
        ("T<em>w</em>o &amp; a half&nbsp;x", "Two & a half\xa0x"),
        ("a<style>b</style><!-- c -->d<script>e</script>", "ad"),
        ('<p title="a > b">c < d</p>', "c < d"),
        ("<select><option>a<option>b</select>", "a\nb"),
        ("", ""),
    ],
)
def test_the_text_of_html_has_a_line_for_each_block(html: str, text: str) -> None:
    assert text_of(html) == text


def test_query_parameters_that_look_like_entities_are_kept() -> None:
    cleaned = clean('<a href="/a?x=1&copy=2&amp;y=3&lt">x</a>')
    assert re.findall('href="([^"]*)"', cleaned) == ["/a?x=1&amp;copy=2&amp;y=3&lt;"]


def test_an_introduction_keeps_what_figures_and_struck_words_mean() -> None:
    text = "<p>10<sup>6</sup> calls, H<sub>2</sub>O, the <s>old</s> rule</p>"
    assert clean(text, short=True) == text
    assert clean("<p>The <del>old</del> rule</p>", short=True) == "<p>The <s>old</s> rule</p>"


def test_headings_of_an_introduction_stay_headings() -> None:
    text = "<h1>One</h1><h2>Two</h2><h3>Three</h3><h4>Four</h4><h6>Six</h6>"
    assert clean(text, short=True) == (
        "<h2>One</h2><h3>Two</h3><h3>Three</h3><h3>Four</h3><h3>Six</h3>"
    )
