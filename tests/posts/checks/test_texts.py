"""What the rules find in a text, and what they leave alone: a table for each."""

from dataclasses import replace

import pytest

from posts.checks.finding import ERROR, WARNING, Finding
from posts.checks.headings import bold_paragraph, skipped_level
from posts.checks.known import Known
from posts.checks.leftovers import brackets, lorem, struck_out, tk, tracked
from posts.checks.links import internal_link, link_name
from posts.checks.listing import dek_cut, missing, title_cut, topics_and_related
from posts.checks.manuscript import Manuscript
from posts.checks.names import misspelled
from posts.checks.pictures import cover, cover_alt, is_file_name, picture_alt, picture_elsewhere
from posts.checks.reading import ease_of, long_paragraph, sentences_and_words, syllables
from posts.models.spelling import Spellings

WHOLE = Manuscript(
    title="The first ninety seconds",
    dek="What to do with silence on an open line.",
    body="<p>Answer the call.</p>",
    slug="the-first-ninety-seconds",
    topics=2,
    related=1,
    cover=7,
    cover_alt="A console at night",
    cover_credit="J. Doe",
)


def found(rule, body: str = "", known: Known | None = None, **fields: object) -> list[Finding]:
    given = replace(WHOLE, **{"body": body or WHOLE.body, **fields})
    return list(rule(given, known or Known()))


def texts(rule, body: str, known: Known | None = None) -> list[str]:
    return [finding.place.text for finding in found(rule, body, known)]


def test_a_whole_article_has_nothing_missing() -> None:
    for rule in (missing, title_cut, dek_cut, topics_and_related, cover, cover_alt):
        assert found(rule) == []


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"title": " "}, ["title"]),
        ({"dek": ""}, ["summary"]),
        ({"has_author": False}, ["author"]),
        ({"title": "", "dek": "", "has_author": False}, ["title", "summary", "author"]),
    ],
)
def test_what_no_article_can_do_without(fields: dict[str, object], names: list[str]) -> None:
    findings = found(missing, **fields)
    assert [finding.place.field for finding in findings] == names
    assert {(finding.level, finding.may_be_overridden) for finding in findings} == {(ERROR, False)}


@pytest.mark.parametrize("body", ["", "<p></p>", "<p><br></p>", "<p>\xa0</p>"])
def test_a_text_of_nothing_is_missing(body: str) -> None:
    [finding] = list(missing(replace(WHOLE, body=body), Known()))
    assert finding.rule == "no-body"


def test_a_picture_alone_is_a_text() -> None:
    assert found(missing, '<figure><img src="/media/a.jpg" alt="A map"></figure>') == []


@pytest.mark.parametrize(
    ("body", "marks"),
    [
        ("<p>The NENA standard of TK pages.</p>", ["TK"]),
        ("<p>She took [TK: number] calls.</p>", ["[TK: number]"]),
        ("<p>Sources say TKTK.</p><h2>TK heading</h2>", ["TKTK", "TK"]),
        ("<ul><li>one</li><li>tk is not it, TK is</li></ul>", ["TK"]),
        ("<p>The ATK radio, the TKO round, T.K. Smith, TK.x and hotkeys.</p>", []),
    ],
)
def test_tk(body: str, marks: list[str]) -> None:
    findings = found(tk, body)
    assert [finding.place.text for finding in findings] == marks
    assert {finding.level for finding in findings} <= {ERROR}


def test_tk_in_a_title_or_a_caption_is_found_there() -> None:
    findings = found(tk, title="TK on the line", cover_caption="Photo TK")
    assert [finding.place.field for finding in findings] == ["title", "cover_caption"]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Call [insert number] first.", ERROR),
        ("In [NAME OF COUNTY], they did.", ERROR),
        ("It was [] at night.", ERROR),
        ("It was [2019?] at night.", ERROR),
        ("The law [add source] says so.", ERROR),
        ("They pick up [most of them] at once.", WARNING),
        ("“He said [the caller] was calm,” she says.", None),
        ('"He said [the caller] was calm," she says.', None),
        ("The dispacher [sic] answered.", None),
        ("We shall [...] see, and […] hear.", None),
        ("As shown before [3] and [4, 5].", None),
        ("A note.[^haleyville] Another.[^1]", None),
        ("An array(1) of (round) brackets.", None),
    ],
)
def test_brackets(text: str, level: str | None) -> None:
    findings = found(brackets, f"<p>{text}</p>")
    assert [finding.level for finding in findings] == ([level] if level else [])


def test_brackets_in_a_quotation_are_an_editors_words() -> None:
    quotation = "<blockquote><p>They [the callers] know.</p></blockquote>"
    assert found(brackets, quotation + "<pre>a[index]</pre>") == []
    assert len(found(brackets, quotation + "<p>They [the callers] know.</p>")) == 1


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Lorem ipsum dolor sit amet.", "Lorem ipsum"),
        ("Then LOREM IPSUM again.", "LOREM IPSUM"),
        ("And dolor sit amet, as ever.", "dolor sit amet"),
        ("Lorems are no filler; the floremia is a plant.", None),
    ],
)
def test_lorem(text: str, mark: str | None) -> None:
    assert texts(lorem, f"<p>{text}</p>") == ([mark] if mark else [])


@pytest.mark.parametrize(
    ("body", "marks"),
    [
        ("<p>The shift [JM1] ended.</p>", ["[JM1]"]),
        ("<p>Commented [DM12]: Is that so?</p>", ["Commented [DM12]:"]),
        ("<p>It {++was++} late.</p>", ["{++"]),
        ("<p>Deleted: the old words</p>", ["Deleted:"]),
        ('<p>It was <a href="#_msocom_1">late</a>.</p>', ["late"]),
        ('<p>It was<sup><a href="#cmnt3">[c]</a></sup> late.</p>', ["[c]"]),
        ("<p>Comment on it: nobody deleted anything [1].</p>", []),
    ],
)
def test_leftovers_of_tracked_changes(body: str, marks: list[str]) -> None:
    assert texts(tracked, body) == marks


def test_words_that_are_struck_out_are_worth_a_look() -> None:
    [finding] = found(struck_out, "<p>It was <s>very <em>late</em></s> early.</p>")
    assert (finding.level, finding.place.text) == (WARNING, "very late")
    assert found(struck_out, "<p>It was<s> </s>early.</p>") == []


@pytest.mark.parametrize(
    ("body", "headings"),
    [
        ("<h2>One</h2><h3>Two</h3><h4>Three</h4><h2>Four</h2>", []),
        ("<h2>One</h2><h4>Three</h4>", ["Three"]),
        ("<p>a</p><h3>Two</h3><h4>Three</h4>", ["Two"]),
        ("<h2>a</h2><h3>b</h3><h2>c</h2><h4>Deep</h4><h4>Deep too</h4>", ["Deep"]),
    ],
)
def test_a_skipped_level_of_headings(body: str, headings: list[str]) -> None:
    assert texts(skipped_level, body) == headings


@pytest.mark.parametrize(
    ("body", "paragraphs"),
    [
        ("<p><strong>When the line is silent</strong></p>", ["When the line is silent"]),
        ("<p> <strong>When <em>the</em> line</strong><br></p>", ["When the line"]),
        ("<p><strong>Listen first.</strong></p>", []),
        ("<p><strong>Listen:</strong> then ask.</p>", []),
        ("<ul><li><strong>Listen first</strong></li></ul>", []),
        ("<blockquote><p><strong>You cannot hear a room</strong></p></blockquote>", []),
        (f"<p><strong>{'a whole paragraph of it ' * 5}</strong></p>", []),
        ("<p></p>", []),
    ],
)
def test_a_bold_paragraph_that_stands_for_a_heading(body: str, paragraphs: list[str]) -> None:
    assert texts(bold_paragraph, body) == paragraphs


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("here", "link-name"),
        ("Click here", "link-name"),
        ("this link.", "link-name"),
        ("Read more »", "link-name"),
        ("https://www.nena.org/page/standards", "link-bare"),
        ("www.nena.org", "link-bare"),
        ("", "link-empty"),
        ("the NENA standard", None),
        ("here is how Denver does it", None),
        ('<img src="/media/a.jpg" alt="The standard">', None),
    ],
)
def test_what_a_link_is_called(name: str, rule: str | None) -> None:
    findings = found(link_name, f'<p>See <a href="/about/">{name}</a>.</p>')
    assert [finding.rule for finding in findings] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("body", "fine"),
    [
        ('<h2 id="silence">Silence</h2><p><a href="#silence">below</a></p>', True),
        ('<h2>Silent calls</h2><p><a href="#s-silent-calls">below</a></p>', True),
        ('<p><a href="#top">up</a></p>', True),
        ('<h2>Silent calls</h2><p><a href="#noise">below</a></p>', False),
        ('<p>A.[^n]</p><p>[^n]: B.</p><p><a href="#note-1">note</a></p>', True),
        ('<p>A.</p><p><a href="#note-1">note</a></p>', False),
        ('<p><a href="mailto:desk@example.org">write</a> <a href="tel:+1911">call</a></p>', True),
        ('<p><a href="https://www.nena.org/x">NENA</a></p>', True),
        ('<p><a href="/search/?q=a">search</a> <a href="/topics/">topics</a></p>', True),
        ('<p><a href="/no/such/place/">x</a></p>', False),
        ('<p><a href="/admin/posts/post/5/change/">x</a></p>', False),
        ('<p><a href="/preview/5/">x</a></p>', False),
        ('<p><a href="http://[">x</a></p>', False),
    ],
)
def test_a_link_that_leads_nowhere(body: str, fine: bool) -> None:
    assert ([finding.rule for finding in found(internal_link, body)] == []) is fine


@pytest.mark.parametrize(
    ("alt", "is_name"),
    [
        ("img_1234.jpg", True),
        ("IMG_20240102_080910", True),
        ("DSC0001", True),
        ("DSC_0042.JPG", True),
        ("Screenshot 2024-05-06 at 10.11.12", True),
        ("screenshot", True),
        ("console-at-night.webp", True),
        ("image (3)", True),
        ("P1010023", True),
        ("Untitled", True),
        ("Screenshot of the unit list in the CAD", False),
        ("A console at night", False),
        ("Image of a caller", False),
        ("Scanner", False),
        ("Photo: three dispatchers", False),
        ("911", False),
    ],
)
def test_an_alternative_text_that_is_the_name_of_a_file(alt: str, is_name: bool) -> None:
    assert is_file_name(alt) is is_name


def test_a_picture_that_only_decorates_needs_no_words() -> None:
    assert found(picture_alt, '<p><img src="/media/a.jpg" alt="" role="presentation"></p>') == []


@pytest.mark.parametrize("alt", ["", 'alt=""', 'alt=" "', 'alt="img_1.jpg"'])
def test_a_picture_needs_an_alternative_text(alt: str) -> None:
    [finding] = found(picture_alt, f'<p>a</p><figure><img src="/media/a%20b.jpg" {alt}></figure>')
    assert finding.level == ERROR
    assert "“a b.jpg”" in finding.message
    assert finding.place.picture == "/media/a%20b.jpg"


def test_a_picture_of_another_site_is_an_error() -> None:
    body = '<p><img src="{}" alt="A"></p>'
    assert found(picture_elsewhere, body.format("/media/a.jpg")) == []
    for source in ("https://elsewhere.example/a.jpg", "//elsewhere.example/a.jpg", "http://["):
        assert [each.level for each in found(picture_elsewhere, body.format(source))] == [ERROR]


def test_the_cover() -> None:
    assert [each.rule for each in found(cover, cover=None)] == ["cover-missing"]
    assert found(cover_alt, cover=None, cover_alt="") == []
    assert [each.rule for each in found(cover_alt, cover_alt=" ")] == ["cover-alt"]
    assert [each.rule for each in found(cover_alt, cover_alt="IMG_0001.JPG")] == ["cover-alt"]
    assert [each.rule for each in found(cover, cover_credit="")] == ["cover-credit"]
    assert [each.rule for each in found(cover, known=Known(cover_width=1199))] == ["cover-small"]
    assert found(cover, known=Known(cover_width=1200)) == []


def test_what_search_results_cut() -> None:
    assert found(title_cut, title="a" * 60) == []
    assert [each.level for each in found(title_cut, title="a" * 61)] == [WARNING]
    assert found(title_cut, title="a" * 90, search_title="a") == []
    assert found(dek_cut, dek="a" * 155) == []
    assert [each.level for each in found(dek_cut, dek="a" * 156)] == [WARNING]


def test_topics_and_related_articles() -> None:
    rules = [each.rule for each in found(topics_and_related, topics=0, related=0)]
    assert rules == ["no-topic", "no-related"]


NAMES = Spellings(
    [
        ("rapid s.o.s.", "RapidSOS"),
        ("apco", "APCO"),
        ("Hallorhan", "Halloran"),
        ("o'neal", "O’Neill"),
        ("new jersey city", "Jersey City"),
        ("new jersey", "New Jersey"),
    ]
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The Apco standard, APCO's own.", ["Apco"]),
        ("Ruth Hallorhan and a hallorhan.", ["Hallorhan"]),
        ("Apcos and MacHallorhan are others.", []),
        ("Said O’Neal, and O'NEAL.", ["O’Neal", "O'NEAL"]),
        ("In New  Jersey City and new jersey.", ["New Jersey City", "new jersey"]),
        ("In New-Jersey.", []),
    ],
)
def test_names_on_the_list(text: str, wrong: list[str]) -> None:
    assert texts(misspelled, f"<p>{text}</p>", Known(spellings=NAMES)) == wrong


def test_names_are_looked_for_in_title_and_dek_too() -> None:
    findings = found(misspelled, known=Known(spellings=NAMES), title="Apco", dek="By apco")
    assert [each.place.field for each in findings] == ["title", "summary"]
    assert findings[0].message == "“Apco” is written “APCO”."


def test_a_very_long_paragraph() -> None:
    assert found(long_paragraph, f"<p>{'word ' * 150}</p>") == []
    [finding] = found(long_paragraph, f"<p>Short.</p><p>{'word ' * 151}</p>")
    assert (finding.place.label, finding.place.block) == ("Paragraph 2", 1)


@pytest.mark.parametrize(
    ("word", "count"),
    [("call", 1), ("silence", 2), ("dispatcher", 3), ("the", 1), ("line", 1), ("table", 2),
     ("asked", 1), ("wanted", 2), ("agency", 3), ("radio", 3), ("station", 2), ("emergency", 4),
     ("people", 2), ("911", 3), ("CAD", 1), ("voices", 2), ("times", 1), ("don’t", 1), ("xyz", 1),
     ("telecommunicator", 7), ("being", 2), ("quiet", 2), ("area", 3), ("protocol", 3)],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert abs(syllables(word) - count) <= (0 if word not in ("quiet", "xyz") else 1)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Answer. Listen! Ask?", 3),
        ("Dr. Hall of the U.S. came at 9 a.m. on Friday.", 1),
        ("“Who is there?” she asked. “Nobody.”", 3),
        ("No full stop", 1),
        ("Wait... then ask.", 2),
        ("...", 0),
        ("", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert sentences_and_words(text)[0] == count


EASY = "<p>The line is open. You hear a room. Say who you are. Then wait and hear. </p>" * 10
HARD = (
    "<p>Telecommunicators individually responsible for interoperability considerations "
    "necessarily internalize organizational accountability, notwithstanding jurisdictional "
    "ambiguity.</p>" * 10
)


def test_reading_ease_tells_plain_words_from_hard_ones() -> None:
    easy, hard = (ease_of(replace(WHOLE, body=body).text) for body in (EASY, HARD))
    assert easy and easy.points >= 90 and easy.words == "very easy"
    assert hard and hard.points == 0 and hard.words == "very hard"
    assert ease_of(WHOLE.text) is None


def test_blocks_have_the_numbers_and_names_that_a_reader_would_count() -> None:
    body = (
        "<h2>One</h2><p>a</p><ul><li>b<ul><li>c</li></ul></li></ul><p>d</p>"
        "<table><tbody><tr><td><p>e</p></td></tr></tbody></table><p>f</p>"
    )
    blocks = replace(WHOLE, body=body).text.blocks
    assert [(block.number, block.label, block.text) for block in blocks] == [
        (0, "Heading 1", "One"),
        (1, "Paragraph 1", "a"),
        (2, "List item 1", "b"),
        (3, "List item 2", "c"),
        (4, "Paragraph 2", "d"),
        (5, "Table cell 1", ""),
        (6, "Paragraph 3", "e"),
        (7, "Paragraph 4", "f"),
    ]
