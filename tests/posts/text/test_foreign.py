"""HTML of other programs is translated to our own elements, or the loss is reported."""

import pytest
from django.conf import settings

from posts.text import html
from posts.text.structure import contents, with_structure

WORD_NOTE = (
    "<p class=MsoNormal>Call back within a minute<a style='mso-footnote-id:ftn1' href=\"#_ftn1\""
    ' name="_ftnref1" title=""><span class=MsoFootnoteReference>[1]</span></a>.</p>'
    "<div style='mso-element:footnote-list'><hr align=left size=1 width=\"33%\">"
    "<div style='mso-element:footnote' id=ftn1><p class=MsoFootnoteText>"
    '<a style=\'mso-footnote-id:ftn1\' href="#_ftnref1" name="_ftn1" title="">[1]</a> Our rule.'
    "</p><p class=MsoFootnoteText>Since May.</p></div></div>"
)
DOCS_NOTE = (
    '<p>Call back<sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup> soon'
    '<sup><a href="#cmnt1" id="cmnt_ref1">[a]</a></sup>.</p><hr class="c1">'
    '<div><p class="c2"><a href="#ftnt_ref1" id="ftnt1">[1]</a><span class="c3"> Our rule.</span>'
    '</p></div><div class="c4"><p><a href="#cmnt_ref1" id="cmnt1">[a]</a><span>Really?</span></p>'
    "<p><span>Yes.</span></p></div>"
)
WEB_NOTE = (
    '<p>Call back<sup id="fnref:1"><a href="#fn:1">1</a></sup>.</p><section><hr><ol>'
    '<li id="fn:1"><p>Our rule. <a href="#fnref:1">↩</a></p></li></ol></section>'
)
OFFICE_NOTE = (
    '<p>Call back<a class="sdfootnoteanc" name="sdfootnote1anc" href="#sdfootnote1sym">'
    '<sup>1</sup></a>.</p><div id="sdfootnote1"><p class="sdfootnote-western">'
    '<a class="sdfootnotesym" name="sdfootnote1sym" href="#sdfootnote1anc">1</a> Our rule.</p>'
    "</div>"
)
# As MediaWiki writes them: a note that is mentioned twice, both times in one paragraph.
WIKI_NOTES = (
    '<p>Call back<sup id="ref-1"><a href="#note-1">[1]</a></sup> soon.<sup id="ref-2">'
    '<a href="#note-2">[2]</a></sup><sup id="ref-1b"><a href="#note-1">[1]</a></sup></p>'
    '<ol><li id="note-1"><b><a href="#ref-1">^</a></b> <span>Book one.</span></li>'
    '<li id="note-2"><span><a href="#ref-2">^</a></span> <span>Book two.</span></li></ol>'
)


def test_a_word_footnote_becomes_our_footnote() -> None:
    cleaned = html.clean(WORD_NOTE)
    assert cleaned == ("<p>Call back within a minute[^1].</p><p>[^1]: Our rule.<br>Since May.</p>")
    finished = with_structure(cleaned)
    assert 'href="#note-1"' in finished
    assert 'href="#noteref-1"' in finished


@pytest.mark.parametrize("text", [DOCS_NOTE, WEB_NOTE, OFFICE_NOTE])
def test_a_footnote_of_another_program_becomes_our_footnote(text: str) -> None:
    cleaned = html.clean(text)
    assert cleaned.replace(" soon", "") == "<p>Call back[^1].</p><p>[^1]: Our rule.</p>"


def test_notes_that_are_mentioned_twice_become_ours() -> None:
    assert html.clean(WIKI_NOTES) == (
        "<p>Call back[^1] soon.[^2][^1]</p><p>[^1]: Book one.</p><p>[^2]: Book two.</p>"
    )


def test_a_footnote_copied_from_our_page_becomes_its_source() -> None:
    written = "<p>One.[^1] Two.[^2]</p><p>[^1]: First.</p><p>[^2]: <em>Second</em>.</p>"
    assert html.clean(with_structure(written)) == written


def test_an_imported_footnote_gets_a_free_name() -> None:
    cleaned = html.clean("<p>Old.[^1]</p><p>[^1]: Old note.</p>" + WEB_NOTE)
    assert "<p>Call back[^2].</p>" in cleaned
    assert "<p>[^2]: Our rule.</p>" in cleaned


def test_a_footnote_keeps_its_other_links() -> None:
    cleaned = html.clean(
        '<h2 id="codes">Codes</h2><p>Call<a href="#n" id="m">1</a>.</p><p><a href="#m" id="n">1</a>'
        ' See <a href="#codes">codes</a>, <a href="#gone">words</a>, <a href="/x/">more</a>.</p>'
    )
    assert cleaned == (
        '<h2 id="codes">Codes</h2><p>Call[^1].</p>'
        '<p>[^1]: See <a href="#codes">codes</a>, words, <a href="/x/">more</a>.</p>'
    )


def test_an_introduction_keeps_the_words_of_a_footnote_without_links() -> None:
    cleaned = html.clean(WORD_NOTE, short=True)
    assert "[^" not in cleaned
    assert "<a" not in cleaned
    assert "Our rule." in cleaned


def test_a_footnote_mark_without_its_note_becomes_plain_text() -> None:
    text = '<p>As I said<a href="#_ftn3" name="_ftnref3">[3]</a>.</p>'
    assert html.clean(text) == "<p>As I said[3].</p>"
    assert html.losses(text) == ["1 link led nowhere and is plain text now: “[3]”."]


def test_a_bookmark_in_a_heading_becomes_its_id() -> None:
    cleaned = html.clean(
        '<p><a href="#_Toc7">Radio</a></p><h2><a name="_Toc7"></a>Radio</h2>'
        '<p>See <a href="#_Ref9">above</a>.</p><p><a name="_Ref9"></a>Here.</p>'
    )
    assert cleaned == (
        '<p><a href="#_Toc7">Radio</a></p><h2 id="_Toc7">Radio</h2><p>See above.</p><p>Here.</p>'
    )
    assert '<a href="#s-toc7">' in with_structure(cleaned)


@pytest.mark.parametrize(
    "address",
    [
        "/admin/posts/post/3/change/#radio",
        f"{settings.SITE_URL}/admin/posts/post/3/change/#radio",
        "file:///C:/Users/ann/draft.htm#radio",
        "#radio",
        "#s-radio-codes",
    ],
)
def test_a_link_to_a_heading_of_the_text_stays(address: str) -> None:
    heading = '<h2 id="radio">Radio codes</h2>' if "s-" not in address else "<h2>Radio codes</h2>"
    cleaned = html.clean(f'<p><a href="{address}">Codes</a></p>{heading}')
    assert f'<a href="#{address.partition("#")[2]}">' in cleaned


@pytest.mark.parametrize(
    "address", ["#", "#nowhere", "/admin/", "/admin/posts/other.html", "file:///C:/draft.doc"]
)
def test_a_link_without_target_becomes_plain_text(address: str) -> None:
    text = f'<p>See <a href="{address}">there</a>.</p>'
    assert html.clean(text) == "<p>See there.</p>"
    assert html.losses(text) == ["1 link led nowhere and is plain text now: “there”."]


def test_a_link_to_the_admin_of_another_site_stays() -> None:
    text = '<p><a href="https://wordpress.example/admin/x">there</a></p>'
    assert html.clean(text) == text


def test_google_docs_headings_appear_in_the_contents() -> None:
    heading = '<h1 dir="ltr" style="line-height:1.38"><span style="font-weight:400">{}</span></h1>'
    sub = '<h2 dir="ltr"><span style="font-weight:400">Tone</span></h2><p dir="ltr">x</p>'
    cleaned = html.clean(
        '<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-9">'
        + "".join(heading.format(word) for word in ("Listen", "Speak", "Write"))
        + sub
        + '</b><br class="Apple-interchange-newline">'
    )
    assert cleaned == ("<h2>Listen</h2><h2>Speak</h2><h2>Write</h2><h3>Tone</h3><p>x</p>")
    assert contents(with_structure(cleaned)).count("<li>") == 4


def test_a_span_without_a_style_is_unwrapped() -> None:
    wrapper = '<b style="font-weight:normal;" id="docs-internal-guid-2">'
    text = f'{wrapper}<p dir="ltr"><span>Calm</span></p></b>'
    assert html.clean(text) == "<p>Calm</p>"


def test_comments_and_tracked_deletions_are_removed_and_reported() -> None:
    text = (
        '<p class=MsoNormal>Keep <del cite="mailto:Ann" datetime="2026-01-01">quiet</del>'
        '<ins cite="mailto:Ann">calm</ins><span class=MsoCommentReference><a class=msocomanchor'
        ' href="#_msocom_1" name="_msoanchor_1">[A1]</a></span>.</p><div style="mso-element:'
        'comment-list"><div style="mso-element:comment"><div class=msocomtxt><p>'
        '<a name="_msocom_1"></a>Sure?</p></div></div></div>'
    )
    assert html.clean(text) == "<p>Keep calm.</p>"
    assert html.losses(text) == [
        "1 comment was left out.",
        "1 passage marked as deleted was left out: “quiet”.",
    ]
    assert html.losses(DOCS_NOTE) == ["1 comment was left out."]
    assert "Really" not in html.clean(DOCS_NOTE)


def test_del_without_tracking_attributes_becomes_s() -> None:
    assert html.clean("<p><del>10-4</del> Understood</p>") == "<p><s>10-4</s> Understood</p>"


@pytest.mark.parametrize(
    ("embedded", "cleaned", "said"),
    [
        (
            '<figure><iframe src="https://www.youtube-nocookie.com/embed/abc?rel=0"></iframe>'
            "<figcaption>A shift</figcaption></figure>",
            '<p><a href="https://www.youtube.com/watch?v=abc">A shift</a></p>',
            "1 film is now a link: “A shift”.",
        ),
        (
            '<p>See <iframe title="Drill" src="//player.vimeo.com/video/7"></iframe></p>',
            '<p>See <a href="https://vimeo.com/7">Drill</a></p>',
            "1 film is now a link: “Drill”.",
        ),
        (
            '<video><source src="https://x.example/a.mp4">No film?</video>',
            '<p><a href="https://x.example/a.mp4">x.example/a.mp4</a></p>',
            "1 film is now a link: “x.example/a.mp4”.",
        ),
        (
            '<p>Hear <audio controls src="/media/a.mp3"></audio></p>',
            '<p>Hear <a href="/media/a.mp3">/media/a.mp3</a></p>',
            "1 recording is now a link: “/media/a.mp3”.",
        ),
        (
            '<iframe src="https://maps.example/?q=1" title="Our county"></iframe>',
            '<p><a href="https://maps.example/?q=1">Our county</a></p>',
            "1 embedded page is now a link: “Our county”.",
        ),
        (
            '<p>a</p><iframe srcdoc="x"></iframe><object data="a.swf"></object>',
            "<p>a</p>",
            "2 embedded things could not be taken over. Link to the page that has it.",
        ),
        (
            "<p>a</p><svg><title>x</title><text>b</text></svg>",
            "<p>a</p>",
            "1 drawing was left out. Save it as a picture and upload that.",
        ),
        ("<p>a</p><script>x()</script>", "<p>a</p>", "1 script was left out."),
        ("<p>a</p><textarea>x</textarea>", "<p>a</p>", "1 form field was left out."),
    ],
)
def test_embedded_content_becomes_a_link_or_is_reported(
    embedded: str, cleaned: str, said: str
) -> None:
    assert html.clean(embedded) == cleaned
    assert html.losses(embedded) == [said]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("file:///C:/Temp/clip_image004.png", "clip_image004.png"),
        ("https://x.example/chart.emf", "chart.emf"),
        ("/media/old.WMF?1", "old.WMF?1"),
        ("blob:https://docs.example/1", ""),
        ("cid:image001@example", ""),
        ("data:image/png;base64,AAAA", ""),
        ("", ""),
    ],
)
def test_a_picture_that_cannot_be_loaded_is_reported(source: str, name: str) -> None:
    text = f'<p>Calls by hour: <img src="{source}"></p>'
    said = f": “{name}”" if name else ""
    assert "<img" not in html.clean(text)
    assert html.losses(text) == [
        f"1 picture could not be taken over{said}. Save it to your computer and upload it here."
    ]


def test_the_caption_of_a_lost_picture_is_removed_and_reported() -> None:
    text = '<figure><img src="cid:1" alt=""><figcaption>Calls by hour</figcaption></figure>'
    assert html.clean(text) == ""
    assert "“Calls by hour”" in html.losses(text)[0]


def test_many_losses_are_reported_in_one_sentence() -> None:
    text = "".join(f'<p>a<img src="cid:{n}" alt="Chart {n}"></p>' for n in range(7))
    assert html.losses(text) == [
        "7 pictures could not be taken over: “Chart 0”, “Chart 1”, “Chart 2”, “Chart 3”, “Chart 4”"
        ", …. Save it to your computer and upload it here."
    ]


def test_a_picture_in_an_introduction_is_reported() -> None:
    text = '<p>Hi<img src="/media/a.png" alt="A console"></p>'
    assert html.losses(text) == []
    assert html.losses(text, short=True) == [
        "1 picture could not be taken over: “A console”. Save it to your computer and upload it"
        " here."
    ]


def test_cleaning_a_clean_text_loses_nothing() -> None:
    for text in (WORD_NOTE, DOCS_NOTE, WEB_NOTE, OFFICE_NOTE):
        cleaned = html.clean(text)
        assert html.losses(cleaned) == []
        assert html.clean(cleaned) == cleaned


def test_a_caption_stands_with_one_thing_of_its_figure() -> None:
    sound = '<audio src="https://example.com/a.mp3"></audio>'
    for picture in ("", '<img src="/a.png">'):
        cleaned = html.clean(
            f"<figure>{picture}<figcaption>{'word ' * 500}</figcaption>{sound * 50}</figure>"
        )
        assert cleaned.count("word") <= 1000
        assert cleaned.count(">example.com/a.mp3</a>") == 49
