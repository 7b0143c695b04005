"""Text pasted from other programs is translated to our elements, and losses are reported."""

import base64
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from audit import axe
from tests.browser.test_editor import fill_in, more, open_editor, paste, text_of
from tests.posts.text.test_foreign import (
    DOCS_NOTE,
    OFFICE_NOTE,
    WEB_NOTE,
    WIKI_NOTES,
    WORD_NOTE,
)

NOTICE = ".pasted"


def pasted(page: Page, html: str) -> str:
    """Paste a document into an empty text; return the text."""
    surface = open_editor(page)
    page.evaluate(
        """() => {
            window.pasted = false;
            CKEDITOR.instances.id_body.once("afterPaste", () => { window.pasted = true; });
        }"""
    )
    paste(surface, html)
    page.wait_for_function("() => window.pasted")
    text = text_of(page)
    page.evaluate("CKEDITOR.instances.id_body.resetDirty()")
    return text


def test_pasted_footnotes_become_our_footnotes(editor: Page) -> None:
    assert pasted(editor, WORD_NOTE) == (
        "<p>Call back within a minute[^1].</p><p>[^1]: Our rule.<br />Since May.</p>"
    )
    for document in (DOCS_NOTE, OFFICE_NOTE, WEB_NOTE):
        text = pasted(editor, document).replace(" soon", "")
        assert text == "<p>Call back[^1].</p><p>[^1]: Our rule.</p>"


def test_notes_that_are_mentioned_twice_become_ours(editor: Page) -> None:
    assert pasted(editor, WIKI_NOTES) == (
        "<p>Call back[^1] soon.[^2][^1]</p><p>[^1]: Book one.</p><p>[^2]: Book two.</p>"
    )


def test_a_pasted_footnote_gets_a_free_name(editor: Page) -> None:
    surface = open_editor(editor)
    editor.keyboard.type("Old.[^1] ")
    paste(surface, WEB_NOTE)
    expect(surface).to_contain_text("Our rule.")
    assert text_of(editor).endswith("Call back[^2].</p><p>[^2]: Our rule.</p>")


def test_word_comments_and_tracked_deletions_are_removed_and_reported(editor: Page) -> None:
    text = pasted(
        editor,
        '<p class=MsoNormal>Keep <del cite="mailto:Ann" datetime="2026-01-01">quiet</del>'
        '<ins cite="mailto:Ann">calm</ins><a class=msocomanchor href="#_msocom_1">[A1]</a>.<o:p>'
        '</o:p></p><div style="mso-element:comment-list"><div class=msocomtxt><p>Sure?</p></div>'
        "</div>",
    )
    assert text == "<p>Keep calm.</p>"
    expect(editor.locator(NOTICE)).to_contain_text("1 comment was left out.")
    expect(editor.locator(NOTICE)).to_contain_text("deleted was left out: “quiet”.")


def test_a_google_docs_span_without_style_and_a_later_word_paste_work(
    editor: Page,
) -> None:
    surface = open_editor(editor)
    wrapper = '<b style="font-weight:normal;" id="docs-internal-guid-2">'
    paste(surface, f'<meta charset="utf-8">{wrapper}<p dir="ltr"><span>Calm</span></p></b>')
    expect(surface).to_contain_text("Calm")
    paste(surface, "<p class=MsoNormal>Night<o:p></o:p></p>")
    expect(surface).to_contain_text("Night")


def test_an_exception_in_a_paste_filter_loses_no_text(editor: Page) -> None:
    surface = open_editor(editor)
    editor.wait_for_function("() => CKEDITOR.pasteFilters.word?.name === 'forgiving'")
    editor.evaluate(
        """() => {
            const { fragment } = CKEDITOR.htmlParser;
            const { fromHtml } = fragment;
            fragment.fromHtml = () => {
                fragment.fromHtml = fromHtml;
                throw new TypeError("as over a span without a style");
            };
        }"""
    )
    paste(surface, "<p class=MsoNormal>Calm<o:p></o:p></p>")
    expect(surface).to_contain_text("Calm")
    paste(surface, "<p class=MsoNormal>Night<o:p></o:p></p>")
    expect(surface).to_contain_text("Night")


def test_an_error_in_the_translation_loses_nothing(editor: Page) -> None:
    surface = open_editor(editor)
    editor.evaluate("() => { Element.prototype.closest = () => { throw new TypeError('none'); }; }")
    paste(surface, '<p><span style="font-weight: bold">Calm</span></p>')
    expect(surface).to_contain_text("Calm")


def test_embedded_media_and_missing_pictures_are_reported(editor: Page) -> None:
    text = pasted(
        editor,
        '<p>Calls: <img src="file:///C:/Temp/chart.emf"></p><figure><iframe'
        ' src="https://www.youtube.com/embed/abc"></iframe><figcaption>A <i>shift</i></figcaption>'
        '</figure><p>Hear <audio src="https://x.example/a.mp3"></audio></p>',
    )
    assert text == (
        '<p>Calls:</p><p><a href="https://www.youtube.com/watch?v=abc">A shift</a></p>'
        '<p>Hear <a href="https://x.example/a.mp3">x.example/a.mp3</a></p>'
    )
    notice = editor.locator(NOTICE)
    expect(notice).to_contain_text("1 picture could not be taken over. Save it")
    expect(notice).to_contain_text("1 film is now a link: “A shift”.")
    expect(notice).to_contain_text("1 recording is now a link: “x.example/a.mp3”.")


LOOKS = (
    '<html><body><h2 style="color: #2f5496">Shifts</h2>'
    '<p style="text-align: center"><span style="color: rgb(255, 0, 0)">Call now</span> and <span'
    ' style="background: yellow">wait</span>, <span style="color: #000">calm</span>.</p>'
    '<p><a href="https://x.example/"><span style="color: #1155cc; text-decoration: underline">A'
    " link</span></a> <u>underlined</u></p>"
    '<table width="500"><tr><td width="100">Year</td><td>Calls</td></tr></table>'
    '<p>Before it.</p><p><img src="https://x.example/chart.png?w=1" alt="Calls by hour"></p>'
    '<p>Behind it <img src="file:///C:/Temp/map.png">.</p></body></html>'
)


def test_one_line_says_what_a_paste_left_out_and_leads_to_each_missing_picture(
    editor: Page,
) -> None:
    text = pasted(editor, LOOKS)
    assert "<img" not in text
    assert text.endswith("<p>Before it.</p><p>Behind it .</p>")
    notice = editor.locator(NOTICE)
    line = notice.locator("summary")
    expect(line).to_have_text("Pasted without 2 pictures, 2 colours, 1 underline and more.")
    assert editor.evaluate("document.querySelector('.desk-voice').textContent") == (
        "Pasted without 2 pictures, 2 colours, 1 underline and more."
    )
    expect(notice.locator("ul").first).to_be_hidden()
    line.focus()
    editor.keyboard.press("Enter")
    listed = notice.locator(".pasted__list > li")
    expect(listed).to_have_count(5)
    expect(listed.nth(1)).to_have_text(
        "2 colours were left out: “Call now”, “wait”. The site has its own."
    )
    expect(notice).to_contain_text(
        "The alignment of 1 paragraph was left out: “Call now and wait, calm.”."
    )
    expect(notice).to_contain_text("The widths of a table were left out.")
    link = notice.get_by_role("link", name="Open the picture “Calls by hour”")
    assert link.get_attribute("href") == "https://x.example/chart.png?w=1"
    assert link.get_attribute("rel") == "noopener noreferrer"
    # Its place is found after the text before it has grown, and is not found once it is gone.
    editor.evaluate(
        """() => {
            const editor = CKEDITOR.instances.id_body;
            const range = editor.createRange();
            range.moveToElementEditStart(editor.editable());
            range.select();
            editor.insertHtml("<p>New.</p>");
        }"""
    )
    where = r"""() => {
        const editor = CKEDITOR.instances.id_body;
        const range = editor.getSelection().getRanges()[0].clone();
        range.setStart(editor.editable(), 0);
        return range.cloneContents().$.textContent.replace(/\u200b/g, "").trim();
    }"""
    notice.get_by_role("button", name="Show the place of “map.png”").click()
    assert editor.evaluate(where).endswith("Behind it")
    notice.get_by_role("button", name="Show the place of “Calls by hour”").click()
    assert editor.evaluate(where).endswith("Before it.")
    editor.evaluate("CKEDITOR.instances.id_body.setData('<p>Another text.</p>')")
    expect(editor.frame_locator("iframe.cke_wysiwyg_frame").locator("body")).to_have_text(
        "Another text."
    )
    notice.get_by_role("button", name="Show the place of “map.png”").click()
    expect(notice).to_contain_text("That place is no longer in the text.")
    for theme in ("light", "dark"):
        editor.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        assert axe.violations(editor) == []
    notice.get_by_role("button", name="Close what was left out").click()
    expect(notice).to_have_count(0)
    editor.evaluate("CKEDITOR.instances.id_body.resetDirty()")


def test_a_copied_picture_comes_as_its_file_and_a_refused_one_is_named(
    editor: Page, problems: list[str]
) -> None:
    surface = open_editor(editor)
    file = io.BytesIO()
    Image.effect_noise((60, 40), 80).convert("RGB").save(file, "JPEG")
    copied = """(body, [html, bytes]) => {
        const data = new DataTransfer();
        data.setData("text/html", html);
        data.items.add(new File([new Uint8Array(bytes)], "map.jpg", {type: "image/jpeg"}));
        const options = {clipboardData: data, bubbles: true, cancelable: true};
        body.dispatchEvent(new ClipboardEvent("paste", options));
    }"""
    html = '<meta charset="utf-8"><img src="https://x.example/map.jpg">'
    surface.evaluate(copied, [html, list(file.getvalue())])
    expect(surface.locator("img[src^='/media/images/']")).to_have_count(1)
    window = editor.get_by_role("dialog", name="Picture")
    window.get_by_label("Alternative text").fill("A map")
    window.get_by_role("button", name="Keep").click()
    expect(editor.locator(NOTICE)).to_have_count(0)
    # As data within a text: one that is no picture is refused, named, and its words stay.
    broken = base64.b64encode(b"no picture").decode()
    paste(surface, f'<p>Words <img src="data:image/png;base64,{broken}" alt="A plan"></p>')
    notice = editor.locator(NOTICE)
    expect(notice.locator("summary")).to_have_text("Pasted without 1 picture.")
    notice.locator("summary").click()
    expect(notice.get_by_role("button", name="Show the place of “A plan”")).to_be_visible()
    expect(notice.locator(".pasted__pictures li")).to_contain_text("“A plan”: ")
    expect(editor.locator(".cke_notification_warning")).to_have_count(0)
    assert "Words" in text_of(editor) and "data:" not in text_of(editor)
    assert len([line for line in problems if "400 (Bad Request)" in line]) == len(problems) == 1
    problems.clear()
    editor.evaluate("CKEDITOR.instances.id_body.resetDirty()")


def test_names_in_a_notice_are_escaped(editor: Page) -> None:
    pasted(editor, '<p>a<img src="cid:1" alt="&lt;img src=x onerror=parent.ran=1&gt;"></p>')
    expect(editor.locator(NOTICE)).to_contain_text("“<img src=x onerror=parent.ran=1>”")
    assert editor.evaluate("window.ran") is None


@pytest.mark.parametrize("fragment", ["radio", "s-radio-codes"])
def test_a_fragment_link_with_the_admin_address_becomes_a_fragment(
    editor: Page, fragment: str
) -> None:
    open_editor(editor)
    address = editor.url + "#" + fragment
    text = pasted(
        editor,
        f'<h2 id="radio">Radio codes</h2><p><a href="{address}">Codes</a>'
        f' <a href="{editor.url}">desk</a> <a href="#nowhere">nowhere</a></p>',
    )
    assert text == (
        f'<h2 id="radio">Radio codes</h2><p><a href="#{fragment}">Codes</a> desk nowhere</p>'
    )
    expect(editor.locator(NOTICE)).to_contain_text("2 links led nowhere")


def test_a_pasted_picture_keeps_its_alternative_text(editor: Page) -> None:
    file = io.BytesIO()
    Image.effect_noise((60, 40), 80).convert("RGB").save(file, "JPEG")
    data = base64.b64encode(file.getvalue()).decode()
    surface = open_editor(editor)
    paste(
        surface, f'<p>Here: <img src="data:image/jpeg;base64,{data}" alt="A &quot;desk&quot;"></p>'
    )
    picture = surface.locator("img[src^='/media/images/']")
    expect(picture).to_have_attribute("alt", 'A "desk"')
    assert re.search(r'alt="A &quot;desk&quot;" height="40"', text_of(editor))
    expect(editor.locator(NOTICE)).to_have_count(0)
    editor.evaluate("CKEDITOR.instances.id_body.resetDirty()")


def test_losses_in_source_mode_are_reported_on_switching_and_saving(
    editor: Page,
) -> None:
    open_editor(editor)
    fill_in(editor, "Losses")
    film = '<p>Look</p><iframe src="https://www.youtube.com/embed/abc" title="A drill"></iframe>'
    more(editor, "Source")
    editor.locator("textarea.cke_source").fill(film)
    editor.click(".cke_button__source")
    expect(editor.locator(NOTICE)).to_contain_text("1 film is now a link: “A drill”.")
    more(editor, "Source")
    editor.locator("textarea.cke_source").fill(film)
    editor.get_by_role("button", name="Save draft").click()
    expect(editor.locator(".messagelist")).to_contain_text("1 film is now a link: “A drill”.")
    editor.wait_for_function("() => CKEDITOR.instances.id_body?.status === 'ready'")
    assert text_of(editor) == (
        '<p>Look</p><p><a href="https://www.youtube.com/watch?v=abc">A drill</a></p>'
    )


def test_a_picture_of_word_that_cannot_be_had_is_counted_once(editor: Page) -> None:
    text = pasted(
        editor,
        "<p class=MsoNormal>Seen: <img src='file:///C:/clip_image001.png' alt='The console'>"
        "<o:p></o:p></p>",
    )
    assert text == "<p>Seen:</p>"
    expect(editor.locator(NOTICE)).to_contain_text("1 picture could not be taken over")


def test_a_picture_pasted_into_an_introduction_is_reported(editor: Page) -> None:
    surface = open_editor(editor, "/admin/newsletter/issue/add/", "id_intro")
    paste(surface, '<p>Hi <img src="/static/none.png" alt="A console"></p>')
    expect(editor.locator(NOTICE)).to_contain_text("“A console”")
    assert text_of(editor, "id_intro") == "<p>Hi</p>"
    editor.evaluate("CKEDITOR.instances.id_intro.resetDirty()")


def test_cells_pasted_into_an_introduction_are_separated(editor: Page) -> None:
    surface = open_editor(editor, "/admin/newsletter/issue/add/", "id_intro")
    paste(
        surface,
        '<html><head><meta name=Generator content="Microsoft Excel 15"></head><body><table>'
        "<!--StartFragment--><col width=64><tr><td>Year</td><td>Calls</td></tr>"
        "<tr><td>2025</td><td align=right>1,234</td></tr><!--EndFragment--></table></body></html>",
    )
    expect(surface).to_contain_text("1,234")
    text = text_of(editor, "id_intro").replace("&nbsp;", " ")
    assert re.sub(r"\s+</p>", "</p>", text) == "<p>Year Calls</p><p>2025 1,234</p>"
    editor.evaluate("CKEDITOR.instances.id_intro.resetDirty()")


PASTE_PLAIN = """(body, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const options = {clipboardData: data, bubbles: true, cancelable: true};
    body.dispatchEvent(new ClipboardEvent("paste", options));
}"""


def test_a_plain_text_of_long_lines_comes_as_paragraphs_and_lists(editor: Page) -> None:
    surface = open_editor(editor)
    long = ("word " * 30).strip()
    surface.evaluate(PASTE_PLAIN, f"{long}\nHigh <turnover>:\n- They leave.\n- They stay.\nEnd\n")
    expect(surface.locator("li")).to_have_count(2)
    assert text_of(editor) == (
        f"<p>{long}</p><p>High &lt;turnover&gt;:</p>"
        "<ul><li>They leave.</li><li>They stay.</li></ul><p>End</p>"
    )


def test_short_lines_of_a_plain_text_stay_lines(editor: Page) -> None:
    surface = open_editor(editor)
    surface.evaluate(PASTE_PLAIN, "12 Main Street\nAnytown")
    expect(surface).to_contain_text("Anytown")
    assert text_of(editor) == "<p>12 Main Street<br />Anytown</p>"


def test_words_of_pasted_blocks_stay_separated(editor: Page) -> None:
    text = pasted(
        editor,
        "<dl><dt>ANI</dt><dd>Number</dd></dl><details><summary>Key</summary>Answer</details>"
        "<address>Line one</address><pre>one<div>two</div>three</pre>",
    )
    for word in ("ANI", "Number", "Key", "Answer", "Line one"):
        assert f"<p>{word}</p>" in text
    # text_of() removes line breaks, so this needs the data of the editor.
    assert "<pre>\none\ntwo\nthree</pre>" in editor.evaluate("CKEDITOR.instances.id_body.getData()")
