"""The structure of a served body: anchors, contents, footnotes and scroll boxes."""

import re
from collections.abc import Callable

import pytest

from posts.text.html import clean
from posts.text.structure import MOST_MENTIONS, contents, with_structure
from tests.growth import growth


def test_each_heading_gets_a_unique_anchor() -> None:
    html = with_structure(
        "<h2>The night shift</h2><h3>Rest</h3><h2>The night shift</h2><h4>Rest</h4>"
    )
    assert re.findall(r'id="([^"]*)"', html) == [
        "s-the-night-shift",
        "s-rest",
        "s-the-night-shift-2",
        "s-rest-2",
    ]


@pytest.mark.parametrize("words", ["Share", "Related", "Content", "Q", "&amp;", "火", "x" * 500])
def test_an_anchor_has_a_prefix_and_a_limited_length(words: str) -> None:
    found = re.search(r'id="([^"]*)"', with_structure(f"<h2>{words}</h2>"))
    assert found
    assert re.fullmatch(r"s-[a-z0-9_-]{1,60}", found[1])


def test_a_numbered_anchor_avoids_existing_anchors() -> None:
    html = with_structure("<h2>Rest</h2><h2>Rest 2</h2><h2>Rest</h2>")
    anchors = re.findall(r'id="([^"]*)"', html)
    assert len(set(anchors)) == 3


def test_an_anchor_parts_words_as_an_address_does() -> None:
    html = with_structure("<h2>2024–2026: day/night, 3½ Ørsted</h2>")
    assert html.startswith('<h2 id="s-2024-2026-day-night-3-1-2-orsted">')


def test_an_anchor_of_earlier_still_leads_to_its_heading() -> None:
    """Earlier, a dash or a slash joined the words beside it."""
    html = with_structure("<h2>On–call</h2><h2>On–call</h2><h2>Oncall</h2>")
    assert html == (
        '<h2 id="s-on-call"><span id="s-oncall"></span>On–call</h2>'
        '<h2 id="s-on-call-2"><span id="s-oncall-2"></span>On–call</h2>'
        '<h2 id="s-oncall-3">Oncall</h2>'
    )
    assert '<li><a href="#s-on-call">On–call</a></li>' in contents(html)
    # So the clean keeps a link that a writer made to it.
    text = '<h2>On–call</h2><p><a href="#s-oncall">above</a></p>'
    assert clean(text) == text


def test_links_to_an_anchor_set_by_the_writer_still_work() -> None:
    html = with_structure('<p><a href="#how">below</a></p><h2 id="how">How it works</h2>')
    assert '<a href="#s-how">below</a>' in html
    assert '<h2 id="s-how">' in html


def test_contents_are_shown_from_three_headings() -> None:
    two = with_structure("<h2>One</h2><p>x</p><h2>Two</h2>")
    assert contents(two) == ""
    three = with_structure("<h2>One</h2><h2>T<em>w</em>o &amp; a half</h2><h2>Three</h2>")
    assert contents(three) == (
        '<ol><li><a href="#s-one">One</a></li><li><a href="#s-two-a-half">Two &amp; a half</a>'
        '</li><li><a href="#s-three">Three</a></li></ol>'
    )


@pytest.mark.parametrize(
    ("levels", "shape"),
    [
        ("2323", "<ol><li><ol><li></li></ol></li><li><ol><li></li></ol></li></ol>"),
        ("2332", "<ol><li><ol><li></li><li></li></ol></li><li></li></ol>"),
        ("322", "<ol><li></li><li></li><li></li></ol>"),
        ("333", "<ol><li></li><li></li><li></li></ol>"),
    ],
)
def test_the_contents_are_nested_like_the_headings(levels: str, shape: str) -> None:
    html = with_structure("".join(f"<h{level}>x</h{level}>" for level in levels))
    assert re.sub(r"<a .*?</a>", "", contents(html)) == shape


def test_a_section_says_to_readers_what_it_is_and_may_have_footnotes() -> None:
    body = clean(
        '<section lang="es" class="case-example x"><p>Llamó.[^1]</p></section><p>[^1]: Dos.</p>'
    )
    assert body.startswith('<section lang="es" class="case-example">')
    made = with_structure(body)
    assert made.startswith(
        '<div class="panel panel--case-example" lang="es">'
        '<p class="panel__name"><strong>Case example</strong></p><p>Llamó.<sup class="note">'
    )
    assert "</sup></p></div><section" in made


def test_a_footnote_is_linked_both_ways() -> None:
    html = with_structure(
        "<p>So it is.[^a] And so.[^b] Again.[^a]</p><p>[^b]: Second.</p>"
        '<p>[^a]: See <a href="https://x.org/">x</a>.</p><p>The end.</p>'
    )
    text, notes = html.split("<section")
    assert text.count('href="#note-1"') == 2
    assert 'id="noteref-1"' in text
    assert 'id="noteref-1-2"' in text
    assert text.endswith("<p>The end.</p>")
    assert notes.index("See <a") < notes.index("Second.")
    assert '<li id="note-1"><p>See <a href="https://x.org/">x</a>. <a class="notes__back"' in notes
    assert 'href="#noteref-2"' in notes
    back = re.findall('href="#(noteref[^"]*)" role="doc-backlink" aria-label="([^"]*)"', notes)
    assert back == [
        ("noteref-1", "Back to footnote 1 in the text"),
        ("noteref-1-2", "Back to footnote 1 in the text, place 2"),
        ("noteref-2", "Back to footnote 2 in the text"),
    ]


def test_several_notes_in_one_paragraph_are_separated() -> None:
    html = with_structure("<p>A[^1] b[^2]</p><p>[^1]: One.<br>\n[^2]: Two.</p>")
    assert '<li id="note-1"><p>One. ' in html
    assert '<li id="note-2"><p>Two. ' in html


@pytest.mark.parametrize(
    "body",
    [
        "<p>A mark without a note.[^1]</p>",
        "<p>[^1]: A note that nothing mentions.</p>",
        "<p><code>[^1]</code></p><p>[^1]: In code it is code.</p>",
        '<p><a href="/x/">see [^1]</a></p><p>[^1]: Within a link.</p>',
        "<p>[^]: [^ ] [^<em>1</em>]</p>",
    ],
)
def test_what_is_no_footnote_stays_as_it_was_typed(body: str) -> None:
    assert with_structure(body) == body


def test_a_table_is_in_a_focusable_scroll_box() -> None:
    html = with_structure(
        "<table><caption>Calls &amp; <em>crews</em></caption><tbody><tr><td>1</td></tr></tbody>"
        "</table><table><tbody><tr><td>2</td></tr></tbody></table>"
    )
    assert (
        '<div class="box" role="region" tabindex="0" aria-label="Calls &amp; crews"><table>' in html
    )
    assert 'aria-label="Table 2"><table>' in html
    assert html.count("</table></div>") == 2


def test_code_is_in_a_focusable_scroll_box() -> None:
    html = with_structure("<pre><code>SELECT 1</code></pre><p>Or:</p><pre>SELECT\n  2</pre>")
    box = '<div class="box box--code" role="region" tabindex="0" aria-label="Code '
    assert html == (
        f'{box}1"><pre><code>SELECT 1</code></pre></div><p>Or:</p>'
        f'{box}2"><pre>SELECT\n  2</pre></div>'
    )


@pytest.mark.parametrize(
    "attack",
    [
        '[^"onclick=alert(1)]',
        "[^<script>alert(1)</script>]",
        "[^1]</p><p>[^1]: <img src=x onerror=alert(1)>",
        '<h2 id="x&quot; onclick=&quot;alert(1)">Hi</h2>',
        '<table><caption>"&gt;&lt;script&gt;alert(1)</caption><tr><td>x</td></tr></table>',
    ],
)
def test_structure_adds_no_scripts_or_handlers(attack: str) -> None:
    html = with_structure(clean(f"<p>{attack}</p><h2>{attack}</h2>"))
    assert "<script" not in html
    assert not re.search(r"<[^>]*\son\w+\s*=", html)


HARD: dict[str, Callable[[int], str]] = {
    "spaces in a note": lambda size: f"<p>[^1]: a{' ' * size}b</p><p>x [^1]</p>",
    "spaces before a note": lambda size: f"<p>{' ' * size}</p>[^1]<p>[^1]: x</p>",
    "breaks in a note": lambda size: f"<p>[^1]: a{' <br> ' * (size // 6)}</p><p>x [^1]</p>",
    "notes in a paragraph": lambda size: (
        "<p>" + "<br>".join(f"[^{n}]: x" for n in range(size // 10)) + "</p><p>[^1]</p>"
    ),
    "equal headings": lambda size: "<h2>Rest</h2>" * (size // 13),
    "headings without words": lambda size: "<h3>?</h3>" * (size // 10),
    "numbered headings": lambda size: (
        "".join(f"<h2>Rest {n}</h2>" for n in range(size // 34)) + "<h2>Rest</h2>" * (size // 26)
    ),
    "a long heading": lambda size: f"<h2>{'- ' * (size // 2)}</h2>",
    "marks": lambda size: "<p>[^a]: x</p><p>" + "[^a]" * (size // 4),
    "half marks": lambda size: "[^" * (size // 2),
    "mark after mark": lambda size: "<p>[^a]" * (size // 7),
    "tables": lambda size: "<table><tr><td>x</td></tr></table>" * (size // 34),
    "tables without an end": lambda size: "<table>" * (size // 7),
    "code": lambda size: "<pre>[^a]</pre>" * (size // 15) + "<p>[^a]: x</p>",
    "links": lambda size: '<h2 id="a">a</h2>' + '<a href="#a">x</a>' * (size // 18),
}


@pytest.mark.parametrize("name", HARD)
def test_the_time_of_the_structure_grows_with_the_length(name: str) -> None:
    assert growth(with_structure, lambda size: clean(HARD[name](size)), 20_000) < 12


@pytest.mark.parametrize("name", HARD)
def test_the_time_of_the_contents_grows_with_the_length(name: str) -> None:
    assert growth(contents, lambda size: with_structure(clean(HARD[name](size))), 20_000) < 12


def test_the_number_of_mentions_of_a_footnote_is_limited() -> None:
    html = with_structure(f"<p>[^a]: x</p><p>{'[^a]' * (MOST_MENTIONS + 5)}</p>")
    assert html.count('role="doc-noteref"') == html.count('role="doc-backlink"') == MOST_MENTIONS
    assert html.count("[^a]") == 5


def test_a_second_note_with_the_same_name_is_unchanged() -> None:
    html = with_structure("<p>A[^1]</p><p>[^1]: One.</p><p>[^1]: Another.</p>")
    assert "<p>[^1]: Another.</p>" in html
    assert '<li id="note-1"><p>One. ' in html


def test_notes_are_separated_only_outside_of_open_elements() -> None:
    html = with_structure("<p>A[^1]</p><p>[^1]: <em>One.<br>[^2]: Two.</em></p>")
    assert "<p><em>One.<br>[^2]: Two.</em> " in html


def test_a_note_keeps_the_attributes_of_its_paragraph() -> None:
    html = with_structure('<p>A[^1]</p><p lang="es">[^1]: Uno.</p>')
    assert '<li id="note-1"><p lang="es">Uno. ' in html


def test_a_heading_with_other_attributes_gets_its_anchor_first() -> None:
    html = with_structure('<p><a title="b" href="#a">x</a></p><h2 lang="es" id="a">Uno</h2>' * 3)
    assert '<h2 id="s-a" lang="es">Uno</h2>' in html
    assert html.count('<a title="b" href="#s-a">x</a>') == 3
    assert contents(html).count("<li>") == 3


def test_the_lines_of_a_heading_are_separated_in_contents_and_anchor() -> None:
    html = with_structure("<h2>Night<br>shift</h2>" + "<h2>Rest</h2>" * 2)
    assert '<h2 id="s-night-shift">' in html
    assert '<a href="#s-night-shift">Night shift</a>' in contents(html)


def test_a_nested_table_gets_no_box_of_its_own() -> None:
    inner = "<table><tbody><tr><td>1</td></tr></tbody></table>"
    html = with_structure(f"<table><tbody><tr><td>{inner}</td></tr></tbody></table>{inner}")
    assert re.findall('aria-label="([^"]*)"', html) == ["Table 1", "Table 2"]
    assert html.count("</table></div>") == 2
