"""Our blocks in the editor, by buttons and keys alone, and what readers then see of them."""

import re

from playwright.sync_api import Browser, Page, expect

from posts.text.html import clean
from tests.browser.conftest import note_problems, sign_in
from tests.browser.stack import Stack
from tests.browser.test_editor import fill_in, more, open_editor, paste, publish, text_of


def button(page: Page, name: str) -> None:
    """Press a button of the toolbar by the keyboard: Alt+F10 leads there, the arrows along it."""
    page.keyboard.press("Alt+F10")
    for _ in range(30):
        if (
            page.evaluate("() => document.activeElement.className").split("__")[-1].split()[0]
            == name
        ):
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")


def keys(page: Page, *pressed: str) -> None:
    for each in pressed:
        if each in {"Enter", "ArrowDown", "ArrowUp", "Control+z", "Control+y", "Control+End"}:
            page.keyboard.press(each)
        else:
            page.keyboard.type(each)


def test_every_block_is_written_by_buttons_and_keys_and_seen_by_readers(editor: Page) -> None:
    surface = open_editor(editor)
    keys(editor, "A caller says nothing.")
    button(editor, "footnote")
    keys(editor, "On a Tuesday.")
    # The note knows its way back.
    surface.locator(".note-mark--note").click()
    keys(editor, "Enter", "Enter")
    button(editor, "keypoints")
    # Enter on an empty line leaves: first the list, then the section.
    keys(editor, "Listen first", "Enter", "Then ask", "Enter", "Enter", "Enter")
    button(editor, "caseexample")
    keys(
        editor, "The line was open.", "Enter", "Enter", "After the case.", "Control+z", "Control+y"
    )
    keys(editor, "Enter")
    button(editor, "pullquote")
    keys(editor, "Nobody dreams of it.", "Enter", "Enter")
    button(editor, "checklist")
    keys(editor, "Ask for the address", "Enter", "Stay on the line", "Enter", "Enter")
    button(editor, "rule")
    button(editor, "inserttable")
    expect(editor.locator(".cke_dialog:visible")).to_be_visible()
    editor.get_by_label("Caption, above the table").fill("Calls a shift")
    editor.get_by_label("Rows").press("Enter")
    expect(surface.locator("table")).to_be_visible()
    keys(editor, "Hour")

    text = text_of(editor).replace("\t", "").replace("<p>&nbsp;</p>", "")
    assert text.startswith(
        "<p>A caller says nothing.[^1]</p>"
        '<section class="key-points"><ul><li>Listen first</li><li>Then ask</li></ul></section>'
        '<section class="case-example"><p>The line was open.</p></section>'
        "<p>After the case.</p>"
        '<blockquote class="pull"><p>Nobody dreams of it.</p></blockquote>'
        '<ul class="checklist"><li>Ask for the address</li><li>Stay on the line</li></ul><hr />'
        '<table><caption>Calls a shift</caption><thead><tr><th scope="col">Hour</th>'
    )
    assert re.search(r"<p>\[\^1\]: On a Tuesday\.</p>$", text)

    fill_in(editor, "Every block there is")
    publish(editor)
    expect(editor.locator(".messagelist")).to_contain_text("Published")
    editor.goto("/articles/every-block-there-is/")
    article = editor.locator(".prose")
    expect(article.locator(".panel--key-points")).to_contain_text("Key points")
    expect(article.locator(".panel--case-example")).to_contain_text("The line was open.")
    expect(article.locator("blockquote.pull")).to_have_text("Nobody dreams of it.")
    expect(article.locator(".checklist li")).to_have_count(2)
    expect(article.locator("caption")).to_have_text("Calls a shift")
    article.locator("sup.note a").click()
    expect(article.locator(".notes li")).to_contain_text("On a Tuesday.")
    assert editor.url.endswith("#note-1")


def test_footnotes_are_numbered_while_they_are_written_and_copied_with_their_texts(
    editor: Page,
) -> None:
    surface = open_editor(editor)
    keys(editor, "Second.")
    button(editor, "footnote")
    keys(editor, "Note two.")
    surface.locator("p").first.click()
    editor.keyboard.press("Home")
    keys(editor, "First. ")
    editor.keyboard.press("ArrowLeft")
    button(editor, "footnote")
    keys(editor, "Note one.")
    marks = surface.locator(".note-mark")
    expect(marks).to_have_text(["1", "2", "2", "1"])
    assert text_of(editor).count("[^2]") == 2
    # What is copied in the editor stays what it is.
    surface.locator("p").first.click()
    for key in ("Control+a", "Control+c", "Control+End", "Control+v"):
        editor.keyboard.press(key)
    expect(marks).to_have_count(8)
    expect(editor.locator(".cke_notification")).to_have_count(0)


CHOOSE = """(words) => {
    const editor = CKEDITOR.instances.id_body;
    editor.focus();
    const walker = editor.document.$.createTreeWalker(editor.editable().$, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const at = walker.currentNode.data.indexOf(words);
        if (at < 0) continue;
        const range = editor.createRange();
        const node = new CKEDITOR.dom.text(walker.currentNode);
        range.setStart(node, at);
        range.setEnd(node, at + words.length);
        range.select();
        return;
    }
}"""


def test_a_writer_has_no_source_and_a_button_for_all_that_it_was_needed_for(
    browser: Browser, stack: Stack, problems: list[str]
) -> None:
    password = (stack.data_dir / "writer-password.txt").read_text().strip()
    context = browser.new_context(
        base_url=stack.url, storage_state=sign_in(browser, stack.url, password, "writer")
    )
    context.on("page", lambda page: note_problems(page, problems))
    page = context.new_page()
    open_editor(page)
    page.evaluate(
        """() => CKEDITOR.instances.id_body.setData(
            "<p>H2O, x3: say 10-4, calm, to CAD; hola.</p><ol><li>One</li></ol>")"""
    )

    def do(words: str, item: str) -> None:
        page.evaluate(CHOOSE, words)
        more(page, item)

    do("2", "Subscript")
    do("3", "Superscript")
    do("10-4", "Code")
    do("calm", "Quoted words")
    do("CAD", "Abbreviation…")
    page.get_by_label("What it stands for").fill('Computer-aided "dispatch"')
    page.get_by_role("button", name="Keep").click()
    do("hola", "Language…")
    page.get_by_role("button", name="Keep").click()
    do("One", "Numbering…")
    page.get_by_label("Begin at").fill("4")
    page.get_by_label("Count in").select_option("A")
    page.get_by_role("button", name="Keep").click()
    assert text_of(page) == (
        "<p>H<sub>2</sub>O, x<sup>3</sup>: say <code>10-4</code>, <q>calm</q>, to <abbr"
        ' title="Computer-aided &quot;dispatch&quot;">CAD</abbr>; <span lang="es">hola</span>.</p>'
        '<ol start="4" type="A"><li>One</li></ol>'
    )
    # Each is changed and taken away by the same window.
    do("CAD", "Abbreviation…")
    page.get_by_label("What it stands for").fill("")
    page.get_by_role("button", name="Keep").click()
    do("hola", "Language…")
    page.get_by_label("Language of these words").select_option("As the article")
    page.get_by_role("button", name="Keep").click()
    assert "to CAD; hola.</p>" in text_of(page)
    page.click(".cke_button__more")
    menu = page.frame_locator(".cke_menu_panel iframe")
    expect(menu.get_by_text("Show blocks", exact=True)).to_be_visible()
    expect(menu.get_by_text("Source", exact=True)).to_have_count(0)
    page.keyboard.press("Escape")
    # What is saved is what was made.
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    page.wait_for_function("() => CKEDITOR.instances.id_body?.status === 'ready'")
    assert '<ol start="4" type="A">' in text_of(page)
    context.close()


def test_an_introduction_takes_a_figure_with_data_and_no_other_table(editor: Page) -> None:
    surface = open_editor(editor, "/admin/newsletter/issue/add/", "id_intro")
    button(editor, "datafigure")
    window = editor.locator("dialog.ask--data")
    window.get_by_label("What the figure shows").fill("Who leaves")
    window.get_by_label("One line for each bar").fill("*2024 12 %\n2025\t6 %")
    window.get_by_role("button", name="Insert the figure").click()
    expect(surface.locator("table.figures th")).to_have_text(["2024", "2025"])
    written = text_of(editor, "id_intro").replace("\t", "")
    figure = written[written.index("<table") : written.index("</table>") + len("</table>")]
    assert figure.startswith('<table class="figures"><caption>Who leaves</caption><tbody><tr>')
    assert clean(figure, short=True) == figure
    # Of any other table each row becomes a paragraph, in the editor too.
    sheet = "<table><tr><th>Year</th><td>Calls</td></tr><tr><td>2024</td><td>7</td></tr></table>"
    loaded = editor.evaluate(
        """text => new Promise(done => {
            const one = CKEDITOR.instances.id_intro;
            one.setData(text, () => done(one.getData().replace(/[\\t\\n]/g, "")));
        })""",
        figure + sheet,
    )
    assert loaded.count("<table") == 1
    assert clean(loaded, short=True) == f"{figure}<p>Year Calls</p><p>2024 7</p>"
    editor.evaluate("() => CKEDITOR.instances.id_intro.setData('')")
    paste(surface, sheet)
    expect(surface).to_contain_text("2024")
    assert text_of(editor, "id_intro") == "<p>Year Calls<br />2024 7</p>"
    editor.evaluate("CKEDITOR.instances.id_intro.resetDirty()")


def test_a_figure_with_data_is_made_and_changed_in_its_window(editor: Page) -> None:
    surface = open_editor(editor)
    keys(editor, "Most leave early.")
    button(editor, "datafigure")
    window = editor.locator("dialog.ask--data")
    insert = window.get_by_role("button", name="Insert the figure")
    insert.click()
    expect(window.get_by_role("alert")).to_have_text("Say in one sentence what the figure shows.")
    window.get_by_label("What the figure shows").fill("A third leaves <in> year one")
    lines = window.get_by_label("One line for each bar")
    lines.fill("*Year 1: 34 %\nnobody knows")
    insert.click()
    expect(window.get_by_role("alert")).to_have_text("Line 2 needs a name and a number.")
    lines.fill("*Year 1: 34 %\n\nYears 2-3\t31 %\nLater on 1,200")
    window.get_by_label("Source").fill("Our own count")
    insert.click()
    expect(window).to_have_count(0)
    figure = (
        '<table class="figures"><caption>A third leaves &lt;in&gt; year one</caption><tbody>'
        '<tr><th scope="row"><strong>Year 1</strong></th><td>34 %</td></tr>'
        '<tr><th scope="row">Years 2-3</th><td>31 %</td></tr>'
        '<tr><th scope="row">Later on</th><td>1,200</td></tr></tbody>'
        '<tfoot><tr><td colspan="2">Our own count</td></tr></tfoot></table>'
    )
    assert figure in re.sub(r"[\t\n]", "", text_of(editor))
    # Again with the cursor in it: the window holds what is there.
    surface.locator("table.figures td").first.click()
    button(editor, "datafigure")
    expect(window.get_by_label("One line for each bar")).to_have_value(
        "*Year 1\t34 %\nYears 2-3\t31 %\nLater on\t1,200"
    )
    window.get_by_label("Source").fill("")
    window.get_by_role("button", name="Change the figure").click()
    expect(surface.locator("table.figures tfoot")).to_have_count(0)
    expect(surface.locator("table.figures")).to_have_count(1)
    keys(editor, "Control+z")
    expect(surface.locator("table.figures tfoot")).to_have_count(1)
    surface.locator("table.figures td").first.click()
    button(editor, "datafigure")
    window.get_by_role("button", name="Take the figure out").click()
    expect(surface.locator("table")).to_have_count(0)
    assert "Most leave early." in text_of(editor)
