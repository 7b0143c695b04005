"""An introduction converted to plain text and to HTML for a mail."""

import pytest

from newsletter.mail.markup import to_mail_html
from newsletter.mail.text import to_text, wrap

BASE = "https://www.example.org/weekly-alarm/3/"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("a<br>b", "a\nb"),
        ("<p>  much \n\t space </p>", "much space"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ("<p>P</p><ul><li>One</li></ul><p>Q</p>", "P\n\n- One\n\nQ"),
        ('<ol start="9"><li>Nine</li><li>Ten</li></ol>', "9. Nine\n10. Ten"),
        ('<ol type="a"><li>A</li><li>B</li></ol>', "a. A\nb. B"),
        ('<ol type="A" start="26"><li>Z</li><li>AA</li></ol>', "Z. Z\nAA. AA"),
        ('<ol type="I" start="8"><li>A</li><li>B</li></ol>', "VIII. A\nIX. B"),
        ('<ol type="i" start="0"><li>A</li><li>B</li></ol>', "0. A\ni. B"),
        ("<ol reversed><li>A<ul><li>x</li></ul></li><li>B</li></ol>", "2. A\n   - x\n1. B"),
        ('<ol reversed start="9"><li>A</li><li>B</li></ol>', "9. A\n8. B"),
        ('<ol><li>A</li><li value="4">B</li><li>C</li></ol>', "1. A\n4. B\n5. C"),
        ("<p>She said <q>help me</q>.</p>", "She said “help me”."),
        ("<p>10<sup>-6</sup> of H<sub>2</sub>O</p>", "10⁻⁶ of H₂O"),
        ("<p>The 1<sup>st</sup> call<sub>1a</sub></p>", "The 1st call1a"),
        ("<p>The <s>old</s> rule</p>", "The (struck out: old) rule"),
        ("<ul><li>A<ul><li>B</li></ul></li><li>C</li></ul>", "- A\n  - B\n- C"),
        ("<ul><li>A</li></ul><ol><li>B</li></ol>", "- A\n\n1. B"),
        ("<ul><li><p>A</p><p>B</p></li></ul>", "- A\n\n  B"),
        ("<blockquote><p>A</p><p>B</p></blockquote>", "> A\n>\n> B"),
        ("<blockquote><ul><li>A</li></ul></blockquote>", "> - A"),
        ("<h2>Head</h2><p>x</p>", "Head\n====\n\nx"),
        ("<h3>Head</h3><p>x</p>", "Head\n----\n\nx"),
        ('<a href="https://a.example/x">words</a>.', "words <https://a.example/x>."),
        ('<a href="https://a.example/">a.example</a>', "https://a.example/"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="tel:+1911">call</a>', "call (+1911)"),
        ('<a href="/x/">here</a>', "here <https://www.example.org/x/>"),
        ('<a href="https://a.example/"></a>', "https://a.example/"),
        ("&lt;b&gt; &amp; 5&nbsp;000", "<b> & 5 000"),
        ("", ""),
    ],
)
def test_html_is_converted_to_plain_text(html: str, text: str) -> None:
    assert to_text(html, base=BASE) == text


def test_lines_are_wrapped_but_addresses_are_not() -> None:
    address = "https://www.example.org/" + "long-" * 30
    text = to_text(f'<ul><li>{"word " * 40}<a href="{address}">there</a></li></ul>', base=BASE)
    lines = text.split("\n")
    assert all(len(line) <= 72 for line in lines if "https" not in line)
    assert all(line.startswith("  ") for line in lines[1:])
    assert f"<{address}>" in text


def test_wrapped_lines_are_indented_below_the_number() -> None:
    lines = wrap("word " * 30, first="12. ", rest="    ").split("\n")
    assert lines[0].startswith("12. word")
    assert all(line.startswith("    word") for line in lines[1:])


def test_links_of_an_introduction_are_absolute_in_a_mail() -> None:
    html = to_mail_html('<p><a href="/x/?a=1&amp;b=2">x</a><br><a href="#y">y</a></p>', base=BASE)
    assert html == (
        '<p><a href="https://www.example.org/x/?a=1&amp;b=2">x</a><br />'
        f'<a href="{BASE}#y">y</a></p>'
    )


def test_list_numbering_and_direction_stay_in_a_mail() -> None:
    html = (
        '<ol reversed="" start="3" type="a"><li value="7">A</li></ol><p dir="rtl" lang="ar">B</p>'
    )
    assert to_mail_html(html, base=BASE) == (
        '<ol start="3" type="a" reversed="reversed"><li value="7">A</li></ol>'
        '<p dir="rtl" lang="ar">B</p>'
    )
    wrong = '<ol type="x"><li value="y">A</li></ol><p dir="up" lang="&quot;">B</p>'
    assert to_mail_html(wrong, base=BASE) == "<ol><li>A</li></ol><p>B</p>"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<ol type="a" start="3"><li>A</li><li>B</li></ol>', "c. A\nd. B"),
        ('<ol type="A"><li value="27">A</li><li>B</li></ol>', "AA. A\nAB. B"),
        ('<ol type="i"><li>A</li><li>B</li><li value="49">C</li></ol>', "i. A\nii. B\nxlix. C"),
        ('<ol type="I" start="4"><li>A</li></ol>', "IV. A"),
        ('<ol reversed=""><li>A<ol><li>x</li></ol></li><li>B</li></ol>', "2. A\n   1. x\n1. B"),
        ('<ol reversed="" start="9"><li>A</li><li>B</li></ol>', "9. A\n8. B"),
        ('<ol type="a" start="0"><li>A</li></ol>', "0. A"),
        ("<p>He said <q>she said <q>help</q></q>.</p>", "He said “she said ‘help’”."),
        ('<p><q>Read <a href="/x/">this</a></q></p>', "“Read this <https://www.example.org/x/>”"),
    ],
)
def test_list_numbers_and_quotations_are_kept_in_plain_text(html: str, text: str) -> None:
    assert to_text(html, base=BASE) == text


def test_languages_and_list_numbers_stay_in_a_mail() -> None:
    html = (
        '<p dir="rtl" lang="ar">x <abbr title="In full">y</abbr></p>'
        '<ol type="a" reversed=""><li value="4">z</li></ol>'
    )
    assert to_mail_html(html, base=BASE) == html.replace('reversed=""', 'reversed="reversed"')
