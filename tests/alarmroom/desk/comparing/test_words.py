"""Marked words: nothing but `<ins>` and `<del>` is added, and both texts can be read from it."""

import re
from random import Random

import pytest

from alarmroom.desk.comparing import words
from alarmroom.desk.comparing.words import marked, marked_text
from posts.text.html import clean
from tests.alarmroom.desk.comparing.texts import (
    BLOCKS,
    body,
    edited,
    inline,
    joined,
    numbers,
    reading,
    reworded,
    some_blocks,
    tags,
)

BROKEN = [
    "<p>a", "a</p>", "<p><em>a</p>b</em>", "<", "<p", '<p class="', "<!--", "<!-- <p>", "</", "<>",
    "<ul><li>a<li>b</ul>", "<p>a<p>b", "<table>x<td>y", "<b><p>a</b></p>", "a < b > c & d &; &#;",
    "<script>a<b</script>", "\x00", "<p>\ud800</p>", "<br/><hr/><img/>", "&" * 50, "<p>" * 100,
    "</p>" * 100, "<em>" * 100 + "x", '<a title="<p>x</p>">y</a>', "<P>A</P>", "<ins>a</ins>",
]  # fmt: skip


def assert_marked_right(before: str, after: str, text: str) -> None:
    assert reading(text, left_out="ins") == reading(before)
    assert reading(text, left_out="del") == reading(after)
    for tag in re.findall(r"<(?:ins|del)>(.*?)</(?:ins|del)>", text, re.DOTALL):
        assert not {re.sub("[</>].*", "", name[1:]) for name in tags(tag)} & (BLOCKS - {"hr"})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # Words
        ("<p>a b c</p>", "<p>a x c</p>", "<p>a <del>b</del><ins>x</ins> c</p>"),
        ("<p>a c</p>", "<p>a b c</p>", "<p>a <ins>b </ins>c</p>"),
        ("<p>draw it. A</p>", "<p>draw it, now. A</p>", "<p>draw it<ins>, now</ins>. A</p>"),
        ("<p>don’t go</p>", "<p>can’t go</p>", "<p><del>don’t</del><ins>can’t</ins> go</p>"),
        ("<p>AT&amp;T</p>", "<p>AT&amp;S</p>", "<p>AT&amp;<del>T</del><ins>S</ins></p>"),
        ("<p>救急車</p>", "<p>救命車</p>", "<p>救<del>急</del><ins>命</ins>車</p>"),
        # Rewritten parts stay in one piece, whatever little words they share.
        (
            "<p>It is. Your center gives one, or none.</p>",
            "<p>It is. Hold your own center against those, or four.</p>",
            "<p>It is. <del>Your center gives one</del>"
            "<ins>Hold your own center against those</ins>, or <del>none</del><ins>four</ins>.</p>",
        ),
        # Formats
        ("<p>a b</p>", "<p>a <em>b</em></p>", "<p>a <del>b</del><ins><em>b</em></ins></p>"),
        (
            '<p><a href="/1">a b</a></p>',
            '<p><a href="/1">a c</a></p>',
            '<p><a href="/1">a <del>b</del><ins>c</ins></a></p>',
        ),
        (
            '<p><a href="/1">a</a></p>',
            '<p><a href="/2">a</a></p>',
            '<p><del><a href="/1">a</a></del><ins><a href="/2">a</a></ins></p>',
        ),
        ("<h2>a</h2>", "<h3>a</h3>", "<h2><del>a</del></h2><h3><ins>a</ins></h3>"),
        # Pictures, lines and rules as wholes
        (
            '<figure><img src="/1" alt="x"></figure>',
            '<figure><img src="/1" alt="y"></figure>',
            '<figure><del><img src="/1" alt="x"></del><ins><img src="/1" alt="y"></ins></figure>',
        ),
        ("<p>a b</p>", "<p>a<br>b</p>", "<p>a<del> </del><ins><br></ins>b</p>"),
        ("<p>a</p><hr>", "<p>a</p>", "<p>a</p><del><hr></del>"),
        # Structure
        ("<ul><li>a</li></ul>", "<ul><li>a</li><li>b <em>c</em></li></ul>",
         "<ul><li>a</li><li><ins>b <em>c</em></ins></li></ul>"),
        ("<table><tbody><tr><td>a</td></tr></tbody></table>",
         "<table><tbody><tr><td>a</td></tr><tr><td></td></tr></tbody></table>",
         "<table><tbody><tr><td>a</td></tr><tr><td></td></tr></tbody></table>"),
        ("<ol><li>a<ul><li>b</li></ul></li></ol>", "<ol><li>a<ul><li>c</li></ul></li></ol>",
         "<ol><li>a<ul><li><del>b</del><ins>c</ins></li></ul></li></ol>"),
        ("", "<p>a</p>\n", "<p><ins>a</ins></p>\n"),
        ("<p>a</p>", "", "<p><del>a</del></p>"),
        # White space that nobody sees
        ("<ul><li>a</li></ul>", "<ul>\n\t<li>a</li>\n</ul>", "<ul>\n\t<li>a</li>\n</ul>"),
        ("<pre>a\n b</pre>", "<pre>a\n  b</pre>", "<pre>a<del>\n </del><ins>\n  </ins>b</pre>"),
    ],
)  # fmt: skip
def test_marks(before: str, after: str, expected: str) -> None:
    assert marked(before, after) == expected


def test_the_texts_made_by_chance_are_clean() -> None:
    for random in map(Random, range(100)):
        html = random.choice(some_blocks(random)[:-1])  # Not the section, which is not allowed yet.
        assert reading(clean(html)) == reading(html)


@pytest.mark.parametrize("numbers", numbers(400), ids=str)
def test_both_blocks_can_be_read_from_the_marked_one(numbers: range) -> None:
    for random in map(Random, numbers):
        before = random.choice(some_blocks(random))
        after = random.choice([reworded(random, before), random.choice(some_blocks(random))])
        assert_marked_right(before, after, marked(before, after))


@pytest.mark.parametrize("numbers", numbers(400), ids=str)
def test_both_lines_can_be_read_from_the_marked_one(numbers: range) -> None:
    for random in map(Random, numbers):
        before = f"<p>{inline(random)}</p>"
        after = f"<p>{inline(random)}</p>" if random.randint(0, 1) else reworded(random, before)
        assert_marked_right(before, after, marked(before, after))


@pytest.mark.parametrize("numbers", numbers(300), ids=str)
def test_both_bodies_can_be_read_from_the_marked_one(numbers: range) -> None:
    for random in map(Random, numbers):
        before = body(random)
        after = edited(random, before)
        assert_marked_right(joined(before), joined(after), marked(joined(before), joined(after)))


@pytest.mark.parametrize("numbers", numbers(200), ids=str)
def test_only_ins_and_del_are_added(numbers: range) -> None:
    """Each tag of the marked text is a tag of one of the two, as it was written there."""
    for random in map(Random, numbers):
        before = body(random)
        after = edited(random, before)
        text = marked(joined(before), joined(after))
        known = {*tags(joined(before)), *tags(joined(after)), "<ins>", "</ins>", "<del>", "</del>"}
        assert set(tags(text)) <= known
        # And nothing of an attribute is outside of a tag: what is left over are the words.
        for mark, original in (("ins", before), ("del", after)):
            left = [each[0] for each in reading(text, left_out=mark) if isinstance(each, tuple)]
            assert left == [
                each[0] for each in reading(joined(original)) if isinstance(each, tuple)
            ]


@pytest.mark.parametrize(
    "html",
    [
        '<p title="&lt;script&gt;alert(1)&lt;/script&gt;">a</p>',
        '<p><a href="/?a=&quot;&gt;&lt;b" title="one two">a</a></p>',
        "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
        '<figure><img src="/x" alt="a &lt;ins&gt; b &amp;lt;"></figure>',
    ],
)
def test_what_was_escaped_stays_escaped(html: str) -> None:
    for text in (marked(html, "<p>other</p>"), marked("<p>other</p>", html), marked(html, html)):
        assert "script" not in {each[1:7] for each in tags(text)}
        assert text.count("<") == len(tags(text))
    assert marked(html, "").replace("<del>", "").replace("</del>", "") == html


def test_plain_text_is_escaped() -> None:
    assert marked_text("a <b> & c", 'a <i> & "c"') == (
        "a &lt;<del>b</del><ins>i</ins>&gt; &amp; <ins>&quot;</ins>c<ins>&quot;</ins>"
    )
    assert marked_text("", "<x>") == "<ins>&lt;x&gt;</ins>"
    assert marked_text("<x>", "<x>") == "&lt;x&gt;"
    assert marked_text("Building a Center", "Running a Center") == (
        "<del>Building</del><ins>Running</ins> a Center"
    )


@pytest.mark.parametrize("before", BROKEN)
def test_broken_html_does_no_harm(before: str) -> None:
    for after in (*BROKEN, "<p>a b</p>", "<ul><li>a</li></ul>"):
        text = marked(before, after)
        # The marks themselves are always closed where they were opened.
        assert re.sub(r"[^<]|<(?!/?(?:ins|del)>)", "", text).count("<") == 2 * (
            text.count("<ins>") + text.count("<del>")
        )
        words.added(before)
        words.removed(after)
        marked_text(before, after)


@pytest.mark.parametrize("numbers", numbers(100), ids=str)
def test_html_in_pieces_does_no_harm(numbers: range) -> None:
    for random in map(Random, numbers):
        html = joined(body(random))
        pieces = [html[random.randint(0, len(html)) :][: random.randint(0, 80)] for _ in range(6)]
        before, after = "".join(pieces[:4]), "".join(pieces[2:])
        assert isinstance(marked(before, after), str)
